import type { BootPlan, BootSource, Firmware, Machine } from "../bmc/machine";
import type { NodeBody, NodeNetwork } from "../nodes/backend";
import { loadFromMedium, loadOverHttp, type LoadedKernel } from "./boot-image";
import type { Architecture } from "./executable";
import { BootFailure, type Stage } from "./failure";
import { runInstaller } from "./installer";

/** What a machine is doing, for the lab's status. */
export interface MachineStatus {
  /** `off`, `running`, `failed`, or the stage of the boot. */
  phase: "off" | "running" | "failed" | Stage;
  /** When the phase began, milliseconds since 1970. */
  since: number;
  /** Why the last boot failed. */
  failure?: { stage: Stage; message: string };
  /** Installations completed since the rack started. */
  installations: number;
}

/** How a machine is set up. */
export interface MachineOptions {
  architecture: Architecture;
  network: () => NodeNetwork;
  /** Gets every line of the serial console. */
  console: (line: string) => void;
  /** Milliseconds that an installation takes beside what it really takes. Default: 0. */
  installMs?: number;
}

/** Stages at which firmware goes on to the next source; later, something else is in command and stays there. */
const PASSED_OVER = new Set<Stage>(["firmware", "download", "boot image"]);

/** A server's body behind an emulated BMC: its firmware obeys the boot plan, and an installer or the installed system takes over. */
export class LabMachine implements Machine {
  #firmware?: Firmware;
  #status: MachineStatus = { phase: "off", since: Date.now(), installations: 0 };
  #running?: { abort: AbortController; ended: Promise<unknown> };

  constructor(
    readonly body: NodeBody,
    private readonly options: MachineOptions,
  ) {
    body.onExit((how) => {
      this.options.console(how === "reboot" ? "the system restarts" : "the system powers off");
      this.#enter(how === "reboot" ? "firmware" : "off");
      if (how === "reboot") this.#firmware?.reboot();
      else this.#firmware?.poweredOff();
    });
  }

  /** Connects the other end: what the machine can do to its BMC. */
  connect(firmware: Firmware): void {
    this.#firmware = firmware;
  }

  get status(): Readonly<MachineStatus> {
    return this.#status;
  }

  async powerOn(plan: BootPlan, signal: AbortSignal): Promise<void> {
    await this.#stopCurrent();
    const abort = new AbortController();
    const both = AbortSignal.any([signal, abort.signal]);
    const ended = this.#boot(plan, both);
    this.#running = { abort, ended: ended.catch(() => undefined) };
    try {
      await ended;
    } catch (error) {
      if (both.aborted) throw both.reason;
      const failure = error instanceof BootFailure ? error : new BootFailure("boot", (error as Error).message);
      this.options.console(`FAILED (${failure.stage}): ${failure.message}`);
      this.#enter("failed", { stage: failure.stage, message: failure.message });
      throw failure;
    } finally {
      this.#running = undefined;
    }
  }

  async powerOff(graceful: boolean): Promise<void> {
    await this.#stopCurrent();
    await this.body.stop(graceful);
    this.#enter("off");
  }

  /** The rack goes away: whatever is under way ends, nothing is switched off in order. */
  async abandon(): Promise<void> {
    this.#firmware = undefined;
    await this.#stopCurrent();
  }

  async #stopCurrent(): Promise<void> {
    this.#running?.abort.abort(new Error("the power was cut"));
    await this.#running?.ended;
  }

  async #boot(plan: BootPlan, signal: AbortSignal): Promise<void> {
    this.#enter("firmware");
    if (plan.source === "None") {
      this.options.console("firmware setup; nothing is started");
      return;
    }
    let first: BootFailure | undefined;
    for (const source of [plan.source, ...plan.fallbacks]) {
      try {
        await this.#start(source, plan, signal);
        return;
      } catch (error) {
        if (signal.aborted || !(error instanceof BootFailure) || !PASSED_OVER.has(error.stage)) throw error;
        this.options.console(`${source}: ${error.message}`);
        first ??= error;
      }
    }
    throw first ?? new BootFailure("firmware", "no bootable device");
  }

  async #start(source: BootSource, plan: BootPlan, signal: AbortSignal): Promise<void> {
    const context = { architecture: this.options.architecture, signal, console: this.options.console };
    switch (source) {
      case "Cd": {
        const medium = plan.media?.[0];
        if (!medium) throw new BootFailure("firmware", "no medium in the virtual CD drive");
        this.#enter("download");
        return this.#install(await loadFromMedium(medium, plan, context), signal);
      }
      case "UefiHttp":
        if (plan.httpBootUri === undefined) throw new BootFailure("firmware", "no URI for HTTP boot");
        this.#enter("download");
        return this.#install(await loadOverHttp(plan.httpBootUri, plan, context), signal);
      case "Hdd":
        if (!this.body.installed()) throw new BootFailure("firmware", "no bootable device: the disks hold no system");
        this.#enter("boot");
        await this.body.boot(signal);
        this.options.console("the system is up");
        this.#enter("running");
        return;
      case "Pxe":
        throw new BootFailure("firmware", "PXE: no DHCP offer was received");
      case "None":
        return;
    }
  }

  async #install(kernel: LoadedKernel, signal: AbortSignal): Promise<void> {
    const end = await runInstaller(kernel, {
      body: this.body,
      network: this.options.network(),
      signal,
      console: this.options.console,
      stage: (stage) => this.#enter(stage),
      installMs: this.options.installMs ?? 0,
    });
    this.#status = { ...this.#status, installations: this.#status.installations + 1 };
    this.#enter("boot");
    if (end.ejects) this.#firmware?.eject();
    this.#firmware?.bootFirst("Hdd");
    if (end.hostname !== undefined) this.#firmware?.hostName(end.hostname);
    this.options.console("the installer restarts the machine");
    // After this boot has ended: a restart begins another one.
    setImmediate(() => {
      if (!signal.aborted) this.#firmware?.reboot();
    });
  }

  #enter(phase: MachineStatus["phase"], failure?: MachineStatus["failure"]): void {
    const kept = phase === "off" ? this.#status.failure : failure;
    this.#status = { phase, since: Date.now(), installations: this.#status.installations, failure: kept };
  }
}
