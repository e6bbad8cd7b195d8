import type { NodeInterface, NodeNetwork } from "../../resources/redfish/installation";
import { isIpv4 } from "./network";

/** The network in netplan's language, version 2, which cloud-init speaks too. */
export function netplan(network: NodeNetwork): object {
  const bonds = network.interfaces.filter(({ bond }) => bond);
  const vlans = network.interfaces.filter(({ vlan }) => vlan);
  const ports = network.interfaces.filter(({ bond, vlan }) => !bond && !vlan);
  const members = bonds.flatMap(({ name, bond }) =>
    bond!.members.map((mac, index) => ({ name: portName(name, index), mac })),
  );
  return {
    version: 2,
    ...section("ethernets", [
      ...ports.map((one): Pair => [
        one.name,
        {
          ...(one.mac === undefined ? {} : { match: { macaddress: one.mac.toLowerCase() }, "set-name": one.name }),
          ...addressing(one, network),
        },
      ]),
      ...members.map(({ name, mac }): Pair => [
        name,
        { match: { macaddress: mac.toLowerCase() }, "set-name": name, dhcp4: false, dhcp6: false },
      ]),
    ]),
    ...section(
      "bonds",
      bonds.map((one): Pair => [
        one.name,
        {
          interfaces: one.bond!.members.map((_, index) => portName(one.name, index)),
          parameters: {
            mode: one.bond!.mode,
            "mii-monitor-interval": 100,
            ...(one.bond!.mode === "802.3ad" ? { "lacp-rate": "fast", "transmit-hash-policy": "layer3+4" } : {}),
          },
          ...addressing(one, network),
        },
      ]),
    ),
    ...section(
      "vlans",
      vlans.map((one): Pair => [one.name, { id: one.vlan!.id, link: one.vlan!.link, ...addressing(one, network) }]),
    ),
  };
}

type Pair = [string, object];

/** Name of a bond's port in the installed system: `bond0p0`, cut to what the kernel takes. */
export function portName(bond: string, index: number): string {
  const tail = `p${index}`;
  return `${bond.slice(0, 15 - tail.length)}${tail}`;
}

function section(name: string, pairs: Pair[]): object {
  return pairs.length === 0 ? {} : { [name]: Object.fromEntries(pairs) };
}

/** An interface without addresses that carries VLANs only needs no DHCP; one on its own gets its address by DHCP. */
function addressing(one: NodeInterface, network: NodeNetwork): object {
  const carries = network.interfaces.some(({ vlan }) => vlan?.link === one.name);
  const dynamic = one.addresses.length === 0 && !carries;
  const routes =
    one.gateway === undefined ? [] : [{ to: isIpv4(one.gateway) ? "0.0.0.0/0" : "::/0", via: one.gateway }];
  const resolves =
    one.addresses.length > 0 && (one.gateway !== undefined || !network.interfaces.some(({ gateway }) => gateway));
  return {
    dhcp4: dynamic,
    dhcp6: false,
    ...(one.addresses.length > 0 ? { addresses: one.addresses } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(one.mtu === undefined ? {} : { mtu: one.mtu }),
    ...(resolves && network.nameservers.length > 0
      ? {
          nameservers: {
            addresses: network.nameservers,
            ...(network.searchDomains?.length ? { search: network.searchDomains } : {}),
          },
        }
      : {}),
  };
}
