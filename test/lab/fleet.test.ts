import { changes, type Outcome } from "../setup/stack";
import { LabFleet } from "../setup/lab-fleet";
import { command, describeWith } from "../setup/need";
import { defaultRack } from "../../lab/rack/spec";

function fine(outcome: Outcome): Record<string, number> {
  if (outcome.code !== 0) throw new Error(outcome.output);
  return changes(outcome);
}

describeWith([command("podman")], "a rack of powered-off servers through the real engine, in containers", () => {
  let lab: LabFleet;

  beforeAll(async () => {
    lab = await LabFleet.start(defaultRack("e2e", "container"));
  });

  afterAll(async () => {
    await lab?.close();
  });

  it("installs three servers of three vendors", async () => {
    const made = fine(await lab.stack.up("--continue-on-error"));
    expect(made.create).toBeGreaterThanOrEqual(3 * 4);
    const servers = await lab.rack.status();
    expect(servers.map(({ power, installed, ssh }) => [power, installed, ssh])).toEqual(
      Array(3).fill(["On", true, true]),
    );
    expect(await lab.installations()).toEqual({ "node-1": 1, "node-2": 1, "node-3": 1 });
  });

  it("has nothing to do the second time", async () => {
    expect(fine(await lab.stack.up("--expect-no-changes"))).toEqual({});
  });

  it("runs a step of the user's own on every node", async () => {
    lab.steps({ motd: "echo welcome > /etc/motd" });
    expect(fine(await lab.stack.up())).toEqual({ create: 7 });
    expect(fine(await lab.stack.up("--expect-no-changes"))).toEqual({});
  });

  it("adds a fourth server and touches only that one", async () => {
    await lab.rack.add({ name: "node-4", dialect: "generic" });
    lab.configure({});
    const added = fine(await lab.stack.up());
    expect(Object.keys(added)).toEqual(["create"]);
    expect(await lab.installations()).toEqual({ "node-1": 1, "node-2": 1, "node-3": 1, "node-4": 1 });
  });

  it("finds a server that somebody switched off, and switches it on again", async () => {
    const { bmc } = lab.rack.member("node-2");
    bmc.setPower("Off");
    fine(await lab.stack.refresh());
    const repaired = fine(await lab.stack.up());
    expect(Object.keys(repaired)).toEqual(["update"]);
    expect(bmc.power.state).toBe("On");
    expect((await lab.installations())["node-2"]).toBe(1);
  });

  it("reinstalls one server on request, with consent stored before", async () => {
    const serialNumber = lab.rack.member("node-1").bmc.hardware.serialNumber;
    lab.configure({ classes: { compute: { wipe: { serialNumbers: [serialNumber] } } }, maintenance: ["node-1"] });
    fine(await lab.stack.up());
    lab.configure({ reinstall: { "node-1": "2026-11-21" } });
    fine(await lab.stack.up());
    expect(await lab.installations()).toEqual({ "node-1": 2, "node-2": 1, "node-3": 1, "node-4": 1 });
  });

  it("installs the machine that replaced another, under the same name", async () => {
    await lab.rack.replace("node-3");
    lab.configure({});
    fine(await lab.stack.up());
    const [node3] = (await lab.rack.status()).filter(({ name }) => name === "node-3");
    expect(node3).toMatchObject({ installed: true, ssh: true });
  });

  it("destroys the stack", async () => {
    fine(await lab.stack.destroy());
    expect(await lab.stack.state()).toEqual([]);
  });
});
