import { RedfishError, refuse } from "./http/errors";
import { base } from "./http/messages";
import type { Dialect, ErrorSpec } from "./dialects/dialect";
import type { BootPlan, BootProgress, Machine } from "./machine";
import type { Timings } from "./spec";

export type PowerState = "On" | "Off" | "PoweringOn" | "PoweringOff";

/** What the power control needs from the rest of the BMC. */
export interface PowerHost {
  readonly dialect: Dialect;
  readonly timings: Timings;
  /** Settings that waited for a reset come into force. Returns how many self tests that costs. */
  applyPending(): number;
  /** What to start, the override being used up by asking. */
  consumeBootPlan(): BootPlan;
  log(text: string, severity?: "OK" | "Warning" | "Critical"): void;
}

/** Switches the machine on and off, through self test and hand-over, one sequence at a time. */
export class Power {
  #state: PowerState = "Off";
  #inPost = false;
  #epoch = 0;
  #abort = new AbortController();
  #stopping: Promise<void> = Promise.resolve();
  readonly #timers = new Map<NodeJS.Timeout, () => void>();
  progress: BootProgress = "None";
  /** When power last went away, in milliseconds since 1970. */
  offSince = 0;
  lastReset = Date.now();
  /** What was started last. */
  lastPlan?: BootPlan;
  /** Why the last boot failed. */
  lastFailure?: string;
  /** Ignore requests for a graceful shutdown, as a hung system does. */
  ignoresGraceful = false;

  constructor(
    readonly host: PowerHost,
    public machine: Machine,
  ) {}

  get state(): PowerState {
    return this.#state;
  }

  get inPost(): boolean {
    return this.#inPost;
  }

  /** PowerState as the vendor shows it. */
  shown(): PowerState {
    if (this.host.dialect.reset.showsTransitions) return this.#state;
    if (this.#state === "PoweringOn") return "Off";
    return this.#state === "PoweringOff" ? "On" : this.#state;
  }

  /**
   * Carries out a ResetType. Returns at once; what follows takes its time.
   * @throws RedfishError when the present state does not allow it.
   */
  reset(type: string): void {
    const rules = this.host.dialect.reset;
    const running = this.#state === "On" || this.#state === "PoweringOn";
    switch (type) {
      case "On":
      case "ForceOn":
        if (running) return this.#already(rules.already);
        if (this.#state === "PoweringOff") throw refuse(409, "ActionParameterValueConflict", type, "powering off");
        this.#checkOnAllowed(rules.onRefused);
        return this.turnOn();
      case "ForceOff":
        if (this.#state === "Off") return this.#already(rules.already);
        return this.turnOff(false);
      case "GracefulShutdown":
        if (this.#state === "Off") return this.#already(rules.already);
        this.#checkPost();
        return this.turnOff(true);
      case "PushPowerButton":
        if (this.#state === "Off") {
          this.#checkOnAllowed(rules.onRefused);
          return this.turnOn();
        }
        this.#checkPost();
        return this.turnOff(true);
      case "GracefulRestart":
        this.#checkRunning(rules.already, type);
        this.#checkPost();
        return this.restart(true);
      case "ForceRestart":
      case "PowerCycle":
        if (this.#state === "Off" && rules.restartSwitchesOn) return this.turnOn();
        this.#checkRunning(rules.already, type);
        return type === "PowerCycle" ? this.cycle() : this.restart(false);
      case "Nmi":
        this.#checkRunning(rules.already, type);
        this.host.log("a non-maskable interrupt was sent");
        return;
      default:
        throw refuse(400, "ActionParameterValueNotInList", type, "ResetType", "ComputerSystem.Reset");
    }
  }

  /** The server has been running since before the rack started. */
  assumeOn(): void {
    this.#state = "On";
    this.progress = "OSRunning";
  }

  turnOn(): void {
    this.#sequence(async (live) => {
      this.#state = "PoweringOn";
      await this.#wait(this.host.timings.powerOnMs);
      if (!live()) return;
      this.#state = "On";
      this.host.log("the server was switched on");
      await this.#boot(live);
    });
  }

  turnOff(graceful: boolean): void {
    if (graceful && this.ignoresGraceful) return;
    this.#sequence(async (live) => {
      if (graceful) {
        await this.#stopMachine(true);
        if (!live()) return;
      }
      this.#state = "PoweringOff";
      this.#leave();
      if (!graceful) await this.#stopMachine(false);
      await this.#wait(this.host.timings.powerOffMs);
      if (live()) this.#off();
    }, !graceful);
  }

  restart(graceful: boolean): void {
    if (graceful && this.ignoresGraceful) return;
    this.#sequence(async (live) => {
      await this.#stopMachine(graceful);
      if (!live()) return;
      this.#leave();
      this.#state = "On";
      await this.#boot(live);
    }, !graceful);
  }

  cycle(): void {
    this.#sequence(async (live) => {
      this.#leave();
      await this.#stopMachine(false);
      await this.#wait(this.host.timings.powerOffMs);
      if (!live()) return;
      this.#off();
      await this.#wait(this.host.timings.powerOnMs);
      if (!live()) return;
      this.#state = "On";
      await this.#boot(live);
    });
  }

  /** The machine restarts itself: no power-off, a new plan. */
  warmReboot(): void {
    if (this.#state !== "On") return;
    this.#sequence((live) => this.#boot(live));
  }

  /** The power is off from one moment to the next: someone pulled the cord, or the system switched itself off. */
  cut(machineKnows: boolean): void {
    this.#sequence(async () => {
      this.#off();
      if (!machineKnows) await this.#stopMachine(false);
    });
  }

  /** Ends everything under way. */
  close(): void {
    this.#epoch += 1;
    this.#abort.abort();
    for (const [timer, resolve] of this.#timers) {
      clearTimeout(timer);
      resolve();
    }
    this.#timers.clear();
  }

  /** The change is refused while the self test runs, where the vendor does so. */
  checkPost(): void {
    this.#checkPost();
  }

  /** A new sequence supersedes the one under way; `cuts` also aborts the machine's boot. */
  #sequence(steps: (live: () => boolean) => Promise<void>, cuts = true): void {
    const epoch = ++this.#epoch;
    if (cuts) {
      this.#abort.abort();
      this.#abort = new AbortController();
    }
    steps(() => epoch === this.#epoch).catch((error: unknown) => {
      this.host.log(`the power sequence failed: ${String(error)}`, "Critical");
    });
  }

  async #boot(live: () => boolean): Promise<void> {
    this.lastReset = Date.now();
    this.lastFailure = undefined;
    this.#inPost = true;
    this.progress = "PrimaryProcessorInitializationStarted";
    const selfTests = 1 + this.host.applyPending();
    await this.#wait(this.host.timings.postMs * selfTests);
    if (!live()) return;
    this.#inPost = false;
    this.progress = "SystemHardwareInitializationComplete";
    const plan = this.host.consumeBootPlan();
    this.lastPlan = plan;
    this.progress = plan.source === "None" ? "SetupEntered" : "OSBootStarted";
    const { signal } = this.#abort;
    await this.#stopping;
    if (!live()) return;
    try {
      await this.machine.powerOn(plan, signal);
      if (live() && plan.source !== "None") this.progress = "OSRunning";
    } catch (error) {
      if (signal.aborted) return;
      this.lastFailure = error instanceof Error ? error.message : String(error);
      this.host.log(`the boot from ${plan.source} failed: ${this.lastFailure}`, "Critical");
    }
  }

  #stopMachine(graceful: boolean): Promise<void> {
    const stopped = this.machine.powerOff(graceful).catch((error: unknown) => {
      this.host.log(`the machine did not stop as asked: ${String(error)}`, "Warning");
    });
    // A graceful stop may never end; only a forced one holds the next start back.
    if (!graceful) this.#stopping = stopped;
    return stopped;
  }

  #leave(): void {
    this.#inPost = false;
    this.progress = "None";
  }

  #off(): void {
    this.#leave();
    this.#state = "Off";
    this.offSince = Date.now();
    this.host.log("the server was switched off");
  }

  #already(refusal: ErrorSpec | undefined): void {
    if (refusal) throw new RedfishError(refusal.status, [refusal.message], refusal.headers);
  }

  #checkRunning(refusal: ErrorSpec | undefined, type: string): void {
    if (this.#state === "On" || this.#state === "PoweringOn") return;
    if (refusal) this.#already(refusal);
    throw new RedfishError(409, [base("ActionParameterValueConflict", type, "the server is off")]);
  }

  #checkPost(): void {
    const refusal = this.host.dialect.reset.post;
    if (this.#inPost && refusal) throw new RedfishError(refusal.status, [refusal.message], refusal.headers);
  }

  #checkOnAllowed(refusal: ErrorSpec | undefined): void {
    if (refusal && Date.now() - this.offSince < this.host.timings.onRefusedMs) {
      throw new RedfishError(refusal.status, [refusal.message], refusal.headers);
    }
  }

  #wait(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, milliseconds);
      timer.unref();
      this.#timers.set(timer, resolve);
    });
  }
}
