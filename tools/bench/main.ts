import { spawn } from "node:child_process";
import { join } from "node:path";
import { table } from "../cli/terminal";
import { pythonEnvironment } from "../toolchain/python";
import { packageRoot } from "../toolchain/root";
import { EngineBench, fleetProgram, idleProgram } from "./engine";
import { credentials, RackProcess } from "./rack-process";

/** One measured ratio beside what design §7 asks for. */
interface Figure {
  what: string;
  measured: string;
  ratio: number;
  target: number;
}

const LATENCY_MS = 200;
const CONCURRENCY = 128;

/** `up` of powered-off servers against the larger of the wire's floor and the engine's own cost. */
async function up(servers: number): Promise<Figure> {
  const rack = await RackProcess.start(servers, LATENCY_MS);
  const fleet = await EngineBench.create(fleetProgram(rack.endpoints), rack);
  const idle = await EngineBench.create(idleProgram(servers));
  const args = ["up", "--yes", "--skip-preview", "--parallel", String(CONCURRENCY)];
  try {
    const engine = await idle.time(...args);
    const seconds = await fleet.time(...args);
    const { requests, most } = await rack.requests();
    const wire = Math.max((most * LATENCY_MS) / 1000, (requests * LATENCY_MS) / 1000 / CONCURRENCY);
    const floor = Math.max(wire, engine);
    const measured = `${seconds.toFixed(1)} s; floor ${floor.toFixed(1)} s (wire ${wire.toFixed(1)}, engine ${engine.toFixed(1)}), ${(requests / servers).toFixed(1)} requests a server`;
    return { what: `up of ${servers} servers ÷ floor`, measured, ratio: seconds / floor, target: 1.3 };
  } finally {
    fleet.remove();
    idle.remove();
    await rack.close();
  }
}

async function preview(servers: number): Promise<Figure> {
  const endpoints = Array.from({ length: servers }, (_, index) => ({
    name: `node-${index}`,
    endpoint: `https://127.79.0.1:${1000 + index}`,
  }));
  const fleet = await EngineBench.create(fleetProgram(endpoints));
  const idle = await EngineBench.create(idleProgram(servers));
  try {
    const engine = await idle.time("preview");
    const seconds = await fleet.time("preview");
    const measured = `${seconds.toFixed(1)} s; the engine's own ${engine.toFixed(1)} s`;
    return { what: `preview of ${servers} servers ÷ engine`, measured, ratio: seconds / engine, target: 1.5 };
  } finally {
    fleet.remove();
    idle.remove();
  }
}

/** From start to the port that the engine waits for; the median of five. */
async function handshake(): Promise<Figure> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) times.push(await firstOutput());
  const median = times.sort((a, b) => a - b)[2];
  return { what: "plugin to handshake, seconds", measured: `${median.toFixed(2)} s`, ratio: median, target: 0.8 };
}

function firstOutput(): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, [join(packageRoot(), "bin/provider/index.js"), "127.0.0.1:1"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the plugin ended with ${code} before its handshake`)));
    child.stdout.once("data", () => {
      resolve((performance.now() - started) / 1000);
      child.kill("SIGKILL");
    });
  });
}

/** 200 × boot once and power on, beside 64 sushy threads: CPU and wall clock. */
async function operations(): Promise<Figure[]> {
  const python = join(await pythonEnvironment("judges"), "bin", "python");
  const ours = await operate(process.execPath, [join(__dirname, "operations.js"), String(CONCURRENCY)]);
  const theirs = await operate(python, [join(packageRoot(), "tools/bench/sushy_operations.py")]);
  return [
    {
      what: "CPU of 200 boot-once + power-on ÷ sushy's",
      measured: `${ours.cpuSeconds.toFixed(1)} s and ${theirs.cpuSeconds.toFixed(1)} s`,
      ratio: ours.cpuSeconds / theirs.cpuSeconds,
      target: 0.5,
    },
    {
      what: "wall clock of the same ÷ sushy's",
      measured: `${ours.seconds.toFixed(1)} s and ${theirs.seconds.toFixed(1)} s`,
      ratio: ours.seconds / theirs.seconds,
      target: 0.2,
    },
    {
      what: "requests of the same ÷ sushy's",
      measured: `${ours.requests} and ${theirs.requests}`,
      ratio: ours.requests / theirs.requests,
      target: 1,
    },
  ];
}

/** Runs a client against a rack that no other has touched. */
async function operate(command: string, args: string[]) {
  const rack = await RackProcess.start(200, LATENCY_MS);
  try {
    const endpoints = rack.endpoints.map(({ endpoint }) => endpoint);
    const spent = await child(command, args, JSON.stringify({ caPem: rack.caPem, endpoints, ...credentials }));
    return { ...spent, ...(await rack.requests()) };
  } finally {
    await rack.close();
  }
}

function child(command: string, args: string[], input: string): Promise<{ seconds: number; cpuSeconds: number }> {
  const running = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  running.stdin.end(input);
  let output = "";
  running.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    running.once("error", reject);
    running.once("close", (code) =>
      code === 0
        ? resolve(JSON.parse(output) as { seconds: number; cpuSeconds: number })
        : reject(new Error(`${command}: exit ${code}`)),
    );
  });
}

const benches: Record<string, () => Promise<Figure[]>> = {
  handshake: async () => [await handshake()],
  operations,
  preview: async () => [await preview(1000)],
  up100: async () => [await up(100)],
  up500: async () => [await up(500)],
};

/** usage: main.js [handshake] [operations] [preview] [up100] [up500]; without a name, all. */
async function main(names: string[]): Promise<void> {
  const unknown = names.filter((name) => !(name in benches));
  if (unknown.length > 0)
    throw new Error(`unknown bench ${unknown.join(", ")}; known are ${Object.keys(benches).join(", ")}`);
  const figures: Figure[] = [];
  for (const name of names.length > 0 ? names : Object.keys(benches)) {
    process.stderr.write(`bench ${name} …\n`);
    figures.push(...(await benches[name]()));
  }
  const rows = figures.map(({ what, measured, ratio, target }) => [
    what,
    ratio.toFixed(2),
    `≤ ${target}`,
    ratio <= target ? "met" : "missed",
    measured,
  ]);
  console.log(table(["figure", "ratio", "target", "", "measured"], rows));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
