import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { manifest, registry, schema } from "../../provider/registry";
import { FakeEngine, secret, spawnPlugin } from "../setup/plugin-client";

const root = path.resolve(__dirname, "../..");

describe("the registry", () => {
  it("serves what the schema has, nothing less and nothing more", () => {
    const { resources = {}, functions = {} } = schema();
    expect([...registry.handlers.keys(), ...registry.components.keys()].sort()).toEqual(Object.keys(resources).sort());
    expect([...registry.functions.keys()].sort()).toEqual(Object.keys(functions).sort());
    for (const token of registry.components.keys()) expect(resources[token].isComponent).toBe(true);
  });

  it.each([...registry.handlers, ...registry.functions])("loads the handler of %s", (token, load) => {
    const handler = load()({ name: "rackform", version: "0", onClose: () => {}, onEngineGone: () => {} });
    expect(handler.token).toBe(token);
  });

  it.each([...registry.components])("loads %s", (_token, load) => {
    expect(load()).toBeInstanceOf(Function);
  });
});

it("the plugin says who it is, and refuses nonsense in its configuration", async () => {
  const engine = await FakeEngine.start();
  const plugin = await spawnPlugin("provider/index.ts", { engine });
  await plugin.client.handshake();
  expect(await plugin.client.version()).toBe(manifest().version);
  expect(await plugin.client.schema()).toMatchObject({ name: "rackform", version: manifest().version });
  const { failures } = await plugin.client.checkConfig({
    password: secret("hush-hush"),
    maxConcurrency: 0,
    mediaServer: { portRange: "x", advertise: [{ network: "10.0.0.0/8" }] },
    usrname: "root",
  });
  expect(failures.map(({ property }) => property).sort()).toEqual([
    "maxConcurrency",
    "mediaServer.advertise[0].address",
    "usrname",
  ]);
  expect(plugin.output()).toEqual({ stdout: "", stderr: "" });
  await plugin.stop();
  engine.stop();
});

it("nothing heavy is loaded before it is needed", async () => {
  const script = `
    process.argv[2] = "127.0.0.1:1";
    require("./provider/index.ts");
    setTimeout(() => { process.stderr.write(JSON.stringify(Object.keys(require.cache))); process.exit(0); }, 600);`;
  const args = ["-r", path.join(root, "test/setup/ts-hook.js"), "-e", script];
  const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, maxBuffer: 1 << 26 });
  const loaded = (JSON.parse(stderr) as string[]).map((file) => path.relative(root, file));
  expect(loaded).toContain("node_modules/@pulumi/pulumi/provider/server.js");
  expect(existsSync(path.join(root, "node_modules/@pulumi/pulumi/index.js"))).toBe(true);
  const heavy =
    /^(provider\/(handlers|redfish|media|seed)|components|resources)\/|node_modules\/(@pulumi\/(pulumi\/index|command|kubernetes)|undici|typescript|ssh2|zod|yaml|@peculiar)/;
  expect(loaded.filter((file) => heavy.test(file))).toEqual([]);
});
