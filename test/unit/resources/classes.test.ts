import { readFileSync } from "node:fs";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import * as redfish from "../../../resources/redfish";

interface Seen {
  type: string;
  name: string;
  inputs: Record<string, unknown>;
  id?: string;
}

const seen: Seen[] = [];
const secretKey = "4dabf18193072939515e22adb298388d";
const manifest = JSON.parse(readFileSync(path.resolve(__dirname, "../../../package.json"), "utf8")) as {
  version: string;
  pulumi: { server: string };
};

beforeAll(async () => {
  await pulumi.runtime.setMocks({
    newResource: (args) => {
      seen.push({ type: args.type, name: args.name, inputs: args.inputs as Record<string, unknown>, id: args.id });
      const state = {
        ...(args.inputs as object),
        hostKey: { publicKey: "ssh-ed25519 A", privateKey: "K" },
        tokenSecret: "T",
      };
      return { id: args.id || `${args.name}-id`, state };
    },
    call: (args) => ({ token: args.token, given: args.inputs as unknown }),
  });
});

const value = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const connection = { endpoint: "https://bmc", username: "root", password: "hush" };

/** Inputs of a class as an engine gets them. */
async function registered(resource: pulumi.CustomResource): Promise<Seen> {
  await value(resource.urn);
  const name = (await value(resource.urn)).split("::").pop();
  return seen.find((one) => one.name === name)!;
}

describe("resource classes", () => {
  it("wrap passwords as secrets, also inside of the connection, and leave the rest readable", async () => {
    const account = new redfish.Account("account", {
      connection,
      userName: "ops",
      password: "hush",
      factoryPassword: "calvin",
    });
    const { type, inputs } = await registered(account);
    expect(type).toBe("rackform:redfish:Account");
    // Mocks show a secret as its envelope, and an object that holds one as a secret as a whole.
    expect(inputs.connection).toMatchObject({ [secretKey]: expect.anything() as unknown, value: connection });
    for (const secret of [inputs.password, inputs.factoryPassword])
      expect(Object.keys(secret as object)).toContain(secretKey);
    expect(await pulumi.isSecret(account.password)).toBe(true);
    expect(await pulumi.isSecret(account.userName)).toBe(false);
  });

  it("announce their secret outputs, and version and download URL of this package", () => {
    const options: Record<string, pulumi.CustomResourceOptions> = {};
    const watch = (key: string): pulumi.CustomResourceOptions => ({
      additionalSecretOutputs: ["facts"],
      transformations: [({ opts }) => void (options[key] = opts)],
    });
    new redfish.Server("s", { connection }, watch("server"));
    new redfish.BootOverride("b", { connection, target: "Pxe" }, watch("boot"));
    new redfish.VirtualMedia("m", { connection, image: "https://x/a.iso" }, watch("media"));
    new redfish.Account("a", { connection, userName: "ops" }, watch("account"));
    const secrets = Object.fromEntries(
      Object.entries(options).map(([key, { additionalSecretOutputs }]) => [key, additionalSecretOutputs]),
    );
    expect(secrets).toEqual({
      server: ["hostKey", "tokenSecret", "facts"],
      boot: ["facts"],
      media: ["password", "facts"],
      account: ["password", "factoryPassword", "facts"],
    });
    for (const one of Object.values(options)) {
      expect(one).toMatchObject({ version: manifest.version, pluginDownloadURL: manifest.pulumi.server });
    }
  });

  it("take Outputs at every depth", async () => {
    const server = new redfish.Server("outputs", {
      connection: { endpoint: pulumi.output("https://bmc"), password: pulumi.secret("hush") },
      requirements: { drives: [{ minCount: pulumi.output(2) }], minCores: pulumi.output(8) },
    });
    const { inputs } = await registered(server);
    expect(inputs.requirements).toEqual({ drives: [{ minCount: 2 }], minCores: 8 });
    const whole = new redfish.BootOverride("whole", {
      connection: pulumi.output({ endpoint: "https://bmc" }),
      target: "Pxe",
    });
    expect((await registered(whole)).inputs.connection).toEqual({ endpoint: "https://bmc" });
  });

  it("refuse to be made without what they need, naming it", () => {
    expect(() => new redfish.Server("x", {} as never)).toThrow("missing required property 'connection'");
    expect(() => new redfish.VirtualMedia("x", { connection } as never)).toThrow("missing required property 'image'");
    expect(() => new redfish.BiosSettings("x", { connection } as never)).toThrow(
      "missing required property 'attributes'",
    );
    expect(() => new redfish.Account("x", { connection } as never)).toThrow("missing required property 'userName'");
    expect(() => new redfish.Installation("x", { connection } as never)).toThrow(
      "missing required property 'hostname'",
    );
  });

  it("are read by id alone", async () => {
    const id = "https://bmc/redfish/v1/Systems/1";
    for (const resource of [
      redfish.Server.get("get-server", id),
      redfish.BootOverride.get("get-boot", id),
      redfish.VirtualMedia.get("get-media", id),
      redfish.BiosSettings.get("get-bios", id),
      redfish.Account.get("get-account", id),
      redfish.Installation.get("get-os", id),
    ]) {
      expect(await registered(resource)).toMatchObject({ id, inputs: {} });
    }
  });

  it("know their own", () => {
    const server = new redfish.Server("own", { connection });
    expect(redfish.Server.isInstance(server)).toBe(true);
    expect(redfish.Account.isInstance(server)).toBe(false);
    for (const value of [undefined, null, 1, "x", {}]) expect(redfish.Server.isInstance(value)).toBe(false);
    expect(redfish.Server.isInstance({ __pulumiType: "rackform:redfish:Server" })).toBe(true);
  });

  it("name version and download URL of this package", () => {
    expect(redfish.packageOptions()).toEqual({ version: manifest.version, pluginDownloadURL: manifest.pulumi.server });
  });

  it("call functions by their tokens", async () => {
    const result = (await redfish.getServer({ connection: { endpoint: "https://bmc" } })) as unknown as {
      token: string;
      given: unknown;
    };
    expect(result).toEqual({ token: "rackform:redfish:getServer", given: { connection: { endpoint: "https://bmc" } } });
    const found = await value(redfish.discoverOutput({ addresses: [pulumi.output("10.0.0.1")] }));
    expect(found).toEqual({ token: "rackform:redfish:discover", given: { addresses: ["10.0.0.1"] } });
    const inventory = await value(
      redfish.getInventoryOutput({ connection: { endpoint: pulumi.output("https://bmc") } }),
    );
    expect(inventory).toMatchObject({ token: "rackform:redfish:getInventory" });
  });
});
