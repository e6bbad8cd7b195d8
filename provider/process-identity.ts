import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** Names one process beyond its number, which is used again. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to its start, where /proc tells. */
  started?: string;
  /** Where the number means something: host, boot and process namespace. */
  space: string;
}

/** Of this process. */
export function processIdentity(): ProcessIdentity {
  own ??= { pid: process.pid, started: startOf(process.pid), space: spaceOf() };
  return own;
}

/** True when that process is certainly gone; false when it lives or cannot be seen from here. */
export function isDead(other: ProcessIdentity): boolean {
  if (other.space !== processIdentity().space) return false;
  try {
    process.kill(other.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return true;
  }
  const started = startOf(other.pid);
  return other.started !== undefined && started !== undefined && started !== other.started;
}

let own: ProcessIdentity | undefined;

function startOf(pid: number): string | undefined {
  try {
    // The command's name, in brackets, may hold blanks and brackets of its own.
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? "zombie" : fields[19];
  } catch {
    return undefined;
  }
}

function spaceOf(): string {
  const read = (get: () => string) => {
    try {
      return get().trim();
    } catch {
      return "";
    }
  };
  const boot = read(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"));
  return [hostname(), boot, read(() => readlinkSync("/proc/self/ns/pid"))].join(" ");
}
