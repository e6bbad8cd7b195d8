import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import path from "node:path";
import ipaddr from "ipaddr.js";
import type { AdvertisedAddress, MediaServerConfig, ProviderConfig } from "./config";
import type { CheckFailure } from "./kit/handler";

/** What is wrong with the provider's configuration beyond its types, each with its property path; all at once. */
export function configFailures(config: ProviderConfig): CheckFailure[] {
  const failures: CheckFailure[] = [];
  const judge = (property: string, value: unknown, rule: Rule) => {
    const reason = value === undefined ? undefined : rule(value);
    if (reason !== undefined) failures.push({ property, reason });
  };
  judge("username", config.username, notEmpty);
  judge("caBundle", config.caBundle, certificates);
  judge("insecure", config.insecure, yesOrNo);
  judge("connectTimeoutSeconds", config.connectTimeoutSeconds, above(0));
  judge("requestTimeoutSeconds", config.requestTimeoutSeconds, above(0));
  judge("retryBudgetSeconds", config.retryBudgetSeconds, atLeast(0));
  judge("maxConcurrency", config.maxConcurrency, whole(1));
  judge("maxConcurrencyPerBmc", config.maxConcurrencyPerBmc, whole(1));
  judge("failureBudget", config.failureBudget, whole(0));
  judge("leaseDirectory", config.leaseDirectory, absolutePath);
  for (const [host, fingerprint] of Object.entries(config.fingerprints ?? {})) {
    const property = /^[\w-]+$/.test(host) ? `fingerprints.${host}` : `fingerprints[${JSON.stringify(host)}]`;
    judge(property, host, bmcHost);
    judge(property, fingerprint, sha256);
  }
  if (config.mediaServer) mediaFailures(config.mediaServer, judge);
  return failures;
}

/** Why a value is not allowed; undefined when it is. */
type Rule = (value: unknown) => string | undefined;
type Judge = (property: string, value: unknown, rule: Rule) => void;

function mediaFailures(media: MediaServerConfig, judge: Judge): void {
  judge("mediaServer.listenAddress", media.listenAddress, (value) =>
    isIP(String(value)) ? undefined : `has to be an IP address of this machine, such as 0.0.0.0, not ${shown(value)}`,
  );
  judge("mediaServer.portRange", media.portRange, portRange);
  judge("mediaServer.url", media.url, mediaUrl);
  judge("mediaServer.scheme", media.scheme, (value) =>
    value === "http" || value === "https" ? undefined : `has to be "http" or "https", not ${shown(value)}`,
  );
  judge("mediaServer.bandwidthMegabytesPerSecond", media.bandwidthMegabytesPerSecond, above(0));
  const seen = new Map<string, number>();
  (media.advertise ?? []).forEach((entry, index) => advertiseFailures(entry, index, seen, judge));
}

function advertiseFailures(entry: AdvertisedAddress, index: number, seen: Map<string, number>, judge: Judge): void {
  const where = `mediaServer.advertise[${index}]`;
  const network = parseCidr(entry.network);
  judge(`${where}.network`, entry.network ?? null, () => {
    if (!network) return `has to be a network such as 10.20.0.0/16 or fd00:20::/64, not ${shown(entry.network)}`;
    const key = `${network[0].toString()}/${network[1]}`;
    const twin = seen.get(key);
    seen.set(key, index);
    return twin === undefined
      ? undefined
      : `${key} is in mediaServer.advertise[${twin}] already; name each network once`;
  });
  judge(`${where}.address`, entry.address ?? null, () => addressFailure(entry.address, network));
}

function addressFailure(
  address: unknown,
  network: [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined,
): string | undefined {
  const text = typeof address === "string" ? address.replace(/^\[(.*)\]$/, "$1") : "";
  if (!isIP(text)) {
    return hostName.test(text)
      ? undefined
      : `has to be a host name or an address, without a scheme or port, not ${shown(address)}`;
  }
  const parsed = ipaddr.parse(text);
  const range = parsed.range();
  if (range === "unspecified" || range === "multicast" || range === "broadcast") {
    return `${text} is ${range}, which no machine can connect to; give the address of this machine or of its NAT`;
  }
  if (!network) return undefined;
  if (parsed.kind() !== network[0].kind()) {
    return `${text} and its network are of different IP versions; give an address that machines in the network can reach`;
  }
  const within =
    parsed.kind() === "ipv4"
      ? (parsed as ipaddr.IPv4).match(network as [ipaddr.IPv4, number])
      : (parsed as ipaddr.IPv6).match(network as [ipaddr.IPv6, number]);
  if ((range === "loopback" || range === "linkLocal") && !within) {
    return `${text} is ${range === "loopback" ? "a loopback" : "a link-local"} address outside of its network; machines there cannot reach it`;
  }
  return undefined;
}

function parseCidr(text: unknown): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  try {
    return typeof text === "string" && text.includes("/") ? ipaddr.parseCIDR(text) : undefined;
  } catch {
    return undefined;
  }
}

const hostName = /^(?=.{1,253}$)[a-z\d]([a-z\d-]{0,61}[a-z\d])?(\.[a-z\d]([a-z\d-]{0,61}[a-z\d])?)*\.?$/i;

const notEmpty: Rule = (value) => (value === "" ? "is empty; leave it out, or name the BMC's account" : undefined);

const yesOrNo: Rule = (value) =>
  typeof value === "boolean" ? undefined : `has to be true or false, not ${shown(value)}`;

function above(least: number): Rule {
  return (value) =>
    typeof value === "number" && value > least ? undefined : `has to be a number above ${least}, not ${shown(value)}`;
}

function atLeast(least: number): Rule {
  return (value) =>
    typeof value === "number" && value >= least
      ? undefined
      : `has to be a number of at least ${least}, not ${shown(value)}`;
}

function whole(least: number): Rule {
  return (value) =>
    Number.isInteger(value) && (value as number) >= least
      ? undefined
      : `has to be a whole number of at least ${least}, not ${shown(value)}`;
}

const absolutePath: Rule = (value) =>
  path.isAbsolute(String(value)) ? undefined : `has to be an absolute path, not ${shown(value)}`;

const sha256: Rule = (value) =>
  /^[0-9a-f]{64}$/i.test(String(value).replaceAll(":", ""))
    ? undefined
    : `has to be a SHA-256 fingerprint, 64 hexadecimal digits with or without colons, not ${shown(value)}`;

const bmcHost: Rule = (value) => {
  const text = String(value).replace(/:\d{1,5}$/, (port) => (isIP(String(value)) ? port : ""));
  return isIP(text.replace(/^\[(.*)\]$/, "$1")) || hostName.test(text)
    ? undefined
    : `has to be under a host or host:port, not under ${shown(value)}; leave out scheme and path`;
};

const portRange: Rule = (value) => {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(String(value));
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match && first >= 1 && last <= 65_535 && first <= last) return undefined;
  return `has to be a port or a range of ports between 1 and 65535, such as 8620-8629, not ${shown(value)}`;
};

const mediaUrl: Rule = (value) => {
  const url = URL.canParse(String(value)) ? new URL(String(value)) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    return `has to be the http or https URL of a "rackform media serve", not ${shown(value)}`;
  }
  if (url.username || url.password) return "has credentials in it, which the media server does not take; remove them";
  return url.search || url.hash ? `has a query or fragment, which does not belong there: ${shown(value)}` : undefined;
};

const certificates: Rule = (value) => {
  const blocks = String(value).match(/-----BEGIN [A-Z ]+-----[\s\S]*?-----END [A-Z ]+-----/g) ?? [];
  if (blocks.some((block) => block.includes("PRIVATE KEY-----")))
    return "holds a private key; it takes certificates only";
  if (blocks.length === 0)
    return "has to be PEM certificates (-----BEGIN CERTIFICATE-----); pass the file's content, not its path";
  const bad = blocks.findIndex((block) => !readable(block));
  return bad < 0 ? undefined : `has a certificate that cannot be read (number ${bad + 1} of ${blocks.length})`;
};

function readable(pem: string): boolean {
  try {
    return new X509Certificate(pem).fingerprint256 !== "";
  } catch {
    return false;
  }
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
