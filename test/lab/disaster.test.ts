import { defaultRack } from "../../lab/rack/spec";
import { type Language, LabFleet } from "../setup/lab-fleet";
import { command, describeWith } from "../setup/need";
import { changes } from "../setup/stack";

/**
 * The measured disaster of docs/architecture.md: under --continue-on-error one dead BMC made a list of nodes arrive downstream as
 * known null, the component planned for no nodes, and the engine deleted every node's step.
 */
describeWith([command("podman")], "one dead BMC, --continue-on-error", () => {
  it.each<Language>(["nodejs", "yaml"])("deletes nothing downstream (%s)", async (language) => {
    const lab = await LabFleet.start(defaultRack(`dead-${language}`, "container", 2), {}, language);
    try {
      lab.steps({ motd: "echo one > /etc/motd" });
      const first = await lab.stack.up();
      expect(`${first.code} ${first.code === 0 ? "" : first.output}`).toBe("0 ");
      const before = (await lab.stack.state()).map(({ urn }) => urn).sort();

      await lab.rack.member("node-2").bmc.dead("refuse");
      lab.configure({ powerOffOnRemove: true });
      lab.steps({ motd: "echo two > /etc/motd" });
      const outcome = await lab.stack.up("--continue-on-error");

      expect(outcome.code).not.toBe(0);
      expect(outcome.output).toContain(lab.rack.member("node-2").bmc.url);
      expect(changes(outcome).delete ?? 0).toBe(0);
      expect((await lab.stack.state()).map(({ urn }) => urn).sort()).toEqual(before);

      await lab.rack.member("node-2").bmc.revive();
      const repaired = await lab.stack.up();
      expect(`${repaired.code} ${repaired.code === 0 ? "" : repaired.output}`).toBe("0 ");
      expect((await lab.stack.state()).map(({ urn }) => urn).sort()).toEqual(before);
      expect(await lab.installations()).toEqual({ "node-1": 1, "node-2": 1 });
    } finally {
      await lab.close();
    }
  });
});
