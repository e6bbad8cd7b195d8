import { setTimeout as pause } from "node:timers/promises";
import { defaultRack } from "../../lab/rack/spec";
import { LabFleet } from "../setup/lab-fleet";
import { command, describeWith } from "../setup/need";

/** Waits until it holds, at most so many seconds. */
async function until(what: string, seconds: number, holds: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await pause(100);
  }
}

describeWith([command("podman")], "kill -9 of the engine", () => {
  let lab: LabFleet;

  beforeAll(async () => {
    lab = await LabFleet.start({ ...defaultRack("kill", "container", 2), installMs: 3000 });
  });

  afterAll(async () => {
    await lab?.close();
  });

  it("in the middle of installations: the plugin stops writing, and the next up adopts or waits and never installs twice", async () => {
    const { process: engine, outcome } = lab.stack.start(["up", "--yes", "--skip-preview", "--parallel", "64"]);
    const machines = lab.rack.members().map(({ machine }) => machine);
    await until("an installer at work", 60, () => machines.some(({ status }) => status.phase === "install"));
    engine.kill("SIGKILL");
    await outcome;

    await pause(3000);
    const writes = () => lab.rack.members().reduce((sum, { bmc }) => sum + bmc.journal.writes, 0);
    const settled = writes();
    await pause(4000);
    expect(writes()).toBe(settled);

    await lab.stack.run(["cancel", "--yes"]);
    const again = await lab.stack.up();
    expect(`${again.code} ${again.code === 0 ? "" : again.output}`).toBe("0 ");
    expect(await lab.installations()).toEqual({ "node-1": 1, "node-2": 1 });
    const third = await lab.stack.up("--expect-no-changes");
    expect(third.code).toBe(0);
  });
});
