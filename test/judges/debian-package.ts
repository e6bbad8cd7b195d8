import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { cacheRoot } from "../../tools/toolchain/cache";
import type { Need } from "../setup/need";

/**
 * The folder with a Debian package's files, unpacked into the tool cache and not installed; undefined where it cannot be had. One that is
 * there is used as it is.
 */
export function debianPackage(name: string): string | undefined {
  const target = path.join(cacheRoot(), "debian", name);
  if (existsSync(target)) return target;
  const draft = `${target}.draft-${process.pid}`;
  try {
    mkdirSync(draft, { recursive: true });
    const options = ["-o", "APT::Sandbox::User=root"];
    execFileSync("apt-get", ["download", ...options, name], { cwd: draft, stdio: "ignore", timeout: 120_000 });
    const archive = readdirSync(draft).find((file) => file.endsWith(".deb"));
    if (archive === undefined) return undefined;
    execFileSync("dpkg-deb", ["-x", archive, "."], { cwd: draft, stdio: "ignore" });
    rmSync(path.join(draft, archive));
    renameSync(draft, target);
  } catch {
    // Another run may have been first.
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return existsSync(target) ? target : undefined;
}

/** A Debian package as a need of a test. */
export function debian(name: string): Need {
  return {
    present: debianPackage(name) !== undefined,
    reason: `the Debian package ${name} cannot be had: apt-get download ${name} failed`,
  };
}
