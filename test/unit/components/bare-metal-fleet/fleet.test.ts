import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { BareMetalFleet, type BareMetalFleetArgs } from "../../../../components/bare-metal-fleet/fleet";
import { type Answers, HOST_KEY, record, type Recorder, reveal } from "../mocks";
import { ada, fleet, other, running, server } from "./fixtures";

const FLEET = "urn:pulumi:stack::project::rackform:index:BareMetalFleet::rack1";
const CHILD = (type: string, name: string) => [type, name, FLEET];

async function make(
  args: BareMetalFleetArgs,
  options: { answers?: Answers; preview?: boolean } = {},
): Promise<{ made: BareMetalFleet; recorder: Recorder }> {
  const recorder = await record(options.answers, options.preview);
  const made = new BareMetalFleet("rack1", args);
  await recorder.settle();
  return { made, recorder };
}

const tree = (recorder: Recorder) => recorder.registrations.map(({ type, name, parent }) => [type, name, parent]);

describe("BareMetalFleet", () => {
  it.each([false, true])(
    "registers four children a server, one more with a BIOS profile, two for a running one (preview: %s)",
    async (preview) => {
      const classes = { storage: { biosProfile: { attributes: { SriovGlobalEnable: "Enabled" } } } };
      const { recorder } = await make(
        { ...fleet, servers: [server, { ...other, role: "storage" }, running], classes },
        { preview },
      );
      expect(tree(recorder).sort()).toEqual(
        [
          ["rackform:index:BareMetalFleet", "rack1", ""],
          CHILD("rackform:index:SshKey", "rack1-access-key"),
          CHILD("rackform:redfish:Server", "rack1-n-1"),
          CHILD("rackform:redfish:Installation", "rack1-n-1-os"),
          CHILD("command:remote:CopyToRemote", "rack1-n-1-scripts"),
          CHILD("command:remote:Command", "rack1-n-1-base"),
          CHILD("rackform:redfish:Server", "rack1-n-2"),
          CHILD("rackform:redfish:BiosSettings", "rack1-n-2-bios"),
          CHILD("rackform:redfish:Installation", "rack1-n-2-os"),
          CHILD("command:remote:CopyToRemote", "rack1-n-2-scripts"),
          CHILD("command:remote:Command", "rack1-n-2-base"),
          CHILD("command:remote:CopyToRemote", "rack1-old-7-scripts"),
          CHILD("command:remote:Command", "rack1-old-7-base"),
        ].sort(),
      );
      expect(recorder.named("rack1").inputs).toEqual({});
    },
  );

  it("gives its nodes as a plain list at once, and the access as a secret that waits for every server", async () => {
    await record();
    const made = new BareMetalFleet("rack1", { ...fleet, servers: [server, other, running], quarantine: ["n-2"] });
    expect(made.nodes.map(({ name }) => name)).toEqual(["n-1", "old-7"]);
    expect(made.servers).toEqual([
      { name: "n-1", role: "compute", status: "installed", address: "10.0.0.101", image: "debian 13" },
      { name: "n-2", role: "compute", status: "quarantined", address: "10.0.0.102", image: "debian 13" },
      { name: "old-7", role: "compute", status: "joined", address: "10.0.0.7" },
    ]);
    const access = await reveal(made.access);
    expect(access.secret).toBe(true);
    expect(access.resources).toEqual(
      expect.arrayContaining(["rack1-n-1-base", "rack1-old-7-base", "rack1-access-key"]),
    );
    expect(access.value).toEqual({
      privateKey: "access-private",
      hostKeys: { "n-1": `${HOST_KEY} rack1-n-1`, "n-2": `${HOST_KEY} rack1-n-2`, "old-7": running.hostKey },
    });
  });

  it("hands keys and passwords through as secrets, and prints none", async () => {
    const args = {
      ...fleet,
      bmcUsername: "root",
      bmcPassword: "hunter2",
      bmcCredentials: pulumi.secret({ "n-2": { username: "admin", password: "hunter3" } }),
      servers: [server, other],
      users: [ada],
    };
    const { recorder } = await make(args);
    const one = recorder.named("rack1-n-1");
    expect(one.inputs.connection).toMatchObject({
      endpoint: "https://10.9.0.1",
      username: "root",
      password: "hunter2",
    });
    expect(one.secrets).toContain("connection.password");
    expect(recorder.named("rack1-n-2").inputs.connection).toMatchObject({ username: "admin", password: "hunter3" });
    const os = recorder.named("rack1-n-1-os");
    expect(os.secrets).toEqual(expect.arrayContaining(["hostKey", "tokenSecret", "loginKey", "connection.password"]));
    expect(os.inputs).toMatchObject({
      hostKey: { privateKey: "host-private-rack1-n-1" },
      tokenSecret: "token-rack1-n-1",
      loginKey: "access-private",
      users: [{ name: "root", authorizedKeys: [`${HOST_KEY} access`], sudo: false }, ada],
      ssh: { address: "10.0.0.101", port: 22, user: "root" },
    });
    for (const registration of recorder.registrations) {
      const shown = JSON.stringify(visible(registration.inputs, registration.secrets));
      expect(shown).not.toMatch(/hunter|access-private|host-private|token-rack/);
    }
  });

  it("runs base preparation with a pinned host key, one short line, secret parameters and the installation id as its only trigger", async () => {
    const { made, recorder } = await make(fleet);
    const { installationId } = made.nodes[0];
    const base = recorder.named("rack1-n-1-base");
    expect(base.secrets.sort()).toEqual(["connection", "stdin"]);
    expect(base.inputs).toEqual({
      connection: {
        host: "10.0.0.101",
        port: 22,
        user: "root",
        privateKey: "access-private",
        hostKey: `${HOST_KEY} rack1-n-1`,
        dialErrorLimit: 40,
        perDialTimeout: 10,
      },
      create: expect.stringMatching(
        /^bash \/var\/lib\/rackform\/steps\/[0-9a-f]{16}\/scripts\/base-preparation\.sh$/,
      ) as string,
      update: base.inputs.create,
      stdin: expect.stringMatching(
        new RegExp(`^RACKFORM_INSTALLATION_ID=${Buffer.from(installationId).toString("base64")}$`, "m"),
      ) as string,
      triggers: [installationId],
      addPreviousOutputInEnv: false,
    });
    expect(base.secretOutputs).toEqual(expect.arrayContaining(["stdout", "stderr"]));
    expect(base.dependsOn).toEqual(expect.arrayContaining(["rack1-n-1-scripts", "rack1-n-1-os"]));
    const copy = recorder.named("rack1-n-1-scripts");
    expect(copy.inputs.remotePath).toBe(path.dirname(path.dirname(String(base.inputs.create).slice("bash ".length))));
    expect(copy.inputs.triggers).toEqual([installationId]);
  });

  it("runs as another login through sudo, from that login's home", async () => {
    const { recorder } = await make({ ...fleet, user: "ops" });
    expect(recorder.named("rack1-n-1-base").inputs.create).toMatch(
      /^sudo -n bash \.rackform\/steps\/[0-9a-f]{16}\/scripts\/base-preparation\.sh$/,
    );
    expect(recorder.named("rack1-n-1-os").inputs.users).toEqual([
      { name: "ops", authorizedKeys: [`${HOST_KEY} access`], sudo: true },
    ]);
  });

  it("orders Server, BIOS, installation; the others wait for the canary only", async () => {
    const third = { ...other, name: "n-3", bmc: "10.9.0.3", serialNumber: "S3", mac: "aa:bb:cc:00:00:03" };
    const classes = { compute: { biosProfile: { attributes: { a: 1 } } } };
    const { recorder } = await make({
      ...fleet,
      servers: [server, other, third],
      canary: ["n-2"],
      batchSize: 1,
      classes,
    });
    const installs = (name: string) => recorder.named(name).dependsOn.filter((one) => one.endsWith("-os"));
    expect(recorder.named("rack1-n-1-os").dependsOn).toEqual(expect.arrayContaining(["rack1-n-1", "rack1-n-1-bios"]));
    expect(installs("rack1-n-2-os")).toEqual([]);
    expect(installs("rack1-n-1-os")).toEqual(["rack1-n-2-os"]);
    expect(installs("rack1-n-3-os")).toEqual(["rack1-n-2-os"]);
    const order = recorder.of("rackform:redfish:Installation").map(({ name }) => name);
    expect(order).toEqual(["rack1-n-2-os", "rack1-n-1-os", "rack1-n-3-os"]);
    expect(recorder.named("rack1-n-3-os").inputs.timeoutSeconds).toBe(3600);
  });

  it("depends on nothing of another server", async () => {
    const { recorder } = await make({ ...fleet, servers: [server, other], batchSize: 1 });
    for (const { name, dependsOn } of recorder.registrations) {
      if (name.startsWith("rack1-n-1")) expect(dependsOn.join(" ")).not.toContain("rack1-n-2");
      if (name.startsWith("rack1-n-2")) expect(dependsOn.join(" ")).not.toContain("rack1-n-1");
    }
  });

  it("protects servers and installations until deletion protection is lifted", async () => {
    const protectedOnes = async (more: Partial<BareMetalFleetArgs>) => {
      const { recorder } = await make({ ...fleet, servers: [server, other], ...more });
      return recorder.registrations
        .filter(({ protect }) => protect)
        .map(({ name }) => name)
        .sort();
    };
    expect(await protectedOnes({})).toEqual(["rack1-n-1", "rack1-n-1-os", "rack1-n-2", "rack1-n-2-os"]);
    expect(await protectedOnes({ decommission: ["n-1"] })).toEqual(["rack1-n-2", "rack1-n-2-os"]);
    expect(await protectedOnes({ deletionProtection: false })).toEqual([]);
  });

  it("keeps a quarantined server's resources and asks nothing of it", async () => {
    const { recorder } = await make({
      ...fleet,
      servers: [server, other],
      quarantine: ["n-1"],
      classes: { compute: { biosProfile: { attributes: { a: 1 } } } },
    });
    expect(recorder.registrations.filter(({ name }) => name.startsWith("rack1-n-1")).map(({ name }) => name)).toEqual([
      "rack1-n-1",
      "rack1-n-1-os",
    ]);
    expect(recorder.named("rack1-n-1").inputs.quarantine).toBe(true);
    expect(recorder.named("rack1-n-1-os").inputs.quarantine).toBe(true);
    expect(recorder.named("rack1-n-2").inputs.quarantine).toBeUndefined();
  });

  it("registers the same for a server when another is added", async () => {
    const of = ({ recorder }: { recorder: Recorder }) =>
      recorder.registrations.filter(({ name }) => /n-1(-|$)/.test(name)).sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(of(await make({ ...fleet, servers: [other, server] }))).toEqual(of(await make(fleet)));
  });

  it("takes a key of one's own, and says what is wrong with one without repeating it", async () => {
    const { recorder } = await make({ ...fleet, accessKey: pulumi.secret(KEY) });
    expect(recorder.of("rackform:index:SshKey")).toEqual([]);
    const os = recorder.named("rack1-n-1-os");
    expect(os.inputs.loginKey).toBe(KEY);
    expect(os.inputs.users).toEqual([{ name: "root", authorizedKeys: [PUBLIC], sudo: false }]);
    expect(os.secrets).not.toContain("users");
  });

  it("reaches nodes through a bastion", async () => {
    const { recorder } = await make({
      ...fleet,
      bastion: { host: "jump.example.com", user: "ops", hostKey: HOST_KEY },
    });
    expect((recorder.named("rack1-n-1-base").inputs.connection as { proxy: object }).proxy).toEqual({
      host: "jump.example.com",
      port: 22,
      user: "ops",
      privateKey: "access-private",
      hostKey: HOST_KEY,
      dialErrorLimit: 40,
      perDialTimeout: 10,
    });
  });

  it("reads servers and passwords from an inventory file", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "rackform-fleet-"));
    try {
      const file = path.join(folder, "rack.csv");
      writeFileSync(
        file,
        "name,bmc,serialNumber,mac,bmcUsername,bmcPassword\nn-8,10.9.0.8,S8,aa:bb:cc:00:00:08,admin,hunter8\n",
      );
      const { made, recorder } = await make({ ...fleet, inventoryFile: file, bmcPassword: "hunter2" });
      expect(made.nodes.map(({ name }) => name)).toEqual(["n-1", "n-8"]);
      const eight = recorder.named("rack1-n-8");
      expect(eight.inputs.connection).toMatchObject({
        endpoint: "https://10.9.0.8",
        username: "admin",
        password: "hunter8",
      });
      expect(eight.secrets).toContain("connection.password");
      expect((recorder.named("rack1-n-1").inputs.connection as { password: string }).password).toBe("hunter2");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("throws every mistake at once, and registers no child", async () => {
    const recorder = await record();
    const bad = () => new BareMetalFleet("rack1", { ...fleet, timezone: "Berlin", canary: ["n-9"] });
    expect(bad).toThrow(
      'BareMetalFleet rack1 has 2 mistakes in its arguments:\n  - timezone: "Berlin" is no IANA time zone; write it like Europe/Berlin or Etc/UTC\n  - canary[0]: there is no server "n-9"; allowed is n-1',
    );
    try {
      bad();
    } catch (error) {
      expect(
        pulumi.InputPropertiesError.isInstance(error) && error.errors.map(({ propertyPath }) => propertyPath),
      ).toEqual(["timezone", "canary[0]"]);
    }
    await recorder.settle();
    expect(recorder.registrations.every(({ type }) => type === "rackform:index:BareMetalFleet")).toBe(true);
  });

  it.each([
    ["servers", { servers: pulumi.output([server]) }, "servers is an Output or Promise"],
    [
      "a leaf",
      { servers: [{ ...server, mac: pulumi.output("aa:bb:cc:00:00:01") }] },
      "servers[0].mac is an Output or Promise",
    ],
    ["a promise", { image: Promise.resolve("debian-13") }, "image is an Output or Promise"],
    ["nothing", { servers: null }, "servers: is empty"],
  ])("refuses what decides its children when it is not known: %s", async (_what, change, message) => {
    const recorder = await record();
    expect(() => new BareMetalFleet("rack1", { ...fleet, ...change } as unknown as BareMetalFleetArgs)).toThrow(
      message,
    );
    await recorder.settle();
    expect(recorder.of("rackform:redfish:Server")).toEqual([]);
  });

  it("keeps logins pinned when a server failed and its host key is not known", async () => {
    const answers: Answers = {
      "rackform:redfish:Server": ({ name }) =>
        name.endsWith("n-1") ? {} : { hostKey: { publicKey: HOST_KEY, privateKey: "p" }, tokenSecret: "t" },
    };
    const { recorder } = await make({ ...fleet, servers: [server, other] }, { answers });
    expect(recorder.named("rack1-n-1-base").inputs.connection).toMatchObject({ hostKey: "host key unknown" });
    expect(recorder.named("rack1-n-2-base").inputs.connection).toMatchObject({ hostKey: HOST_KEY });
  });
});

/** The inputs without what is secret. */
function visible(value: unknown, secrets: string[], at = ""): unknown {
  if (secrets.includes(at)) return "[secret]";
  if (Array.isArray(value)) return value.map((inner, index) => visible(inner, secrets, `${at}[${index}]`));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, visible(inner, secrets, at ? `${at}.${key}` : key)]),
  );
}

const PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHc+Z1M6/i21DWmNGR/LOcxBSIdKrtdditZEPUmnC2Ti";
const KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW
QyNTUxOQAAACB3PmdTOv4ttQ1pjRkfyznMQUiHSq7XXYrWRD1Jpwtk4gAAAIiMi5uEjIub
hAAAAAtzc2gtZWQyNTUxOQAAACB3PmdTOv4ttQ1pjRkfyznMQUiHSq7XXYrWRD1Jpwtk4g
AAAECGOQkLt+zEELeoOOkGk2avwfd8YiNQkyGfjuVlmyzlDHc+Z1M6/i21DWmNGR/LOcxB
SIdKrtdditZEPUmnC2TiAAAABHRlc3QB
-----END OPENSSH PRIVATE KEY-----
`;
