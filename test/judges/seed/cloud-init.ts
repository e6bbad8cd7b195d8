import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheRoot } from "../../../tools/toolchain/cache";
import type { Need } from "../../setup/need";
import { judgesPython } from "../../setup/python";

/**
 * cloud-init is in no Python index: its sources come out of Debian's package, which is unpacked into the tool cache and not installed, because
 * an installed cloud-init takes over the machine at the next boot.
 */
function sources(): string | undefined {
  const target = path.join(cacheRoot(), "cloud-init");
  const library = path.join(target, "usr/lib/python3/dist-packages");
  if (existsSync(path.join(library, "cloudinit"))) return library;
  const draft = `${target}.draft-${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    execFileSync("apt-get", ["download", "-o", "APT::Sandbox::User=root", "cloud-init"], {
      cwd: draft,
      stdio: "ignore",
      timeout: 60_000,
    });
    const archive = readdirSync(draft).find((name) => name.endsWith(".deb"))!;
    execFileSync("dpkg-deb", ["-x", archive, "."], { cwd: draft, stdio: "ignore" });
    renameSync(draft, target);
    return library;
  } catch {
    return existsSync(path.join(library, "cloudinit")) ? library : undefined;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

export function cloudInitNeed(): Need {
  return { present: sources() !== undefined, reason: "cloud-init cannot be had: apt-get download cloud-init failed" };
}

/** What `cloud-init schema` says about a file of user data; throws when it refuses it. */
export function cloudInit(file: string): string {
  return execFileSync(judgesPython()!, ["-m", "cloudinit.cmd.main", "schema", "-c", file], {
    encoding: "utf8",
    stdio: "pipe",
    env: { ...process.env, PYTHONPATH: sources() },
  });
}
