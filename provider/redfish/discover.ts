import ipaddr from "ipaddr.js";
import { RedfishError } from "./errors";
import { type InventoryEntry, readInventory } from "./inventory";
import { BmcPool } from "./pool";
import type { RequestEvent } from "./types";

export interface DiscoverOptions {
  /** `10.1.0.0/24`, `10.1.0.5`, `10.1.0.5-10.1.0.20`, `bmc7.example.com`, each with `:port` if it is not 443. */
  targets: string[];
  /** With credentials each BMC that is trusted is logged in to and read. */
  username?: string;
  password?: string;
  caBundle?: string;
  /** Log in to any certificate. Any host in the range can then learn the password. Default false. */
  insecure?: boolean;
  /** Log in to BMCs without a known certificate and report the one they show. The same danger, once. Default false. */
  trustOnFirstUse?: boolean;
  /** Known certificates by endpoint. */
  fingerprints?: Record<string, string>;
  /** Addresses asked at the same time. Default 128. */
  maxConcurrency?: number;
  /** Default 2: dead addresses are most of a range. */
  connectTimeoutSeconds?: number;
  /** Default 15. */
  requestTimeoutSeconds?: number;
  /** Read MACs too. Default true. */
  macs?: boolean;
  signal?: AbortSignal;
  onRequest?: (event: RequestEvent) => void;
}

/** A BMC that answered. */
export interface DiscoveredBmc {
  endpoint: string;
  /** SHA-256 of the certificate it showed, with colons. */
  fingerprint?: string;
  vendor?: string;
  product?: string;
  redfishVersion?: string;
  uuid?: string;
  inventory?: InventoryEntry;
  /** Why there is no inventory although there are credentials. */
  error?: string;
}

export interface Discovery {
  bmcs: DiscoveredBmc[];
  /** Addresses asked. */
  probed: number;
  /** Single addresses and names that are no BMC or did not answer, with the reason; the silent ones of a range are not listed. */
  failed: { endpoint: string; error: string }[];
}

/** More than any management network of one site. */
const MAX_ADDRESSES = 65_536;

/**
 * Finds BMCs: asks each address for its service root without credentials, then logs in to those it may trust. Results are in the order of
 * the targets. Throws RedfishError `protocol` on a target that makes no sense, `cancelled` when the signal aborts.
 */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const addresses = expandTargets(options.targets);
  const limits = {
    maxConcurrency: options.maxConcurrency ?? 128,
    connectTimeoutSeconds: options.connectTimeoutSeconds ?? 2,
    requestTimeoutSeconds: options.requestTimeoutSeconds ?? 15,
    onRequest: options.onRequest,
  };
  const probes = new BmcPool({ ...limits, retryBudgetSeconds: 0, breakerThreshold: 1 });
  const logins = new BmcPool({ ...limits, retryBudgetSeconds: 30 });
  const found: (DiscoveredBmc | undefined)[] = [];
  const failed: Discovery["failed"] = [];
  try {
    await each(addresses, limits.maxConcurrency, async ({ endpoint, single }, index) => {
      options.signal?.throwIfAborted();
      try {
        found[index] = await probe(probes, logins, endpoint, options);
      } catch (error) {
        if (!(error instanceof RedfishError) || error.kind === "cancelled") throw error;
        if (single || error.kind !== "unreachable") failed.push({ endpoint, error: error.message });
      }
    });
  } catch (error) {
    if (!options.signal?.aborted || error instanceof RedfishError) throw error;
    throw new RedfishError("cancelled", "the discovery was cancelled", { endpoint: "", cause: error });
  } finally {
    await Promise.all([probes.close(), logins.close()]);
  }
  return { bmcs: found.flatMap((bmc) => bmc ?? []), probed: addresses.length, failed };
}

async function probe(
  probes: BmcPool,
  logins: BmcPool,
  endpoint: string,
  options: DiscoverOptions,
): Promise<DiscoveredBmc> {
  const anonymous = probes.get({ endpoint, insecure: true });
  const root = await anonymous.root({ signal: options.signal });
  if (root.redfishVersion === undefined && root.resource.body.Systems === undefined) {
    throw new RedfishError("protocol", `${endpoint} answers, but not as a Redfish service`, { endpoint });
  }
  const bmc: DiscoveredBmc = {
    endpoint,
    fingerprint: anonymous.fingerprint,
    vendor: root.vendor,
    product: root.product,
    redfishVersion: root.redfishVersion,
    uuid: root.uuid,
  };
  if (options.username === undefined) return bmc;
  try {
    const client = logins.get({
      endpoint,
      username: options.username,
      password: options.password,
      caBundle: options.caBundle,
      fingerprint:
        options.fingerprints?.[endpoint] ??
        (options.trustOnFirstUse && !options.insecure ? bmc.fingerprint : undefined),
      insecure: options.insecure,
    });
    return { ...bmc, inventory: await readInventory(client, { macs: options.macs ?? true, signal: options.signal }) };
  } catch (error) {
    if (!(error instanceof RedfishError) || error.kind === "cancelled") throw error;
    return { ...bmc, error: error.message };
  }
}

interface Address {
  endpoint: string;
  /** Named by itself rather than as part of a range. */
  single: boolean;
}

/** The endpoints that targets stand for, each once. Network and broadcast addresses of IPv4 networks are left out. */
export function expandTargets(targets: string[]): Address[] {
  const addresses = new Map<string, Address>();
  for (const target of targets) {
    for (const address of expand(target.trim())) {
      if (!addresses.has(address.endpoint)) addresses.set(address.endpoint, address);
      if (addresses.size > MAX_ADDRESSES)
        throw badTarget(target, `makes more than ${MAX_ADDRESSES} addresses; split it`);
    }
  }
  return [...addresses.values()];
}

function expand(target: string): Address[] {
  const scheme = /^https?:\/\//.exec(target)?.[0] ?? "https://";
  const rest = target.slice(target.startsWith(scheme) ? scheme.length : 0).replace(/\/+$/, "");
  const { host, port } = splitPort(rest);
  if (port !== undefined && Number(port) > 65_535) throw badTarget(target, "has a port above 65535");
  const suffix = port === undefined ? "" : `:${port}`;
  const endpoint = (name: string) => `${scheme}${name.includes(":") ? `[${name}]` : name}${suffix}`;
  const range = (first: ipaddr.IPv4, count: number) =>
    Array.from({ length: count }, (_, index) => ({ endpoint: endpoint(next(first, index)), single: count === 1 }));
  if (host.includes("/")) {
    const cidr = ipaddr.IPv4.isValidCIDR(host) ? ipaddr.IPv4.parseCIDR(host) : undefined;
    if (!cidr) throw badTarget(target, "is no IPv4 network; write 10.1.0.0/24");
    const [, bits] = cidr;
    if (bits < 16) throw badTarget(target, `makes more than ${MAX_ADDRESSES} addresses; split it`);
    const network = ipaddr.IPv4.networkAddressFromCIDR(host);
    const size = 2 ** (32 - bits);
    return bits >= 31 ? range(network, size) : range(ipaddr.IPv4.parse(next(network, 1)), size - 2);
  }
  const [from, to] = host.split("-");
  if (to !== undefined && ipaddr.IPv4.isValidFourPartDecimal(from) && ipaddr.IPv4.isValidFourPartDecimal(to)) {
    const count = number(ipaddr.IPv4.parse(to)) - number(ipaddr.IPv4.parse(from)) + 1;
    if (count < 1) throw badTarget(target, "ends before it begins");
    if (count > MAX_ADDRESSES) throw badTarget(target, `makes more than ${MAX_ADDRESSES} addresses; split it`);
    return range(ipaddr.IPv4.parse(from), count);
  }
  const named = ipaddr.isValid(host) || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(host);
  const fourParts = /^[\d.]+$/.test(host) === ipaddr.IPv4.isValidFourPartDecimal(host);
  const made = endpoint(host.toLowerCase());
  if (named && fourParts && URL.canParse(made)) return [{ endpoint: made, single: true }];
  throw badTarget(target, "is neither an address, a range, a network nor a name");
}

function splitPort(text: string): { host: string; port?: string } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed) return { host: bracketed[1], port: bracketed[2] };
  const plain = /^([^:]+):(\d+)$/.exec(text);
  return plain ? { host: plain[1], port: plain[2] } : { host: text };
}

function number(address: ipaddr.IPv4): number {
  return address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function next(address: ipaddr.IPv4, offset: number): string {
  const value = number(address) + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

function badTarget(target: string, why: string): RedfishError {
  return new RedfishError("protocol", `target "${target.slice(0, 100)}" ${why}`, {
    endpoint: target.slice(0, 100),
    sent: false,
  });
}

async function each<T>(items: T[], limit: number, work: (item: T, index: number) => Promise<void>): Promise<void> {
  let cursor = 0;
  let stopped = false;
  const worker = async () => {
    while (!stopped && cursor < items.length) {
      const index = cursor++;
      try {
        await work(items[index], index);
      } catch (error) {
        stopped = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const rejected = results.find((result) => result.status === "rejected");
  if (rejected) throw rejected.reason;
}
