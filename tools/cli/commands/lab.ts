import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectRack, type RackClient, removeRack } from "../../../lab/rack";
import { toolchainEnv } from "../../toolchain/environment";
import { type OptionSpec, optionHelp, parse, UsageError } from "../arguments";
import { destroyStack, labUp, stackOutputs } from "../lab/up";
import { table } from "../terminal";

export const summary = "a rack in a box: up, status, ssh, console, down";

const named: Record<string, OptionSpec> = {
  name: { type: "string", value: "NAME", help: "name of the rack (default lab)", default: "lab" },
};

const upOptions: Record<string, OptionSpec> = {
  ...named,
  deployment: { type: "string", value: "NAME", help: "which deployment (default fleet)", default: "fleet" },
  backend: {
    type: "string",
    value: "KIND",
    help: "container: real Debian systems; simulated: BMCs and SSH only, not yet for the fleet deployment (default container)",
    default: "container",
  },
  servers: { type: "string", value: "N", help: "servers of a new rack (default 3)", default: "3" },
};

const downOptions: Record<string, OptionSpec> = {
  ...named,
  force: { type: "boolean", help: "do not destroy the stack first; forget it" },
};

export const usage = `usage: rackform lab up [options]            take a deployment up on emulated servers, with the real engine
       rackform lab status [--name NAME]    servers, power, phase, address
       rackform lab ssh NODE [COMMAND...]   log in to a node
       rackform lab console SERVER          what its serial console showed
       rackform lab down [--force]          destroy the stack, remove the rack, leave nothing behind

options of up:
${optionHelp(upOptions)}`;

const verbs: Record<string, (argv: string[]) => Promise<number>> = { up, status, ssh, console: consoleOf, down };

export async function run(argv: string[]): Promise<number> {
  const [verb, ...rest] = argv;
  if (verb === undefined || !(verb in verbs))
    throw new UsageError(
      `${verb === undefined ? "missing verb" : `unknown verb "${verb}"`}; allowed: ${Object.keys(verbs).join(", ")}`,
    );
  return verbs[verb](rest);
}

async function up(argv: string[]): Promise<number> {
  const { values } = parse(argv, upOptions);
  const backend = values.get("backend");
  if (backend !== "container" && backend !== "simulated")
    throw new UsageError(`--backend is "${backend}"; allowed: container, simulated`);
  const servers = Number(values.get("servers"));
  if (!Number.isInteger(servers) || servers < 1 || servers > 5000)
    throw new UsageError(`--servers is "${values.get("servers")}"; allowed: 1 to 5000`);
  return labUp({ name: values.get("name")!, deployment: values.get("deployment")!, backend, servers }, process.stdout);
}

async function status(argv: string[]): Promise<number> {
  const { values } = parse(argv, named);
  const rack = await running(values.get("name")!);
  const { backend, servers } = await rack.status();
  const rows = servers.map((server) => [
    server.name,
    server.dialect,
    server.bmc,
    server.power,
    server.boot,
    server.phase,
    server.address ?? "",
    server.ssh ? "yes" : "no",
    server.message ?? "",
  ]);
  process.stdout.write(`rack ${rack.name}, backend ${backend}\n`);
  process.stdout.write(
    `${table(["server", "dialect", "BMC", "power", "boot", "phase", "address", "ssh", ""], rows)}\n`,
  );
  return 0;
}

interface Node {
  name: string;
  address: string;
  port: number;
  user: string;
}

/** With the key and the pinned host key out of the stack's outputs, in files that only this command can read and that go with it. */
async function ssh(argv: string[]): Promise<number> {
  const at = argv.indexOf("--name");
  const name = at === -1 ? "lab" : argv[at + 1];
  const [wanted, ...command] = at === -1 ? argv : argv.toSpliced(at, 2);
  if (wanted === undefined) throw new UsageError("missing argument <NODE>");
  const outputs = await stackOutputs(name);
  const nodes = (outputs.nodes ?? []) as Node[];
  const access = outputs.access as { privateKey: string; hostKeys: Record<string, string> };
  const node = nodes.find((one) => one.name === wanted);
  if (!node) throw new UsageError(`there is no node "${wanted}"; allowed: ${nodes.map((one) => one.name).join(", ")}`);
  const folder = mkdtempSync(join(tmpdir(), "rackform-ssh-"));
  const key = join(folder, "key");
  const known = join(folder, "known_hosts");
  const host = node.port === 22 ? node.address : `[${node.address}]:${node.port}`;
  try {
    chmodSync(folder, 0o700);
    writeFileSync(key, access.privateKey.trimEnd() + "\n", { mode: 0o600 });
    writeFileSync(known, `${host} ${access.hostKeys[node.name]}\n`);
    const options = [
      "-i",
      key,
      "-o",
      `UserKnownHostsFile=${known}`,
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      "StrictHostKeyChecking=yes",
    ];
    const child = spawn("ssh", [...options, "-p", String(node.port), `${node.user}@${node.address}`, ...command], {
      stdio: "inherit",
    });
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => resolve(code ?? 1));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function consoleOf(argv: string[]): Promise<number> {
  const { values, positionals } = parse(argv, named, ["SERVER"]);
  const rack = await running(values.get("name")!);
  for (const line of await rack.console(positionals[0])) process.stdout.write(`${line}\n`);
  return 0;
}

async function down(argv: string[]): Promise<number> {
  const { values, flags } = parse(argv, downOptions);
  const name = values.get("name")!;
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  if (!flags.has("force") && (await connectRack(name)))
    await destroyStack(name, await toolchainEnv({ languages: ["nodejs"] }), say);
  await removeRack(name, say);
  return 0;
}

async function running(name: string): Promise<RackClient> {
  const rack = await connectRack(name);
  if (!rack) throw new UsageError(`no rack "${name}" is running; start it with npx rackform lab up`);
  return rack;
}
