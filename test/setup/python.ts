import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { cacheRoot } from "../../tools/toolchain/cache";
import type { Need } from "./need";

/**
 * The Python that has the judges' packages: RACKFORM_JUDGES_PYTHON, else the newest environment in the tool cache.
 * Undefined when there is none.
 */
export function judgesPython(): string | undefined {
  const given = process.env.RACKFORM_JUDGES_PYTHON;
  if (given) return given;
  const root = join(cacheRoot(), "python");
  if (!existsSync(root)) return undefined;
  const whole = readdirSync(root)
    .filter((name) => name.startsWith("judges-"))
    .map((name) => join(root, name))
    .filter((path) => existsSync(join(path, ".whole")) && existsSync(join(path, "bin", "python")));
  const [newest] = whole.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return newest && join(newest, "bin", "python");
}

/** The judges' Python as a need of a test. */
export function judges(): Need {
  const python = judgesPython();
  return {
    present: python !== undefined && existsSync(python),
    reason:
      "the judges' Python packages are not installed; node bin/tools/toolchain/main.js --python judges installs them",
  };
}
