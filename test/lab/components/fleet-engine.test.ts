import { changes, type Outcome, type StateResource, TestStack } from "../../setup/stack";
import { describeWith } from "../../setup/need";
import { containerNeeds, ContainerNode } from "./container-node";

/** A running server joins; `dead` adds one whose BMC nobody answers at; a step of the user's own hangs on the fleet. */
const program = `
const pulumi = require("@pulumi/pulumi");
const { BareMetalFleet, NodeStep } = require("rackform");
const config = new pulumi.Config();
const dead = { name: "dead-2", bmc: "https://127.77.3.3:9", serialNumber: "S2", mac: "aa:bb:cc:00:00:02" };
const fleet = new BareMetalFleet("rack", {
  servers: [{ name: "n1", address: config.require("address"), hostKey: config.require("hostKey") }, ...(config.getBoolean("dead") ? [dead] : [])],
  networks: { management: { cidr: "10.250.0.0/24" } },
  accessKey: config.requireSecret("key"),
  timezone: "Europe/Berlin",
  deletionProtection: false,
});
exports.nodes = fleet.nodes;
new NodeStep("mark", {
  nodes: fleet.nodes,
  access: fleet.access,
  script: 'printf "%s\\\\n" "$TEXT" > /root/mark; echo "marked"',
  deleteScript: "rm -f /root/mark",
  parameters: { TEXT: config.get("text") ?? "one" },
});
`;

function fine(outcome: Outcome): Record<string, number> {
  if (outcome.code !== 0) throw new Error(outcome.output);
  return changes(outcome);
}

describeWith(containerNeeds, "a fleet through the real engine, to a real Debian", () => {
  let node: ContainerNode;
  let stack: TestStack;
  const names = (resources: StateResource[]) => resources.map(({ urn }) => urn.split("::").pop()!).sort();

  beforeAll(async () => {
    node = await ContainerNode.start("fe");
    stack = await TestStack.create({
      files: {
        "Pulumi.yaml":
          "name: rackform-test\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: index.js\n",
        "package.json": "{}",
        "index.js": program,
      },
      node: true,
      config: { address: node.address, hostKey: node.hostKey() },
      secrets: { key: node.privateKey },
      env: { RACKFORM_BMC_USERNAME: "admin", RACKFORM_BMC_PASSWORD: "hunter2", RACKFORM_RETRY_BUDGET_SECONDS: "2" },
    });
  });

  afterAll(async () => {
    await stack?.dispose();
    await node?.stop();
  });

  it("knows the children of the second component in the first preview", async () => {
    const outcome = await stack.preview();
    expect(fine(outcome)).toEqual({ create: 7 });
  });

  it("prepares the node and runs the step", async () => {
    expect(fine(await stack.up())).toEqual({ create: 7 });
    expect(node.ssh("cat /root/mark; readlink /etc/localtime; hostname").stdout).toBe(
      "one\n/usr/share/zoneinfo/Europe/Berlin\nn1\n",
    );
    expect(node.ssh("ls -l /var/lib/rackform/steps/*/").stdout).toMatch(/scripts/);
  });

  it("finds nothing to do the second time", async () => {
    expect(fine(await stack.up("--expect-no-changes"))).toEqual({});
  });

  it("updates a step in place when a parameter changes", async () => {
    await stack.run(["config", "set", "text", "two"]);
    expect(fine(await stack.up())).toEqual({ update: 1 });
    expect(node.ssh("cat /root/mark").stdout).toBe("two\n");
  });

  it("keeps the key and the parameters out of what is shown and stored in clear", async () => {
    const line = node.privateKey.split("\n")[2];
    expect(stack.checkpoint()).not.toContain(line);
    expect(stack.checkpoint()).not.toContain(Buffer.from("two").toString("base64"));
  });

  it("deletes nothing when a server with a dead BMC joins the fleet, with --continue-on-error", async () => {
    const before = names(await stack.state());
    await stack.run(["config", "set", "dead", "true"]);
    const preview = await stack.preview();
    expect(fine(preview).delete).toBeUndefined();
    const outcome = await stack.up("--continue-on-error");
    expect(outcome.code).not.toBe(0);
    expect(changes(outcome).delete).toBeUndefined();
    expect(names(await stack.state())).toEqual(expect.arrayContaining(before));
    expect(node.ssh("cat /root/mark").stdout).toBe("two\n");
  });

  it("comes clean when the dead server leaves, and destroys with its delete script", async () => {
    await stack.run(["config", "set", "dead", "false"]);
    fine(await stack.up());
    fine(await stack.destroy());
    expect(node.ssh("cat /root/mark").status).toBe(1);
    expect(await stack.state()).toEqual([]);
  });
});
