import { writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Deployed, secret, unknown } from "../../../setup/plugin-client";
import { CommandBench, remote } from "./command-bench";

const bench = new CommandBench();
const serve = bench.serve.bind(bench);
const connection = bench.connection.bind(bench);
const run = bench.run.bind(bench);
let { folder, engine, plugin } = bench;

beforeEach(() => {
  ({ folder, engine, plugin } = bench);
});

describe("remote.Command", () => {
  it("passes stdin and environment, and keeps only the last newline off", async () => {
    const server = await serve();
    const state = await run(server, {
      create: 'cat; echo "$GREETING"; echo; echo oops >&2',
      stdin: secret("x".repeat(300_000)),
      environment: { GREETING: "hello" },
    });
    expect(state.stdout).toBe(`${"x".repeat(300_000)}hello\n`);
    expect(state.stderr).toBe("oops");
  });

  it("runs nothing when the server refuses a variable, and says what to do", async () => {
    const server = await serve({ acceptEnv: () => false });
    await expect(run(server, { create: "echo $A", environment: { A: "1" } })).rejects.toThrow(
      'could not set environment variable "A": ssh: setenv failed',
    );
    expect(server.commands).toEqual([]);
    expect(engine.logs.find(({ severity }) => severity === "error")?.message).toContain("AcceptEnv");
  });

  it("gives the previous output to the next run, unless told not to, and warns when the server refuses it", async () => {
    const server = await serve();
    const one = new Deployed(plugin.client, remote, "c");
    const program = {
      connection: connection(server),
      create: "echo first",
      update: 'echo "$PULUMI_COMMAND_STDOUT again"',
    };
    await one.up(program);
    await one.up({ ...program, environment: { A: "1" } });
    expect(one.state.stdout).toBe("first again");
    await one.up({ ...program, addPreviousOutputInEnv: false });
    expect(one.state.stdout).toBe(" again");
    const strict = await serve({ acceptEnv: () => false });
    await one.up({ ...program, connection: connection(strict) });
    expect(
      engine.logs.some(({ severity, message }) => severity === "warn" && message.includes("PULUMI_COMMAND_STDOUT")),
    ).toBe(true);
  });

  it.each([
    [undefined, ["err", "out"]],
    ["stdoutAndStderr", ["err", "out"]],
    ["stdout", ["out"]],
    ["stderr", ["err"]],
    ["none", []],
  ])("logs by line: %s", async (logging, lines) => {
    const server = await serve();
    await run(server, { create: "echo out; echo err >&2", ...(logging ? { logging } : {}) });
    const logged = engine.logs.filter(({ severity }) => severity === "info");
    expect(logged.map(({ message }) => message).sort()).toEqual(lines);
    expect(logged.every(({ urn }) => urn === plugin.client.urn(remote, "c"))).toBe(true);
  });

  it("streams lines while the command still runs, secrets taken out", async () => {
    const server = await serve();
    const running = run(server, {
      create: 'read x; echo "got $x"; while [ ! -e go ]; do sleep 0.05; done',
      stdin: secret("hush-hush\n"),
    });
    while (engine.logs.length === 0) await pause(10);
    expect(engine.logs[0].message).toBe("got [secret]");
    writeFileSync(path.join(folder, "go"), "");
    expect((await running).stdout).toBe("got hush-hush");
  });

  it("quotes the command and both outputs when it fails, and when it is killed", async () => {
    const server = await serve();
    await expect(run(server, { create: 'echo "a\tb"; exit 4' })).rejects.toThrow(
      'Process exited with status 4: running "echo \\"a\\tb\\"; exit 4":\na\tb\n',
    );
    await expect(run(server, { create: "kill -9 $$" })).rejects.toThrow("from signal KILL: running");
  });

  it("runs nothing in a preview and leaves its outputs unknown", async () => {
    const server = await serve();
    const { inputs } = await plugin.client.check(remote, "c", { connection: connection(server), create: unknown });
    const { state } = await plugin.client.create(remote, "c", inputs, { preview: true });
    expect(state).not.toHaveProperty("stdout");
    expect(state.create).toBe(unknown);
    expect(server.connections).toBe(0);
  });

  it("stops at Cancel, dead or alive", async () => {
    const server = await serve();
    const running = run(server, { create: "echo started; sleep 60" }).catch((error: Error) => error.message);
    while (engine.logs.length === 0) await pause(10);
    const before = Date.now();
    await plugin.client.cancel();
    expect(await running).toContain("the operation was cancelled");
    expect(Date.now() - before).toBeLessThan(2_000);
  });

  it("stops dialling at its custom timeout", async () => {
    const server = await serve({ dropFirst: 1_000 });
    const { inputs } = await plugin.client.check(remote, "c", {
      connection: connection(server, { dialErrorLimit: -1 }),
      create: "true",
    });
    await expect(plugin.client.create(remote, "c", inputs, { timeout: 0.5 })).rejects.toThrow(
      "create did not end within 0.5 s",
    );
  });

  it("says what is wrong with its arguments", async () => {
    const { failures } = await plugin.client.check(remote, "c", { create: 3, logging: "all", comand: "x" });
    expect(failures.map(({ property }) => property).sort()).toEqual(["comand", "connection", "create", "logging"]);
  });
});
