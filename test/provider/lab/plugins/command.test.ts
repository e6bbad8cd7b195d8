import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { commandPlugin } from "../../../../lab/plugins/command/plugin";
import { wire } from "../../../../provider/kit/values";
import { command as onPath, describeWith } from "../../../setup/need";
import {
  Deployed,
  FakeEngine,
  secret,
  spawnPlugin,
  startInProcess,
  unknown,
  type Values,
} from "../../../setup/plugin-client";
import { type KeyPair, keyPair, SshServer, type SshServerOptions } from "../../../setup/ssh-server";

const remote = "command:remote:Command";
const local = "command:local:Command";
const copying = "command:remote:CopyToRemote";

let folder: string;
let key: KeyPair;
let engine: FakeEngine;
let plugin: Awaited<ReturnType<typeof startInProcess>>;
const servers: SshServer[] = [];

beforeAll(async () => {
  key = keyPair();
  engine = await FakeEngine.start();
  plugin = await startInProcess(commandPlugin, { engine });
});

afterAll(async () => {
  await plugin.stop();
  engine.stop();
});

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-command-"));
  engine.logs.length = 0;
  await plugin.client.configure({});
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function serve(options: SshServerOptions = {}): Promise<SshServer> {
  const server = await SshServer.start(folder, { authorized: [key.public], ...options });
  servers.push(server);
  return server;
}

function connection(server: SshServer, more: Values = {}): Values {
  return {
    host: "127.0.0.1",
    port: server.port,
    user: "root",
    privateKey: key.private,
    hostKey: server.hostKey.public,
    dialErrorLimit: 0,
    perDialTimeout: 5,
    ...more,
  };
}

async function run(server: SshServer, args: Values, more: Values = {}): Promise<Values> {
  const { inputs, failures } = await plugin.client.check(remote, "c", {
    connection: connection(server, more),
    ...args,
  });
  expect(failures).toEqual([]);
  return (await plugin.client.create(remote, "c", inputs)).state;
}

describe("connections", () => {
  it("mark keys and passwords secret, their proxy's too, inside of the secret connection", async () => {
    const { inputs } = await plugin.client.check(remote, "c", {
      connection: {
        host: "h",
        privateKey: "k",
        password: "p",
        privateKeyPassword: "pp",
        proxy: { host: "b", password: "q" },
      },
    });
    expect(inputs.connection).toEqual(
      secret({
        host: "h",
        port: 22,
        user: "root",
        dialErrorLimit: 10,
        perDialTimeout: 15,
        privateKey: secret("k"),
        password: secret("p"),
        privateKeyPassword: secret("pp"),
        proxy: { host: "b", port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15, password: secret("q") },
      }),
    );
  });

  it("log in by password, by keyboard and by an encrypted key", async () => {
    const encrypted = keyPair("open sesame");
    const server = await serve({ password: "swordfish", authorized: [encrypted.public] });
    const byPassword = await run(server, { create: "echo in" }, { privateKey: undefined, password: "swordfish" });
    expect(byPassword.stdout).toBe("in");
    const byKey = { privateKey: encrypted.private, privateKeyPassword: "open sesame" };
    expect((await run(server, { create: "echo in" }, byKey)).stdout).toBe("in");
    await expect(run(server, { create: "echo" }, { ...byKey, privateKeyPassword: "wrong" })).rejects.toThrow(
      "x509: decryption password incorrect",
    );
    await expect(run(server, { create: "echo" }, { privateKey: encrypted.private })).rejects.toThrow(
      "ssh: this private key is passphrase protected",
    );
    await expect(run(server, { create: "echo" }, { privateKey: "garbage" })).rejects.toThrow("ssh: no key found");
  });

  it("refuse a wrong password and an unknown key, without telling them", async () => {
    const server = await serve({ password: "swordfish" });
    const refused = run(server, { create: "echo" }, { privateKey: keyPair().private, password: "marlin-0815" });
    await expect(refused).rejects.toThrow(
      "after 0 failed attempts: ssh: handshake failed: ssh: unable to authenticate, attempted methods [none publickey password keyboard-interactive], no supported methods remain",
    );
    expect(engine.shown).not.toContain("marlin-0815");
  });

  it("check the host key, and only if there is one", async () => {
    const server = await serve();
    await expect(run(server, { create: "echo" }, { hostKey: keyPair().public })).rejects.toThrow(
      "ssh: handshake failed: ssh: host key mismatch",
    );
    await expect(run(server, { create: "echo" }, { hostKey: "nonsense" })).rejects.toThrow("failed to parse host key");
    expect(server.commands).toEqual([]);
    expect((await run(server, { create: "echo in" }, { hostKey: undefined })).stdout).toBe("in");
  });

  it("try again until the limit", async () => {
    const server = await serve({ dropFirst: 2 });
    expect((await run(server, { create: "echo in" }, { dialErrorLimit: 2 })).stdout).toBe("in");
    expect(engine.logs.filter(({ ephemeral }) => ephemeral).map(({ message }) => message)).toEqual([
      "Dial 1/2 failed: retrying",
      "Dial 2/2 failed: retrying",
    ]);
    const other = await serve({ dropFirst: 5 });
    await expect(run(other, { create: "echo in" }, { dialErrorLimit: 1 })).rejects.toThrow("after 1 failed attempts: ");
    expect(other.connections).toBe(2);
  });

  it("give up a dial that takes too long", async () => {
    const { createServer: tcp } = await import("node:net");
    const silent = tcp().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const { port } = silent.address() as { port: number };
    const server = await serve();
    const before = Date.now();
    await expect(run(server, { create: "echo" }, { port, perDialTimeout: 1 })).rejects.toThrow(
      `dial tcp 127.0.0.1:${port}: i/o timeout`,
    );
    expect(Date.now() - before).toBeLessThan(4_000);
    silent.close();
  });

  it("go through a bastion, with a key and host key of its own", async () => {
    const bastionKey = keyPair();
    const bastion = await serve({ authorized: [bastionKey.public] });
    const server = await serve();
    const proxy = {
      host: "127.0.0.1",
      port: bastion.port,
      user: "jump",
      privateKey: bastionKey.private,
      hostKey: bastion.hostKey.public,
      dialErrorLimit: 0,
    };
    expect((await run(server, { create: "echo through" }, { proxy })).stdout).toBe("through");
    expect(bastion.forwarded).toEqual([`127.0.0.1:${server.port}`]);
    expect(bastion.commands).toEqual([]);
    await expect(run(server, { create: "echo" }, { proxy: { ...proxy, hostKey: keyPair().public } })).rejects.toThrow(
      "proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch",
    );
  });

  describeWith([onPath("ssh-agent"), onPath("ssh-add")], "with an agent", () => {
    it("use its keys", async () => {
      const socket = path.join(folder, "agent");
      const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
      while (!existsSync(socket)) await pause(20);
      const file = path.join(folder, "id");
      writeFileSync(file, key.private, { mode: 0o600 });
      execFileSync("ssh-add", [file], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
      const server = await serve();
      expect(
        (await run(server, { create: "echo agent" }, { privateKey: undefined, agentSocketPath: socket })).stdout,
      ).toBe("agent");
      agent.kill();
      await new Promise((resolve) => agent.once("exit", resolve));
    });
  });

  it("fail at once when the agent is not there", async () => {
    const server = await serve();
    const agentSocketPath = path.join(folder, "none");
    await expect(run(server, { create: "echo" }, { agentSocketPath })).rejects.toThrow(
      `dial unix ${agentSocketPath}: connect: no such file or directory`,
    );
  });
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

describe("remote.CopyToRemote", () => {
  async function copy(server: SshServer, source: unknown, remotePath: string): Promise<void> {
    const { inputs, failures } = await plugin.client.check(copying, "f", {
      connection: connection(server),
      source,
      remotePath,
    });
    expect(failures).toEqual([]);
    await plugin.client.create(copying, "f", inputs);
  }
  const asset = (source: Values) => ({ [wire.signature]: wire.asset, hash: "h", ...source });
  const archive = (source: Values) => ({ [wire.signature]: wire.archive, hash: "h", ...source });

  function tree(): string {
    const source = path.join(folder, "source");
    mkdirSync(path.join(source, "sub"), { recursive: true });
    writeFileSync(path.join(source, "a"), "A");
    writeFileSync(path.join(source, "sub/b"), Buffer.alloc(200_000, "b"));
    return source;
  }

  it("writes text, its folders first, but not over a folder", async () => {
    const server = await serve();
    await copy(server, asset({ text: "héllo" }), path.join(folder, "x/y/file"));
    expect(readFileSync(path.join(folder, "x/y/file"), "utf8")).toBe("héllo");
    await copy(server, asset({ text: "short" }), path.join(folder, "x/y/file"));
    expect(readFileSync(path.join(folder, "x/y/file"), "utf8")).toBe("short");
    await expect(copy(server, asset({ text: "x" }), path.join(folder, "x"))).rejects.toThrow(
      `remote path ${folder}/x is a directory`,
    );
  });

  it("puts a file in place of a file and inside of a folder", async () => {
    const server = await serve();
    const source = tree();
    await copy(server, asset({ path: path.join(source, "a") }), path.join(folder, "new/name"));
    expect(readFileSync(path.join(folder, "new/name"), "utf8")).toBe("A");
    await copy(server, asset({ path: path.join(source, "a") }), path.join(folder, "new"));
    expect(readFileSync(path.join(folder, "new/a"), "utf8")).toBe("A");
    await expect(copy(server, asset({ path: "/does/not/exist" }), "/x")).rejects.toThrow(
      "open /does/not/exist: no such file or directory",
    );
  });

  it("copies a folder as itself, and with a slash its content", async () => {
    const server = await serve();
    const source = tree();
    await copy(server, archive({ path: source }), path.join(folder, "one"));
    expect(readdirSync(path.join(folder, "one"))).toEqual(["source"]);
    expect(readFileSync(path.join(folder, "one/source/sub/b"), "utf8")).toHaveLength(200_000);
    await copy(server, archive({ path: `${source}/` }), path.join(folder, "two"));
    expect(readdirSync(path.join(folder, "two")).sort()).toEqual(["a", "sub"]);
    await copy(server, archive({ path: `${source}/` }), path.join(folder, "two"));
    writeFileSync(path.join(folder, "plain"), "");
    await expect(copy(server, archive({ path: source }), path.join(folder, "plain"))).rejects.toThrow();
  });

  it("writes an archive of assets and what a URL gives", async () => {
    const server = await serve();
    const http = createServer((_request, response) => response.end("from afar")).listen(0, "127.0.0.1");
    await new Promise((resolve) => http.once("listening", resolve));
    const { port } = http.address() as { port: number };
    const assets = { "bin/run": asset({ text: "#!" }), etc: archive({ assets: { conf: asset({ text: "c" }) } }) };
    await copy(server, archive({ assets }), path.join(folder, "bundle"));
    expect(readFileSync(path.join(folder, "bundle/bin/run"), "utf8")).toBe("#!");
    expect(readFileSync(path.join(folder, "bundle/etc/conf"), "utf8")).toBe("c");
    await copy(server, asset({ uri: `http://127.0.0.1:${port}/some/file.txt` }), folder);
    expect(readFileSync(path.join(folder, "file.txt"), "utf8")).toBe("from afar");
    http.close();
  });

  it("copies again only when content or path change", async () => {
    const server = await serve();
    const one = new Deployed(plugin.client, copying, "f");
    const program = {
      connection: connection(server),
      source: asset({ text: "1", hash: "h1" }),
      remotePath: path.join(folder, "f"),
    };
    await one.up(program);
    const seen = server.connections;
    await one.up({ ...program, connection: connection(server, { user: "admin" }) });
    expect(server.connections).toBe(seen);
    await one.up({ ...program, source: asset({ text: "2", hash: "h2" }) });
    expect(readFileSync(path.join(folder, "f"), "utf8")).toBe("2");
    await one.destroy();
    expect(existsSync(path.join(folder, "f"))).toBe(true);
  });
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
