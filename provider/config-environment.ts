import type { AdvertisedAddress, MediaServerConfig, ProviderConfig } from "./config";

/** Environment variables that stand in for configuration, by property path. */
export const environmentVariables = {
  username: "RACKFORM_BMC_USERNAME",
  password: "RACKFORM_BMC_PASSWORD",
  caBundle: "RACKFORM_BMC_CA_BUNDLE",
  insecure: "RACKFORM_BMC_INSECURE",
  connectTimeoutSeconds: "RACKFORM_BMC_CONNECT_TIMEOUT_SECONDS",
  requestTimeoutSeconds: "RACKFORM_BMC_REQUEST_TIMEOUT_SECONDS",
  retryBudgetSeconds: "RACKFORM_BMC_RETRY_BUDGET_SECONDS",
  maxConcurrency: "RACKFORM_MAX_CONCURRENCY",
  maxConcurrencyPerBmc: "RACKFORM_MAX_CONCURRENCY_PER_BMC",
  failureBudget: "RACKFORM_FAILURE_BUDGET",
  leaseDirectory: "RACKFORM_LEASE_DIRECTORY",
  "mediaServer.listenAddress": "RACKFORM_MEDIA_LISTEN_ADDRESS",
  "mediaServer.portRange": "RACKFORM_MEDIA_PORT_RANGE",
  "mediaServer.advertise": "RACKFORM_MEDIA_ADVERTISE",
  "mediaServer.url": "RACKFORM_MEDIA_URL",
  "mediaServer.token": "RACKFORM_MEDIA_TOKEN",
  "mediaServer.scheme": "RACKFORM_MEDIA_SCHEME",
  "mediaServer.bandwidthMegabytesPerSecond": "RACKFORM_MEDIA_BANDWIDTH",
} as const;

export interface Merged {
  values: ProviderConfig;
  /** Where the value at a path came from, for messages: the variable's name, else the path. */
  origin(path: string): string;
}

/** Fills what was not configured from the environment. Text that cannot be read is kept, for the check to refuse. */
export function fromEnvironment(given: ProviderConfig, environment: NodeJS.ProcessEnv): Merged {
  const values: Record<string, unknown> = { ...given };
  const media: Record<string, unknown> = { ...given.mediaServer };
  const used = new Map<string, string>();
  for (const [path, variable] of Object.entries(environmentVariables)) {
    const text = environment[variable];
    const [first, second] = path.split(".");
    const [target, key] = second === undefined ? [values, first] : [media, second];
    if (text === undefined || text === "" || target[key] !== undefined) continue;
    target[key] = read(path, text);
    used.set(path, variable);
  }
  if (Object.keys(media).length > 0) values.mediaServer = media as MediaServerConfig;
  return {
    values: values as ProviderConfig,
    origin: (path) => {
      const from = [...used].find(([prefix]) => path === prefix || path.startsWith(`${prefix}[`));
      return from ? `environment variable ${from[1]}` : path;
    },
  };
}

const texts = new Set(["username", "password", "caBundle", "leaseDirectory"]);
const mediaTexts = new Set([
  "mediaServer.listenAddress",
  "mediaServer.portRange",
  "mediaServer.url",
  "mediaServer.token",
  "mediaServer.scheme",
]);

function read(path: string, text: string): unknown {
  if (texts.has(path) || mediaTexts.has(path)) return text;
  if (path === "insecure")
    return ({ true: true, "1": true, false: false, "0": false } as Record<string, unknown>)[text] ?? text;
  if (path === "mediaServer.advertise") return text.split(",").map(advertised);
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function advertised(text: string): AdvertisedAddress {
  const [network, ...rest] = text.trim().split("=");
  return { network, address: rest.join("=") };
}
