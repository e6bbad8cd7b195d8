import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** What a test needs of the machine, and why it is skipped when that is absent. */
export interface Need {
  present: boolean;
  /** Printed in the test's name when it is skipped. */
  reason: string;
}

/** A command on PATH, such as `podman`. */
export function command(name: string): Need {
  try {
    execFileSync("sh", ["-c", 'command -v "$1"', "sh", name], { stdio: "ignore" });
    return { present: true, reason: "" };
  } catch {
    return { present: false, reason: `${name} is not on PATH` };
  }
}

/** A file or folder, such as the captured BMC trees beside the checkout. */
export function file(path: string, what: string): Need {
  return { present: existsSync(path), reason: `${what} is absent (${path})` };
}

/**
 * `describe` when all needs are met; otherwise a skipped suite whose name says what lacks, so that the run counts and prints it.
 */
export function describeWith(needs: Need[], name: string, body: () => void): void {
  const missing = needs.filter((need) => !need.present).map((need) => need.reason);
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} [skipped: ${missing.join("; ")}]`, body);
}
