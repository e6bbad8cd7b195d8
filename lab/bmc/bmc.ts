import { Accounts, Sessions } from "./accounts";
import type { BiosValue } from "./bios";
import { Bios } from "./bios";
import type { BootSettings } from "./boot";
import { initialBoot, planBoot } from "./boot";
import type { KeyedCertificate, RackAuthority } from "./certificates";
import { DIALECTS } from "./dialects";
import type { Dialect } from "./dialects/dialect";
import { FaultInjector, seedOf } from "./faults";
import { Service } from "./http/service";
import type { RackLoad } from "./journal";
import { EventLog, Journal } from "./journal";
import type { Death } from "./listener";
import { Listener } from "./listener";
import type { BootPlan, Firmware, Machine } from "./machine";
import { NullMachine } from "./machine";
import { VirtualMedia } from "./media";
import { Power } from "./power";
import type { BmcSnapshot } from "./snapshot";
import { snapshot } from "./snapshot";
import type { BmcSpec, HardwareSpec, Timings } from "./spec";
import { DEFAULT_TIMINGS } from "./spec";
import { Tasks } from "./tasks";

/** UEFI secure boot: what is set for the next boot, and what is in force. */
export interface SecureBoot {
  enabled: boolean;
  inForce: boolean;
}

/** An emulated BMC and the server it sits in. */
export class Bmc {
  readonly name: string;
  readonly dialect: Dialect;
  readonly timings: Timings;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly bios: Bios;
  readonly media: VirtualMedia;
  readonly tasks: Tasks;
  readonly power: Power;
  readonly journal: Journal;
  readonly log = new EventLog();
  readonly faults: FaultInjector;
  readonly secureBoot: SecureBoot = { enabled: false, inForce: false };
  readonly boot: BootSettings;
  readonly listener: Listener;
  hardware: HardwareSpec;
  assetTag = "";
  hostName = "";
  locatorLit = false;
  lastBmcReset = Date.now();
  /** Until this time, in milliseconds since 1970, the BMC starts and answers 503. */
  startingUntil = 0;
  /** Firmware versions that an update has put in place, by component. */
  readonly updates = new Map<"BIOS" | "BMC", string>();
  #certificate?: Promise<KeyedCertificate>;
  #rebooting?: NodeJS.Timeout;
  #dead = false;
  #closed = false;

  constructor(
    readonly spec: BmcSpec,
    readonly authority: RackAuthority,
    options: { journalSize: number; seed: number; load: RackLoad },
  ) {
    this.name = spec.name;
    this.dialect = DIALECTS[spec.dialect];
    this.timings = { ...DEFAULT_TIMINGS, ...spec.timings };
    this.hardware = { ...this.dialect.hardware(seedOf(spec.name) & 0xffffff), ...spec.hardware };
    this.accounts = new Accounts(this.dialect.accounts, spec.credentials, spec.factoryPasswordChangeRequired ?? false);
    const { timeoutSeconds, cap } = this.dialect.sessions;
    this.sessions = new Sessions(spec.sessionTimeoutSeconds ?? timeoutSeconds, spec.sessionCap ?? cap);
    this.bios = new Bios(this.dialect.bios, () => this.hardware);
    this.media = new VirtualMedia(this.dialect.media.slots, this.dialect.media.keepsImage);
    this.tasks = new Tasks(
      this.dialect.taskId,
      this.timings.taskMs,
      this.dialect.jobsHidden ? this.timings.jobHiddenMs : 0,
    );
    this.boot = initialBoot(this.dialect.boot);
    this.journal = new Journal(options.journalSize, options.load);
    this.faults = new FaultInjector(seedOf(spec.name) ^ options.seed);
    this.power = new Power(
      {
        dialect: this.dialect,
        timings: this.timings,
        applyPending: () => this.#applyPending(),
        consumeBootPlan: () => this.#consumeBootPlan(),
        log: (text, severity) => this.log.add(text, severity),
      },
      new NullMachine(),
    );
    const service = new Service(this);
    this.listener = new Listener({
      address: spec.address,
      port: spec.port,
      certificate: () => this.certificate(),
      answer: (request, response) => service.answer(request, response),
      connected: () => void (this.journal.connections += 1),
    });
    if (spec.poweredOn) this.power.assumeOn();
  }

  /** Where clients reach it, such as `https://127.77.0.11:443`. */
  get url(): string {
    return `https://${this.spec.address}:${this.listener.port}`;
  }

  /** Path of the system, such as `/redfish/v1/Systems/1`. */
  get systemPath(): string {
    return `/redfish/v1/Systems/${this.dialect.ids.system}`;
  }

  /** Its certificate, made when first asked for. */
  certificate(): Promise<KeyedCertificate> {
    this.#certificate ??= this.authority.issue(this.name, this.spec.address);
    return this.#certificate;
  }

  /** Gives the BMC another certificate and breaks every connection. Returns the new one. */
  async replaceCertificate(): Promise<KeyedCertificate> {
    this.#certificate = this.authority.issue(this.name, this.spec.address, true);
    const certificate = await this.#certificate;
    this.listener.forgetCertificate();
    return certificate;
  }

  /** Connects the server's body. Returns what that body can do to the BMC. */
  onPower(machine: Machine): Firmware {
    this.power.machine = machine;
    return {
      reboot: () => this.power.warmReboot(),
      poweredOff: () => this.power.cut(true),
      progress: (state) => void (this.power.progress = state),
      eject: (slot) => {
        for (const drive of this.media.drives.values()) {
          if (drive.inserted && (slot === undefined || slot === drive.slot.id)) this.media.eject(drive.slot.id);
        }
      },
      hostName: (name) => void (this.hostName = name),
      bootFirst: (source) => this.#bootFirst(source),
    };
  }

  /** What the firmware would start now; nothing is used up. */
  bootPlan(): BootPlan {
    return planBoot(this.dialect.boot, this.boot, this.bios, this.media, this.secureBoot.enabled).plan;
  }

  /** Someone at the console switches the server on or pulls the cord. */
  setPower(state: "On" | "Off"): void {
    if (state === "On") {
      if (this.power.state === "Off") this.power.turnOn();
    } else {
      this.power.cut(false);
    }
  }

  /** Someone at the console changes the boot settings. */
  setBootOverride(settings: Partial<Omit<BootSettings, "certificates">>): void {
    Object.assign(this.boot, settings);
  }

  /** Someone at the console changes BIOS settings, in force at once. @throws Error when the BIOS does not have such a value. */
  setBios(attributes: Record<string, BiosValue>): void {
    this.bios.set(attributes);
  }

  /** Someone swaps hardware, or the cable now leads to another server. */
  setHardware(hardware: Partial<HardwareSpec>): void {
    this.hardware = { ...this.hardware, ...hardware };
  }

  /** The BMC restarts: it is away for a while, its sessions are gone, the server goes on. */
  reboot(downMs = this.timings.bmcRebootMs): void {
    if (this.#rebooting || this.#dead) return;
    this.log.add("the BMC restarts", "Warning");
    this.sessions.clear();
    this.lastBmcReset = Date.now();
    void this.listener.shut();
    this.#rebooting = setTimeout(() => {
      this.#rebooting = undefined;
      if (this.#closed || this.#dead) return;
      this.startingUntil = Date.now() + this.timings.bmcStartMs;
      void this.listener.open();
    }, downMs);
  }

  /** Stops answering, in the way given. */
  dead(how: Death = "refuse"): Promise<void> {
    this.#dead = true;
    return this.listener.die(how);
  }

  /** Answers again. */
  revive(): Promise<void> {
    this.#dead = false;
    return this.listener.revive();
  }

  /** Everything about it as plain JSON, without passwords. */
  snapshot(): Promise<BmcSnapshot> {
    return snapshot(this);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#rebooting);
    this.power.close();
    this.tasks.close();
    await this.listener.shut();
  }

  #applyPending(): number {
    this.secureBoot.inForce = this.secureBoot.enabled;
    const jobs = this.tasks.scheduled();
    for (const job of jobs) this.tasks.runNow(job);
    // With a job queue only a job applies settings, and the job may fail.
    if (!this.dialect.jobs || this.bios.defaultsPending) this.bios.apply();
    return jobs.length > 0 ? 1 : 0;
  }

  #consumeBootPlan(): BootPlan {
    const { plan, skipped } = planBoot(this.dialect.boot, this.boot, this.bios, this.media, this.secureBoot.inForce);
    for (const reason of skipped) this.log.add(`the boot override was skipped: ${reason}`, "Warning");
    if (this.boot.enabled === "Once") {
      this.boot.enabled = "Disabled";
      if (this.dialect.boot.targetCleared) this.boot.target = "None";
    }
    return plan;
  }

  #bootFirst(source: "Hdd" | "Pxe" | "Cd"): void {
    const first = this.dialect.boot.options.find((option) => option.source === source);
    if (first) this.boot.order = [first.id, ...this.boot.order.filter((id) => id !== first.id)];
  }
}
