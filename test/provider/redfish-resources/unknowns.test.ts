import { secret, unknown, type Values } from "../../setup/plugin-client";
import { credentials, resourceSchema, World } from "./harness";

/** Every input of a resource, with a value that is allowed. */
const full: Record<string, Values> = {
  Server: {
    systemId: "1",
    identity: { serialNumber: "X", sku: "Y", uuid: "4c4c4544-0035-3010-8048-b7c04f4a3732" },
    requirements: {
      minCores: 1,
      minMemoryGib: 1,
      drives: [{ type: "SSD" }],
      nics: [{ minSpeedGbps: 1 }],
      tpm: true,
      unknown: "accept",
    },
    powerState: "On",
    powerOffOnDelete: true,
    maintenance: true,
    quarantine: false,
  },
  BootOverride: {
    systemId: "1",
    target: "UefiHttp",
    enabled: "Once",
    mode: "UEFI",
    httpBootUri: "https://x.example.com/a.efi",
  },
  VirtualMedia: {
    systemId: "1",
    image: "https://x.example.com/a.iso",
    slot: "CD",
    writeProtected: true,
    transferMethod: "Stream",
    transferProtocol: "HTTPS",
    username: "u",
    password: secret("p"),
  },
  BiosSettings: {
    systemId: "1",
    attributes: { A: "x", B: 1, C: true },
    apply: "immediate",
    maintenance: true,
    resetOnDelete: true,
    timeoutSeconds: 60,
  },
  Account: {
    userName: "u2",
    password: secret("password-1"),
    factoryPassword: secret("calvin"),
    role: "Operator",
    enabled: true,
  },
};

const connection = {
  endpoint: "https://127.0.0.1:1",
  username: "root",
  password: secret("p"),
  caBundle: undefined,
  fingerprint: "ab".repeat(32),
  insecure: false,
  connectTimeoutSeconds: 1,
  requestTimeoutSeconds: 1,
};

type Path = (string | number)[];

function leaves(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null || "value" in value) return [path];
  const members = Object.entries(value).flatMap(([key, member]) =>
    leaves(member, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return path.length > 0 ? [path, ...members] : members;
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((item, index) => (index === key ? replaced(item, rest, by) : (item as unknown)));
  return { ...(value as Values), [key]: replaced((value as Values)[key], rest, by) };
}

describe("an input that is not known yet", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start([], credentials);
  });
  afterAll(() => world.stop());

  const all = Object.entries(full).flatMap(([type, more]) => {
    const inputs: Values = { connection, ...more };
    return leaves(inputs).map(
      (path) => [type, path.join("."), replaced(inputs, path, unknown) as Values, inputs] as const,
    );
  });

  it("is each input of the schema", () => {
    for (const [type, more] of Object.entries(full)) {
      const declared = resourceSchema().resources?.[`rackform:redfish:${type}`].inputProperties ?? {};
      expect(Object.keys({ connection, ...more }).sort()).toEqual(Object.keys(declared).sort());
    }
    expect(all.length).toBeGreaterThan(80);
  });

  it.each(all)(
    "%s %s: neither check, nor diff, nor the previews fail or ask a BMC",
    async (type, _path, inputs, known) => {
      const token = `rackform:redfish:${type}`;
      const checked = await world.client.check(token, "it", inputs);
      expect(checked.failures).toEqual([]);
      const { state } = await world.client.create(token, "it", checked.inputs, { preview: true });
      expect(JSON.stringify(state)).not.toMatch(/hostKey|tokenSecret|facts/);
      const olds = (await world.client.check(token, "it", known)).inputs;
      const id = "https://127.0.0.1:1/redfish/v1/Systems/1";
      const args = {
        id,
        state: { ...olds, systemPath: "/redfish/v1/Systems/1", server: {} },
        oldInputs: olds,
        news: checked.inputs,
      };
      const difference = await world.client.diff(token, "it", args);
      expect(difference.changes || type === "Account" || _path.startsWith("systemId") || _path === "slot").toBe(true);
      await world.client.update(token, "it", args, { preview: true });
      expect(world.exchanges).toEqual([]);
    },
  );
});
