import { existsSync } from "node:fs";
import { readdir, readFile, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { run, which } from "../toolchain/process";

/** What a machine holds that tests could leave behind. */
export interface Inventory {
  containers: string[];
  networks: string[];
  links: string[];
  mounts: string[];
}

/** Variable in the environment of everything that a run starts: the processes of other runs and people are not ours to judge. */
export const runMarker = "RACKFORM_TEST_RUN";

/**
 * Takes stock.
 *
 * @param folders mounts under these count: the cache, the checkout, the run's temporary folder
 */
export async function takeInventory(folders: string[]): Promise<Inventory> {
  const podman = async (...args: string[]) =>
    which("podman") ? lines((await run("podman", args, { timeout: 60_000 })).stdout) : [];
  return {
    containers: await podman("ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}"),
    networks: await podman("network", "ls", "--format", "{{.Name}}"),
    links: await listLinks(),
    mounts: mountsUnder(await readFile("/proc/self/mountinfo", "utf8").catch(() => ""), folders),
  };
}

/** What is in `after` and was not in `before`, one sentence each. */
export function compare(before: Inventory, after: Inventory): string[] {
  const names = {
    containers: "container",
    networks: "podman network",
    links: "network link",
    mounts: "mount",
  } as const;
  return (Object.keys(names) as (keyof Inventory)[]).flatMap((kind) =>
    after[kind].filter((item) => !before[kind].includes(item)).map((item) => `${names[kind]} ${item}`),
  );
}

/** A process that a run left behind. */
export interface Leftover {
  pid: number;
  command: string;
}

/** Processes that carry the run's mark, or whose command line or folder is in its temporary folder. Linux only. */
export async function leftoverProcesses(id: string, temporary: string): Promise<Leftover[]> {
  if (!existsSync("/proc/self/environ")) return [];
  const found: Leftover[] = [];
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const [environ, command, folder] = await Promise.all([
      readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
      readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
      readlink(`/proc/${pid}/cwd`).catch(() => ""),
    ]);
    const ours =
      environ.split("\0").includes(`${runMarker}=${id}`) ||
      command.includes(temporary) ||
      folder === temporary ||
      folder.startsWith(`${temporary}/`);
    if (ours && command !== "") found.push({ pid, command: command.replaceAll("\0", " ").trim().slice(0, 200) });
  }
  return found;
}

/** Mount points under any of the folders, from the text of /proc/self/mountinfo. */
export function mountsUnder(mountinfo: string, folders: string[]): string[] {
  return lines(mountinfo)
    .map((line) =>
      (line.split(" ")[4] ?? "").replaceAll(/\\(\d{3})/g, (_, octal: string) =>
        String.fromCharCode(parseInt(octal, 8)),
      ),
    )
    .filter((point) => folders.some((folder) => point === folder || point.startsWith(`${folder}/`)));
}

/** Network links, without those that hang on another container engine's bridges. */
async function listLinks(): Promise<string[]> {
  const folder = "/sys/class/net";
  if (!existsSync(folder)) return [];
  const foreign = /^(docker|br-|virbr|lxc|cali|flannel)/;
  const links: string[] = [];
  for (const name of await readdir(folder)) {
    const master = await readlink(`${folder}/${name}/master`).catch(() => "");
    if (!foreign.test(name) && !foreign.test(basename(master))) links.push(name);
  }
  return links;
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
