import { createHash } from "node:crypto";
import type { Mistakes } from "../private/mistakes";
import {
  type Address,
  contains,
  type Family,
  formatAddress,
  formatNetwork,
  formatRange,
  hostsOf,
  parseAddress,
} from "./ip";
import type { PlannedNetwork, Subnet } from "./network-plan-networks";

/*
 * Addresses without a database. A server's address may depend on nothing but the server itself and the network: if it
 * depended on who else is there, adding or removing one could move another. Such a function cannot avoid every collision by
 * itself (names are unbounded, pools are not), so collisions are refused with a free slot to write down, and never resolved
 * by moving someone. A server's place in every pool is its slot:
 *
 *   its own static address in a network       (address, addresses)
 *   > the slot in its arguments               (slot: 7)
 *   > the number at the end of its name       (compute-07 → firstSlot of its class + 7)
 *   > a hash of its name over the pool
 */

/** What the address plan needs to know of a server. */
export interface AddressedServer {
  name: string;
  /** Where its mistakes are pointed at; `field` is one of `ServerSpec`. */
  at(field: string): string;
  slot?: number;
  /** Slot of the class's number 0. */
  firstSlot: number;
  /** Static addresses by network name. */
  statics: ReadonlyMap<string, Address[]>;
  /** Names of the networks that it is on. */
  networks: readonly string[];
  /** It has its static addresses and no others, and they are not judged: a server that is already running. */
  asIs?: boolean;
}

/** Addresses by server name, then by network name. */
export type AddressPlan = Map<string, Map<string, Partial<Record<Family, Address>>>>;

/** How a server got its slot. */
export type SlotSource = "given" | "name" | "hash";

/** The largest slot that may be written: far beyond a stack, and a pool of a /12. */
export const MAX_SLOT = 1_048_576;

/** The slot of a server: given, else the number that ends its name above its class's first, else nothing (hash, by pool). */
export function slotOf(server: Pick<AddressedServer, "name" | "slot" | "firstSlot">): number | undefined {
  if (server.slot !== undefined) return server.slot;
  const ordinal = /(\d{1,6})$/.exec(server.name)?.[1];
  return ordinal === undefined ? undefined : server.firstSlot + Number(ordinal);
}

/** Gives every server its addresses. Order of the servers does not matter, nor do others' absence or presence. */
export function planAddresses(
  servers: readonly AddressedServer[],
  networks: ReadonlyMap<string, PlannedNetwork>,
  mistakes: Mistakes,
): AddressPlan {
  const plan: AddressPlan = new Map();
  const users = new Map<string, AddressedServer[]>();
  for (const server of servers) {
    const own = new Map<string, Partial<Record<Family, Address>>>();
    plan.set(server.name, own);
    for (const name of server.networks) {
      const network = networks.get(name);
      if (!network) continue;
      const addresses: Partial<Record<Family, Address>> = {};
      for (const subnet of [network.ipv4, network.ipv6]) {
        if (!subnet) continue;
        const address = addressIn(server, network, subnet, mistakes);
        if (!address) continue;
        addresses[subnet.family] = address;
        const key = formatAddress(address);
        const holders = users.get(key) ?? [];
        if (!holders.some(({ name }) => name === server.name)) users.set(key, [...holders, server]);
      }
      own.set(name, addresses);
    }
  }
  refuseClashes(users, networks, mistakes);
  return plan;
}

function addressIn(
  server: AddressedServer,
  network: PlannedNetwork,
  subnet: Subnet,
  mistakes: Mistakes,
): Address | undefined {
  const fixed = server.statics.get(network.name)?.find((address) => address.family === subnet.family);
  if (server.asIs) return fixed;
  if (fixed) {
    const text = formatAddress(fixed);
    if (!contains(hostsOf(subnet.network), fixed)) {
      mistakes.error(
        server.at("addresses"),
        `${text} is not a host address of network ${network.name} (${formatNetwork(subnet.network)})`,
      );
    } else if (subnet.taken.some((range) => contains(range, fixed))) {
      mistakes.error(
        server.at("addresses"),
        `${text} is reserved in network ${network.name} (gateway or reserved); choose another`,
      );
    }
    return fixed;
  }
  const size = subnet.pool.last - subnet.pool.first + 1n;
  const slot = slotOf(server);
  if (slot !== undefined && !Number.isInteger(slot)) return undefined;
  const offset = slot === undefined ? hashed(server.name, size) : BigInt(slot);
  if (offset < 0n || offset >= size) {
    mistakes.error(
      server.at("slot"),
      `slot ${offset} of server ${server.name} is outside the pool ${formatRange(subnet.pool)} of network ${network.name} (slots 0 to ${size - 1n}); ` +
        "give the server a slot, its class another firstSlot, or the network a larger pool",
    );
    return undefined;
  }
  const address = { family: subnet.family, value: subnet.pool.first + offset };
  if (subnet.taken.some((range) => contains(range, address))) {
    mistakes.error(
      server.at("slot"),
      `slot ${offset} of server ${server.name} is ${formatAddress(address)}, which is reserved in network ${network.name}; give the server another slot`,
    );
  }
  return address;
}

function hashed(name: string, size: bigint): bigint {
  return createHash("sha256").update(name).digest().readBigUInt64BE() % size;
}

function refuseClashes(
  users: Map<string, AddressedServer[]>,
  networks: ReadonlyMap<string, PlannedNetwork>,
  mistakes: Mistakes,
): void {
  const reported = new Set<string>();
  const suggested = new Set<number>();
  for (const [address, holders] of users) {
    if (holders.length < 2) continue;
    const sorted = [...holders].sort((a, b) => (a.name < b.name ? -1 : 1));
    const group = sorted.map(({ name }) => name).join(", ");
    if (reported.has(group)) continue;
    reported.add(group);
    const drawn = sorted.filter((server) => !hasStatic(server, address));
    const movable = drawn.length > 0 ? drawn : sorted.filter((server) => !server.asIs);
    const last = movable.at(-1) ?? sorted[sorted.length - 1];
    const free = freeSlot(last, users, networks, suggested);
    mistakes.error(
      last.at(hasStatic(last, address) ? "address" : "slot"),
      `servers ${group} would all have ${address}; addresses never move by themselves, so give the newest one another` +
        (free === undefined
          ? " static address or a larger pool (no slot is free)"
          : ` slot, such as slot: ${free} for ${last.name}, or a static address`),
    );
  }
}

function hasStatic(server: AddressedServer, address: string): boolean {
  return [...server.statics.values()].flat().some((one) => formatAddress(one) === address);
}

/** The lowest slot whose addresses nobody has in any of the server's networks. */
function freeSlot(
  server: AddressedServer,
  users: Map<string, AddressedServer[]>,
  networks: ReadonlyMap<string, PlannedNetwork>,
  suggested: Set<number>,
): number | undefined {
  const subnets = server.networks.flatMap((name) => {
    const network = networks.get(name);
    return [network?.ipv4, network?.ipv6].flatMap((subnet) => (subnet ? [subnet] : []));
  });
  for (let slot = 0; slot < 4096; slot++) {
    const free = subnets.every((subnet) => {
      const value = subnet.pool.first + BigInt(slot);
      const address = { family: subnet.family, value };
      const taken = subnet.taken.some((range) => contains(range, address));
      return value <= subnet.pool.last && !taken && !users.has(formatAddress(address));
    });
    if (!free || suggested.has(slot)) continue;
    suggested.add(slot);
    return slot;
  }
  return undefined;
}

/** Reads the static addresses of a server, checking notation only. */
export function readStatics(
  given: Record<string, string[]>,
  at: (network: string) => string,
  mistakes: Mistakes,
): Map<string, Address[]> {
  const statics = new Map<string, Address[]>();
  for (const [network, texts] of Object.entries(given)) {
    const addresses = texts.flatMap((text) => {
      const address = parseAddress(text);
      if (!address) mistakes.error(at(network), `${JSON.stringify(text)} is not an IP address (without prefix length)`);
      return address ? [address] : [];
    });
    for (const family of ["ipv4", "ipv6"] as const) {
      if (addresses.filter((address) => address.family === family).length > 1) {
        mistakes.error(
          at(network),
          `has two ${family === "ipv4" ? "IPv4" : "IPv6"} addresses in network ${network}; give at most one of each family`,
        );
      }
    }
    statics.set(network, addresses);
  }
  return statics;
}
