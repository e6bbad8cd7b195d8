import { spawn } from "node:child_process";

/** What a program said and how it ended. */
export interface Outcome {
  /** Exit code; 127 when it could not be started, 124 when it took too long, 130 when it was aborted. */
  code: number;
  stdout: string;
  stderr: string;
}

/** How a program is run. */
export interface RunOptions {
  input?: string | Buffer;
  env?: NodeJS.ProcessEnv;
  /** Milliseconds. */
  timeout?: number;
  signal?: AbortSignal;
  onLine?: (line: string) => void;
}

/** Runs a program to its end, without a shell. Never rejects. */
export function run(program: string, args: string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env: options.env ?? process.env, stdio: ["pipe", "pipe", "pipe"], cwd: "/" });
    const outcome: Outcome = { code: 0, stdout: "", stderr: "" };
    let forced: number | undefined;
    const stop = (code: number) => {
      forced ??= code;
      child.kill("SIGKILL");
    };
    const timer = options.timeout === undefined ? undefined : setTimeout(() => stop(124), options.timeout);
    const abort = () => stop(130);
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort, { once: true });
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
      options.signal?.removeEventListener("abort", abort);
      resolve({ ...outcome, code: forced ?? code });
    };
    child.on("error", (error) => {
      outcome.stderr += error.message;
      finish(127);
    });
    child.on("close", (code) => finish(code ?? 1));
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** Like {@link run}, but a failure is an error that ends in the program's last words. */
export async function must(what: string, program: string, args: string[], options: RunOptions = {}): Promise<string> {
  const outcome = await run(program, args, options);
  if (outcome.code === 0) return outcome.stdout;
  throw new Error(`${what} failed (exit ${outcome.code}): ${lastWords(outcome)}`);
}

/** The last lines of what a program said. */
export function lastWords(outcome: Outcome, lines = 5): string {
  return `${outcome.stdout}\n${outcome.stderr}`.trim().split("\n").slice(-lines).join("; ");
}
