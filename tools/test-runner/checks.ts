import { join } from "node:path";
import { run, which } from "../toolchain/process";
import { emptyTally, type Tally } from "./results";

/** A check of the sources as they lie there; each counts as one test. */
interface Check {
  name: string;
  /** Program and arguments; or why it cannot run here. */
  command: string[] | { skip: string };
}

/**
 * Lint, format, types and shell scripts, side by side.
 *
 * @param done called as each check ends, for progress
 */
export async function runChecks(
  root: string,
  done: (name: string, milliseconds: number, ok: boolean) => void,
): Promise<Tally> {
  const tally = emptyTally();
  const checks = await listChecks(root);
  await Promise.all(
    checks.map(async ({ name, command }) => {
      if (!Array.isArray(command)) {
        tally.skipped++;
        tally.skips.push({ file: name, reason: command.skip, count: 1 });
        return;
      }
      const started = Date.now();
      const outcome = await run(command[0], command.slice(1), { cwd: root, timeout: 900_000 });
      done(name, Date.now() - started, outcome.code === 0);
      if (outcome.code === 0) tally.passed++;
      else {
        tally.failed++;
        const said = `${outcome.stdout}\n${outcome.stderr}`.trim().split("\n");
        tally.failures.push({ name, message: [...said.slice(0, 40), ...(said.length > 40 ? ["…"] : [])].join("\n") });
      }
    }),
  );
  return tally;
}

async function listChecks(root: string): Promise<Check[]> {
  const node = (script: string, ...args: string[]) => [process.execPath, join(root, "node_modules", script), ...args];
  const cache = join("node_modules", ".cache");
  return [
    {
      name: "lint (eslint)",
      command: node("eslint/bin/eslint.js", ".", "--cache", "--cache-location", `${cache}/eslint/`),
    },
    {
      name: "format (prettier)",
      command: node("prettier/bin/prettier.cjs", "--check", ".", "--cache", "--cache-location", `${cache}/prettier`),
    },
    {
      name: "types (tsc)",
      command: node(
        "typescript/bin/tsc",
        "--noEmit",
        "--incremental",
        "--tsBuildInfoFile",
        `${cache}/types.tsbuildinfo`,
      ),
    },
    { name: "shell scripts (shellcheck)", command: await shellcheck(root) },
  ];
}

async function shellcheck(root: string): Promise<Check["command"]> {
  if (which("shellcheck") === undefined) return { skip: "shellcheck is not on PATH" };
  const listed = await run("git", ["ls-files", "-co", "--exclude-standard", "--", "*.sh", ".ci/run"], { cwd: root });
  const scripts = listed.stdout.split("\n").filter((line) => line !== "");
  if (scripts.length === 0) return { skip: "there are no shell scripts" };
  return ["shellcheck", ...scripts];
}
