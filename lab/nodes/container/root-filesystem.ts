import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { lastWords, run } from "../../process";
import type { HostTraits } from "./host";
import { containerObstacles } from "./host";
import { KERNEL_SHIMS } from "./kernel-shims";
import { Podman } from "./podman";

/** Name of the image that nodes are made from. */
export const NODE_IMAGE = "localhost/rackform-node:latest";

const SUITE = "bookworm";
const PACKAGES = [
  "systemd",
  "systemd-sysv",
  "systemd-resolved",
  "systemd-timesyncd",
  "dbus",
  "udev",
  "openssh-server",
  "sudo",
  "ca-certificates",
  "curl",
  "wget",
  "iproute2",
  "iputils-ping",
  "netbase",
  "procps",
  "kmod",
  "dmidecode",
  "gdisk",
  "e2fsprogs",
  "cpio",
  "less",
  "netplan.io",
  "python3-minimal",
];

/** Before the root is packed: no host keys and no machine id, which every installed system makes for itself. */
const HOOKS = [
  'rm -f "$1"/etc/ssh/ssh_host_*',
  ': > "$1/etc/machine-id"',
  'rm -f "$1/var/lib/dbus/machine-id"',
  // As the distribution's installer leaves it; the address comes from the seed.
  'chroot "$1" systemctl disable systemd-networkd.service systemd-networkd.socket systemd-resolved.service',
  'rm -f "$1/etc/resolv.conf" && : > "$1/etc/resolv.conf"',
  ...Object.entries(KERNEL_SHIMS).map(([name, script]) => {
    const packed = Buffer.from(script).toString("base64");
    return `echo ${packed} | base64 -d > "$1/usr/local/sbin/${name}" && chmod 755 "$1/usr/local/sbin/${name}"`;
  }),
  'rm -rf "$1"/usr/share/doc/* "$1"/usr/share/man/* "$1"/usr/share/locale/*',
];

/** The storage with the node image, in the cache. Made when it is not there: about half a minute, network needed. */
export async function nodeImageStore(
  cache: string,
  traits: HostTraits,
  progress: (text: string) => void,
): Promise<{ storage: string }> {
  const key = createHash("sha256")
    .update(JSON.stringify([SUITE, PACKAGES, HOOKS]))
    .digest("hex")
    .slice(0, 12);
  const folder = join(cache, `rootfs-${key}`);
  const obstacles = containerObstacles(existsSync(folder));
  if (obstacles.length > 0) throw new Error(`${obstacles.join("; ")}; see npx rackform doctor`);
  if (!existsSync(folder)) await build(folder, cache, traits, progress);
  return { storage: join(folder, "storage") };
}

async function build(
  folder: string,
  cache: string,
  traits: HostTraits,
  progress: (text: string) => void,
): Promise<void> {
  await mkdir(cache, { recursive: true });
  await removeDrafts(cache);
  const draft = `${folder}.draft-${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(draft, { recursive: true });
    progress(`building the nodes' root file system (Debian ${SUITE}), once`);
    const archive = join(draft, "root.tar");
    const hooks = HOOKS.map((hook) => `--customize-hook=${hook}`);
    const outcome = await run("mmdebstrap", [
      "--variant=minbase",
      `--include=${PACKAGES.join(",")}`,
      ...hooks,
      SUITE,
      archive,
      ...(await sources()),
    ]);
    if (outcome.code !== 0) {
      throw new Error(`the nodes' root file system could not be built: mmdebstrap: ${lastWords(outcome)}`);
    }
    progress("importing it as an image");
    const podman = new Podman({ folder: draft }, traits);
    await podman.open();
    try {
      await podman.must(["import", archive, NODE_IMAGE]);
      await rm(archive);
    } finally {
      await podman.close();
      await podman.forget();
    }
    await writeFile(join(draft, "packages.txt"), `${SUITE}: ${PACKAGES.join(" ")}\n`);
    // Another process may have been quicker; its result is as good.
    await rename(draft, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    await removeOld(cache, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Root file systems of earlier versions that no running container is made from. */
async function removeOld(cache: string, current: string): Promise<void> {
  const pids = (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry));
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  for (const name of await readdir(cache)) {
    const folder = join(cache, name);
    if (!/^rootfs-[0-9a-f]{12}$/.test(name) || folder === current) continue;
    if (!commands.some((command) => command.includes(folder))) await rm(folder, { recursive: true, force: true });
  }
}

/** Drafts of processes that are gone. */
async function removeDrafts(cache: string): Promise<void> {
  for (const name of await readdir(cache)) {
    const pid = /\.draft-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await rm(join(cache, name), { recursive: true, force: true });
  }
}

/** This machine's own Debian sources when it runs that suite (they may name a mirror), else the tool's default. */
async function sources(): Promise<string[]> {
  const release = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (!/^ID=debian$/m.test(release) || !new RegExp(`^VERSION_CODENAME=${SUITE}$`, "m").test(release)) return [];
  return ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"].filter(existsSync).slice(0, 1);
}
