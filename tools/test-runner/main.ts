import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdtemp, readdir, realpath } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, UsageError } from "../cli/arguments";
import { elapsed, paint, Status, table } from "../cli/terminal";
import { cacheRoot } from "../toolchain/cache";
import { describeOrigin, toolchainEnv } from "../toolchain/environment";
import { pythonEnvironment } from "../toolchain/python";
import { Report } from "../toolchain/report";
import { packageRoot } from "../toolchain/root";
import { ensureSystem } from "../toolchain/system";
import { runChecks } from "./checks";
import { layers, runLayer, type Layer } from "./layers";
import { compare, leftoverProcesses, runMarker, takeInventory, type Inventory } from "./leaks";
import { emptyTally, exitCode, finalLine, sum, tallyFiles, type Tally } from "./results";

const usage = `usage: node bin/tools/test-runner/main.js [--layers checks,unit,provider,judges,engine,lab] [--soak]

Runs the layers in that order and ends with one plain line: N passed, N failed, N skipped.
--soak runs the long campaigns in full (RACKFORM_SOAK=1 for the tests) instead of their seeded sample.
`;

const out = process.stdout;
const colour = paint(out);

/** One stage of the run. */
interface Stage {
  name: string;
  tally: Tally;
  /** In ms. */
  duration: number;
}

/** Where one run works, and what everything that it starts carries. */
interface Run {
  id: string;
  root: string;
  temporary: string;
  env: NodeJS.ProcessEnv;
}

async function main(argv: string[]): Promise<number> {
  const { flags, values } = parse(argv, {
    layers: { type: "string", help: "what to run" },
    soak: { type: "boolean", help: "long campaigns in full" },
  });
  const chosen = chooseLayers(values.get("layers"));
  const root = packageRoot();
  const id = randomUUID();
  const temporary = await realpath(await mkdtemp(join(tmpdir(), "rf-")));
  // Also when the run is interrupted.
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: temporary, [runMarker]: id };
  if (flags.has("soak")) env.RACKFORM_SOAK = "1";
  const current: Run = { id, root, temporary, env };
  const stages: Stage[] = [];
  const stage = async (name: string, work: () => Promise<Tally>) => {
    const started = Date.now();
    out.write(`${colour.bold(name)}\n`);
    stages.push({ name, tally: await work(), duration: Date.now() - started });
  };
  let pulumi: Record<string, string> = {};
  const selected = layers.filter(({ name }) => chosen.has(name));
  await stage("set-up", async () => {
    const prepared = await prepare(selected);
    pulumi = prepared.env;
    return prepared.tally;
  });
  const before = await takeInventory(watched(current));
  if (chosen.has("checks")) await stage("checks", () => runChecks(root, printCheck));
  for (const layer of selected) {
    await stage(layer.name, () => showLayer(layer, { ...current, env: { ...env, ...(layer.pulumi ? pulumi : {}) } }));
  }
  await stage("leak check", () => checkLeaks(current, before));
  return conclude(stages);
}

function chooseLayers(list: string | undefined): Set<string> {
  const all = ["checks", ...layers.map(({ name }) => name)];
  const chosen = list === undefined ? all : list.split(",");
  const wrong = chosen.find((name) => !all.includes(name));
  if (wrong !== undefined) throw new UsageError(`--layers: "${wrong}" is not one of ${all.join(", ")}`);
  return new Set(chosen);
}

/** Brings the tools that the layers need; one that cannot be had counts as a failure, and its tests skip or fail by themselves. */
async function prepare(selected: Layer[]): Promise<{ tally: Tally; env: Record<string, string> }> {
  const report = new Report();
  const tally = emptyTally();
  let env: Record<string, string> = {};
  const attempt = async (name: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      tally.failed++;
      tally.failures.push({ name: `set-up: ${name}`, message: (error as Error).message });
    }
  };
  const names = selected.map(({ name }) => name);
  await attempt("system packages", async () => {
    await ensureSystem(names.includes("lab") ? ["lab", "tests"] : ["tests"], report);
  });
  if (names.includes("judges"))
    await attempt("judges from PyPI", async () => void (await pythonEnvironment("judges", report)));
  if (selected.some((layer) => layer.pulumi)) {
    await attempt("Python SDK", async () => void (await pythonEnvironment("program", report)));
    await attempt("Pulumi", async () => {
      const toolchain = await toolchainEnv({ languages: ["nodejs", "python", "yaml"], report });
      for (const origin of toolchain.origin) report.line(describeOrigin(origin));
      env = toolchain.env;
    });
  }
  return { tally, env };
}

function printCheck(name: string, milliseconds: number, ok: boolean): void {
  out.write(`  ${ok ? colour.green("ok  ") : colour.red("FAIL")} ${name}  ${elapsed(milliseconds)}\n`);
}

async function showLayer(layer: Layer, { root, env }: Run): Promise<Tally> {
  let total = 0;
  let done = 0;
  const running = new Set<string>();
  const status = new Status(
    out,
    () => `  ${layer.name}: ${done}/${total || "?"} files, running ${[...running].join(", ") || "jest"}`,
  );
  const tally = await runLayer(layer, root, env, (event) => {
    if (event.kind === "total") total = event.files;
    else if (event.kind === "start") running.add(event.file);
    else {
      done++;
      running.delete(event.result.file);
      const own = tallyFiles([event.result]);
      const mark =
        own.failed > 0 ? colour.red("FAIL") : own.passed === 0 ? colour.yellow("skip") : colour.green("ok  ");
      status.line(`  ${mark} ${event.result.file}  ${finalLine(own)}  ${elapsed(event.result.duration)}`);
    }
  });
  status.stop();
  return tally;
}

function watched({ root, temporary }: Run): string[] {
  return [root, temporary, cacheRoot()];
}

/** Gives what is on its way out ten seconds, then names and ends what stayed. */
async function checkLeaks(current: Run, before: Inventory): Promise<Tally> {
  const { id, temporary } = current;
  let found: string[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    const processes = await leftoverProcesses(id, temporary);
    found = [
      ...compare(before, await takeInventory(watched(current))),
      ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
    ];
    if (found.length === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  // The run's temporary folder goes with the run, whatever is in it; it is only told.
  const files = await readdir(temporary);
  if (files.length > 0) process.stdout.write(`  left in the temporary folder, which goes now: ${files.join(", ")}\n`);
  const tally = emptyTally();
  if (found.length === 0) return { ...tally, passed: 1 };
  for (const { pid } of await leftoverProcesses(id, temporary)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return { ...tally, failed: 1, failures: [{ name: "left behind by the tests", message: found.join("\n") }] };
}

function conclude(stages: Stage[]): number {
  const total = sum(stages.map(({ tally }) => tally));
  if (total.skips.length > 0) {
    out.write(`\n${colour.bold("skipped")}\n`);
    for (const { count, file, reason } of total.skips) out.write(`  ${count} in ${file}: ${reason}\n`);
  }
  if (total.failures.length > 0) {
    out.write(`\n${colour.bold("failed")}\n`);
    for (const { name, message } of total.failures) {
      out.write(`  ${colour.red(name)}\n${message.replaceAll(/^/gm, "      ")}\n`);
    }
  }
  const rows = stages.map(({ name, tally, duration }) => [
    name,
    elapsed(duration),
    String(tally.passed),
    String(tally.failed),
    String(tally.skipped),
  ]);
  out.write(`\n${table(["layer", "time", "passed", "failed", "skipped"], rows)}\n\n${finalLine(total)}\n`);
  return exitCode(total);
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const text =
      error instanceof UsageError ? `${error.message}\n\n${usage}` : ((error as Error).stack ?? String(error));
    process.stderr.write(`test runner: ${text}\n`);
    process.exitCode = 2;
  },
);
