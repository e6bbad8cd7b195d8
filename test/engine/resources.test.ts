import { BmcRack } from "../../lab/bmc";
import { changes, type Outcome, TestStack } from "../setup/stack";

const password = "hunter2-bmc-Secret";
const rotated = "hunter3-rotated-Secret";

/** One server with every native resource on it; `setting` is what the tests change. */
const program = `
const pulumi = require("@pulumi/pulumi");
const { Account, BiosSettings, BootOverride, Server, VirtualMedia } = require("rackform/redfish");
const config = new pulumi.Config();
const connection = { endpoint: config.require("endpoint") };
const server = new Server("server", { connection, powerState: "On", identity: { serialNumber: config.require("serial") } });
const after = { dependsOn: server };
new BiosSettings("bios", { connection, attributes: { [config.require("attribute")]: config.require("value") }, apply: "immediate", maintenance: true }, after);
new BootOverride("boot", { connection, target: "Pxe", enabled: "Continuous" }, after);
new VirtualMedia("media", { connection, image: "http://127.0.0.1:9/image.iso" }, after);
new Account("operator", { connection, userName: "operator", password: config.requireSecret("operatorPassword"), role: "Operator" }, after);
exports.cores = server.facts.cores;
exports.hostKey = server.hostKey.publicKey;

`;

function fine(outcome: Outcome): Record<string, number> {
  if (outcome.code !== 0) throw new Error(outcome.output);
  return changes(outcome);
}

describe("native resources through the real engine", () => {
  let rack: BmcRack;
  let stack: TestStack;
  const outputs: string[] = [];
  const bmc = () => rack.bmc("node-1");
  const keep = (outcome: Outcome) => {
    // The Node SDK itself writes whole objects, secrets included, into debug messages, which nothing shows without `--debug`.
    const shown = outcome.events.filter(({ diagnosticEvent }) => diagnosticEvent?.severity !== "debug");
    outputs.push(outcome.output, JSON.stringify(shown));
    return fine(outcome);
  };

  beforeAll(async () => {
    rack = await BmcRack.start([
      {
        name: "node-1",
        address: "127.77.9.1",
        port: 0,
        dialect: "generic",
        credentials: { username: "admin", password },
      },
    ]);
    stack = await TestStack.create({
      files: {
        "Pulumi.yaml":
          "name: rackform-test\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: index.js\n",
        "package.json": "{}",
        "index.js": program,
      },
      node: true,
      config: {
        endpoint: bmc().url,
        serial: bmc().hardware.serialNumber,
        attribute: "CpuVirtualization",
        value: "Disabled",
      },
      secrets: { operatorPassword: rotated },
      env: {
        RACKFORM_BMC_USERNAME: "admin",
        RACKFORM_BMC_PASSWORD: password,
        RACKFORM_BMC_CA_BUNDLE: rack.caCertificate,
      },
    });
  });

  afterAll(async () => {
    await stack?.dispose();
    await rack?.close();
  });

  it("previews without asking the BMC for anything", async () => {
    const outcome = await stack.preview();
    expect(keep(outcome)).toEqual({ create: 6 });
    expect(bmc().journal.total).toBe(0);
  });

  it("creates", async () => {
    expect(keep(await stack.up())).toEqual({ create: 6 });
    expect(bmc().power.state).toBe("On");
    expect(await stack.outputs()).toMatchObject({
      cores: expect.any(Number),
      hostKey: expect.stringMatching(/^ssh-ed25519 /),
    });
  });

  it("finds nothing to do the second time", async () => {
    expect(keep(await stack.up("--expect-no-changes"))).toEqual({});
  });

  it("sees drift by refresh, and repairs it", async () => {
    bmc().setPower("Off");
    bmc().setBootOverride({ target: "None", enabled: "Disabled" });
    bmc().setBios({ CpuVirtualization: "Enabled" });
    const refreshed = keep(await stack.refresh());
    expect(refreshed.update).toBe(3);
    expect(keep(await stack.up())).toEqual({ update: 3 });
    expect(bmc().power.state).toBe("On");
    expect(bmc().bios.current().CpuVirtualization).toBe("Disabled");
    expect(keep(await stack.up("--expect-no-changes"))).toEqual({});
  });

  it("imports from the id alone", async () => {
    const id = `${bmc().url}${bmc().systemPath}`;
    const outcome = await stack.run([
      "import",
      "rackform:redfish:Server",
      "again",
      id,
      "--yes",
      "--protect=false",
      "--generate-code=false",
    ]);
    outputs.push(outcome.output);
    expect(outcome.output).toContain("rackform:redfish:Server again");
    expect(outcome.code).toBe(0);
    const imported = (await stack.state()).find(({ urn }) => urn.endsWith("::again"));
    expect(imported?.outputs).toMatchObject({ systemPath: bmc().systemPath });
  });

  it("refuses another machine behind the same address, in one message", async () => {
    await stack.run(["config", "set", "serial", "SOMEBODY-ELSE"]);
    const outcome = await stack.up();
    outputs.push(outcome.output);
    expect(outcome.code).not.toBe(0);
    expect(outcome.output).toContain("SOMEBODY-ELSE");
    expect(outcome.output).toContain(bmc().hardware.serialNumber);
    await stack.run(["config", "set", "serial", bmc().hardware.serialNumber]);
  });

  it("destroys", async () => {
    const destroyed = keep(await stack.destroy());
    expect(destroyed.delete).toBeGreaterThanOrEqual(6);
    expect((await stack.state()).length).toBe(0);
  });

  it("has shown no secret in any output, event or state", () => {
    const sources: Record<string, string> = {
      ...Object.fromEntries(outputs.entries()),
      checkpoint: stack.checkpoint(),
    };
    for (const [where, text] of Object.entries(sources))
      for (const secret of [password, rotated, "PRIVATE KEY"])
        expect(`${where}: ${text.includes(secret) ? `shows ${secret}` : "clean"}`).toBe(`${where}: clean`);
  });
});
