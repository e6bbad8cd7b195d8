import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { toolchainEnv } from "../toolchain/environment";
import { packageRoot } from "../toolchain/root";
import { credentials, type Endpoint, type RackProcess } from "./rack-process";

const run = promisify(execFile);

/** A program that registers `count` resources that do nothing: what the engine alone costs. */
export function idleProgram(count: number): string {
  return `const pulumi = require("@pulumi/pulumi");
for (let i = 0; i < ${count}; i++)
  new pulumi.CustomResource("random:index/randomId:RandomId", "idle-" + i, { byteLength: 8, keepers: { n: String(i) } }, { version: "4.21.2" });
`;
}

/** A program with a Server, powered on, for each BMC. */
export function fleetProgram(endpoints: Endpoint[]): string {
  return `const { Server } = require("rackform/redfish");
for (const { name, endpoint } of ${JSON.stringify(endpoints)})
  new Server(name, { connection: { endpoint }, powerState: "On" });
`;
}

/** Times the real engine on a program, in a project and backend of its own. */
export class EngineBench {
  private constructor(
    private readonly folder: string,
    private readonly pulumi: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  static async create(program: string, rack?: RackProcess): Promise<EngineBench> {
    const folder = mkdtempSync(join(tmpdir(), "rackform-bench-"));
    const project = join(folder, "project");
    const modules = join(project, "node_modules");
    mkdirSync(modules, { recursive: true });
    mkdirSync(join(folder, "backend"));
    symlinkSync(packageRoot(), join(modules, "rackform"));
    symlinkSync(join(packageRoot(), "node_modules/@pulumi"), join(modules, "@pulumi"));
    writeFileSync(
      join(project, "Pulumi.yaml"),
      "name: bench\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: index.js\n",
    );
    writeFileSync(join(project, "index.js"), program);
    const toolchain = await toolchainEnv();
    const env = {
      ...process.env,
      ...toolchain.env,
      PULUMI_BACKEND_URL: `file://${join(folder, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      ...(rack
        ? {
            RACKFORM_BMC_USERNAME: credentials.username,
            RACKFORM_BMC_PASSWORD: credentials.password,
            RACKFORM_BMC_CA_BUNDLE: rack.caPem,
          }
        : {}),
    };
    const bench = new EngineBench(folder, toolchain.pulumi, env);
    await bench.command(["stack", "init", "bench"]);
    return bench;
  }

  /** Seconds that the command takes. */
  async time(...args: string[]): Promise<number> {
    const started = performance.now();
    await this.command(args);
    return (performance.now() - started) / 1000;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async command(args: string[]): Promise<void> {
    const options = { cwd: join(this.folder, "project"), env: this.env, maxBuffer: 1 << 28 };
    await run(this.pulumi, [...args, "--non-interactive"], options).catch((error: Error & { stdout?: string }) => {
      throw new Error(`pulumi ${args[0]}: ${error.message}\n${error.stdout?.slice(-2000) ?? ""}`);
    });
  }
}
