import { isIPv6 } from "node:net";
import type { DiscoverArgs, DiscoverResult, DiscoveredServer } from "../../resources/redfish/functions";
import type { Configuration } from "../config";
import { pinnedFingerprint } from "../deps";
import type { FunctionFactory } from "../kit/handler";
import { discover, type DiscoveredBmc, expandTargets } from "../redfish";
import { settledPower } from "./power-state";

/** `rackform:redfish:discover`. */
export const handler: FunctionFactory<Configuration, DiscoverArgs, DiscoverResult> = () => ({
  token: "rackform:redfish:discover",
  call: async ({ config, signal }, args) => {
    const targets = args.addresses.map((address) => withPort(address, args.port ?? 443));
    const found = await discover({
      targets,
      username: args.username ?? config.username,
      password: args.password ?? config.password,
      caBundle: args.caBundle ?? config.caBundle,
      insecure: args.insecure ?? config.insecure,
      fingerprints: fingerprintsFor(targets, config),
      maxConcurrency: config.maxConcurrency,
      connectTimeoutSeconds: args.timeoutSeconds ?? 3,
      signal,
    });
    return {
      servers: found.bmcs.map(entryOf),
      unreachable: found.failed.map(({ endpoint, error }) => ({ endpoint, reason: error })),
      silent: found.probed - found.bmcs.length - found.failed.length,
    };
  },
});

/** Adds the port to an address that names none. */
function withPort(address: string, port: number): string {
  const text = address.trim();
  if (port === 443 || text.includes("://") || /^\[.*\]:\d+$/.test(text)) return text;
  if (isIPv6(text.replace(/^\[|\]$/g, ""))) return `[${text.replace(/^\[|\]$/g, "")}]:${port}`;
  return /:\d+$/.test(text) ? text : `${text}:${port}`;
}

function fingerprintsFor(targets: string[], config: Configuration): Record<string, string> {
  if (Object.keys(config.fingerprints).length === 0) return {};
  const pairs = expandTargets(targets).map(({ endpoint }) => [
    endpoint,
    pinnedFingerprint(endpoint, config.fingerprints),
  ]);
  return Object.fromEntries(pairs.filter(([, fingerprint]) => fingerprint !== undefined)) as Record<string, string>;
}

function entryOf(bmc: DiscoveredBmc): DiscoveredServer {
  const { inventory } = bmc;
  const entry = {
    endpoint: bmc.endpoint,
    fingerprint: bmc.fingerprint,
    vendor: bmc.vendor,
    product: bmc.product,
    redfishVersion: bmc.redfishVersion,
    error: bmc.error,
    ...(inventory && {
      id: `${bmc.endpoint}${inventory.systemPath}`,
      systemId: inventory.systemId,
      powerState: settledPower(inventory.powerState),
      manufacturer: inventory.manufacturer,
      model: inventory.model,
      serialNumber: inventory.serial,
      sku: inventory.sku,
      uuid: inventory.uuid,
      hostName: inventory.hostName,
      memoryGib: inventory.memoryGiB,
      biosVersion: inventory.biosVersion,
    }),
  };
  const told = Object.entries(entry).filter(([, value]) => value !== undefined && value !== "unknown");
  return { ...Object.fromEntries(told), endpoint: bmc.endpoint, macs: inventory?.macs ?? [] };
}
