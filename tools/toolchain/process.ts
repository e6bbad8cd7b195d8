import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";

/** What a program said and how it ended. */
export interface Outcome {
  /** Exit code; 127 when the program could not be started, 124 when it was stopped for taking too long. */
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a program to its end, without a shell.
 *
 * @param options.timeout ms after which it and its children are killed; default none
 * @param options.onLine called with every line of its standard error and output, for progress
 */
export function run(
  program: string,
  args: string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; timeout?: number; onLine?: (line: string) => void } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const outcome: Outcome = { code: 0, stdout: "", stderr: "" };
    const kill = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        child.kill("SIGKILL");
      }
    };
    let late = false;
    const timer =
      options.timeout === undefined
        ? undefined
        : setTimeout(() => {
            late = true;
            kill();
          }, options.timeout);
    process.once("exit", kill);
    for (const stream of ["stdout", "stderr"] as const) {
      let rest = "";
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        outcome[stream] += text;
        const lines = (rest + text).split(/\r?\n/);
        rest = lines.pop() ?? "";
        for (const line of lines) options.onLine?.(line);
      });
    }
    const finish = (code: number) => {
      clearTimeout(timer);
      process.removeListener("exit", kill);
      resolve({ ...outcome, code });
    };
    child.on("error", (error) => {
      outcome.stderr += error.message;
      finish(127);
    });
    child.on("close", (code) => finish(late ? 124 : (code ?? 1)));
  });
}

/** The last lines of what a program said, for an error message. */
export function tail(outcome: Outcome, lines = 5): string {
  return `${outcome.stdout}\n${outcome.stderr}`.trim().split("\n").slice(-lines).join("\n");
}

/** The path of a program on PATH, or undefined. */
export function which(name: string, path?: string): string | undefined {
  return whichAll(name, path)[0];
}

/** The paths of all programs of that name on PATH, the one that would run first. */
export function whichAll(name: string, path: string = process.env.PATH ?? ""): string[] {
  return path
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .filter(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
