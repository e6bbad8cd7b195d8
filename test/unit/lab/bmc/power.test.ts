import { DIALECTS } from "../../../../lab/bmc/dialects";
import { RedfishError } from "../../../../lab/bmc/http/errors";
import type { BootPlan, Machine } from "../../../../lab/bmc/machine";
import type { PowerState } from "../../../../lab/bmc/power";
import { Power } from "../../../../lab/bmc/power";
import type { DialectName, Timings } from "../../../../lab/bmc/spec";
import { DEFAULT_TIMINGS } from "../../../../lab/bmc/spec";

const PLAN: BootPlan = {
  source: "Hdd",
  mode: "UEFI",
  once: false,
  overridden: false,
  fallbacks: [],
  secureBoot: false,
};

class RecordingMachine implements Machine {
  readonly calls: string[] = [];
  ignoresGraceful = false;

  powerOn(_boot: BootPlan, signal: AbortSignal): Promise<void> {
    this.calls.push("on");
    signal.addEventListener("abort", () => this.calls.push("abort"));
    return Promise.resolve();
  }

  powerOff(graceful: boolean): Promise<void> {
    this.calls.push(graceful ? "shutdown" : "cut");
    return graceful && this.ignoresGraceful ? new Promise(() => undefined) : Promise.resolve();
  }
}

function power(dialect: DialectName = "generic", timings: Partial<Timings> = {}) {
  const machine = new RecordingMachine();
  const log: string[] = [];
  const control = new Power(
    {
      dialect: DIALECTS[dialect],
      timings: { ...DEFAULT_TIMINGS, ...timings },
      applyPending: () => 0,
      consumeBootPlan: () => PLAN,
      log: (text) => log.push(text),
    },
    machine,
  );
  return { control, machine, log };
}

function refusal(act: () => void): number | "taken" {
  try {
    act();
    return "taken";
  } catch (error) {
    if (error instanceof RedfishError) return error.status;
    throw error;
  }
}

describe("power control", () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const settle = () => jest.advanceTimersByTimeAsync(10_000);

  // From a settled state: what a reset type does in each dialect (number: refused with that status).
  test.each<[PowerState, string, Record<DialectName, number | PowerState>, string[]]>([
    ["Off", "On", { generic: "On", dell: "On", supermicro: "On" }, ["on"]],
    ["Off", "ForceOff", { generic: "Off", dell: 409, supermicro: "Off" }, []],
    ["Off", "GracefulShutdown", { generic: "Off", dell: 409, supermicro: "Off" }, []],
    ["Off", "ForceRestart", { generic: "On", dell: 409, supermicro: 409 }, ["on"]],
    ["Off", "GracefulRestart", { generic: 409, dell: 409, supermicro: 409 }, []],
    ["Off", "PowerCycle", { generic: "On", dell: 409, supermicro: 409 }, ["on"]],
    ["Off", "Nmi", { generic: 409, dell: 409, supermicro: 409 }, []],
    ["Off", "PushPowerButton", { generic: "On", dell: "On", supermicro: "On" }, ["on"]],
    ["On", "On", { generic: "On", dell: 409, supermicro: "On" }, []],
    ["On", "ForceOff", { generic: "Off", dell: "Off", supermicro: "Off" }, ["abort", "cut"]],
    ["On", "GracefulShutdown", { generic: "Off", dell: "Off", supermicro: "Off" }, ["shutdown"]],
    ["On", "PushPowerButton", { generic: "Off", dell: "Off", supermicro: "Off" }, ["shutdown"]],
    ["On", "ForceRestart", { generic: "On", dell: "On", supermicro: "On" }, ["abort", "cut", "on"]],
    ["On", "GracefulRestart", { generic: "On", dell: "On", supermicro: "On" }, ["shutdown", "on"]],
    ["On", "PowerCycle", { generic: "On", dell: "On", supermicro: "On" }, ["abort", "cut", "on"]],
    ["On", "Nmi", { generic: "On", dell: "On", supermicro: "On" }, []],
    ["On", "Dance", { generic: 400, dell: 400, supermicro: 400 }, []],
  ])("%s + %s", async (from, type, expected, calls) => {
    for (const dialect of ["generic", "dell", "supermicro"] as const) {
      const { control, machine } = power(dialect);
      if (from === "On") {
        control.turnOn();
        await settle();
        machine.calls.length = 0;
      }
      const result = refusal(() => control.reset(type));
      await settle();
      const wanted = expected[dialect];
      if (typeof wanted === "number") expect([dialect, result, control.state]).toEqual([dialect, wanted, from]);
      else expect([dialect, result, control.state, machine.calls]).toEqual([dialect, "taken", wanted, calls]);
    }
  });

  test("passes through PoweringOn, POST and the hand-over", async () => {
    const { control } = power("generic", { powerOnMs: 100, postMs: 200 });
    control.reset("On");
    expect(control.shown()).toBe("PoweringOn");
    await jest.advanceTimersByTimeAsync(99);
    expect(control.state).toBe("PoweringOn");
    await jest.advanceTimersByTimeAsync(2);
    expect([control.state, control.inPost, control.progress]).toEqual([
      "On",
      true,
      "PrimaryProcessorInitializationStarted",
    ]);
    await jest.advanceTimersByTimeAsync(200);
    expect([control.state, control.inPost, control.progress]).toEqual(["On", false, "OSRunning"]);
  });

  test("hides what is in between where the vendor does", () => {
    const { control } = power("dell", { powerOnMs: 100 });
    control.reset("On");
    expect([control.state, control.shown()]).toEqual(["PoweringOn", "Off"]);
  });

  test("ForceOff during power-on wins, and the machine never starts", async () => {
    const { control, machine } = power("generic", { powerOnMs: 100, powerOffMs: 10 });
    control.reset("On");
    await jest.advanceTimersByTimeAsync(50);
    control.reset("ForceOff");
    await settle();
    expect([control.state, machine.calls]).toEqual(["Off", ["cut"]]);
  });

  test("a system that ignores the shutdown stays on until power is cut", async () => {
    const { control, machine } = power();
    control.turnOn();
    await settle();
    machine.ignoresGraceful = true;
    control.reset("GracefulShutdown");
    await settle();
    expect(control.state).toBe("On");
    control.reset("ForceOff");
    await settle();
    expect(control.state).toBe("Off");

    const hung = power();
    hung.control.turnOn();
    await settle();
    hung.control.ignoresGraceful = true;
    hung.control.reset("GracefulRestart");
    await settle();
    expect(hung.machine.calls).toEqual(["on"]);
  });

  test("the cord can be pulled at any time", async () => {
    const { control, machine } = power();
    control.turnOn();
    await settle();
    control.cut(false);
    expect([control.state, machine.calls]).toEqual(["Off", ["on", "abort", "cut"]]);
  });

  test("a machine that cannot stop is logged and does not keep the power on", async () => {
    const { control, machine, log } = power();
    control.turnOn();
    await settle();
    machine.powerOff = () => Promise.reject(new Error("container is gone"));
    control.reset("ForceOff");
    await settle();
    expect(control.state).toBe("Off");
    expect(log).toContain("the machine did not stop as asked: Error: container is gone");
  });
});
