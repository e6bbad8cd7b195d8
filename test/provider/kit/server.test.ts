import { spawn } from "node:child_process";
import { connect } from "node:net";
import path from "node:path";
import { FakeEngine, type RunningPlugin, secret, spawnPlugin } from "../../setup/plugin-client";
import { token } from "./sample-plugin";

const main = "test/provider/kit/sample-main.ts";
const root = path.resolve(__dirname, "../../..");

let engine: FakeEngine;
let plugin: RunningPlugin | undefined;

beforeEach(async () => {
  engine = await FakeEngine.start();
});

afterEach(async () => {
  await plugin?.stop();
  plugin = undefined;
  engine.stop();
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function ended(within: number): Promise<number | "still running"> {
  const child = plugin!.process!;
  const exit = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? -1)));
  if (child.exitCode !== null) return child.exitCode;
  const tooLong = new Promise<"still running">((resolve) => setTimeout(resolve, within, "still running").unref());
  return Promise.race([exit, tooLong]);
}

it("serves in a process of its own, and only the port gets to stdout", async () => {
  plugin = await spawnPlugin(main, { engine, env: { SAMPLE_NOISE: "1" } });
  await plugin.client.handshake();
  await plugin.client.configure({});
  expect((await plugin.client.create(token, "a", { name: "a" })).id).toBe("a");
  await pause(50);
  expect(plugin.output()).toEqual({ stdout: "", stderr: "noise from a library\n" });
});

it("reports an uncaught error by its message, not by its stack", async () => {
  plugin = await spawnPlugin(main, { engine, env: { SAMPLE_UNCAUGHT: "1" } });
  await plugin.client.handshake();
  await pause(300);
  const said =
    plugin.output().stderr +
    engine.logs
      .filter(({ severity }) => severity !== "debug")
      .map((l) => l.message)
      .join("\n");
  expect(said).toContain("a bug");
  expect(said).not.toMatch(/\n\s+at /);
  expect(engine.logs.find(({ severity }) => severity === "debug")?.message).toMatch(/a bug\n\s+at /);
  await plugin.client.configure({});
});

it("leaves within seconds when the engine is gone, although nobody said goodbye, and aborts what was in flight", async () => {
  plugin = await spawnPlugin(main, { engine });
  await plugin.client.configure({});
  const hanging = plugin.client
    .create(token, "a", { name: "a", behave: "hang" })
    .catch((error: Error) => error.message);
  await pause(200);
  engine.stop();
  expect(await ended(5_000)).toBe(1);
  expect(await hanging).toMatch(/the engine is gone|dropped|UNAVAILABLE|ECONN/i);
});

it("leaves when the process that started it was killed with SIGKILL", async () => {
  const script = `
    const { spawn } = require("node:child_process");
    const server = require("node:net").createServer().listen(0, "127.0.0.1", () => {
      const child = spawn(process.execPath, ["-r", "./test/setup/ts-hook.js", "${main}", "127.0.0.1:" + server.address().port],
        { stdio: ["ignore", "pipe", "ignore"] });
      child.stdout.once("data", (port) => console.log(JSON.stringify({ pid: child.pid, port: Number(port) })));
    });`;
  const dying = spawn(process.execPath, ["-e", script], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const { pid, port } = await new Promise<{ pid: number; port: number }>((resolve) =>
    dying.stdout.once("data", (line: Buffer) => resolve(JSON.parse(line.toString()) as { pid: number; port: number })),
  );
  expect(await listens(port)).toBe(true);
  dying.kill("SIGKILL");
  const before = Date.now();
  while (alive(pid) && Date.now() - before < 8_000) await pause(50);
  expect(alive(pid)).toBe(false);
  expect(Date.now() - before).toBeLessThan(5_000);
});

it("stays while the engine answers, though the parent has changed", async () => {
  const script = `require("node:child_process").spawn(process.execPath, ["-r", "./test/setup/ts-hook.js", "${main}", "${engine.address}"],
      { stdio: ["ignore", "inherit", "ignore"], detached: true }).unref(); setTimeout(() => process.exit(), 1500)`;
  const parent = spawn(process.execPath, ["-e", script], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise<number>((resolve) =>
    parent.stdout.once("data", (d: Buffer) => resolve(Number(d.toString()))),
  );
  await new Promise((resolve) => parent.once("exit", resolve));
  await pause(2_500);
  expect(await listens(port)).toBe(true);
  engine.stop();
  const before = Date.now();
  while ((await listens(port)) && Date.now() - before < 8_000) await pause(100);
  expect(await listens(port)).toBe(false);
});

it("lives on between engines that attach to it, and stops work when one is gone", async () => {
  plugin = await spawnPlugin(main, { args: [] });
  await plugin.client.attach(engine.address);
  await plugin.client.configure({});
  const hanging = plugin.client
    .create(token, "a", { name: "a", behave: "hang" })
    .catch((error: Error) => error.message);
  await pause(200);
  engine.stop();
  expect(await hanging).toContain("the engine is gone");
  const next = await FakeEngine.start();
  await plugin.client.attach(next.address);
  await plugin.client.configure({});
  await plugin.client.create(token, "a", { name: "a", password: secret("x") });
  await pause(100);
  expect(next.logs.length).toBeGreaterThan(0);
  next.stop();
});

it.each(["SIGINT", "SIGTERM"] as const)("ends at once at %s, which is how the engine ends it", async (signal) => {
  plugin = await spawnPlugin(main, { engine });
  await plugin.client.configure({});
  await plugin.client.cancel();
  const before = Date.now();
  plugin.process!.kill(signal);
  expect(await ended(3_000)).toBe(0);
  expect(Date.now() - before).toBeLessThan(1_000);
});

it("winds down at SIGINT, so that what is in flight can give back partial state", async () => {
  plugin = await spawnPlugin(main, { engine });
  await plugin.client.configure({});
  const hanging = plugin.client
    .create(token, "a", { name: "a", behave: "hang" })
    .catch((error: Error) => error.message);
  await pause(200);
  plugin.process!.kill("SIGINT");
  expect(await hanging).toContain("the operation was cancelled");
  expect(await ended(3_000)).toBe(0);
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}
