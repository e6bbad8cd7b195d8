import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { debianArchive } from "../../lab/mirror/archive";
import { LabRack } from "../../lab/rack/rack";
import { rackStatus } from "../../lab/rack/status";
import { BootSite, sshKeys, type SshKeys } from "../setup/boot-site";
import { command, describeWith } from "../setup/need";

const needs = ["podman", "nsenter", "unshare", "ip", "mmdebstrap", "ssh"].map(command);
needs.push({ present: process.getuid?.() === 0, reason: "not root" });

const archive = reachable(debianArchive());

describeWith(needs, "a rack of containers", () => {
  let folder: string;
  let rack: LabRack;
  let site: BootSite;
  let user: SshKeys;
  const hostKeys = new Map<string, SshKeys>();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "rackform-lab-"));
    rack = await LabRack.start({
      name: "t",
      debianUpstream: archive,
      backend: "container",
      servers: [
        { name: "deb", dialect: "generic" },
        { name: "ubu", dialect: "dell" },
        { name: "rhl", dialect: "supermicro" },
        { name: "no", dialect: "generic", usedDisks: ["nvme0n1"] },
      ],
    });
    site = await BootSite.open(rack.backend.network.gateway);
    user = sshKeys();
    writeFileSync(path.join(folder, "key"), user.privateKey, { mode: 0o600 });
  });

  afterAll(async () => {
    await site?.close();
    await rack?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function publish(name: string, family: "debian" | "ubuntu" | "rhel", more: object = {}): string {
    const { address, bmc } = rack.member(name);
    const { gateway, subnet } = rack.backend.network;
    const hostKey = hostKeys.get(name) ?? sshKeys();
    hostKeys.set(name, hostKey);
    const base = site.input({ hostname: name });
    for (const file of ["/tree/.treeinfo", "/live.iso"]) site.media.set(file, Buffer.from("stand-in"));
    const image = {
      ...base.image,
      family,
      version: { debian: "12", ubuntu: "24.04", rhel: "9" }[family],
      mirror: family === "debian" ? `${rack.mirror.url}/debian` : `${site.mediaUrl}/tree/`,
      liveImage: { url: `${site.mediaUrl}/live.iso` },
    };
    const mac = bmc.hardware.nics[0].mac;
    return site.publish(
      site.input(
        {
          hostname: name,
          image,
          hostKey,
          identity: { serialNumber: bmc.hardware.serialNumber, sku: bmc.hardware.sku, uuid: bmc.hardware.uuid },
          network: {
            interfaces: [{ name: "eno1", mac, addresses: [`${address}/${subnet.split("/")[1]}`], gateway }],
            nameservers: [],
          },
          users: [
            { name: "root", authorizedKeys: [user.publicKey] },
            { name: "ops", authorizedKeys: [user.publicKey], sudo: true },
          ],
          ...more,
        },
        `token-of-${name}-0123456789`,
      ),
    );
  }

  async function boot(name: string, iso: string): Promise<void> {
    const { bmc, machine } = rack.member(name);
    const slot = [...bmc.media.drives.values()].find((drive) => drive.slot.bootable)!.slot.id;
    bmc.media.insert(slot, { image: iso, writeProtected: true });
    bmc.setBootOverride({ enabled: "Once", target: "Cd" });
    bmc.setPower("On");
    await until(() => ["running", "failed"].includes(machine.status.phase));
  }

  async function ssh(name: string, login: string, ...words: string[]): Promise<string> {
    const { address } = rack.member(name);
    const known = path.join(folder, `known-${name}`);
    writeFileSync(known, `${address} ${hostKeys.get(name)!.publicKey}\n`);
    const options = [
      "-i",
      path.join(folder, "key"),
      "-o",
      `UserKnownHostsFile=${known}`,
      "-o",
      "StrictHostKeyChecking=yes",
      "-o",
      "BatchMode=yes",
    ];
    // Not synchronously: what the node asks of the mirror is answered by this process.
    return (await promisify(execFile)("ssh", [...options, `${login}@${address}`, ...words])).stdout;
  }

  it.each([
    ["deb", "debian"],
    ["ubu", "ubuntu"],
    ["rhl", "rhel"],
  ] as const)("%s becomes a node by the real scripts of a %s seed", async (name, family) => {
    const started = Date.now();
    await boot(name, publish(name, family, archive === null ? {} : { packages: ["tree"] }));
    const log = rack.consoles.read(name).join("\n");
    process.stdout.write(`${name}: ${Date.now() - started} ms\n${process.env.LAB_VERBOSE ? `${log}\n` : ""}`);
    expect(log).toContain("rackform guard: root disk");
    expect(rack.member(name).machine.status).toMatchObject({ phase: "running", installations: 1 });
    expect((await ssh(name, "root", "hostname")).trim()).toBe(name);
    expect(await ssh(name, "ops", "sudo", "cat", "/etc/rackform/installation")).toContain(`"hostname": "${name}"`);
    expect(await ssh(name, "root", "ls", "/sys/class/net")).toContain("eno1");
    expect(site.posts.find(({ path: where }) => where.endsWith(`${name}-0123456789/phone-home`))?.body).toContain(
      "hostname=",
    );
    const status = (await rackStatus(rack, "")).servers.find((one) => one.name === name);
    expect(status).toMatchObject({ power: "On", ssh: true, installations: 1 });
  });

  it("keeps its own network configuration, and the host's kernel to the host", async () => {
    expect((await ssh("deb", "root", "ip -o -4 addr show dev eno1 | wc -l")).trim()).toBe("1");
    const before = readFileSync("/proc/sys/vm/swappiness", "utf8").trim();
    const wanted = before === "61" ? "62" : "61";
    expect(
      (
        await ssh(
          "deb",
          "root",
          "modprobe br_netfilter && sysctl -q -w net.ipv4.ip_forward=1 && sysctl -n net.ipv4.ip_forward",
        )
      ).trim(),
    ).toBe("1");
    expect((await ssh("deb", "root", `sysctl -q -w vm.swappiness=${wanted} && sysctl -n vm.swappiness`)).trim()).toBe(
      wanted,
    );
    await expect(ssh("deb", "root", "modprobe no_such_module 2>/dev/null")).rejects.toThrow("Command failed");
    await expect(ssh("deb", "root", "date -s 2001-01-01 2>/dev/null")).rejects.toThrow("Command failed");
    expect(readFileSync("/proc/sys/vm/swappiness", "utf8").trim()).toBe(before);
  });

  const why = archive === null ? " [skipped: this machine's apt has no Debian archive]" : "";
  (archive === null ? it.skip : it)(`installs packages from the mirror, also later${why}`, async () => {
    expect(await ssh("deb", "root", "tree --version")).toContain("tree v");
    expect(
      (await ssh("deb", "root", "apt-get -qq update && apt-get -qq -y install jo >/dev/null 2>&1 && jo a=1")).trim(),
    ).toBe('{"a":1}');
    expect(rack.mirror.requests.some(({ path: file, status }) => /\/jo_.*\.deb$/.test(file) && status === 200)).toBe(
      true,
    );
  });

  it("refuses a disk with data on it, by the real guard", async () => {
    const disk = rack.member("no").machine.body.usedDisks()[0];
    const { spec } = rack.member("no").machine.body;
    const serialNumber = spec.disks.find(({ device }) => device === disk)!.serialNumber;
    await boot("no", publish("no", "debian", { rootDisk: { serialNumber } }));
    const { status } = rack.member("no").machine;
    expect(status.failure?.message).toContain("is not blank and nobody consented");
    expect(site.posts.find(({ path: where }) => where.endsWith("no-0123456789/failed"))?.body).toContain(
      "is not blank",
    );
    const { bmc } = rack.member("no");
    bmc.setPower("Off");
    await until(() => rack.member("no").machine.status.phase === "off");
    await boot("no", publish("no", "debian", { rootDisk: { serialNumber }, wipe: true }));
    expect((await ssh("no", "root", "hostname")).trim()).toBe("no");
  });
});

async function until(condition: () => boolean, seconds = 90): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !condition();) {
    if (Date.now() > end) throw new Error("what was waited for did not come");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The archive, or null where it cannot be reached: nodes then install no packages. */
function reachable(archive: string): string | null {
  try {
    execFileSync("curl", ["-fsI", "--max-time", "10", `${archive}/dists/bookworm/Release`], { stdio: "ignore" });
    return archive;
  } catch {
    return null;
  }
}
