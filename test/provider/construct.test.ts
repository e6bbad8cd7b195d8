import * as pulumi from "@pulumi/pulumi";
import { componentFactory, type ConstructTags } from "../../provider/construct";
import { type PackageSchema, Schema } from "../../provider/kit/schema";
import type { PluginSpec } from "../../provider/kit/host";
import { FakeEngine, outputValue, PluginError, secret, startInProcess, unknown } from "../setup/plugin-client";

const token = "sample:index:Cluster";
const upstream = "urn:pulumi:dev::proj::sample:index:Fleet::fleet";

interface ClusterArgs {
  nodes: { name: string; address: string }[];
  version: string;
  access?: pulumi.Input<string>;
  users?: { name: string; password?: pulumi.Input<string> }[];
  zone?: string;
}

let made: ClusterArgs[] = [];

class Cluster extends pulumi.ComponentResource {
  readonly endpoint: pulumi.Output<string>;
  readonly names: string[];

  constructor(name: string, args: ClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super(token, name, {}, options);
    made.push(args);
    if (args.version === "0") {
      throw new pulumi.InputPropertiesError({
        message: "the cluster cannot be planned",
        errors: [{ propertyPath: "version", reason: "is too old" }],
      });
    }
    this.names = args.nodes.map((node) => node.name);
    for (const node of args.nodes) {
      new Step(`${name}-${node.name}`, { address: node.address, access: args.access }, { parent: this });
    }
    this.endpoint = pulumi
      .output(args.access ?? "none")
      .apply((access) => `https://${args.nodes[0].address}#${access}`);
    this.registerOutputs({ endpoint: this.endpoint, names: this.names });
  }
}

class Step extends pulumi.CustomResource {
  constructor(name: string, args: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
    super("sample:index:Step", name, args, options);
  }
}

const text = { type: "string" } as const;
const schema: PackageSchema = {
  name: "sample",
  types: {
    "sample:index:Node": { type: "object", properties: { name: text, address: text } },
    "sample:index:User": {
      type: "object",
      properties: { name: { ...text, plain: true }, password: { ...text, secret: true } },
    },
  },
  resources: {
    [token]: {
      isComponent: true,
      inputProperties: {
        nodes: { type: "array", items: { $ref: "#/types/sample:index:Node" } },
        version: { ...text, plain: true },
        access: { ...text, secret: true },
        users: { type: "array", items: { $ref: "#/types/sample:index:User", plain: true }, plain: true },
        zone: { ...text, plain: true },
      },
      requiredInputs: ["nodes", "version"],
      properties: { endpoint: text, names: { type: "array", items: text } },
    },
  },
};
const tags: ConstructTags = {
  [token]: { nodes: "plan", version: "plain", access: "value", users: "plain", zone: "plain" },
};

const spec: PluginSpec<object> = {
  name: "sample",
  version: "1.0.0",
  schema: () => schema,
  config: { decode: () => ({}) },
  handlers: new Map(),
  components: new Map([[token, () => componentFactory(Cluster, tags[token], new Schema(schema))]]),
};

const nodes = [
  { name: "n1", address: "10.0.0.1" },
  { name: "n2", address: "10.0.0.2" },
];

let engine: FakeEngine;
let plugin: Awaited<ReturnType<typeof startInProcess>>;

beforeAll(async () => {
  engine = await FakeEngine.start();
  plugin = await startInProcess(spec, { engine });
});

afterAll(async () => {
  await plugin.stop();
  engine.stop();
});

beforeEach(() => {
  engine.registered.length = 0;
  made = [];
});

/** What a language host uses of the SDK, and the SDK's types leave out. */
interface Settings {
  resetOptions(
    project: string,
    stack: string,
    parallel: number,
    engine: string,
    monitor: string,
    preview: boolean,
    organization: string,
  ): void;
  awaitFeatureSupport(): Promise<void>;
  waitForRPCs(): Promise<void>;
  disconnect(): Promise<void>;
}

const steps = () => engine.registered.filter(({ type }) => type === "sample:index:Step");

async function refusal(inputs: Record<string, unknown>, preview = false): Promise<PluginError> {
  const error: unknown = await plugin.client.construct(token, "c", inputs, { preview }).then(
    () => "it was constructed",
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PluginError);
  expect(engine.registered).toEqual([]);
  return error as PluginError;
}

it("registers the component and its children, and returns URN and outputs", async () => {
  const { urn, state } = await plugin.client.construct(token, "c", { nodes, version: "1", access: secret("hush") });
  expect(urn).toBe("urn:pulumi:dev::proj::sample:index:Cluster::c");
  expect(state).toEqual({ endpoint: secret("https://10.0.0.1#hush"), names: ["n1", "n2"] });
  expect(steps().map(({ urn: child, inputs }) => [child, inputs])).toEqual([
    [
      "urn:pulumi:dev::proj::sample:index:Cluster$sample:index:Step::c-n1",
      { address: "10.0.0.1", access: secret("hush") },
    ],
    [
      "urn:pulumi:dev::proj::sample:index:Cluster$sample:index:Step::c-n2",
      { address: "10.0.0.2", access: secret("hush") },
    ],
  ]);
});

it("hands values through as Outputs: unknown ones stay unknown, with secretness and dependencies", async () => {
  const access = outputValue({ secret: true, dependencies: [upstream] });
  await plugin.client.construct(token, "c", { nodes, version: "1", access }, { preview: true });
  expect(steps()).toHaveLength(2);
  expect(steps()[0].inputs.access).toBe(unknown);
  expect(steps()[0].propertyDependencies.access).toEqual([upstream]);
});

it("makes a plan's dependencies those of the component, before which none of its children is registered", async () => {
  const list = outputValue({ value: nodes, dependencies: [upstream] });
  await plugin.client.construct(token, "c", { nodes: list, version: "1" });
  expect(made[0].nodes).toEqual(nodes);
  expect(engine.registered[0]).toMatchObject({ type: token, dependencies: [upstream] });
});

it("awaits plans that were composed leaf by leaf", async () => {
  const composed = nodes.map((node) => ({
    name: node.name,
    address: outputValue({ value: node.address, dependencies: [upstream] }),
  }));
  await plugin.client.construct(token, "c", { nodes: composed, version: outputValue({ value: "1" }) });
  expect(made[0]).toMatchObject({ nodes, version: "1" });
  expect(engine.registered[0].dependencies).toEqual([upstream]);
});

it("names an unknown plan and the way out in a preview", async () => {
  const error = await refusal({ nodes: outputValue({ dependencies: [upstream] }), version: "1" }, true);
  expect(error.properties).toEqual([
    { property: "nodes", reason: expect.stringContaining('"await ref.getOutputDetails("nodes")"') },
  ]);
  const leaf = await refusal({ nodes: [{ name: "n1", address: outputValue({}) }], version: "1" }, true);
  expect(leaf.properties?.[0].property).toBe("nodes[0].address");
});

it.each([
  ["known null", null],
  ["a null Output with dependencies", outputValue({ value: null, dependencies: [upstream] })],
  ["absent", undefined],
  ["a list with a null in it", [nodes[0], null]],
])("never plans for zero nodes: %s", async (_what, value) => {
  for (const preview of [false, true]) {
    const error = await refusal({ nodes: value, version: "1" }, preview);
    expect(error.message).toContain("argument nodes is missing, so what computes it has failed");
    expect(error.properties).toBeUndefined();
  }
});

it("refuses a secret plan without printing it", async () => {
  const error = await refusal({
    nodes: outputValue({ value: [{ name: "hush", address: "x" }], secret: true }),
    version: "1",
  });
  expect(error.message).toContain("argument nodes is secret");
  expect(error.message).not.toContain("hush");
  expect(error.properties).toBeUndefined();
});

it("keeps Inputs inside of a plain argument as Outputs when they are secret or unknown, and refuses the rest", async () => {
  const users = [{ name: "root", password: secret("hush") }];
  await plugin.client.construct(token, "c", {
    nodes,
    version: "1",
    users: [{ name: "root", password: outputValue({ value: "hush", secret: true }) }],
  });
  expect(pulumi.Output.isInstance(made[0].users?.[0].password)).toBe(true);
  expect(made[0].users?.[0].name).toBe("root");
  await plugin.client.construct(
    token,
    "d",
    { nodes, version: "1", users: [{ name: "root", password: outputValue({}) }] },
    { preview: true },
  );
  expect(pulumi.Output.isInstance(made[1].users?.[0].password)).toBe(true);
  engine.registered.length = 0;
  const error = await refusal(
    { nodes, version: "1", users: [{ ...users[0], password: "x", name: outputValue({}) }] },
    true,
  );
  expect(error.properties?.[0].property).toBe("users[0].name");
});

it("passes the component's own errors on, with their properties", async () => {
  const error: unknown = await plugin.client
    .construct(token, "c", { nodes, version: "0" })
    .catch((reason: unknown) => reason);
  expect((error as PluginError).properties).toEqual([{ property: "version", reason: "is too old" }]);
  await expect(plugin.client.construct("sample:index:Nothing", "c", {})).rejects.toThrow(
    'no component "sample:index:Nothing"',
  );
});

it("gives the tree that the constructor gives in-process", async () => {
  await plugin.client.construct(token, "c", { nodes, version: "1", access: secret("hush") });
  const remote = engine.registered.map(({ urn, inputs, custom }) => ({ urn, inputs, custom }));
  engine.registered.length = 0;
  const monitor = await FakeEngine.start();
  const settings = (await import("@pulumi/pulumi/runtime/settings")) as unknown as Settings;
  settings.resetOptions("proj", "dev", 16, monitor.address, monitor.address, false, "organization");
  await settings.awaitFeatureSupport();
  new Cluster("c", { nodes, version: "1", access: pulumi.secret("hush") });
  await settings.waitForRPCs();
  const local = monitor.registered.map(({ urn, inputs, custom }) => ({ urn, inputs, custom }));
  expect(local).toEqual(remote);
  await settings.disconnect();
  monitor.stop();
});
