import { parse } from "../../../../../tools/cli/arguments";

export const summary = "says hello";
export const usage = "usage: rackform greet <name> [--loud]";

export function run(argv: string[]): Promise<number> {
  const { positionals, flags } = parse(argv, { loud: { type: "boolean", help: "shouts" } }, ["name"]);
  if (positionals[0] === "nobody") throw new Error("nobody is there");
  process.stdout.write(`hello ${positionals[0]}${flags.has("loud") ? "!" : ""}\n`);
  return Promise.resolve(positionals[0] === "three" ? 3 : 0);
}
