import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { SimulatedBackend, SimulatedBody } from "../../../../lab/nodes/simulated";
import { probeSsh } from "../../../../provider/installation/ssh-probe";
import { nodeSpec } from "../../../lab/node-spec";
import { sshKeys } from "../../../setup/boot-site";
import { command, describeWith } from "../../../setup/need";

/** Runs a program with an empty input. */
function run(program: string, words: string[], input = ""): Promise<{ stdout: string; stderr: string }> {
  const running = promisify(execFile)(program, words);
  running.child.stdin?.end(input);
  return running;
}

const user = sshKeys();
const host = sshKeys();
const address = "127.78.250.1";
const port = 2294;
let body: SimulatedBody;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-ssh-"));
  writeFileSync(path.join(folder, "key"), user.privateKey, { mode: 0o600 });
  writeFileSync(path.join(folder, "other"), sshKeys().privateKey, { mode: 0o600 });
  writeFileSync(path.join(folder, "known"), `[${address}]:${port} ${host.publicKey}\n`);
  body = new SimulatedBody(nodeSpec("n1"));
  body.install(
    {
      hostname: "n1",
      address,
      port,
      installationId: "abc123",
      hostKey: host.privateKey,
      users: [
        { name: "root", authorizedKeys: [`${user.publicKey} operator`], sudo: false },
        { name: "ops", authorizedKeys: [user.publicKey], sudo: true },
      ],
    },
    "nvme0n1",
  );
  await body.boot(new AbortController().signal);
});

afterEach(async () => {
  await body.stop();
  rmSync(folder, { recursive: true, force: true });
});

function options(key = "key", known = "known"): string[] {
  const set = [
    `IdentityFile=${path.join(folder, key)}`,
    `UserKnownHostsFile=${path.join(folder, known)}`,
    "BatchMode=yes",
  ];
  return ["-F", "none", ...[...set, "IdentitiesOnly=yes", "StrictHostKeyChecking=yes"].flatMap((one) => ["-o", one])];
}

describeWith([command("ssh"), command("sftp")], "a simulated node and OpenSSH's own client", () => {
  const ssh = (login: string, ...words: string[]) =>
    run("ssh", [...options(), "-p", String(port), `${login}@${address}`, ...words]);

  it("shows the seed's host key, lets the seed's users in and answers", async () => {
    expect((await ssh("root", "cat /etc/rackform/installation")).stdout).toContain('"installationId": "abc123"');
    expect((await ssh("ops", "hostname")).stdout).toBe("n1\n");
    await expect(ssh("root", "cat /nowhere")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("No such file") as string,
    });
    await expect(ssh("root", "bash /var/lib/rackform/steps/x/step.sh")).rejects.toMatchObject({ code: 127 });
  });

  it("refuses another key, another user, and is refused with another host key", async () => {
    const login = (key: string, name: string) =>
      run("ssh", [...options(key), "-p", String(port), `${name}@${address}`, "true"]);
    await expect(login("other", "root")).rejects.toMatchObject({
      stderr: expect.stringContaining("Permission denied") as string,
    });
    await expect(login("key", "admin")).rejects.toMatchObject({
      stderr: expect.stringContaining("Permission denied") as string,
    });
    writeFileSync(path.join(folder, "known"), `[${address}]:${port} ${sshKeys().publicKey}\n`);
    await expect(login("key", "root")).rejects.toMatchObject({
      stderr: expect.stringContaining("HOST IDENTIFICATION HAS CHANGED") as string,
    });
  });

  it("takes uploads and runs what was uploaded, with its input", async () => {
    writeFileSync(path.join(folder, "step.sh"), "echo real\n");
    const batch = path.join(folder, "batch");
    writeFileSync(
      batch,
      `mkdir .rackform\nput ${path.join(folder, "step.sh")} .rackform/step.sh\nget .rackform/step.sh ${path.join(folder, "back")}\nls .rackform\n`,
    );
    const { stdout } = await run("sftp", [...options(), "-P", String(port), "-b", batch, `ops@${address}`]);
    expect(stdout).toContain("step.sh");
    expect(readFileSync(path.join(folder, "back"), "utf8")).toBe("echo real\n");
    const words = [...options(), "-p", String(port), `ops@${address}`, "sudo -n bash .rackform/step.sh"];
    expect((await run("ssh", words, "A=Yg==\n")).stdout).toBe("ok\n");
    expect(body.system?.records.at(-1)).toEqual({
      user: "ops",
      command: "sudo -n bash .rackform/step.sh",
      stdin: "A=Yg==\n",
    });
  });

  it("goes away when it is told to", async () => {
    const exits: string[] = [];
    body.onExit((how) => exits.push(how));
    const before = body.system?.bootId;
    await ssh("root", "systemctl reboot");
    while (exits.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(exits).toEqual(["reboot"]);
    await expect(ssh("root", "true")).rejects.toMatchObject({ stderr: expect.stringContaining("refused") as string });
    await body.boot(new AbortController().signal);
    expect((await ssh("root", "cat /proc/sys/kernel/random/boot_id")).stdout.trim()).not.toBe(before);
  });
});

it("answers the plugin's own probe", async () => {
  const target = { host: address, port, user: "root", privateKey: user.privateKey, hostKey: host.publicKey };
  expect(await probeSsh(target, new AbortController().signal)).toMatchObject({
    state: "reachable",
    marker: { installationId: "abc123", hostname: "n1" },
    osRelease: "Debian GNU/Linux 12 (bookworm)",
  });
  const stranger = { ...target, hostKey: sshKeys().publicKey };
  expect(await probeSsh(stranger, new AbortController().signal)).toEqual({ state: "wrongHostKey" });
});

it("forgets a wiped system, and a thousand fit into a process", async () => {
  await body.stop();
  await body.wipe("nvme0n1");
  await expect(body.boot(new AbortController().signal)).rejects.toThrow("no bootable device");
  const backend = new SimulatedBackend();
  const bodies = await Promise.all(Array.from({ length: 1000 }, (_, at) => backend.add(nodeSpec(`m${at}`))));
  await Promise.all(
    bodies.map(async (one, at) => {
      const where = `127.78.${240 + Math.floor(at / 250)}.${(at % 250) + 1}`;
      (one as SimulatedBody).install(
        { hostname: `m${at}`, address: where, port, installationId: "x", hostKey: host.privateKey, users: [] },
        "nvme0n1",
      );
      await one.boot(new AbortController().signal);
    }),
  );
  expect(bodies.every((one) => one.running())).toBe(true);
  await backend.close();
  expect(bodies.some((one) => one.running())).toBe(false);
});
