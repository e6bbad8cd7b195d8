import { existsSync, readFileSync } from "node:fs";
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { reachable } from "./download";
import { run } from "./process";
import { placeFile, type Origin } from "./pulumi";
import type { Report } from "./report";
import { packageRoot } from "./root";

/** Plugins that rackform's programs need at `up`. */
export type Plugin = "rackform" | "command" | "random";

/** What the launcher starts, and the version to carry when the SDK is not installed beside rackform. */
const served: Record<Plugin, { entry: string; sdk?: string; version?: string }> = {
  rackform: { entry: "bin/provider/index.js" },
  command: { entry: "bin/lab/plugins/command/main.js", sdk: "@pulumi/command", version: "1.2.1" },
  random: { entry: "bin/lab/plugins/random/main.js", sdk: "@pulumi/random", version: "4.21.2" },
};

const marker = "# Written by rackform's tool set-up.";

/**
 * Puts a plugin into PULUMI_HOME under the version that the SDK asks for, so that the engine neither warns nor downloads. The official
 * one wins: from the user's plugin cache, else downloaded where that is possible, else the lab's stand-in.
 *
 * @param cli the Pulumi CLI and its environment, for the download
 */
export async function installPlugin(
  name: Plugin,
  home: string,
  cli: { path: string; env: NodeJS.ProcessEnv },
  report: Report,
): Promise<Origin> {
  const version = pluginVersion(name);
  const tool = `pulumi-resource-${name}`;
  const folder = join(home, "plugins", `resource-${name}-v${version}`);
  const origin = (kind: Origin["kind"]): Origin => ({ tool, version: `v${version}`, kind, path: join(folder, tool) });
  const entry = join(packageRoot(), served[name].entry);
  if (name === "rackform") {
    await writeLauncher(folder, tool, entry);
    return origin("own");
  }
  const users = join(userPulumiHome(home), "plugins", `resource-${name}-v${version}`);
  if (existsSync(join(users, tool))) {
    await copyPlugin(users, folder);
    return origin("official");
  }
  const present = await readFile(join(folder, tool), "utf8").catch(() => undefined);
  if (present !== undefined && !present.includes(marker)) return origin("official");
  if (present === undefined && (await downloadPlugin(name, version, cli, report))) return origin("official");
  await writeLauncher(folder, tool, entry);
  return origin("stand-in");
}

/** The version that a plugin must carry: rackform's own, or that of the SDK in node_modules. */
export function pluginVersion(name: Plugin, root = packageRoot()): string {
  const { sdk, version } = served[name];
  const read = (file: string) => (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
  if (sdk === undefined) return read(join(root, "package.json"));
  try {
    return read(require.resolve(`${sdk}/package.json`, { paths: [root] }));
  } catch {
    return version ?? "0.0.0";
  }
}

function userPulumiHome(own: string): string {
  const fromEnv = process.env.PULUMI_HOME;
  return fromEnv && resolve(fromEnv) !== resolve(own) ? fromEnv : join(homedir(), ".pulumi");
}

async function copyPlugin(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const relative = join(entry.parentPath ?? entry.path, entry.name).slice(from.length + 1);
    await placeFile(join(from, relative), join(to, relative));
  }
}

async function downloadPlugin(
  name: Plugin,
  version: string,
  cli: { path: string; env: NodeJS.ProcessEnv },
  report: Report,
): Promise<boolean> {
  const refusal = await reachable("https://get.pulumi.com/releases/plugins/");
  if (refusal !== undefined && !/answered/.test(refusal)) return false;
  const outcome = await report.during(`downloading the ${name} plugin ${version}`, 20, () =>
    run(cli.path, ["plugin", "install", "resource", name, version], { env: cli.env, timeout: 120_000 }),
  );
  return outcome.code === 0;
}

async function writeLauncher(folder: string, tool: string, entry: string): Promise<void> {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  const text = `#!/bin/sh\n${marker}\nexec ${quote(process.execPath)} ${quote(entry)} "$@"\n`;
  const target = join(folder, tool);
  if ((await readFile(target, "utf8").catch(() => "")) === text) return;
  await mkdir(folder, { recursive: true });
  const draft = `${target}.${process.pid}`;
  await writeFile(draft, text);
  await chmod(draft, 0o755);
  await rename(draft, target).finally(() => rm(draft, { force: true }));
}
