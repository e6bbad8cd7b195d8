import { readFileSync } from "node:fs";
import { sshAnswers } from "../nodes/ssh";
import type { LabRack, Member } from "./rack";
import type { RackServerStatus, RackStatus } from "./types";

/** Looks at a rack and at every server in it. */
export async function rackStatus(rack: LabRack, inventoryFile: string): Promise<RackStatus> {
  const { subnet, gateway } = rack.backend.network;
  const container = rack.backend.name === "container";
  return {
    name: rack.spec.name,
    backend: rack.backend.name,
    pid: process.pid,
    bmcCaPem: rack.caCertificate,
    bmcUsername: rack.credentials.username,
    bmcPassword: rack.credentials.password,
    provisionNetwork: subnet,
    mediaAddress: gateway,
    mirrorUrl: rack.mirror.url,
    images: images(rack.mirror.url),
    networks: { management: { purpose: "management", cidr: subnet, ...(container ? { gateway } : {}) } },
    nameservers: container ? nameservers() : [],
    inventoryFile,
    servers: await rack.status(),
  };
}

/** Looks at a server; `port` is that of nodes which are not installed yet. */
export async function serverStatus({ server, bmc, machine, address }: Member, port: number): Promise<RackServerStatus> {
  const { status, body } = machine;
  const where = body.running() ? body.ssh() : undefined;
  const { boot } = bmc;
  return {
    name: server.name,
    bmc: bmc.url,
    dialect: server.dialect,
    power: bmc.power.state,
    boot: boot.enabled === "Disabled" || boot.target === "None" ? "None" : `${boot.enabled} ${boot.target}`,
    phase: status.phase,
    seconds: Math.round((Date.now() - status.since) / 1000),
    address,
    sshPort: body.ssh()?.port ?? port,
    ssh: where !== undefined && (await sshAnswers(where.address, where.port)),
    installed: body.installed(),
    installations: status.installations,
    serialNumber: bmc.hardware.serialNumber,
    usedDisks: body.usedDisks(),
    message: status.failure && `${status.failure.stage}: ${status.failure.message}`,
  };
}

/** Debian's releases with the mirror's stand-ins in place of kernel, initrd and boot loader. */
function images(mirror: string): Record<string, object> {
  const image = (version: string, codename: string) => {
    const folder = `${mirror}/debian/dists/${codename}/main/installer-amd64/current/images/netboot/debian-installer/amd64`;
    return {
      family: "debian",
      version,
      architecture: "x86_64",
      kernel: { url: `${folder}/linux` },
      initrd: { url: `${folder}/initrd.gz` },
      bootloader: { shim: { url: `${folder}/bootnetx64.efi` }, grub: { url: `${folder}/grubx64.efi` } },
      mirror: `${mirror}/debian`,
    };
  };
  return { "debian-12": image("12", "bookworm"), "debian-13": image("13", "trixie") };
}

/** Those of this machine that are not on its own loopback. */
function nameservers(): string[] {
  for (const file of ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]) {
    let text = "";
    try {
      text = readFileSync(file, "utf8");
    } catch {
      continue;
    }
    const found = [...text.matchAll(/^nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/gm)].map(([, address]) => address);
    const usable = found.filter((address) => !address.startsWith("127."));
    if (usable.length > 0) return usable;
  }
  return [];
}
