import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { administration } from "../../../provider/media/admin";
import { ArtifactCache } from "../../../provider/media/artifacts";
import { MediaServer } from "../../../provider/media/server";
import { type OptionSpec, optionHelp, parse, UsageError } from "../arguments";

export const summary = "serve boot media and seeds on its own, for plugins that machines cannot reach";

const options: Record<string, OptionSpec> = {
  listen: { type: "string", value: "ADDRESS", help: "address to listen on (default 0.0.0.0)", default: "0.0.0.0" },
  ports: {
    type: "string",
    value: "RANGE",
    help: "port, or range of which the first free one is taken (default 8620)",
    default: "8620",
  },
  data: { type: "string", value: "DIR", help: "folder for the authority's key, attempts and downloads; keep it" },
  "token-file": {
    type: "string",
    value: "FILE",
    help: "file with the token that plugins show (mediaServer.token), at least 16 characters",
  },
  advertise: { type: "string", value: "NET=ADDR,…", help: "by which address machines in a network reach this server" },
  scheme: {
    type: "string",
    value: "http|https",
    help: "protocol for boot media (default http); seeds always travel over https",
    default: "http",
  },
  bandwidth: {
    type: "string",
    value: "MB/S",
    help: "most megabytes a second for media, over all machines (default no limit)",
  },
  quiet: { type: "boolean", help: "print no requests" },
};

export const usage = `usage: rackform media serve --data DIR --token-file FILE [options]

Serves boot media and seeds until it is interrupted. Plugins use it when mediaServer.url names it.

${optionHelp(options)}
`;

/** Serves until SIGINT or SIGTERM. */
export async function run(argv: string[]): Promise<number> {
  const { values, flags, positionals } = parse(argv, options, ["serve"]);
  if (positionals[0] !== "serve") throw new UsageError(`unknown action "${positionals[0]}"; allowed: serve`);
  const data = required(values, "data");
  const token = tokenIn(required(values, "token-file"));
  const scheme = values.get("scheme");
  if (scheme !== "http" && scheme !== "https") throw new UsageError(`--scheme: "${scheme}" is not one of http, https`);
  const print = (line: string) => process.stdout.write(`${line}\n`);
  const server: MediaServer = new MediaServer({
    listenAddress: values.get("listen"),
    portRange: values.get("ports"),
    scheme,
    advertise: advertised(values.get("advertise")),
    bandwidthMegabytesPerSecond: bandwidth(values.get("bandwidth")),
    stateDirectory: data,
    artifacts: new ArtifactCache(join(data, "artifacts"), false),
    log: flags.has("quiet")
      ? undefined
      : ({ from, method, path, status, bytes }) =>
          print(`${new Date().toISOString()} ${from} ${method} ${path} ${status} ${bytes}`),
    admin: administration(token, () => server),
  });
  print(`media server listening on ${values.get("listen")}, port ${await server.port()}; interrupt it to stop`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await server.close();
  return 0;
}

function required(values: Map<string, string>, name: string): string {
  const value = values.get(name);
  if (value === undefined) throw new UsageError(`--${name} is missing`);
  return value;
}

function tokenIn(file: string): string {
  let token: string;
  try {
    token = readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UsageError(
      `--token-file: ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown reason"})`,
    );
  }
  if (token.length < 16)
    throw new UsageError(
      `--token-file: ${file} holds ${token.length} characters; at least 16 are needed: openssl rand -hex 32 > ${file}`,
    );
  return token;
}

function advertised(text: string | undefined) {
  return (text ?? "")
    .split(",")
    .filter(Boolean)
    .map((pair) => {
      const [network, address] = pair.split("=");
      if (!network?.includes("/") || !address)
        throw new UsageError(`--advertise: "${pair}" is not of the form 10.0.0.0/24=10.0.0.5`);
      return { network, address };
    });
}

function bandwidth(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!(value > 0)) throw new UsageError(`--bandwidth: "${text}" is no number above 0`);
  return value;
}
