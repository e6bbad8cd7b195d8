import { choices, type Mistakes } from "../private/mistakes";
import { NAME, NAME_RULE } from "./format";
import {
  type Address,
  contains,
  type Family,
  formatNetwork,
  formatRange,
  hostsOf,
  type Network,
  overlap,
  parseAddress,
  parseCidr,
  parseRange,
  type Range,
  rangeOf,
} from "./ip";
import { type NetworkPurpose, type NetworkSpec, PURPOSES, purposeOf } from "./networks";

/** One address family of a network, ready for arithmetic. */
export interface Subnet {
  family: Family;
  network: Network;
  pool: Range;
  gateway?: Address;
  /** Reserved ranges of this family, the gateway included. */
  taken: Range[];
}

export interface PlannedNetwork {
  name: string;
  purpose: NetworkPurpose;
  vlan?: number;
  mtu: number;
  defaultRoute: boolean;
  ipv4?: Subnet;
  ipv6?: Subnet;
}

/** The first address of a default pool lies so many above the network address: room for routers and virtual IPs. */
const POOL_OFFSET = 10n;

/** Reads and checks the networks of a site: notation, gateways, pools, overlap, VLANs, MTU. Broken parts are left out. */
export function planNetworks(networks: Record<string, NetworkSpec>, mistakes: Mistakes): Map<string, PlannedNetwork> {
  const planned = new Map<string, PlannedNetwork>();
  for (const [name, spec] of Object.entries(networks)) {
    if (!NAME.test(name))
      mistakes.error(`networks.${name}`, `the name ${JSON.stringify(name)} is not allowed; ${NAME_RULE}`);
    planned.set(name, planNetwork(name, spec, mistakes));
  }
  refuseOverlap([...planned.values()], mistakes);
  refuseSharedVlan([...planned.values()], mistakes);
  return planned;
}

function planNetwork(name: string, spec: NetworkSpec, mistakes: Mistakes): PlannedNetwork {
  const path = `networks.${name}`;
  if (spec.purpose !== undefined && !PURPOSES.includes(spec.purpose)) {
    mistakes.error(
      `${path}.purpose`,
      `${JSON.stringify(spec.purpose)} is no purpose; ${choices(String(spec.purpose), PURPOSES)}`,
    );
  }
  if (spec.cidr === undefined && spec.cidr6 === undefined) {
    mistakes.error(path, "has neither cidr nor cidr6; give the network in CIDR notation, such as 10.0.0.0/24");
  }
  checkVlan(`${path}.vlan`, spec.vlan, mistakes);
  checkMtu(`${path}.mtu`, spec.mtu, mistakes);
  if (spec.cidr6 !== undefined && spec.mtu !== undefined && spec.mtu < 1280) {
    mistakes.error(`${path}.mtu`, `${spec.mtu} is too small for IPv6; use at least 1280`);
  }
  const purpose = purposeOf(name, spec);
  const reserved = readReserved(path, spec, mistakes);
  return {
    name,
    purpose,
    ...(spec.vlan === undefined ? {} : { vlan: spec.vlan }),
    mtu: spec.mtu ?? 1500,
    defaultRoute: spec.defaultRoute ?? purpose === "management",
    ipv4: planSubnet("ipv4", path, spec, reserved, mistakes),
    ipv6: planSubnet("ipv6", path, spec, reserved, mistakes),
  };
}

function planSubnet(
  family: Family,
  path: string,
  spec: NetworkSpec,
  reserved: Range[],
  mistakes: Mistakes,
): Subnet | undefined {
  const suffix = family === "ipv6" ? ("6" as const) : ("" as const);
  const [cidr, gateway, pool] = [spec[`cidr${suffix}`], spec[`gateway${suffix}`], spec[`pool${suffix}`]];
  if (cidr === undefined) {
    for (const [field, value] of [
      ["gateway", gateway],
      ["pool", pool],
    ] as const) {
      if (value !== undefined) {
        mistakes.error(`${path}.${field}${suffix}`, `${JSON.stringify(value)} needs cidr${suffix}, which is not given`);
      }
    }
    return undefined;
  }
  const network = readNetwork(family, `${path}.cidr${suffix}`, cidr, mistakes);
  if (!network) return undefined;
  const router = readGateway(network, `${path}.gateway${suffix}`, gateway, mistakes);
  const taken = reserved.filter((range) => range.family === family);
  for (const range of taken) {
    if (!overlap(range, rangeOf(network))) {
      mistakes.warn(`${path}.reserved`, `${formatRange(range)} is not in ${formatNetwork(network)}`);
    }
  }
  const routers = router ? [{ family, first: router.value, last: router.value }] : [];
  return {
    family,
    network,
    pool: readPool(network, `${path}.pool${suffix}`, pool, mistakes),
    ...(router ? { gateway: router } : {}),
    taken: [...taken, ...routers],
  };
}

function readNetwork(family: Family, path: string, text: string, mistakes: Mistakes): Network | undefined {
  const parsed = parseCidr(text);
  const example = family === "ipv4" ? "10.0.0.0/24" : "fd00:1::/64";
  if (!parsed || parsed.network.family !== family) {
    mistakes.error(
      path,
      `${JSON.stringify(text)} is not an ${family === "ipv4" ? "IPv4" : "IPv6"} network; write it like ${example}`,
    );
    return undefined;
  }
  if (parsed.address.value !== parsed.network.base) {
    mistakes.error(path, `${text} has host bits set; write ${formatNetwork(parsed.network)}`);
  }
  const longest = family === "ipv4" ? 30 : 126;
  if (parsed.network.prefix > longest || parsed.network.prefix < 8) {
    mistakes.error(path, `${text} has a prefix of ${parsed.network.prefix}; allowed is 8 to ${longest}`);
  }
  return parsed.network;
}

function readGateway(
  network: Network,
  path: string,
  text: string | undefined,
  mistakes: Mistakes,
): Address | undefined {
  if (text === undefined) return undefined;
  const address = parseAddress(text);
  if (!address || address.family !== network.family) {
    mistakes.error(path, `${JSON.stringify(text)} is not an ${network.family === "ipv4" ? "IPv4" : "IPv6"} address`);
    return undefined;
  }
  if (!contains(hostsOf(network), address)) {
    mistakes.error(
      path,
      `${text} is not a host address of ${formatNetwork(network)}; the router must be on the network`,
    );
    return undefined;
  }
  return address;
}

function readPool(network: Network, path: string, text: string | undefined, mistakes: Mistakes): Range {
  const hosts = hostsOf(network);
  const size = hosts.last - hosts.first + 1n;
  const fallback = { ...hosts, first: network.base + (size >= 62n ? POOL_OFFSET : 2n) };
  if (fallback.first > fallback.last) fallback.first = hosts.first;
  if (text === undefined) return fallback;
  const range = parseRange(text);
  if (!range || range.family !== network.family) {
    const example = formatRange({ ...hosts, first: fallback.first });
    mistakes.error(
      path,
      `${JSON.stringify(text)} is not a range of addresses in ascending order; write it like ${example}`,
      96,
    );
    return fallback;
  }
  if (range.first < hosts.first || range.last > hosts.last) {
    mistakes.error(path, `${text} leaves ${formatNetwork(network)}; host addresses are ${formatRange(hosts)}`, 96);
  }
  return range;
}

function readReserved(path: string, spec: NetworkSpec, mistakes: Mistakes): Range[] {
  return (spec.reserved ?? []).flatMap((text, index) => {
    const cidr = parseCidr(text);
    const range = cidr ? rangeOf(cidr.network) : parseRange(text);
    if (range) return [range];
    mistakes.error(
      `${path}.reserved[${index}]`,
      `${JSON.stringify(text)} is no address, range (first-last) or network`,
    );
    return [];
  });
}

function checkVlan(path: string, vlan: number | undefined, mistakes: Mistakes): void {
  if (vlan === undefined || (Number.isInteger(vlan) && vlan >= 1 && vlan <= 4094)) return;
  mistakes.error(path, `${vlan} is no VLAN ID; allowed is 1 to 4094, unset means untagged`, 104);
}

/** Ethernet allows 68 bytes for IPv4, switches at most 9216. */
export function checkMtu(path: string, mtu: number | undefined, mistakes: Mistakes): void {
  if (mtu === undefined || (Number.isInteger(mtu) && mtu >= 576 && mtu <= 9216)) return;
  mistakes.error(path, `${mtu} is no usable MTU; allowed is 576 to 9216 bytes (1280 and more with IPv6)`);
}

function refuseOverlap(networks: PlannedNetwork[], mistakes: Mistakes): void {
  const subnets = networks.flatMap(({ name, ipv4, ipv6 }) =>
    [ipv4, ipv6].flatMap((subnet) => (subnet ? [{ name, subnet }] : [])),
  );
  subnets.forEach(({ name, subnet }, index) => {
    for (const other of subnets.slice(0, index)) {
      if (!overlap(rangeOf(subnet.network), rangeOf(other.subnet.network))) continue;
      mistakes.error(
        `networks.${name}.cidr${subnet.family === "ipv6" ? "6" : ""}`,
        `${formatNetwork(subnet.network)} overlaps ${formatNetwork(other.subnet.network)} of network ${other.name}; networks must be disjoint`,
        96,
      );
    }
  });
}

function refuseSharedVlan(networks: PlannedNetwork[], mistakes: Mistakes): void {
  const owners = new Map<number, string>();
  for (const { name, vlan } of networks) {
    if (vlan === undefined) continue;
    const owner = owners.get(vlan);
    if (owner !== undefined)
      mistakes.error(`networks.${name}.vlan`, `VLAN ${vlan} is already network ${owner}; give each its own ID`, 104);
    else owners.set(vlan, name);
  }
}
