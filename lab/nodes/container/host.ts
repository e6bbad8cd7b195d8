import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What this machine lets containers do. Detected, never assumed. */
export interface HostTraits {
  /** /sys/fs/cgroup is not the unified hierarchy: the holder mounts it in its own namespace. */
  remountCgroup: boolean;
  /** The unified hierarchy offers the pids controller. */
  pidsController: boolean;
  /** Hard limits of this process; Infinity when there is none. */
  hardNofile: number;
  hardNproc: number;
}

/** Looks at this machine. */
export function hostTraits(root = "/"): HostTraits {
  const controllers = join(root, "sys/fs/cgroup/cgroup.controllers");
  const unified = existsSync(controllers);
  const limits = readFileSync(join(root, "proc/self/limits"), "utf8");
  return {
    remountCgroup: !unified,
    pidsController: unified && readFileSync(controllers, "utf8").split(/\s+/).includes("pids"),
    hardNofile: hardLimit(limits, "Max open files"),
    hardNproc: hardLimit(limits, "Max processes"),
  };
}

function hardLimit(limits: string, name: string): number {
  const line = limits.split("\n").find((one) => one.startsWith(name));
  const hard = line?.slice(26).trim().split(/\s+/)[1];
  return hard === undefined || hard === "unlimited" ? Infinity : Number(hard);
}

/** Podman lowers its own limit to this, and what it starts cannot have more without CAP_SYS_RESOURCE. */
const NPROC = 32_768;

/** Options of `podman run` that a systemd container needs on this machine. */
export function systemdOptions(traits: HostTraits): string[] {
  const nofile = Math.min(traits.hardNofile, 524_288);
  const nproc = Math.min(traits.hardNproc, NPROC);
  return [
    `--pids-limit=${traits.pidsController ? -1 : 0}`,
    "--cgroups=enabled",
    "--privileged",
    `--ulimit=nofile=${Math.min(1024, nofile)}:${nofile}`,
    `--ulimit=nproc=${nproc}:${nproc}`,
  ];
}

const PROGRAMS = ["podman", "unshare", "nsenter", "mmdebstrap", "ip"];

/**
 * What this machine lacks for containers as nodes, one sentence each; empty when nothing.
 * The root file system is only built once, so mmdebstrap is not missed when it is there already.
 */
export function containerObstacles(
  haveRoot: boolean,
  path = process.env.PATH ?? "",
  uid = process.getuid?.(),
): string[] {
  if (process.platform !== "linux") return [`containers as nodes need Linux, this is ${process.platform}`];
  const obstacles: string[] = [];
  if (uid !== 0) obstacles.push("containers as nodes need root (bridges, mounts): run as root");
  for (const program of PROGRAMS) {
    if (program === "mmdebstrap" && haveRoot) continue;
    const found = path.split(delimiter).some((folder) => folder !== "" && existsSync(join(folder, program)));
    if (!found) obstacles.push(`${program} is not on PATH`);
  }
  return obstacles;
}
