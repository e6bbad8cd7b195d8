import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { CallContext } from "../../../provider/kit/handler";
import { ArchiveValue, AssetValue } from "../../../provider/kit/values";
import { glob } from "./glob";
import { Capture, type Logging, previousOutput, type Printed } from "./process-output";

export interface LocalRun {
  stdin?: string;
  environment?: Record<string, string>;
  addPreviousOutputInEnv?: boolean;
  logging?: Logging;
  interpreter?: string[];
  dir?: string;
  assetPaths?: string[];
  archivePaths?: string[];
  stdout?: string;
  stderr?: string;
}

export interface LocalResult extends Printed {
  assets?: Record<string, AssetValue>;
  archive?: ArchiveValue;
}

/** Runs a command on this machine. Throws on any exit status but 0, quoting the command and what it printed. */
export async function runLocally(ctx: CallContext<unknown>, command: string, run: LocalRun): Promise<LocalResult> {
  const folder = run.dir ?? process.cwd();
  const capture = new Capture(ctx.log, run.logging);
  const reason = await execute(ctx, command, run, folder, capture);
  capture.end();
  ctx.signal.throwIfAborted();
  if (reason !== undefined) throw capture.failure(reason, command);
  return {
    ...capture.printed,
    ...(run.assetPaths ? { assets: await assets(folder, run.assetPaths) } : {}),
    ...(run.archivePaths
      ? { archive: new ArchiveValue(undefined, { assets: await assets(folder, run.archivePaths) }) }
      : {}),
  };
}

/** Undefined after exit status 0, else what became of the process, in Go's words. */
function execute(
  ctx: CallContext<unknown>,
  command: string,
  run: LocalRun,
  folder: string,
  capture: Capture,
): Promise<string | undefined> {
  const [program, ...args] = [...(run.interpreter?.length ? run.interpreter : ["/bin/sh", "-c"]), command];
  if (!existsSync(folder)) return Promise.resolve(`chdir ${folder}: no such file or directory`);
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, ...run.environment, ...previousOutput(run.addPreviousOutputInEnv, run) },
      stdio: ["pipe", "pipe", "pipe"],
      // A group of its own, so that an abort reaches what the shell has started.
      detached: true,
    });
    const abort = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    };
    const settle = (reason: string | undefined) => {
      ctx.signal.removeEventListener("abort", abort);
      resolve(reason);
    };
    child.stdout.on("data", (data: Buffer) => capture.take("stdout", data));
    child.stderr.on("data", (data: Buffer) => capture.take("stderr", data));
    child.stdin.on("error", () => undefined);
    child.stdin.end(run.stdin ?? "");
    child.once("error", (error: NodeJS.ErrnoException) => {
      const missing = program.includes("/")
        ? `fork/exec ${program}: no such file or directory`
        : `exec: ${JSON.stringify(program)}: executable file not found in $PATH`;
      settle(error.code === "ENOENT" ? missing : `fork/exec ${program}: ${error.message}`);
    });
    child.once("close", (status, signal) => {
      if (signal !== null) settle(`signal: ${signalNames[signal] ?? signal}`);
      else settle(status === 0 ? undefined : `exit status ${status}`);
    });
    ctx.signal.addEventListener("abort", abort, { once: true });
    if (ctx.signal.aborted) abort();
  });
}

const signalNames: Record<string, string> = {
  SIGKILL: "killed",
  SIGTERM: "terminated",
  SIGINT: "interrupt",
  SIGHUP: "hangup",
};

async function assets(folder: string, rules: string[]): Promise<Record<string, AssetValue>> {
  const files = await glob(folder, rules);
  const entries = files.map(async (file) => {
    const full = path.join(folder, file);
    const hash = createHash("sha256")
      .update(await readFile(full))
      .digest("hex");
    return [file, new AssetValue(hash, { path: full })] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
