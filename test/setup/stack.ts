import { spawn } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  mkdirSync,
  existsSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { toolchainEnv } from "../../tools/toolchain/environment";

export const root = path.resolve(__dirname, "../..");

export interface Outcome {
  code: number | null;
  /** Standard output and error, as a user sees them. */
  output: string;
  /** Engine events, when the command keeps an event log. */
  events: EngineEvent[];
}

export interface EngineEvent {
  resourcePreEvent?: { metadata: StepMetadata; planning?: boolean };
  resOutputsEvent?: { metadata: StepMetadata; planning?: boolean };
  resOpFailedEvent?: { metadata: StepMetadata };
  diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean };
  summaryEvent?: { resourceChanges: Record<string, number>; durationSeconds: number };
}

export interface StepMetadata {
  op: string;
  urn: string;
  type: string;
  diffs?: string[];
  detailedDiff?: Record<string, { diffKind: string; inputDiff: boolean }>;
}

export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  parent?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  additionalSecretOutputs?: string[];
  protect?: boolean;
  provider?: string;
  initErrors?: string[];
}

export interface StackSpec {
  /** Files of the project, by name; `Pulumi.yaml` among them. */
  files: Record<string, string>;
  config?: Record<string, string>;
  secrets?: Record<string, string>;
  languages?: ("nodejs" | "python" | "yaml")[];
  /** Link the checkout's node_modules, and the checkout itself as `rackform`, into the project. */
  node?: boolean;
  env?: Record<string, string>;
  /** A folder before all others on PATH, such as a virtual environment's. */
  path?: string;
}

/** A stack of the real engine with a file backend in a folder of its own. `dispose` leaves nothing behind. */
export class TestStack {
  private constructor(
    readonly folder: string,
    private readonly pulumi: string,
    readonly env: Record<string, string>,
  ) {}

  static async create(spec: StackSpec): Promise<TestStack> {
    const folder = mkdtempSync(path.join(tmpdir(), "rackform-stack-"));
    const project = path.join(folder, "project");
    mkdirSync(project);
    mkdirSync(path.join(folder, "backend"));
    mkdirSync(path.join(folder, "tmp"));
    for (const [name, text] of Object.entries(spec.files)) writeFileSync(path.join(project, name), text);
    if (spec.node) linkModules(project);
    const toolchain = await toolchainEnv({ languages: spec.languages ?? ["nodejs"] });
    const env: Record<string, string> = {
      ...(process.env as Record<string, string>),
      ...toolchain.env,
      PULUMI_BACKEND_URL: `file://${path.join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      // What the engine, its hosts and plugins leave in the temporary folder goes with the stack.
      TMPDIR: path.join(folder, "tmp"),
      // Shows --event-log.
      PULUMI_DEBUG_COMMANDS: "true",
      ...spec.env,
    };
    if (spec.path) env.PATH = `${spec.path}${path.delimiter}${env.PATH}`;
    const stack = new TestStack(folder, toolchain.pulumi, env);
    await stack.must(["stack", "init", "test"]);
    for (const [key, value] of Object.entries(spec.config ?? {})) await stack.must(["config", "set", key, "--", value]);
    for (const [key, value] of Object.entries(spec.secrets ?? {}))
      await stack.must(["config", "set", "--secret", key, "--", value]);
    return stack;
  }

  get project(): string {
    return path.join(this.folder, "project");
  }

  write(name: string, text: string): void {
    writeFileSync(path.join(this.project, name), text);
  }

  up(...args: string[]): Promise<Outcome> {
    return this.run(["up", "--yes", "--skip-preview", "--parallel", "64", ...args]);
  }

  preview(...args: string[]): Promise<Outcome> {
    return this.run(["preview", "--diff", ...args]);
  }

  refresh(...args: string[]): Promise<Outcome> {
    return this.run(["refresh", "--yes", "--skip-preview", ...args]);
  }

  destroy(...args: string[]): Promise<Outcome> {
    return this.run(["destroy", "--yes", "--skip-preview", ...args]);
  }

  /** The resources in state; secrets in clear when asked for. */
  async state(options: { showSecrets?: boolean } = {}): Promise<StateResource[]> {
    const { output } = await this.must(["stack", "export", ...(options.showSecrets ? ["--show-secrets"] : [])]);
    const { deployment } = JSON.parse(output) as { deployment: { resources?: StateResource[] } };
    return deployment.resources ?? [];
  }

  /** The checkpoint as it lies on disk, for secrets to be searched for. */
  checkpoint(): string {
    const stacks = path.join(this.folder, "backend/.pulumi/stacks");
    const file = [`rackform-test/test.json`, "test.json"].map((name) => path.join(stacks, name)).find(existsSync);
    if (file) return readFileSync(file, "utf8");
    throw new Error(`no checkpoint under ${stacks}`);
  }

  async outputs(): Promise<Record<string, unknown>> {
    const { output } = await this.must(["stack", "output", "--json", "--show-secrets"]);
    return JSON.parse(output) as Record<string, unknown>;
  }

  /** Starts a command and hands out its process, for tests that kill it. */
  start(args: string[]): { process: ReturnType<typeof spawn>; outcome: Promise<Outcome> } {
    const log = path.join(this.folder, `events-${Date.now()}-${Math.random().toString(36).slice(2)}.json`);
    const wantsLog = ["up", "preview", "refresh", "destroy"].includes(args[0]);
    const selects = args[0] === "stack" && args[1] === "init" ? [] : ["--stack", "test"];
    const flags = [...selects, "--non-interactive", ...(wantsLog ? ["--event-log", log] : [])];
    const all = [args[0], ...flags, ...args.slice(1)];
    const child = spawn(this.pulumi, all, { cwd: this.project, env: this.env });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    if (args[0] !== "stack") child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const outcome = new Promise<Outcome>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, output, events: existsSync(log) ? parseEvents(log) : [] }));
    });
    return { process: child, outcome };
  }

  run(args: string[]): Promise<Outcome> {
    return this.start(args).outcome;
  }

  /** Removes the stack, and whatever a killed engine has left running. */
  async dispose(): Promise<void> {
    for (const pid of processesOf(this.folder)) end(pid);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async must(args: string[]): Promise<Outcome> {
    const outcome = await this.run(args);
    if (outcome.code !== 0)
      throw new Error(`pulumi ${args.slice(0, 3).join(" ")}: exit ${outcome.code}\n${outcome.output}`);
    return outcome;
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Processes that were started with this folder in their environment (Linux; elsewhere none are found). */
function processesOf(folder: string): number[] {
  if (!existsSync("/proc/self/environ")) return [];
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder);
    } catch {
      return false;
    }
  });
}

function parseEvents(file: string): EngineEvent[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as EngineEvent);
}

function linkModules(project: string): void {
  const modules = path.join(project, "node_modules");
  mkdirSync(modules);
  symlinkSync(root, path.join(modules, "rackform"));
  symlinkSync(path.join(root, "node_modules/@pulumi"), path.join(modules, "@pulumi"));
}

/** How many steps of each kind an operation made, `same` left out. */
export function changes(outcome: Outcome): Record<string, number> {
  const summary = outcome.events.map((event) => event.summaryEvent).find((event) => event !== undefined);
  const { same: _same, ...rest } = summary?.resourceChanges ?? {};
  return rest;
}
