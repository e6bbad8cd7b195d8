import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConfigMap, EngineEvent, Stack } from "@pulumi/pulumi/automation";
import type { Toolchain } from "../../toolchain/environment";
import { packageRoot } from "../../toolchain/root";

const project = "rackform-deployments";
const stackName = "lab";

export interface UpOptions {
  config: ConfigMap;
  /** Concurrent operations of the engine; at least the BMC limit, because a waiting installation holds a place. */
  parallel: number;
  onEvent(event: EngineEvent): void;
  onOutput(text: string): void;
}

/**
 * The Pulumi stack of a lab rack: a project of its own that runs the checkout's compiled programs, a file backend, and a
 * passphrase that only the user can read, all in the rack's folder.
 */
export class LabStack {
  private constructor(private readonly stack: Stack) {}

  /** Whether a stack was made in this folder. */
  static exists(folder: string): boolean {
    return existsSync(join(folder, "stack", "Pulumi.yaml"));
  }

  static async open(folder: string, toolchain: Toolchain): Promise<LabStack> {
    const workDir = join(folder, "stack");
    const backend = join(folder, "backend");
    await mkdir(workDir, { recursive: true, mode: 0o700 });
    await mkdir(backend, { recursive: true, mode: 0o700 });
    const passphrase = await secretFile(join(folder, "passphrase"));
    await writeFile(join(workDir, "Pulumi.yaml"), projectFile());
    const modules = join(workDir, "node_modules");
    if (!existsSync(modules)) symlinkSync(join(packageRoot(), "node_modules"), modules);
    process.env.PATH = toolchain.env.PATH;
    const { LocalWorkspace } = await import("@pulumi/pulumi/automation");
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName, workDir },
      {
        pulumiHome: toolchain.env.PULUMI_HOME,
        envVars: { ...toolchain.env, PULUMI_BACKEND_URL: `file://${backend}`, PULUMI_CONFIG_PASSPHRASE: passphrase },
      },
    );
    return new LabStack(stack);
  }

  /** Failed servers do not stop the others (`--continue-on-error`). Rejects when anything failed. */
  async up({ config, parallel, onEvent, onOutput }: UpOptions): Promise<void> {
    await this.stack.setAllConfig(config);
    await this.stack.up({ parallel, continueOnError: true, onEvent, onOutput, onError: onOutput, color: "never" });
  }

  async destroy(onOutput: (text: string) => void): Promise<void> {
    await this.stack.destroy({ onOutput, onError: onOutput, color: "never", remove: true });
  }

  /** After a kill: lifts the lock that the dead engine left. */
  async unlock(): Promise<void> {
    await this.stack.cancel();
  }

  async outputs(): Promise<Record<string, unknown>> {
    const outputs = await this.stack.outputs();
    return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.value as unknown]));
  }
}

function projectFile(): string {
  const main = join(packageRoot(), "bin", "programs");
  return `name: ${project}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nmain: ${JSON.stringify(main)}\n`;
}

async function secretFile(file: string): Promise<string> {
  if (!existsSync(file)) await writeFile(file, randomBytes(24).toString("base64url"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}
