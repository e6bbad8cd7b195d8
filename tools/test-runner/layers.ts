import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ReporterEvent } from "./jest-reporter";
import { tallyFiles, type FileResult, type Tally } from "./results";

/** A folder of tests that needs the same things, in the order in which they run. */
export interface Layer {
  name: "unit" | "provider" | "judges" | "engine" | "lab";
  /** Files at a time; 1 where tests share what a machine has once (ports, networks, the engine's CPU). */
  workers: number;
  /** Needs the Pulumi CLI on PATH. */
  pulumi: boolean;
}

export const layers: Layer[] = [
  { name: "unit", workers: 2, pulumi: false },
  { name: "provider", workers: 2, pulumi: false },
  { name: "judges", workers: 1, pulumi: false },
  { name: "engine", workers: 1, pulumi: true },
  { name: "lab", workers: 1, pulumi: true },
];

/** Half an hour without a finished test file means that something hangs: no single test may take that long. */
const patience = 30 * 60_000;

/**
 * Runs the jest project of a layer.
 *
 * @param env environment of the tests
 * @param heard called with every event, for progress
 */
export async function runLayer(
  layer: Layer,
  root: string,
  env: NodeJS.ProcessEnv,
  heard: (event: ReporterEvent) => void,
): Promise<Tally> {
  const files: FileResult[] = [];
  const running = new Set<string>();
  const end = await runJest(layer, root, env, (event) => {
    if (event.kind === "start") running.add(event.file);
    if (event.kind === "done") {
      running.delete(event.result.file);
      files.push(event.result);
    }
    heard(event);
  });
  const tally = tallyFiles(files);
  const trouble = judgeEnd(end, tally.failed, [...running]);
  if (trouble !== undefined) {
    tally.failed++;
    tally.failures.push({ name: `${layer.name}: jest itself`, message: trouble });
  }
  return tally;
}

/** How a jest process ended. */
export interface JestEnd {
  code: number | null;
  stderr: string;
  hung: boolean;
}

/** What is wrong with the way jest ended, apart from failed tests; undefined when nothing is. */
export function judgeEnd({ code, stderr, hung }: JestEnd, failed: number, running: string[]): string | undefined {
  const during = running.length > 0 ? ` while running ${running.join(", ")}` : "";
  const last = stderr.trim().split("\n").slice(-15).join("\n");
  if (hung) return `nothing happened for ${patience / 60_000} min${during}; it was stopped\n${last}`;
  if (stderr.includes("did not exit")) return `a test leaves something running:\n${last}`;
  if (running.length > 0) return `it ended with ${code}${during}\n${last}`;
  if (code !== 0 && failed === 0) return `it ended with ${code}\n${last}`;
  return undefined;
}

function runJest(
  layer: Layer,
  root: string,
  env: NodeJS.ProcessEnv,
  heard: (event: ReporterEvent) => void,
): Promise<JestEnd> {
  const args = [
    join(root, "node_modules", "jest", "bin", "jest.js"),
    ...["--selectProjects", layer.name, "--ci", "--passWithNoTests"],
    ...["--cacheDirectory", join(root, "node_modules", ".cache", "jest")],
    ...["--reporters", join(root, "bin", "tools", "test-runner", "jest-reporter.js")],
    ...(layer.workers === 1 ? ["--runInBand"] : ["--maxWorkers", String(layer.workers)]),
  ];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: { ...env, RACKFORM_REPORT_FD: "3" },
      stdio: ["ignore", "ignore", "pipe", "pipe"],
      detached: true,
    });
    const kill = () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    };
    process.once("exit", kill);
    const end: JestEnd = { code: null, stderr: "", hung: false };
    const stop = () => {
      end.hung = true;
      kill();
    };
    let timer = setTimeout(stop, patience);
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      end.stderr = (end.stderr + text).slice(-100_000);
      // Jest has printed its results and waits for a handle that nobody closes.
      if (text.includes("did not exit")) setTimeout(kill, 5_000).unref();
    });
    readLines(child.stdio[3] as Readable, (line) => {
      clearTimeout(timer);
      timer = setTimeout(stop, patience);
      heard(JSON.parse(line) as ReporterEvent);
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      process.removeListener("exit", kill);
      resolve({ ...end, code });
    });
  });
}

function readLines(stream: Readable, each: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(each);
  });
}
