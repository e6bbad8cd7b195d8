import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Deployed, spawnPlugin } from "../../../setup/plugin-client";
import { CommandBench, local } from "./command-bench";

const bench = new CommandBench();
let { folder, engine, plugin } = bench;

beforeEach(() => {
  ({ folder, engine, plugin } = bench);
});

describe("local", () => {
  it("runs with an interpreter, in a folder, with input and environment", async () => {
    const { inputs } = await plugin.client.check(local, "l", {
      interpreter: ["/bin/sh", "-e", "-c"],
      dir: folder,
      create: 'pwd; cat; echo "$A"',
      stdin: "in\n",
      environment: { A: "1" },
    });
    const { id, state } = await plugin.client.create(local, "l", inputs);
    expect(id).toMatch(/^l[0-9a-f]{8}$/);
    expect(state.stdout).toBe(`${folder}\nin\n1`);
  });

  it("updates with update, else create, and deletes with delete", async () => {
    const one = new Deployed(plugin.client, local, "l");
    const program = { dir: folder, create: "echo c >> log", delete: "echo d >> log" };
    await one.up(program);
    expect((await one.up(program)).did).toBe("same");
    await one.up({ ...program, environment: { A: "1" } });
    await one.up({ ...program, update: "echo u >> log" });
    await one.destroy();
    expect(readFileSync(path.join(folder, "log"), "utf8")).toBe("c\nc\nu\nd\n");
  });

  it("returns the files that globs choose", async () => {
    mkdirSync(path.join(folder, "out/sub"), { recursive: true });
    for (const name of ["out/a.js", "out/sub/b.js", "out/secret.js", "out/c.txt"])
      writeFileSync(path.join(folder, name), name);
    const { result } = await plugin.client.invoke("command:local:run", {
      command: "echo x",
      dir: folder,
      assetPaths: ["out/**.js", "!**secret*"],
      archivePaths: ["out/*.txt"],
    });
    expect(Object.keys(result.assets as object).sort()).toEqual(["out/a.js", "out/sub/b.js"]);
    expect(result.assets).toMatchObject({
      "out/a.js": { path: path.join(folder, "out/a.js"), hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    expect(Object.keys((result.archive as { assets: object }).assets)).toEqual(["out/c.txt"]);
  });

  it.each([
    [{ command: "echo out; exit 3" }, 'exit status 3: running "echo out; exit 3":\nout\n'],
    [{ command: "kill -9 $$" }, "signal: killed: running"],
    [{ command: "x", interpreter: ["no-such-program"] }, 'exec: "no-such-program": executable file not found in $PATH'],
    [{ command: "x", interpreter: ["/no/such"] }, "fork/exec /no/such: no such file or directory"],
    [{ command: "x", dir: "/no/such" }, "chdir /no/such: no such file or directory"],
  ])("fails as the official plugin does: %j", async (args, message) => {
    await expect(plugin.client.invoke("command:local:run", args)).rejects.toThrow(message);
  });

  it("kills everything that the command has started at Cancel", async () => {
    const { inputs } = await plugin.client.check(local, "l", {
      dir: folder,
      create: "sleep 60 & echo $!; echo $! > pid; wait",
    });
    const running = plugin.client.create(local, "l", inputs).catch((error: Error) => error.message);
    while (!existsSync(path.join(folder, "pid")) || engine.logs.length === 0) await pause(10);
    await plugin.client.cancel();
    expect(await running).toContain("cancelled");
    const pid = Number(readFileSync(path.join(folder, "pid"), "utf8"));
    await pause(100);
    expect(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").length > 0 || fail()).toThrow();
  });
});

function fail(): never {
  throw new Error("a zombie has no command line");
}

it("serves in a process of its own", async () => {
  const spawned = await spawnPlugin("lab/plugins/command/main.ts", { engine });
  expect(await spawned.client.version()).toBe("1.2.1");
  const { result } = await spawned.client.invoke("command:local:run", { command: "echo in its own" });
  expect(result.stdout).toBe("in its own");
  await expect(spawned.client.create("command:remote:CopyFile", "x", {})).rejects.toThrow(
    'command 1.2.1 has no resource "command:remote:CopyFile"',
  );
  await spawned.stop();
});
