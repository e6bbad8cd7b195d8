import { execFileSync } from "node:child_process";

/** The package with Debian's current cloud kernel; undefined where apt does not know. */
export function kernelPackage(): string | undefined {
  try {
    const shown = execFileSync("apt-cache", ["depends", "linux-image-cloud-amd64"], {
      encoding: "utf8",
      stdio: "pipe",
    });
    return /Depends: (linux-image-\S+-cloud-amd64)/.exec(shown)?.[1];
  } catch {
    return undefined;
  }
}
