import { parseArgs } from "node:util";

/** One option of a command. */
export interface OptionSpec {
  type: "boolean" | "string";
  /** One letter, without the dash. */
  short?: string;
  /** What the value stands for in the help, such as `FILE`. */
  value?: string;
  help: string;
  default?: string;
}

/** What a command line held; a boolean option that was not given is false, a string one undefined or its default. */
export interface Parsed {
  flags: Set<string>;
  values: Map<string, string>;
  positionals: string[];
}

/** A mistake on the command line: the dispatcher prints its message and the usage, without a stack, and exits with 2. */
export class UsageError extends Error {}

/**
 * Parses the arguments of one command.
 *
 * @param argv what follows the command's name
 * @param positionals names of the positional arguments; one in brackets may be left out, one that ends in `...` takes the rest
 * @throws UsageError naming the option or argument, the value and what is allowed
 */
export function parse(argv: string[], options: Record<string, OptionSpec>, positionals: string[] = []): Parsed {
  const known = Object.keys(options)
    .map((name) => `--${name}`)
    .join(", ");
  let result;
  try {
    result = parseArgs({
      args: argv,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { type, short }]) => [name, short ? { type, short } : { type }]),
      ),
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const reason = (error as Error).message.split(". ")[0].replace(/^./, (first) => first.toLowerCase());
    throw new UsageError(known === "" ? `${reason}; this command takes no options` : `${reason}; allowed: ${known}`);
  }
  checkPositionals(result.positionals, positionals);
  const parsed: Parsed = { flags: new Set(), values: new Map(), positionals: result.positionals };
  for (const [name, spec] of Object.entries(options)) {
    const value = result.values[name] ?? spec.default;
    if (value === true) parsed.flags.add(name);
    else if (typeof value === "string") parsed.values.set(name, value);
  }
  return parsed;
}

function checkPositionals(given: string[], names: string[]): void {
  const required = names.filter((name) => !name.startsWith("["));
  if (given.length < required.length) throw new UsageError(`missing argument <${required[given.length]}>`);
  const open = names.some((name) => name.includes("..."));
  if (!open && given.length > names.length) {
    const allowed = names.length === 0 ? "no argument" : `at most ${names.length}`;
    throw new UsageError(`unexpected argument "${given[names.length]}"; this command takes ${allowed}`);
  }
}

/** The options as indented help lines. */
export function optionHelp(options: Record<string, OptionSpec>): string {
  const rows = Object.entries(options).map(([name, spec]) => {
    const short = spec.short ? `-${spec.short}, ` : "";
    return [`${short}--${name}${spec.type === "string" ? ` ${spec.value ?? "VALUE"}` : ""}`, spec.help];
  });
  const width = Math.max(0, ...rows.map(([left]) => left.length));
  return rows.map(([left, help]) => `  ${left.padEnd(width)}  ${help}`).join("\n");
}
