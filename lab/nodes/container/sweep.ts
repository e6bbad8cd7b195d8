import { existsSync } from "node:fs";
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../process";
import type { HostTraits } from "./host";
import { Podman } from "./podman";

interface Record {
  images: string;
  bridge: string;
  subnet: string;
  network: string;
}

/**
 * Removes every trace of a rack's containers: processes, mounts, network, firewall rules, storage. Works whoever was killed, and
 * when there is nothing to remove.
 *
 * @param folder the rack's state folder
 * @param namespace pid of a process in the mount namespace that the containers were made in, when there is one
 */
export async function sweepContainers(folder: string, traits: HostTraits, namespace?: number): Promise<void> {
  const storage = join(folder, "podman");
  if (!existsSync(storage)) return;
  const text = await readFile(join(folder, "podman.json"), "utf8").catch(() => undefined);
  const record = text === undefined ? undefined : (JSON.parse(text) as Record);
  const ids = await readdir(join(storage, "storage/overlay-containers")).catch(() => []);
  const monitors = await processesNaming(storage);
  const podman = new Podman({ folder: storage, images: record?.images }, traits);
  await podman.open(namespace ?? monitors[0]);
  await podman.run(["rm", "-f", "-a", "-t", "0"], { timeout: 60_000 });
  if (record) await podman.run(["network", "rm", "-f", record.network], { timeout: 20_000 });
  await unmountBelow(folder, podman.namespace);
  await unmountBelow(podman.runFolder, podman.namespace);
  await podman.close();
  await killRest(storage);
  await podman.forget();
  if (record) {
    await run("ip", ["link", "delete", record.bridge]);
    await removeRules(record.subnet);
  }
  await removeGroups(ids);
  await rm(storage, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  await rm(join(folder, "servers"), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  await rm(join(folder, "podman.json"), { force: true });
}

/** Pids of processes whose command line names the folder: podman's monitors and holders. */
async function processesNaming(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    const names = command.some(
      (word) => word === folder || word.startsWith(`${folder}/`) || word.endsWith(`:${folder}`),
    );
    if (names && /(^|\/)(conmon|podman|sh|unshare)$/.test(command[0])) found.push(pid);
  }
  return found;
}

/** Monitors that podman no longer knew, with the containers below them. */
async function killRest(folder: string): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const rest = await processesNaming(folder);
    if (rest.length === 0) return;
    for (const pid of rest) {
      for (const child of await descendants(pid)) kill(child);
      kill(pid);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function descendants(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  const children = text.split(" ").filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone, which is what was wanted.
  }
}

async function unmountBelow(folder: string, namespace: number): Promise<void> {
  const mounts = await readFile(`/proc/${namespace}/mounts`, "utf8").catch(() => "");
  const points = mounts.split("\n").map((line) => line.split(" ")[1] ?? "");
  for (const point of points.filter((one) => one.startsWith(`${folder}/`)).reverse()) {
    await run("nsenter", ["-t", String(namespace), "-m", "umount", "-l", point]);
  }
}

/** Firewall rules that name the subnet, and the chains that only they led to. */
async function removeRules(subnet: string): Promise<void> {
  for (const table of ["nat", "filter"]) {
    const { stdout, code } = await run("iptables-save", ["-t", table]);
    if (code !== 0) continue;
    const lines = stdout.split("\n").filter((line) => line.startsWith("-A"));
    const ours = lines.filter((line) => line.includes(` ${subnet} `));
    for (const line of ours) await run("iptables", ["-t", table, "-D", ...line.split(" ").slice(1)]);
    const chains = ours.map((line) => /-j (NETAVARK-[0-9A-F]+|CNI-[0-9a-f]+)$/.exec(line)?.[1]);
    for (const chain of new Set(chains.filter((one) => one !== undefined))) {
      await run("iptables", ["-t", table, "-F", chain]);
      await run("iptables", ["-t", table, "-X", chain]);
    }
  }
}

/** Control groups that a killed monitor left. They are empty by now, deepest first. */
async function removeGroups(ids: string[]): Promise<void> {
  if (ids.length === 0) return;
  for (const root of ["/sys/fs/cgroup/libpod_parent", "/sys/fs/cgroup/unified/libpod_parent"]) {
    const groups = (await readdir(root).catch(() => [])).filter((name) => ids.some((id) => name.includes(id)));
    for (const group of groups)
      await run("find", [join(root, group), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    // Podman's own folder for them, when nobody else's are in it.
    await rmdir(root).catch(() => undefined);
  }
}
