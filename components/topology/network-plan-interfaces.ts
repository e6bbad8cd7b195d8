import type { BondMode } from "../../resources/redfish/installation-types";
import { choices, type Mistakes } from "../private/mistakes";
import { parseMac } from "./format";
import { type Address, type Family, formatAddress } from "./ip";
import { checkMtu, type PlannedNetwork } from "./network-plan-networks";
import type { InterfaceSpec, NicSpec } from "./networks";

/** One interface of a node as it will be configured. Same shape as the `network.interfaces` of an Installation. */
export interface PlannedInterface {
  name: string;
  mac?: string;
  /** In CIDR notation. */
  addresses: string[];
  /** Routers of the default route, one a family at most. */
  gateway?: string;
  gateway6?: string;
  mtu: number;
  bond?: { mode: BondMode; members: string[]; memberNames: string[] };
  vlan?: { id: number; link: string };
}

const BOND_MODES: readonly BondMode[] = [
  "active-backup",
  "802.3ad",
  "balance-rr",
  "balance-xor",
  "broadcast",
  "balance-tlb",
  "balance-alb",
];

/** The interfaces of one class are checked once, whatever the number of its servers. */
export function checkInterfaces(
  path: string,
  specs: readonly InterfaceSpec[],
  networks: ReadonlyMap<string, PlannedNetwork>,
  used: readonly string[],
  mistakes: Mistakes,
): void {
  const names = new Set<string>();
  const carried = new Map<string, string>();
  const members = new Map<string, string>();
  specs.forEach((spec, index) => {
    const at = `${path}[${index}]`;
    checkName(`${at}.name`, spec.name, mistakes);
    if (names.has(spec.name))
      mistakes.error(`${at}.name`, `${spec.name} is there twice; interface names are unique in a class`);
    names.add(spec.name);
    checkMtu(`${at}.mtu`, spec.mtu, mistakes);
    checkCarried(at, spec, networks, carried, mistakes);
    checkBond(at, spec, members, mistakes);
  });
  for (const [member, bond] of members) {
    if (names.has(member))
      mistakes.error(
        path,
        `${member} is a member of ${bond} and an interface of its own; a bonded port carries nothing itself`,
      );
  }
  const missing = used.filter((name) => !carried.has(name));
  if (specs.length > 0 && missing.length > 0) {
    mistakes.error(
      path,
      `no interface carries ${missing.join(", ")}; name every network of the class in the networks of one interface`,
    );
  }
  for (const name of carried.keys()) {
    if (networks.has(name) && !used.includes(name)) {
      mistakes.error(
        path,
        `network ${name} is carried but not one of the class's networks (${used.join(", ")}); add it there or remove it here`,
      );
    }
  }
}

function checkName(path: string, name: string, mistakes: Mistakes): void {
  if (/^[a-zA-Z0-9_.-]{1,15}$/.test(name) && !/^\.{1,2}$/.test(name)) return;
  mistakes.error(
    path,
    `${JSON.stringify(name)} is no interface name; use 1 to 15 letters, digits, dots, hyphens or underscores`,
  );
}

function checkCarried(
  at: string,
  spec: InterfaceSpec,
  networks: ReadonlyMap<string, PlannedNetwork>,
  carried: Map<string, string>,
  mistakes: Mistakes,
): void {
  const untagged: string[] = [];
  for (const name of spec.networks) {
    const network = networks.get(name);
    if (!network) {
      mistakes.error(
        `${at}.networks`,
        `there is no network ${JSON.stringify(name)}; ${choices(name, networks.keys())}`,
      );
      continue;
    }
    const other = carried.get(name);
    if (other !== undefined)
      mistakes.error(`${at}.networks`, `network ${name} is carried by ${other} already; a network has one interface`);
    carried.set(name, spec.name);
    if (network.vlan === undefined) untagged.push(name);
    else if (`${spec.name}.${network.vlan}`.length > 15) {
      mistakes.error(
        `${at}.name`,
        `${spec.name}.${network.vlan} (network ${name}) is longer than the 15 characters of an interface name; shorten ${spec.name}`,
      );
    }
    if (spec.mtu !== undefined && network.mtu > spec.mtu) {
      mistakes.error(
        `${at}.mtu`,
        `${spec.mtu} is smaller than the ${network.mtu} of network ${name}; an interface's MTU is at least that of each network on it`,
      );
    }
  }
  if (untagged.length > 1) {
    mistakes.error(
      `${at}.networks`,
      `${untagged.join(" and ")} are both untagged; give all but one a vlan, or another interface`,
    );
  }
}

function checkBond(at: string, spec: InterfaceSpec, members: Map<string, string>, mistakes: Mistakes): void {
  if (!spec.bond) return;
  if (spec.bond.mode !== undefined && !BOND_MODES.includes(spec.bond.mode)) {
    mistakes.error(
      `${at}.bond.mode`,
      `${JSON.stringify(spec.bond.mode)} is no bonding mode; ${choices(spec.bond.mode, BOND_MODES)}`,
    );
  }
  if (spec.bond.members.length === 0)
    mistakes.error(`${at}.bond.members`, "is empty; name the ports that make up the bond");
  for (const member of spec.bond.members) {
    const other = members.get(member);
    if (other !== undefined)
      mistakes.error(`${at}.bond.members`, `${member} is a member of ${other} already; a port belongs to one bond`);
    members.set(member, spec.name);
  }
}

/** A server as the interface plan sees it. */
export interface InterfacedServer {
  name: string;
  at(field: string): string;
  mac?: string;
  nics: readonly NicSpec[];
}

/** The interfaces of one server: each port or bond with its untagged network, then one VLAN interface a tagged network. */
export function planInterfaces(
  server: InterfacedServer,
  specs: readonly InterfaceSpec[],
  networks: ReadonlyMap<string, PlannedNetwork>,
  addresses: ReadonlyMap<string, Partial<Record<Family, Address>>>,
  mistakes: Mistakes,
): PlannedInterface[] {
  return specs.flatMap((spec) => {
    const carried = spec.networks.flatMap((name) => networks.get(name) ?? []);
    const untagged = carried.find((network) => network.vlan === undefined);
    const mtu = spec.mtu ?? Math.max(1500, ...carried.map((network) => network.mtu));
    const parent: PlannedInterface = {
      name: spec.name,
      ...hardware(server, spec, mistakes),
      ...(untagged ? l3(untagged, addresses) : { addresses: [] }),
      mtu: untagged && carried.length === 1 && spec.mtu === undefined ? untagged.mtu : mtu,
    };
    const tagged = carried.flatMap((network): PlannedInterface[] =>
      network.vlan === undefined
        ? []
        : [
            {
              name: `${spec.name}.${network.vlan}`,
              ...l3(network, addresses),
              mtu: network.mtu,
              vlan: { id: network.vlan, link: spec.name },
            },
          ],
    );
    return [parent, ...tagged];
  });
}

function hardware(
  server: InterfacedServer,
  spec: InterfaceSpec,
  mistakes: Mistakes,
): Pick<PlannedInterface, "mac" | "bond"> {
  const macOf = (name: string) => {
    const mac = server.nics.find((nic) => nic.name === name)?.mac;
    return mac === undefined ? undefined : parseMac(mac);
  };
  if (!spec.bond) {
    const only = server.nics.length === 0 ? server.mac && parseMac(server.mac) : undefined;
    const mac = macOf(spec.name) ?? only;
    return mac ? { mac } : {};
  }
  const unknown = spec.bond.members.filter((member) => !server.nics.some((nic) => nic.name === member));
  if (unknown.length > 0) {
    mistakes.error(
      server.at("nics"),
      `server ${server.name} has no MAC address for ${unknown.join(", ")}, needed for ${spec.name}; add the ports to nics`,
    );
  }
  const members = spec.bond.members.flatMap((member) => macOf(member) ?? []);
  return { bond: { mode: spec.bond.mode ?? "active-backup", members, memberNames: spec.bond.members } };
}

function l3(
  network: PlannedNetwork,
  addresses: ReadonlyMap<string, Partial<Record<Family, Address>>>,
): Pick<PlannedInterface, "addresses" | "gateway" | "gateway6"> {
  const own = addresses.get(network.name) ?? {};
  const subnets = [network.ipv4, network.ipv6].flatMap((subnet) => (subnet ? [subnet] : []));
  const routed = network.defaultRoute ? subnets : [];
  const gateway = routed.find((subnet) => subnet.family === "ipv4")?.gateway;
  const gateway6 = routed.find((subnet) => subnet.family === "ipv6")?.gateway;
  return {
    addresses: subnets.flatMap((subnet) => {
      const address = own[subnet.family];
      return address ? [`${formatAddress(address)}/${subnet.network.prefix}`] : [];
    }),
    ...(gateway ? { gateway: formatAddress(gateway) } : {}),
    ...(gateway6 ? { gateway6: formatAddress(gateway6) } : {}),
  };
}
