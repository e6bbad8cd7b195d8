import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigMap } from "@pulumi/pulumi/automation";
import { connectRack, defaultRack, type RackClient, rackFolder, type RackStatus, startRack } from "../../../lab/rack";
import { describeOrigin, type Toolchain, toolchainEnv } from "../../toolchain/environment";
import { elapsed, type Sink } from "../terminal";
import { aptArchive } from "./apt";
import { type Expected, phaseTable, ProgressDisplay } from "./display";
import { FleetProgress, type ProgressEvent, timeByPhase } from "./events";
import { LabStack } from "./stack";

export interface LabOptions {
  name: string;
  deployment: string;
  backend: "container" | "simulated";
  servers: number;
}

/** The engine's places: more than the BMC limit, because a waiting installation holds one. */
const PARALLEL = 256;

/** Where the lab's BMCs are. */
const BMC_NETWORK = "127.0.0.0/8";

/** Takes the deployment up in the lab. Returns the exit code. */
export async function labUp(options: LabOptions, out: Sink): Promise<number> {
  const started = Date.now();
  const say = (line: string) => void out.write(`${line}\n`);
  const toolchain = await toolchainEnv({ languages: ["nodejs"] });
  for (const origin of toolchain.origin) say(`  ${describeOrigin(origin)}`);
  const rack = (await connectRack(options.name)) ?? (await startRack(specOf(options), (line) => say(`  ${line}`)));
  const status = await rack.status();
  const stack = await LabStack.open(rackFolder(options.name), toolchain);
  say(
    `rack ${status.name}: ${status.servers.length} servers (${status.backend}), BMCs ${status.servers[0]?.bmc ?? ""} …`,
  );
  const progress = new FleetProgress(status.servers.map(({ name }) => name));
  const timings = join(rackFolder(options.name), "timings.json");
  const display = new ProgressDisplay(out, progress, recall(timings));
  const log: string[] = [];
  try {
    await stack.up({
      config: configOf(options, status),
      parallel: PARALLEL,
      onOutput: (text) => void log.push(text),
      onEvent: (event) => {
        const server = progress.take(event as ProgressEvent, Date.now());
        if (server) display.changed(server);
      },
    });
  } catch (error) {
    display.finish();
    const file = join(rackFolder(options.name), "up.log");
    writeFileSync(file, log.join(""), { mode: 0o600 });
    say(`the deployment is not complete: ${reasons(progress) ?? firstLine(error)}`);
    say(`the engine's own words: ${file}; consoles: npx rackform lab console <server>; run it again to go on`);
    return 1;
  }
  display.finish();
  remember(timings, progress);
  await summary(rack, progress, say);
  say(`done in ${elapsed(Date.now() - started)}`);
  return 0;
}

function specOf({ name, backend, servers }: LabOptions) {
  return { ...defaultRack(name, backend, servers), debianUpstream: aptArchive() };
}

/** The lab is reached through the same arguments as real hardware: trust, mirror, networks, inventory. */
function configOf({ deployment }: LabOptions, status: RackStatus): ConfigMap {
  const fleet = {
    inventoryFile: status.inventoryFile,
    image: "debian-12",
    images: status.images,
    mirror: status.mirrorUrl,
    networks: status.networks,
    nameservers: status.nameservers,
    deletionProtection: false,
  };
  const mediaServer = {
    listenAddress: status.mediaAddress,
    advertise: [status.provisionNetwork, BMC_NETWORK].map((network) => ({ network, address: status.mediaAddress })),
  };
  return {
    "rackform:deployment": { value: deployment },
    "rackform:username": { value: status.bmcUsername },
    "rackform:password": { value: status.bmcPassword, secret: true },
    "rackform:caBundle": { value: status.bmcCaPem },
    "rackform:mediaServer": { value: JSON.stringify(mediaServer) },
    "rackform-deployments:fleet": { value: JSON.stringify(fleet) },
  };
}

async function summary(rack: RackClient, progress: FleetProgress, say: (line: string) => void): Promise<void> {
  const { name, servers } = await rack.status();
  const suffix = name === "lab" ? "" : ` --name ${name}`;
  const times = phaseTable(progress.all());
  if (times) say(`\n${times}`);
  say("");
  for (const server of servers)
    say(`  ${server.name}  ${server.address ?? ""}  npx rackform lab ssh ${server.name}${suffix}`);
  say(`\n  npx rackform lab status${suffix}    servers, power, phase`);
  say(`  npx rackform lab down${suffix}      destroys the stack and leaves nothing behind`);
}

function reasons(progress: FleetProgress): string | undefined {
  const failed = progress.all().filter(({ status }) => status === "failed");
  if (failed.length === 0) return undefined;
  return failed.map(({ name, phase, error }) => `\n  ${name}, ${phase}: ${error ?? "see the log"}`).join("");
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const found = text.split("\n").find((line) => /error:/.test(line)) ?? text.split("\n")[0];
  return found.trim();
}

function recall(file: string): Expected {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Expected;
  } catch {
    return {};
  }
}

function remember(file: string, progress: FleetProgress): void {
  const times = timeByPhase(progress.all());
  if (times.length > 0)
    writeFileSync(file, JSON.stringify(Object.fromEntries(times.map(({ phase, mean }) => [phase, mean]))));
}

/** Destroys the stack, if there is one. */
export async function destroyStack(name: string, toolchain: Toolchain, say: (line: string) => void): Promise<void> {
  const folder = rackFolder(name);
  if (!LabStack.exists(folder)) return;
  const stack = await LabStack.open(folder, toolchain);
  await stack.unlock();
  say("destroying the stack");
  await stack.destroy((text) => void text);
}

/** Outputs of the rack's stack. */
export async function stackOutputs(name: string): Promise<Record<string, unknown>> {
  const folder = rackFolder(name);
  if (!LabStack.exists(folder)) throw new Error(`nothing is deployed on the rack ${name}; run npx rackform lab up`);
  const toolchain = await toolchainEnv({ languages: ["nodejs"] });
  return (await LabStack.open(folder, toolchain)).outputs();
}
