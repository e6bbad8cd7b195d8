import { Deployed, FakeEngine, PluginError, secret, startInProcess, unknown } from "../../setup/plugin-client";
import { samplePlugin, token, type World } from "./sample-plugin";

const world: World = { objects: new Map(), events: [] };
let engine: FakeEngine;
let plugin: Awaited<ReturnType<typeof startInProcess>>;

beforeAll(async () => {
  engine = await FakeEngine.start();
  plugin = await startInProcess(samplePlugin(world), { engine });
});

afterAll(async () => {
  await plugin.stop();
  engine.stop();
});

beforeEach(async () => {
  world.objects.clear();
  world.events.length = 0;
  engine.logs.length = 0;
  await plugin.client.configure({});
});

const box = (name = "a") => new Deployed(plugin.client, token, name);

describe("handshake and configuration", () => {
  it("accepts secrets, resources, outputs and previews in both", async () => {
    expect(await plugin.client.handshake()).toMatchObject({
      acceptSecrets: true,
      acceptResources: true,
      acceptOutputs: true,
    });
    expect(await plugin.client.configure({})).toMatchObject({
      acceptsecrets: true,
      acceptresources: true,
      acceptoutputs: true,
      supportspreview: true,
    });
  });

  it("stamps the version into the schema", async () => {
    expect(await plugin.client.schema()).toMatchObject({ name: "sample", version: "1.2.3" });
    expect(await plugin.client.version()).toBe("1.2.3");
  });

  it("decodes what the engine encodes as JSON", async () => {
    await plugin.client.configure({
      region: "moonbase",
      limits: { max: 3 },
      token: secret("hush-hush"),
      version: "1.2.3",
    });
    expect(plugin.host.config).toEqual({ region: "moonbase", limits: { max: 3 }, token: "hush-hush" });
    expect(plugin.host.configSecrets).toEqual(["hush-hush"]);
  });

  it("reports configuration mistakes with their paths and never the value of a secret", async () => {
    const { failures } = await plugin.client.checkConfig({
      region: "moon",
      limits: { max: "many" },
      flag: "perhaps",
      token: secret({ not: "a-string" }),
      regoin: "x",
    });
    expect(failures).toEqual([
      { property: "flag", reason: 'has to be a boolean, not "perhaps" (a string)' },
      { property: "limits.max", reason: 'has to be a whole number, not "many" (a string)' },
      { property: "regoin", reason: 'is not a property here; did you mean "region"?' },
      { property: "region", reason: "is not on earth" },
    ]);
  });

  it("returns the configuration as it came, its secrets marked", async () => {
    const { inputs } = await plugin.client.checkConfig({
      region: "eu",
      limits: { max: 3 },
      token: "hush",
      version: "1.2.3",
    });
    expect(inputs).toEqual({ region: "eu", limits: '{"max":3}', token: secret("hush"), version: "1.2.3" });
  });

  it("never replaces a provider", async () => {
    const difference = await plugin.client.diffConfig(
      { region: "a", limits: { max: 1 } },
      { region: "b", limits: { max: 2 } },
    );
    expect(difference).toMatchObject({ changes: true, diffs: ["limits", "region"], replaces: [] });
    expect((await plugin.client.diffConfig({ region: "a" }, { region: "a" })).changes).toBe(false);
  });
});

describe("check", () => {
  it("fills defaults, nested ones too, and marks what is secret", async () => {
    const { inputs, failures } = await plugin.client.check(token, "a", {
      name: "a",
      password: "hush",
      disks: [{ serial: "1", key: "k" }],
      labels: { env: secret("prod") },
    });
    expect(failures).toEqual([]);
    expect(inputs).toEqual({
      name: "a",
      size: 10,
      mode: "slow",
      password: secret("hush"),
      disks: [{ serial: "1", key: secret("k"), slot: 1 }],
      labels: { env: secret("prod") },
    });
  });

  it("gives every mistake at once", async () => {
    const { failures } = await plugin.client.check(token, "a", {
      size: 1.5,
      mode: "medium",
      disks: [{ key: "k" }, null, "sda"],
      labels: { a: 1 },
      colour: "red",
    });
    expect(failures.map(({ property }) => property).sort()).toEqual(
      ["colour", "disks[0].serial", "disks[1]", "disks[2]", "labels.a", "mode", "name", "size"].sort(),
    );
  });

  it("does not let the engine print a secret", async () => {
    const { failures } = await plugin.client.check(token, "a", { name: "a", password: secret(["hush-hush"]) });
    expect(failures).toEqual([{ property: "", reason: "password: has to be a string, not a list (secret)" }]);
  });

  it("asks the handler too", async () => {
    const { failures } = await plugin.client.check(token, "a", { name: "forbidden" });
    expect(failures).toEqual([{ property: "name", reason: "is taken" }]);
  });

  it("does not judge unknowns, and keeps them", async () => {
    const news = { name: unknown, size: unknown, mode: unknown, disks: [{ serial: unknown }], labels: unknown };
    const { inputs, failures } = await plugin.client.check(token, "a", news);
    expect(failures).toEqual([]);
    expect(inputs).toMatchObject({
      name: unknown,
      size: unknown,
      disks: [{ serial: unknown, slot: 1 }],
      labels: unknown,
    });
  });
});

describe("a resource's life", () => {
  it("is created, unchanged, updated, replaced, imported and deleted", async () => {
    const one = box();
    expect((await one.up({ name: "a", password: secret("hush") })).did).toBe("create");
    expect(one.state).toMatchObject({ serial: "S-a", generated: secret("made-up"), password: secret("hush") });
    expect((await one.up({ name: "a", password: secret("hush") })).did).toBe("same");
    const updated = await one.up({ name: "a", password: secret("hush2"), disks: [{ serial: "1" }] });
    expect(updated.did).toBe("update");
    expect(updated.difference).toMatchObject({
      diffs: ["password", "disks"],
      replaces: [],
      detailed: { password: { kind: "UPDATE", inputDiff: true }, disks: { kind: "ADD", inputDiff: true } },
    });
    const replaced = await one.up({ name: "b" });
    expect(replaced.did).toBe("replace");
    expect(replaced.difference?.detailed.name.kind).toBe("UPDATE_REPLACE");
    expect([...world.objects.keys()]).toEqual(["b"]);
    const two = box("two");
    await two.import("b");
    expect(two.state).toMatchObject({ generated: secret("made-up"), serial: "S-b" });
    expect((await two.up({ name: "b" })).did).toBe("same");
    await two.destroy();
    expect(world.objects.size).toBe(0);
    expect(await one.refresh()).toBe(false);
  });

  it("finds drift by refresh", async () => {
    const one = box();
    await one.up({ name: "a", size: 3 });
    world.objects.get("a")!.size = 4;
    await one.refresh();
    const { did, difference } = await one.up({ name: "a", size: 3 });
    expect([did, difference?.diffs]).toEqual(["update", ["size"]]);
    expect(world.objects.get("a")!.size).toBe(3);
  });

  it("ignores what the user ignores, even when a handler reports it", async () => {
    const one = box();
    await one.up({ name: "a", size: 3, disks: [{ serial: "1", key: "x" }] });
    const program = { name: "a", size: 9, disks: [{ serial: "1", key: "y" }] };
    expect((await one.up(program, { ignoreChanges: ["size", "disks[*].key"] })).did).toBe("same");
  });

  it("keeps secrets through a refresh that reads them in clear", async () => {
    const one = box();
    await one.up({ name: "a", labels: { env: secret("prod") } });
    await one.refresh();
    expect(one.inputs.labels).toEqual({ env: secret("prod") });
    expect(one.state.labels).toEqual({ env: secret("prod") });
  });
});

describe("previews", () => {
  it("return known inputs and leave out what is computed", async () => {
    const { state } = await plugin.client.create(token, "a", { name: "a", size: unknown }, { preview: true });
    expect(state).toEqual({ name: "a", size: unknown });
    expect(world.objects.size).toBe(0);
  });

  it("do not fail where a handler stumbles over an unknown", async () => {
    const inputs = { name: "a", behave: unknown };
    expect((await plugin.client.create(token, "a", inputs, { preview: true })).state).toEqual(inputs);
  });

  it("keep what an update does not change", async () => {
    const known = {
      id: "a",
      state: { name: "a", serial: "S-a" },
      oldInputs: { name: "a" },
      news: { name: "a", size: unknown },
    };
    expect(await plugin.client.update(token, "a", known, { preview: true })).toEqual({
      name: "a",
      size: unknown,
      serial: "S-a",
    });
  });
});

describe("failures", () => {
  it("are a message with its cause, without stack and secrets", async () => {
    const failing = plugin.client.create(token, "a", { name: "a", password: secret("hush-hush"), behave: "throw" });
    await expect(failing).rejects.toMatchObject({ code: 2, message: "refused by [secret]: connect ECONNREFUSED" });
    expect(engine.logs.filter(({ severity }) => severity !== "debug")).toEqual([]);
    expect(engine.shown).not.toContain("hush-hush");
  });

  it("do not tell a secret that the plugin took from its environment", async () => {
    process.env.SAMPLE_TOKEN = "hush-from-outside";
    await plugin.client.configure({});
    const failing = plugin.client.create(token, "a", { name: "a", behave: "throw" });
    await expect(failing).rejects.toThrow("refused by [secret]: connect ECONNREFUSED");
    delete process.env.SAMPLE_TOKEN;
  });

  it("keep partial state, marked, and the next up repairs it", async () => {
    const one = box();
    const program = { name: "a", password: secret("hush-hush") };
    await expect(one.up({ ...program, behave: "partial" })).rejects.toMatchObject({
      kept: { id: "a", reasons: ["half-way with [secret]"] },
    });
    expect(one.state).toMatchObject({ serial: "half", generated: secret("half-made"), password: secret("hush-hush") });
    expect((await one.up(program)).did).toBe("update");
  });

  it("name what the plugin has not got", async () => {
    await expect(plugin.client.create("sample:index:Nothing", "a", {})).rejects.toThrow(
      'sample 1.2.3 has no resource "sample:index:Nothing"',
    );
    await expect(plugin.client.invoke("sample:index:nothing", {})).rejects.toThrow(
      'has no function "sample:index:nothing"',
    );
  });

  it("end an operation at its custom timeout", async () => {
    const hanging = plugin.client.create(token, "a", { name: "a", behave: "hang" }, { timeout: 0.2 });
    await expect(hanging).rejects.toThrow(
      "create did not end within 0.2 s; raise customTimeouts.create if it needs longer",
    );
    expect(world.events).toContain("aborted");
  });
});

describe("cancel", () => {
  it("aborts what is in flight, closes, refuses new work until an engine comes again, and may come twice", async () => {
    const hanging = plugin.client.create(token, "a", { name: "a", behave: "hang" }).catch((error: unknown) => error);
    while (!world.events.includes("hanging")) await new Promise((resolve) => setTimeout(resolve, 5));
    await Promise.all([plugin.client.cancel(), plugin.client.cancel()]);
    expect(await hanging).toBeInstanceOf(PluginError);
    expect(String(await hanging)).toContain("the operation was cancelled");
    expect(world.events).toEqual(["hanging", "aborted", "closed"]);
    await expect(plugin.client.create(token, "a", { name: "a" })).rejects.toThrow("cancelled");
    await plugin.client.configure({});
    expect((await plugin.client.create(token, "a", { name: "a" })).id).toBe("a");
  });

  it("returns at once at a normal end", async () => {
    const before = Date.now();
    await plugin.client.cancel();
    expect(Date.now() - before).toBeLessThan(500);
  });
});

describe("logs", () => {
  it("carry the URN, are ephemeral where they should be, in order, and scrubbed", async () => {
    await plugin.client.create(token, "a", { name: "a", password: secret("hush-hush") });
    expect(engine.logs).toEqual([
      { severity: "info", message: "creating with [secret]", urn: plugin.client.urn(token, "a"), ephemeral: false },
      { severity: "info", message: "nearly there", urn: plugin.client.urn(token, "a"), ephemeral: true },
    ]);
  });
});

describe("functions", () => {
  it("get their defaults and mark their secrets", async () => {
    const { result } = await plugin.client.invoke("sample:index:echo", { text: "ab" });
    expect(result).toEqual({ text: "abab", hidden: secret("psst") });
  });

  it("refuse bad arguments with paths", async () => {
    const { failures } = await plugin.client.invoke("sample:index:echo", { times: "x" });
    expect(failures).toEqual([
      { property: "times", reason: 'has to be a whole number, not "x" (a string)' },
      { property: "text", reason: "is required, but is missing" },
    ]);
  });
});
