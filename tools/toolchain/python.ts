import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { cacheKey, cacheRoot, withLock } from "./cache";
import { run, tail, which } from "./process";
import { Report } from "./report";
import { packageRoot } from "./root";

/** The sets of Python packages under `tools/toolchain/python/requirements-<set>.txt`. */
export type PythonSet = "judges" | "program";

/**
 * A virtual environment with the pinned packages of a set, made unless the cache has it. Its programs are in `bin/`.
 *
 * @returns the environment's folder, to be put into VIRTUAL_ENV, with `<folder>/bin` in front of PATH
 * @throws Error when Python or its venv module is absent, or a package cannot be installed
 */
export async function pythonEnvironment(set: PythonSet, report: Report = new Report()): Promise<string> {
  const python = which("python3");
  if (python === undefined) throw new Error("python3 is not on PATH; on Debian: apt-get install python3 python3-venv");
  const requirements = join(packageRoot(), "tools", "toolchain", "python", `requirements-${set}.txt`);
  const about = await run(python, ["-c", "import sys; print(sys.version, sys.base_prefix)"], { timeout: 20_000 });
  const key = cacheKey([await readFile(requirements), about.stdout, process.platform, process.arch]);
  const path = join(cacheRoot(), "python", `${set}-${key}`);
  // Programs in a virtual environment name its path, so it is made where it stays, and marked when it is whole.
  const whole = join(path, ".whole");
  if (existsSync(whole)) return path;
  await report.during(`Python packages for ${set}`, 30, (note) =>
    withLock(
      path,
      async () => {
        if (existsSync(whole)) return;
        await rm(path, { recursive: true, force: true });
        await mkdir(dirname(path), { recursive: true });
        await install(python, path, requirements, note);
        await writeFile(whole, "");
      },
      () => note("another run installs them; waiting"),
    ),
  );
  return path;
}

async function install(python: string, path: string, requirements: string, note: (text: string) => void) {
  const venv = await run(python, ["-m", "venv", path], { timeout: 120_000 });
  if (venv.code !== 0) {
    throw new Error(`python3 -m venv failed (on Debian: apt-get install python3-venv): ${tail(venv)}`);
  }
  const args = ["install", "--disable-pip-version-check", "--no-input", "-r", requirements];
  const pip = await run(join(path, "bin", "pip"), args, {
    timeout: 600_000,
    onLine: (line) => {
      if (line.startsWith("Collecting ")) note(line.slice("Collecting ".length));
    },
  });
  if (pip.code !== 0) throw new Error(`installing ${requirements} failed: ${tail(pip)}`);
}
