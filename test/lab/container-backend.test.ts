import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ContainerBackend } from "../../lab/nodes/container";
import { sshAnswers } from "../../lab/nodes/ssh";
import { hostTraits } from "../../lab/nodes/container/host";
import { bridgeName, hostOf } from "../../lab/nodes/container/network";
import { sweepContainers } from "../../lab/nodes/container/sweep";
import { labCache } from "../../lab/places";
import { command, describeWith } from "../setup/need";
import { nodeSpec } from "./node-spec";

const hook = path.resolve(__dirname, "../setup/ts-hook.js");

const needs = ["podman", "nsenter", "unshare", "ip", "mmdebstrap", "ssh"].map(command);
needs.push({ present: process.getuid?.() === 0, reason: "not root" });

function leftovers(folder: string): string[] {
  const found: string[] = [];
  const links = execFileSync("ip", ["-o", "link"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  if (links.includes(bridgeName(folder))) found.push("bridge");
  const processes = execFileSync("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true"], {
    encoding: "utf8",
  });
  if (processes.includes(folder)) found.push("process");
  if (readFileSync("/proc/mounts", "utf8").includes(folder)) found.push("mount");
  if (existsSync(path.join(folder, "podman"))) found.push("storage");
  return found;
}

describeWith(needs, "container backend", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "rackform-cb-"));
  });

  afterEach(async () => {
    await sweepContainers(folder, hostTraits());
    rmSync(folder, { recursive: true, force: true });
  });

  async function ready(): Promise<ContainerBackend> {
    const backend = new ContainerBackend({ name: "test", folder, cache: labCache() });
    await backend.prepare(() => undefined);
    return backend;
  }

  it("installs, boots, keeps state over power cycles, reboots from inside, reinstalls empty, leaves nothing", async () => {
    const backend = await ready();
    const body = await backend.add(nodeSpec("n1"));
    expect(body.installed()).toBe(false);
    await expect(body.boot(new AbortController().signal)).rejects.toThrow("no bootable device");
    const address = hostOf(backend.network.subnet, 11);

    const installer = await body.bootInstaller(address);
    expect(await installer.run("dmidecode -s system-serial-number")).toEqual({ code: 0, output: "SN-n1\n" });
    expect((await installer.run("ls /dev/vda /dev/sda /dev/nvme0n1 2>/dev/null | wc -l")).output).toBe("0\n");
    expect((await installer.run("mknod /tmp/d b 8 0")).code).not.toBe(0);
    expect(body.usedDisks()).toEqual([]);
    await expect(installer.unpack({ address: "192.0.2.77", hostname: "x", disk: "nvme0n1" })).rejects.toThrow(
      "192.0.2.77",
    );
    await installer.unpack({ address, hostname: "first", disk: "nvme0n1" });
    const script = [
      "set -e",
      "echo first > /target/etc/hostname",
      "in-target useradd -m ops",
      "echo kept > /target/root/kept",
      "ls /target/etc/ssh/ssh_host_ed25519_key",
    ].join("\n");
    expect(await installer.run(script)).toEqual({ code: 0, output: "/target/etc/ssh/ssh_host_ed25519_key\n" });
    expect(body.installed()).toBe(false);
    await installer.complete();
    await installer.close();
    expect(body.installed()).toBe(true);
    expect(body.usedDisks()).toEqual(["nvme0n1"]);

    const exits: string[] = [];
    body.onExit((how) => exits.push(how));
    await body.boot(new AbortController().signal);
    expect(body.ssh()).toEqual({ address, port: 22 });
    expect(
      execFileSync("ssh-keyscan", ["-t", "ed25519", address], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }),
    ).toContain("ssh-ed25519");
    const inside = (words: string[]) => backend.inside("n1", words);
    expect((await inside(["hostname"])).stdout).toBe("first\n");
    expect((await inside(["sh", "-c", "find /dev -type b | wc -l"])).stdout).toBe("0\n");
    expect((await inside(["systemctl", "is-failed", "ssh.service"])).stdout).toBe("active\n");
    await inside(["sh", "-c", "echo 2 >> /root/kept; hostnamectl set-hostname renamed"]);

    await body.stop(true);
    expect(body.running()).toBe(false);
    expect(await sshAnswers(address, 22)).toBe(false);
    await body.boot(new AbortController().signal);
    expect((await inside(["cat", "/root/kept"])).stdout).toBe("kept\n2\n");
    expect((await inside(["hostname"])).stdout).toBe("renamed\n");
    expect(exits).toEqual([]);

    await inside(["systemctl", "reboot"]);
    for (let i = 0; i < 100 && exits.length === 0; i++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(exits).toEqual(["reboot"]);
    await body.boot(new AbortController().signal);

    await body.stop(false);
    const again = await body.bootInstaller(address);
    await again.unpack({ address, hostname: "second", disk: "nvme0n1" });
    expect((await again.run("ls /target/root")).output).toBe("");
    await again.complete();
    await again.close();
    await body.wipe();
    expect(body.installed()).toBe(false);
    expect(body.usedDisks()).toEqual([]);
    await backend.close();
    expect(leftovers(folder)).toEqual([]);
  });

  it("is cleaned up by another process after kill -9", async () => {
    const child = spawn(
      process.execPath,
      ["-r", hook, path.join(__dirname, "container-victim.ts"), folder, labCache()],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (text: Buffer) => text.toString().includes("booted") && resolve());
      child.on("exit", () => reject(new Error("the victim ended by itself")));
    });
    expect(leftovers(folder)).toEqual(expect.arrayContaining(["bridge", "process", "storage"]));
    child.removeAllListeners("exit");
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    await sweepContainers(folder, hostTraits());
    expect(leftovers(folder)).toEqual([]);
  });
});
