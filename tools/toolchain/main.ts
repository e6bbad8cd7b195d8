import { parse, UsageError } from "../cli/arguments";
import { describeOrigin, toolchainEnv } from "./environment";
import { languageHosts, type Language } from "./pins";
import { pythonEnvironment } from "./python";
import { Report } from "./report";
import { ensureSystem, type Purpose } from "./system";

const usage = `usage: node bin/tools/toolchain/main.js [--languages nodejs,python,yaml] [--system lab,tests] [--python judges,program] [--env]

Prepares the tools that rackform's lab and tests need, and says which it used. --env prints shell lines for running pulumi by hand.
`;

/** Prepares everything that its arguments name; for `make`. */
async function main(argv: string[]): Promise<void> {
  const { values, flags } = parse(argv, {
    languages: { type: "string", help: "language hosts", default: "nodejs" },
    system: { type: "string", help: "system packages for these purposes", default: "" },
    python: { type: "string", help: "sets of Python packages", default: "" },
    env: { type: "boolean", help: "print shell lines" },
  });
  const list = <T extends string>(name: string, allowed: readonly T[]): T[] =>
    (values.get(name) ?? "")
      .split(",")
      .filter((item) => item !== "")
      .map((item) => {
        const match = allowed.find((one) => one === item);
        if (match === undefined) throw new UsageError(`--${name}: "${item}" is not one of ${allowed.join(", ")}`);
        return match;
      });
  const report = new Report();
  const languages = list("languages", Object.keys(languageHosts) as Language[]);
  await ensureSystem(list<Purpose>("system", ["lab", "tests"]), report);
  for (const set of list("python", ["judges", "program"] as const)) await pythonEnvironment(set, report);
  const toolchain = await toolchainEnv({ languages, report });
  if (flags.has("env")) {
    for (const [name, value] of Object.entries(toolchain.env)) {
      process.stdout.write(`export ${name}='${value.replaceAll("'", `'\\''`)}'\n`);
    }
  } else {
    for (const origin of toolchain.origin) report.line(describeOrigin(origin));
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const help = error instanceof UsageError ? `\n${usage}` : "";
  process.stderr.write(`toolchain: ${(error as Error).message}\n${help}`);
  process.exitCode = 1;
});
