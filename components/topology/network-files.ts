import { stringify } from "yaml";
import type { PlannedInterface } from "./network-plan-interfaces";

/** What configures the network of a node: Ubuntu has netplan, the RHEL family NetworkManager, Debian systemd-networkd. */
export type NetworkBackend = "netplan" | "networkd" | "networkmanager";

/** A file on the node. */
export interface NodeFile {
  path: string;
  content: string;
}

/** Name servers of a node. */
export interface Resolver {
  nameservers: readonly string[];
  searchDomains: readonly string[];
}

/** The files that make the backend bring the interfaces up as planned. Deterministic: the same plan gives the same bytes. */
export function networkFiles(
  backend: NetworkBackend,
  interfaces: readonly PlannedInterface[],
  resolver: Resolver,
): NodeFile[] {
  if (interfaces.length === 0) return [];
  const render = { netplan, networkd, networkmanager };
  return render[backend](interfaces, resolver);
}

function netplan(interfaces: readonly PlannedInterface[], resolver: Resolver): NodeFile[] {
  const ethernets: Record<string, object> = {};
  const bonds: Record<string, object> = {};
  const vlans: Record<string, object> = {};
  for (const one of interfaces) {
    const common = { ...netplanAddresses(one, resolver), "accept-ra": false, mtu: one.mtu };
    if (one.vlan) vlans[one.name] = { id: one.vlan.id, link: one.vlan.link, ...common };
    else if (one.bond) {
      one.bond.memberNames.forEach(
        (name, index) => (ethernets[name] = netplanPort(name, one.bond!.members[index], one.mtu)),
      );
      const parameters = {
        mode: one.bond.mode,
        "mii-monitor-interval": 100,
        ...(one.bond.mode === "802.3ad" ? { "lacp-rate": "fast" } : {}),
      };
      bonds[one.name] = { interfaces: one.bond.memberNames, parameters, ...common };
    } else ethernets[one.name] = { ...netplanPort(one.name, one.mac, one.mtu), ...common };
  }
  const sections = Object.entries({ ethernets, bonds, vlans }).filter(([, section]) => Object.keys(section).length > 0);
  const document = { network: { version: 2, ...Object.fromEntries(sections) } };
  return [{ path: "/etc/netplan/90-rackform.yaml", content: stringify(document) }];
}

function netplanPort(name: string, mac: string | undefined, mtu: number): object {
  return {
    ...(mac ? { match: { macaddress: mac }, "set-name": name } : {}),
    mtu,
    dhcp4: false,
    dhcp6: false,
    "accept-ra": false,
  };
}

function netplanAddresses(one: PlannedInterface, resolver: Resolver): object {
  const routes = [one.gateway, one.gateway6].flatMap((via) => (via ? [{ to: "default", via }] : []));
  return {
    ...(one.addresses.length > 0 ? { addresses: one.addresses } : {}),
    ...(routes.length > 0
      ? { routes, ...(resolver.nameservers.length > 0 ? { nameservers: netplanResolver(resolver) } : {}) }
      : {}),
  };
}

function netplanResolver({ nameservers, searchDomains }: Resolver): object {
  return { addresses: [...nameservers], ...(searchDomains.length > 0 ? { search: [...searchDomains] } : {}) };
}

/** VLANs, bridges and their like take the MAC address of the port below; they are not the port. Needs systemd 251. */
const NOT_ABOVE = "Kind=!bond bridge ipvlan macvlan macvtap vlan vrf vxlan";

function networkd(interfaces: readonly PlannedInterface[], resolver: Resolver): NodeFile[] {
  const file = (name: string, kind: "network" | "netdev", lines: string[]): NodeFile => ({
    path: `/etc/systemd/network/10-rackform-${name}.${kind}`,
    content: `${lines.join("\n")}\n`,
  });
  return interfaces.flatMap((one) => {
    const match = one.mac ? [`MACAddress=${one.mac}`, NOT_ABOVE] : [`Name=${one.name}`];
    const vlans = interfaces.filter((other) => other.vlan?.link === one.name).map((other) => `VLAN=${other.name}`);
    const self = file(one.name, "network", ["[Match]", ...match, "", ...networkdBody(one, vlans, resolver)]);
    if (one.vlan) {
      const netdev = [
        "[NetDev]",
        `Name=${one.name}`,
        "Kind=vlan",
        `MTUBytes=${one.mtu}`,
        "",
        "[VLAN]",
        `Id=${one.vlan.id}`,
      ];
      return [file(one.name, "netdev", netdev), self];
    }
    if (!one.bond) return [self];
    const lacp = one.bond.mode === "802.3ad" ? ["LACPTransmitRate=fast"] : [];
    const netdev = [
      "[NetDev]",
      `Name=${one.name}`,
      "Kind=bond",
      `MTUBytes=${one.mtu}`,
      "",
      "[Bond]",
      `Mode=${one.bond.mode}`,
      "MIIMonitorSec=100ms",
      ...lacp,
    ];
    const ports = one.bond.memberNames.map((name, index) => {
      const mac = one.bond!.members[index];
      const port = mac ? `PermanentMACAddress=${mac}` : `Name=${name}`;
      return file(name, "network", [
        "[Match]",
        port,
        "",
        "[Link]",
        `MTUBytes=${one.mtu}`,
        "",
        "[Network]",
        `Bond=${one.name}`,
      ]);
    });
    return [file(one.name, "netdev", netdev), ...ports, self];
  });
}

function networkdBody(one: PlannedInterface, vlans: string[], resolver: Resolver): string[] {
  const gateways = [one.gateway, one.gateway6].flatMap((via) => (via ? [`Gateway=${via}`] : []));
  const dns = gateways.length > 0 ? resolver.nameservers.map((address) => `DNS=${address}`) : [];
  const search =
    dns.length > 0 && resolver.searchDomains.length > 0 ? [`Domains=${resolver.searchDomains.join(" ")}`] : [];
  const addresses = one.addresses.map((address) => `Address=${address}`);
  const link = addresses.length === 0 ? ["LinkLocalAddressing=no"] : [];
  return [
    "[Link]",
    `MTUBytes=${one.mtu}`,
    "",
    "[Network]",
    "DHCP=no",
    "IPv6AcceptRA=no",
    ...link,
    ...addresses,
    ...gateways,
    ...dns,
    ...search,
    ...vlans,
  ];
}

function networkmanager(interfaces: readonly PlannedInterface[], resolver: Resolver): NodeFile[] {
  const file = (name: string, sections: [string, string[]][]): NodeFile => ({
    path: `/etc/NetworkManager/system-connections/rackform-${name}.nmconnection`,
    content: sections.map(([title, lines]) => [`[${title}]`, ...lines, ""].join("\n")).join("\n"),
  });
  return interfaces.flatMap((one) => {
    const type = one.vlan ? "vlan" : one.bond ? "bond" : "ethernet";
    const byMac = one.mac && type === "ethernet";
    const connection = [
      `id=rackform-${one.name}`,
      `type=${type}`,
      ...(byMac ? [] : [`interface-name=${one.name}`]),
      "autoconnect=true",
      "autoconnect-priority=100",
    ];
    const ethernet = [...(byMac ? [`mac-address=${one.mac}`] : []), `mtu=${one.mtu}`];
    const ip = [nmFamily("ipv4", one, resolver), nmFamily("ipv6", one, resolver)];
    if (one.vlan) {
      const parent = interfaces.find((other) => other.name === one.vlan!.link);
      const link = parent?.mac && !parent.bond ? [] : [`parent=${one.vlan.link}`];
      const hardware = link.length > 0 ? ethernet : [`mac-address=${parent!.mac}`, ...ethernet];
      return [
        file(one.name, [
          ["connection", connection],
          ["ethernet", hardware],
          ["vlan", [`id=${one.vlan.id}`, ...link]],
          ...ip,
        ]),
      ];
    }
    if (!one.bond) return [file(one.name, [["connection", connection], ["ethernet", ethernet], ...ip])];
    const options = [`mode=${one.bond.mode}`, "miimon=100", ...(one.bond.mode === "802.3ad" ? ["lacp_rate=fast"] : [])];
    const ports = one.bond.memberNames.map((name, index) => {
      const mac = one.bond!.members[index];
      const port = [
        `id=rackform-${name}`,
        "type=ethernet",
        ...(mac ? [] : [`interface-name=${name}`]),
        `master=${one.name}`,
        "slave-type=bond",
      ];
      return file(name, [
        ["connection", port],
        ["ethernet", [...(mac ? [`mac-address=${mac}`] : []), `mtu=${one.mtu}`]],
      ]);
    });
    return [file(one.name, [["connection", connection], ["bond", options], ["ethernet", ethernet], ...ip]), ...ports];
  });
}

function nmFamily(family: "ipv4" | "ipv6", one: PlannedInterface, resolver: Resolver): [string, string[]] {
  const mine = (address: string) => address.includes(":") === (family === "ipv6");
  const addresses = one.addresses.filter(mine);
  if (addresses.length === 0) return [family, [family === "ipv4" ? "method=disabled" : "method=link-local"]];
  const gateway = family === "ipv4" ? one.gateway : one.gateway6;
  const dns = gateway ? resolver.nameservers.filter(mine) : [];
  return [
    family,
    [
      "method=manual",
      ...addresses.map((address, index) => `address${index + 1}=${address}`),
      ...(gateway ? [`gateway=${gateway}`] : ["never-default=true"]),
      ...(dns.length > 0 ? [`dns=${dns.join(";")};`] : []),
      ...(dns.length > 0 && resolver.searchDomains.length > 0
        ? [`dns-search=${resolver.searchDomains.join(";")};`]
        : []),
    ],
  ];
}
