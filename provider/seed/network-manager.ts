import { createHash } from "node:crypto";
import type { NodeInterface, NodeNetwork } from "../../resources/redfish/installation";
import { portName } from "./netplan";
import { isIpv4 } from "./network";
import type { TargetFile } from "./scripts";

/** The network as connection files of NetworkManager, and the names of ports that are known by MAC address. */
export function keyfiles(network: NodeNetwork): TargetFile[] {
  return network.interfaces.flatMap((one) => {
    if (one.bond) return bond(one, network);
    if (one.vlan)
      return [connection(one, network, "vlan", ["[vlan]", `id=${one.vlan.id}`, `parent=${uuid(one.vlan.link)}`])];
    return port(one.name, one.mac, (lines) => connection(one, network, "ethernet", lines));
  });
}

function bond(one: NodeInterface, network: NodeNetwork): TargetFile[] {
  const { mode, members } = one.bond!;
  const options = ["[bond]", `mode=${mode}`, "miimon=100"];
  if (mode === "802.3ad") options.push("lacp_rate=fast", "xmit_hash_policy=layer3+4");
  const ports = members.flatMap((mac, index) => {
    const name = portName(one.name, index);
    const lines = [
      "[connection]",
      `id=${name}`,
      `uuid=${uuid(name)}`,
      "type=ethernet",
      `master=${uuid(one.name)}`,
      "slave-type=bond",
    ];
    return port(name, mac, (ethernet) => keyfile(name, [...lines, "", ...ethernet]));
  });
  return [connection(one, network, "bond", options), ...ports];
}

/** The connection, bound to a MAC address where there is one, and the rule that gives the port its name. */
function port(name: string, mac: string | undefined, make: (ethernet: string[]) => TargetFile): TargetFile[] {
  if (mac === undefined) return [make(["[ethernet]"])];
  const rule = `[Match]\nMACAddress=${mac.toLowerCase()}\nType=ether\n\n[Link]\nName=${name}\n`;
  return [
    make(["[ethernet]", `mac-address=${mac.toUpperCase()}`]),
    { path: `/etc/systemd/network/10-rackform-${name}.link`, content: rule },
  ];
}

function connection(one: NodeInterface, network: NodeNetwork, type: string, own: string[]): TargetFile {
  const named = type !== "ethernet" || one.mac === undefined;
  const carries = network.interfaces.some(({ vlan }) => vlan?.link === one.name);
  const head = ["[connection]", `id=${one.name}`, `uuid=${uuid(one.name)}`, `type=${type}`];
  if (named) head.push(`interface-name=${one.name}`);
  const mtu =
    one.mtu === undefined ? [] : type === "ethernet" ? [`mtu=${one.mtu}`] : ["", "[ethernet]", `mtu=${one.mtu}`];
  return keyfile(one.name, [
    ...head,
    "",
    ...own,
    ...mtu,
    "",
    ...family(one, network, 4, carries),
    "",
    ...family(one, network, 6, carries),
  ]);
}

function family(one: NodeInterface, network: NodeNetwork, version: 4 | 6, carries: boolean): string[] {
  const fits = (address: string) => isIpv4(address) === (version === 4);
  const addresses = one.addresses.filter(fits);
  if (addresses.length === 0) {
    const dynamic = one.addresses.length === 0 && !carries;
    return [
      `[ipv${version}]`,
      `method=${dynamic && version === 4 ? "auto" : version === 6 ? "link-local" : "disabled"}`,
    ];
  }
  const servers = network.nameservers.filter(fits);
  const gateway = one.gateway !== undefined && fits(one.gateway) ? [`gateway=${one.gateway}`] : [];
  return [
    `[ipv${version}]`,
    "method=manual",
    ...addresses.map((address, index) => `address${index + 1}=${address}`),
    ...gateway,
    ...(servers.length > 0 ? [`dns=${servers.join(";")};`] : []),
    ...(network.searchDomains?.length ? [`dns-search=${network.searchDomains.join(";")};`] : []),
  ];
}

function keyfile(name: string, lines: string[]): TargetFile {
  const path = `/etc/NetworkManager/system-connections/${name}.nmconnection`;
  return { path, content: `${lines.join("\n")}\n`, mode: "0600" };
}

/** The same for the same name, so that a file that is written again names the same connection. */
function uuid(name: string): string {
  const hex = createHash("sha256").update(`rackform ${name}`).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
