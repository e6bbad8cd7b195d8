import { existsSync, realpathSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { cacheKey, cacheRoot, withLock } from "./cache";
import type { Language } from "./pins";
import { installPlugin, type Plugin } from "./plugins";
import { findPulumi, type Origin } from "./pulumi";
import { Report } from "./report";
import { packageRoot } from "./root";

/** What it takes to run Pulumi. */
export interface Toolchain {
  /** Variables to lay over the caller's own; the backend (`PULUMI_BACKEND_URL`) and passphrase are the caller's to add. */
  env: Record<string, string>;
  /** The CLI's executable. */
  pulumi: string;
  /** One entry a tool. */
  origin: Origin[];
}

/** What to prepare. */
export interface ToolchainOptions {
  /** Languages of the programs that will run; default `["nodejs"]`. Automation API inline programs need none. */
  languages?: Language[];
  /** Default: all. */
  plugins?: Plugin[];
  /** Where progress goes; default standard error. */
  report?: Report;
}

/**
 * Prepares the Pulumi CLI, language hosts and plugins, and returns the environment to run them in: PATH, a PULUMI_HOME of this
 * checkout in the cache (never the user's), no update check. The first call on a machine may take minutes, later ones
 * milliseconds. Any number of processes may call it at once.
 *
 * @throws Error when the CLI can neither be found, downloaded nor built; the message says what to install
 */
export async function toolchainEnv(options: ToolchainOptions = {}): Promise<Toolchain> {
  const report = options.report ?? new Report();
  const home = pulumiHome();
  const prepare = async (): Promise<Toolchain> => {
    await mkdir(home, { recursive: true });
    await writeFile(join(home, ".root"), realpathSync(packageRoot()));
    await removeOrphans();
    const cli = await findPulumi(home, options.languages ?? ["nodejs"], report);
    const official = cli.origins[0].kind === "official";
    const env: Record<string, string> = {
      PATH: [...cli.folders, process.env.PATH ?? ""].join(delimiter),
      PULUMI_HOME: home,
      PULUMI_SKIP_UPDATE_CHECK: "1",
    };
    const origin = [...cli.origins];
    for (const plugin of options.plugins ?? (["rackform", "command", "random"] as const)) {
      origin.push(await installPlugin(plugin, home, { path: cli.path, env: { ...process.env, ...env } }, report));
    }
    // A machine that could not download the CLI will not get plugins either: fail at once instead of trying.
    if (!official) env.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
    return { env, pulumi: cli.path, origin };
  };
  return withLock(home, prepare, () => report.line("another run prepares the tools; waiting for it"));
}

/** The PULUMI_HOME of this checkout: its plugin launchers name the checkout's files, so two checkouts cannot share one. */
export function pulumiHome(): string {
  return join(cacheRoot(), "home", cacheKey([realpathSync(packageRoot())]));
}

/** One line a tool: what was used and where it came from. */
export function describeOrigin(origin: Origin): string {
  const from = {
    official: "official",
    built: "built from its Go module",
    "stand-in": "the lab's stand-in (the official plugin cannot be had here)",
    own: "of this checkout",
  };
  return `${origin.tool} ${origin.version}: ${from[origin.kind]}`;
}

/** Homes of checkouts that are gone. */
async function removeOrphans(): Promise<void> {
  const folder = join(cacheRoot(), "home");
  for (const name of await readdir(folder)) {
    const root = await readFile(join(folder, name, ".root"), "utf8").catch(() => undefined);
    if (root !== undefined && !existsSync(root)) await rm(join(folder, name), { recursive: true, force: true });
  }
}
