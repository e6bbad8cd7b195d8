import ipaddr from "ipaddr.js";
import type { NodeInterface, NodeNetwork } from "../../resources/redfish/installation";

/** The one interface that the installer brings up, before it has any configuration but the kernel's command line. */
export interface BootInterface {
  /** Of the port; undefined when the port is known by its kernel name only. */
  mac?: string;
  /** Name of the port in the kernel, for a port without a MAC address. */
  device?: string;
  /** With prefix length; undefined: by DHCP. */
  address?: string;
  gateway?: string;
  vlanId?: number;
  mtu?: number;
}

/**
 * The interface that lies in the provision network; without one, that with a gateway; else the first that has an address. Of a bond the first
 * port is taken: an installer knows no bonds, and switches let a single port of an LACP bond through where they are told so.
 */
export function bootInterface(network: NodeNetwork, provisionNetwork?: string): BootInterface {
  const { interfaces } = network;
  const reachable = provisionNetwork === undefined ? [] : interfaces.filter((one) => inNetwork(one, provisionNetwork));
  const chosen =
    reachable[0] ??
    interfaces.find((one) => one.gateway !== undefined && one.addresses.length > 0) ??
    interfaces.find((one) => one.addresses.length > 0) ??
    interfaces[0];
  if (chosen === undefined) return {};
  const inside = chosen.addresses.find((address) => provisionNetwork && within(address, provisionNetwork));
  const address = inside ?? chosen.addresses.find(isIpv4) ?? chosen.addresses[0];
  const port = portOf(chosen, interfaces);
  const sameFamily =
    chosen.gateway !== undefined && address !== undefined && isIpv4(address) === isIpv4(chosen.gateway);
  return {
    ...port,
    address,
    gateway: sameFamily ? chosen.gateway : undefined,
    mtu: chosen.mtu,
    vlanId: chosen.vlan?.id,
  };
}

function portOf(one: NodeInterface, all: NodeInterface[]): Pick<BootInterface, "mac" | "device"> {
  if (one.bond) return { mac: one.bond.members[0]?.toLowerCase() };
  if (one.vlan) {
    const link = all.find(({ name }) => name === one.vlan!.link);
    return link && link !== one ? portOf(link, all) : { device: one.vlan.link };
  }
  return one.mac === undefined ? { device: one.name } : { mac: one.mac.toLowerCase() };
}

/** Whether the text, an address with or without prefix length, is IPv4. */
export function isIpv4(address: string): boolean {
  return ipaddr.IPv4.isValid(address.split("/")[0]);
}

/** The address without its prefix length. */
export function host(address: string): string {
  return address.split("/")[0];
}

/** Such as `255.255.255.0`, of an IPv4 address with prefix length. */
export function netmask(address: string): string {
  return ipaddr.IPv4.subnetMaskFromPrefixLength(ipaddr.IPv4.parseCIDR(address)[1]).toString();
}

/** An address as the kernel's `ip=` wants it: IPv6 in brackets. */
export function bracketed(address: string): string {
  return isIpv4(address) ? host(address) : `[${host(address)}]`;
}

function inNetwork(one: NodeInterface, network: string): boolean {
  return one.addresses.some((address) => within(address, network));
}

/** Whether an address, with or without prefix length, lies in a network. Nonsense lies nowhere. */
export function within(address: string, network: string): boolean {
  try {
    const [base, bits] = ipaddr.parseCIDR(network);
    const parsed = ipaddr.parse(host(address));
    return parsed.kind() === base.kind() && parsed.match(base, bits);
  } catch {
    return false;
  }
}
