import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labState } from "../places";
import type { RackSpec } from "./spec";

/** What a rack leaves on disk so that others find it, and so that it comes back the same after its process was killed. */
export interface RackRecord {
  /** Process that holds it; 0 when it was taken down in order. */
  pid: number;
  spec: RackSpec;
  /** Authority of the BMCs' certificates. */
  authority?: { certificate: string; key: string };
}

/** The rack's state folder. */
export function rackFolder(name: string): string {
  return join(labState(), name);
}

/** Sockets have short names; a folder deep down gets its sockets in the temporary folder. */
export function socketPath(folder: string, kind: "control" | "bmc"): string {
  const near = join(folder, `${kind}.sock`);
  if (near.length < 100) return near;
  return join(tmpdir(), `rackform-${createHash("sha256").update(folder).digest("hex").slice(0, 12)}-${kind}.sock`);
}

export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

/** Undefined: there is none, or it is damaged. */
export function readRecord(folder: string): RackRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "rack.json"), "utf8")) as RackRecord;
  } catch {
    return undefined;
  }
}

export async function writeRecord(folder: string, record: RackRecord): Promise<void> {
  const file = join(folder, "rack.json");
  await writeFile(`${file}.new`, JSON.stringify(record), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Pid of the process that holds the rack, if it lives: a number that another process got since does not count. */
export function holder(folder: string): number | undefined {
  const pid = readRecord(folder)?.pid;
  if (!pid) return undefined;
  try {
    process.kill(pid, 0);
    if (!existsSync("/proc/self/cmdline")) return pid;
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(folder) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Folders of all racks that there are or were. */
export function rackFolders(): string[] {
  const state = labState();
  if (!existsSync(state)) return [];
  return readdirSync(state, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(state, entry.name));
}
