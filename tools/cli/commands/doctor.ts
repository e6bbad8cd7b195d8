import { createServer } from "node:net";
import { reachable } from "../../toolchain/download";
import { diagnose, exitCode, type Finding, type MachineFacts } from "../../toolchain/diagnosis";
import { goVersion } from "../../toolchain/go";
import { run as runProgram } from "../../toolchain/process";
import { cachedPulumi, installedOfficial, releaseUrl } from "../../toolchain/pulumi";
import { findInstaller, isPresent, systemTools } from "../../toolchain/system";
import { optionHelp, parse, type OptionSpec } from "../arguments";
import { paint, table } from "../terminal";

const options: Record<string, OptionSpec> = {
  json: { type: "boolean", help: "print the findings as JSON" },
};

export const summary = "what this machine lacks, and the command that mends it";

export const usage = `usage: rackform doctor [--json]

Looks at what rackform's programs, lab and tests need of this machine. Exits with 1 when something lacks without which programs or
the lab's simulated rack cannot run; what only the container nodes or the tests need is shown as optional.

${optionHelp(options)}
`;

/** Prints the table, or the findings as JSON. */
export async function run(argv: string[]): Promise<number> {
  const { flags } = parse(argv, options);
  const findings = diagnose(await gather());
  process.stdout.write(flags.has("json") ? `${JSON.stringify({ findings }, null, 2)}\n` : render(findings));
  return exitCode(findings);
}

function render(findings: Finding[]): string {
  const colour = paint(process.stdout);
  const mark = { ok: colour.green("ok"), optional: colour.yellow("absent"), lacking: colour.red("LACKING") };
  const parts: string[] = [];
  for (const purpose of new Set(findings.map((finding) => finding.purpose))) {
    const rows = findings
      .filter((finding) => finding.purpose === purpose)
      .map(({ what, detail, state }) => [what, mark[state], detail]);
    parts.push(`${colour.bold(purpose)}\n${indent(table(["", "", ""], rows).replace(/^\n/, ""))}`);
  }
  const mends = [...new Set(findings.flatMap(({ mend }) => mend ?? []))];
  if (mends.length > 0) parts.push(`${colour.bold("to mend")}\n${indent(mends.join("\n"))}`);
  parts.push(exitCode(findings) === 0 ? "Programs and the lab can run here." : "Programs or the lab cannot run here.");
  return `${parts.join("\n\n")}\n`;
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}

async function gather(): Promise<MachineFacts> {
  const [npm, official, cached, go, loopbackAddresses, installer, present] = await Promise.all([
    runProgram("npm", ["--version"], { timeout: 20_000 }),
    installedOfficial(),
    cachedPulumi(),
    goVersion(),
    canBind("127.0.0.2"),
    findInstaller(),
    Promise.all(systemTools.map(async ({ tool }) => ((await isPresent(tool)) ? [tool] : []))),
  ]);
  const url = releaseUrl(process.platform, process.arch);
  const mustAsk = official === undefined && !cached;
  const refusal = url === undefined ? "no release for this platform" : mustAsk ? await reachable(url) : undefined;
  return {
    platform: process.platform,
    node: process.version,
    npm: npm.code === 0 ? npm.stdout.trim() : undefined,
    officialPulumi: official?.version,
    cachedPulumi: cached,
    go,
    downloadRefusal: refusal,
    loopbackAddresses,
    root: process.getuid?.() === 0,
    tools: new Set(present.flat()),
    installer,
  };
}

function canBind(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(0, address, () => server.close(() => resolve(true)));
  });
}
