import { existsSync, realpathSync } from "node:fs";
import { copyFile, link, mkdir, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, sep } from "node:path";
import { cacheRoot, makeOnce } from "./cache";
import { download, reachable } from "./download";
import { buildFromModule, builtPath } from "./go";
import { languageHosts, minimumPulumi, pulumiCli, type Language } from "./pins";
import { run, tail, whichAll } from "./process";
import type { Report } from "./report";
import { atLeast } from "./version";

/** Which tool was taken, and from where. */
export interface Origin {
  tool: string;
  version: string;
  /** `official`: released by its makers; `built`: from its Go module; `stand-in`: the lab's replacement; `own`: rackform itself. */
  kind: "official" | "built" | "stand-in" | "own";
  path: string;
}

/** A CLI with its language hosts. */
export interface Cli {
  /** The executable; it lies in a folder named `bin`, as the Automation API's `PulumiCommand` expects, unless it is the user's. */
  path: string;
  /** Folders to put in front of PATH, in this order. */
  folders: string[];
  origins: Origin[];
}

/**
 * The Pulumi CLI and the hosts of the given languages. An official CLI on PATH or in `~/.pulumi/bin` that is new enough wins, then
 * one in the cache, then the official download, then a build from Go modules.
 *
 * @param home PULUMI_HOME; what is built is linked into its `bin`, so that the engine finds the hosts beside the CLI
 */
export async function findPulumi(home: string, languages: Language[], report: Report): Promise<Cli> {
  const official = (await installedOfficial()) ?? (await downloadedOfficial(report));
  const folder = join(home, "bin");
  const cli: Cli = official
    ? { path: official.path, folders: [dirname(official.path)], origins: [official] }
    : { path: join(folder, "pulumi"), folders: [folder], origins: [await placeBuilt("pulumi", folder, report)] };
  for (const language of languages) {
    const beside = official && besideOfficial(official.path, languageHosts[language].name);
    if (beside) {
      cli.origins.push({ tool: basename(beside), version: official.version, kind: "official", path: beside });
    } else {
      cli.origins.push(await placeBuilt(language, folder, report));
      if (!cli.folders.includes(folder)) cli.folders.push(folder);
    }
  }
  return cli;
}

/** The official CLI that this machine has, on PATH or in `~/.pulumi/bin`, if it is new enough. What lies in our cache is not it. */
export async function installedOfficial(): Promise<Origin | undefined> {
  const candidates = [...whichAll("pulumi"), join(homedir(), ".pulumi", "bin", "pulumi")];
  for (const path of candidates) {
    if (!existsSync(path) || inCache(path)) continue;
    const version = await cliVersion(path);
    if (version !== undefined && atLeast(version, minimumPulumi)) {
      return { tool: "pulumi", version, kind: "official", path };
    }
  }
  return undefined;
}

/** Whether the cache holds a CLI already, downloaded or built. */
export async function cachedPulumi(): Promise<boolean> {
  return existsSync(downloadPath()) || existsSync(await builtPath(pulumiCli));
}

function inCache(path: string): boolean {
  const root = existsSync(cacheRoot()) ? realpathSync(cacheRoot()) : cacheRoot();
  return realpathSync(path).startsWith(root + sep);
}

async function cliVersion(path: string): Promise<string | undefined> {
  const outcome = await run(path, ["version"], {
    env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "1" },
    timeout: 20_000,
  });
  return outcome.code === 0 ? outcome.stdout.trim() : undefined;
}

function downloadPath(): string {
  return join(cacheRoot(), `pulumi-${pulumiCli.version}-${process.platform}-${process.arch}`);
}

async function downloadedOfficial(report: Report): Promise<Origin | undefined> {
  const path = downloadPath();
  const origin: Origin = {
    tool: "pulumi",
    version: pulumiCli.version,
    kind: "official",
    path: join(path, "bin", "pulumi"),
  };
  if (existsSync(path)) return origin;
  if (existsSync(await builtPath(pulumiCli))) return undefined;
  const url = releaseUrl(process.platform, process.arch);
  if (url === undefined) return undefined;
  const refusal = await reachable(url);
  if (refusal !== undefined) {
    report.line(`the official Pulumi CLI cannot be downloaded here (${refusal})`);
    return undefined;
  }
  try {
    await report.during(`downloading the official Pulumi CLI ${pulumiCli.version}`, 30, (note) =>
      makeOnce(
        path,
        (folder) => unpackRelease(url, folder, note),
        () => note("another run downloads it; waiting"),
      ),
    );
    return origin;
  } catch (error) {
    report.line(`${(error as Error).message}; going on without the download`);
    return undefined;
  }
}

/** The address of the official release for a platform, as Node names it; undefined where Pulumi publishes none. */
export function releaseUrl(platform: string, arch: string): string | undefined {
  if (!["linux", "darwin"].includes(platform) || !["x64", "arm64"].includes(arch)) return undefined;
  return `https://get.pulumi.com/releases/sdk/pulumi-${pulumiCli.version}-${platform}-${arch}.tar.gz`;
}

async function unpackRelease(url: string, folder: string, note: (text: string) => void): Promise<void> {
  const archive = join(folder, "pulumi.tar.gz");
  await download(url, archive, note);
  const bin = join(folder, "bin");
  await mkdir(bin);
  const outcome = await run("tar", ["-xzf", archive, "-C", bin, "--strip-components=1"]);
  if (outcome.code !== 0) throw new Error(`unpacking ${url} failed: ${tail(outcome)}`);
  await rm(archive);
  const version = await cliVersion(join(bin, "pulumi"));
  if (version !== pulumiCli.version) throw new Error(`${url} holds version ${version}, not ${pulumiCli.version}`);
}

function besideOfficial(cli: string, name: string): string | undefined {
  const folders = [dirname(cli), dirname(realpathSync(cli))];
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
}

async function placeBuilt(what: "pulumi" | Language, folder: string, report: Report): Promise<Origin> {
  const pin = what === "pulumi" ? pulumiCli : languageHosts[what];
  const built = await buildFromModule(pin, report);
  const names = [pin.name, ...(pin.beside ? [basename(pin.beside.path)] : [])];
  for (const name of names) await placeFile(join(built, name), join(folder, name));
  return { tool: pin.name, version: pin.version, kind: "built", path: join(folder, pin.name) };
}

/** Puts a file at `target`: a hard link where the file system allows, else a copy. What is there and the same stays. */
export async function placeFile(source: string, target: string): Promise<void> {
  const [from, to] = await Promise.all([stat(source), stat(target).catch(() => undefined)]);
  if (to && (to.ino === from.ino || (to.size === from.size && to.mtimeMs >= from.mtimeMs))) return;
  await mkdir(dirname(target), { recursive: true });
  const draft = `${target}.${process.pid}`;
  await rm(draft, { force: true });
  await link(source, draft).catch(() => copyFile(source, draft));
  await rename(draft, target);
}
