import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { command as onPath, describeWith } from "../../../setup/need";
import { secret } from "../../../setup/plugin-client";
import { keyPair } from "../../../setup/ssh-server";
import { CommandBench, remote } from "./command-bench";

const bench = new CommandBench();
const serve = bench.serve.bind(bench);
const run = bench.run.bind(bench);
let { folder, key, engine, plugin } = bench;

beforeEach(() => {
  ({ folder, key, engine, plugin } = bench);
});

describe("connections", () => {
  it("are secret as a whole, with their defaults filled in", async () => {
    const { inputs } = await plugin.client.check(remote, "c", {
      connection: {
        host: "h",
        privateKey: "k",
        password: "p",
        privateKeyPassword: "pp",
        proxy: { host: "b", password: "q" },
      },
    });
    // One wrapping for the whole: that is all that the Node SDK takes off.
    expect(inputs.connection).toEqual(
      secret({
        host: "h",
        port: 22,
        user: "root",
        dialErrorLimit: 10,
        perDialTimeout: 15,
        privateKey: "k",
        password: "p",
        privateKeyPassword: "pp",
        proxy: { host: "b", port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15, password: "q" },
      }),
    );
  });

  it("take keys and passwords out of messages, but not the host", async () => {
    const server = await serve();
    const logged = run(server, { create: 'echo "at 127.0.0.1 with $KEY as swordfish"' }, { password: "swordfish" });
    await logged;
    expect(engine.logs.map(({ message }) => message)).toContain("at 127.0.0.1 with  as [secret]");
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
