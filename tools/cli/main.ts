#!/usr/bin/env node
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join, parse as parsePath } from "node:path";
import { packageRoot } from "../toolchain/root";
import { UsageError } from "./arguments";

/** What a module `commands/<name>` exports. It is loaded only when it is asked for. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** Shown by `rackform <name> --help`. */
  usage: string;
  /** Does the work; the number is the exit code. A {@link UsageError} is printed with the usage. */
  run(argv: string[]): Promise<number>;
}

/**
 * The `rackform` command.
 *
 * @returns the exit code: 0 done, 1 failed, 2 a mistake on the command line
 */
export async function main(argv: string[], folder = join(__dirname, "commands")): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    process.stdout.write(await overview(folder));
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const names = commandNames(folder);
  if (!names.includes(name)) {
    process.stderr.write(`rackform: unknown command "${name}"; allowed: ${names.join(", ")}\n`);
    return 2;
  }
  const command = await load(folder, name);
  const own = rest.indexOf("--") === -1 ? rest : rest.slice(0, rest.indexOf("--"));
  if (own[0] === "--help" || own[0] === "-h") {
    process.stdout.write(`${command.usage.trimEnd()}\n`);
    return 0;
  }
  try {
    return await command.run(rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`rackform ${name}: ${error.message}\n\n${command.usage.trimEnd()}\n`);
    return 2;
  }
}

function commandNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder)
    .filter((file) => [".js", ".ts"].includes(extname(file)) && !file.endsWith(".d.ts"))
    .map((file) => parsePath(file).name);
  return [...new Set(names)].sort();
}

async function load(folder: string, name: string): Promise<Command> {
  return (await import(join(folder, name))) as Command;
}

async function overview(folder: string): Promise<string> {
  const names = commandNames(folder);
  const commands = await Promise.all(names.map((name) => load(folder, name)));
  const width = Math.max(0, ...names.map((name) => name.length));
  const lines = names.map((name, index) => `  ${name.padEnd(width)}  ${commands[index].summary}`);
  return [
    "usage: rackform <command> [arguments]",
    "",
    ...lines,
    "",
    "`rackform <command> --help` says more; `rackform --version` prints the version.",
    "",
  ].join("\n");
}

function version(): string {
  const manifest = JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as { version: string };
  return manifest.version;
}

if (require.main === module) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const detail =
        error instanceof Error ? (process.env.RACKFORM_DEBUG ? error.stack : error.message) : String(error);
      process.stderr.write(`rackform: ${detail}\n`);
      process.exitCode = 1;
    },
  );
}
