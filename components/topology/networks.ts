import type { BondMode } from "../../resources/redfish/installation-types";

/** What a network is for. It decides which classes are attached to it by default and where a node's address comes from. */
export type NetworkPurpose = "management" | "provision" | "storage" | "tenant";

/** One layer-2 network with its addresses. */
export interface NetworkSpec {
  /**
   * `management` carries the nodes' own addresses (each server is on exactly one), `provision` is where installers fetch
   * their files. Default: the network's own name when that is a purpose, otherwise `tenant`.
   */
  purpose?: NetworkPurpose;
  /** IPv4 network, such as `10.0.0.0/24`. At least one of `cidr` and `cidr6` is needed. */
  cidr?: string;
  /** IPv6 network, such as `fd00:1::/64`. */
  cidr6?: string;
  /** IPv4 router. Becomes the default route on the network that has `defaultRoute`. */
  gateway?: string;
  /** IPv6 router. */
  gateway6?: string;
  /** Whether the nodes' default route leads through this network. Default: true on the management network. */
  defaultRoute?: boolean;
  /**
   * VLAN ID (1 to 4094) when the network arrives tagged. Unset: untagged.
   * @integer
   */
  vlan?: number;
  /**
   * Largest packet in bytes, 1280 to 9216.
   * @default 1500
   * @integer
   */
  mtu?: number;
  /**
   * IPv4 addresses for servers without a static one: `first-last`. Slot 0 is the first address. Default: from the tenth
   * host address on (from the second in networks smaller than /26).
   */
  pool?: string;
  /** The same for IPv6. Default: from the tenth address on. */
  pool6?: string;
  /** Addresses and ranges that no server may get: virtual IPs, switches, other hosts. */
  reserved?: string[];
}

/** Ports that act as one. */
export interface BondSpec {
  /**
   * Bonding mode. `802.3ad` needs a LACP group on the switch, `active-backup` nothing.
   * @default "active-backup"
   */
  mode?: BondMode;
  /** Names of the ports, as in the servers' `nics`. */
  members: string[];
}

/** A port or a bond of every server of a class, and the networks it carries: at most one untagged, any number tagged. */
export interface InterfaceSpec {
  /** Name on the node: a port in the servers' `nics` (`eno1`), or the bond's own (`bond0`). */
  name: string;
  /** Names of the networks that it carries. */
  networks: string[];
  /** Makes it a bond. */
  bond?: BondSpec;
  /**
   * Largest packet in bytes. Default: the largest `mtu` of its networks.
   * @integer
   */
  mtu?: number;
}

/** A port as it is printed on the machine or shown by the BMC. */
export interface NicSpec {
  /** Name on the node, such as `eno1`. */
  name: string;
  /** MAC address. */
  mac: string;
}

export const PURPOSES: readonly NetworkPurpose[] = ["management", "provision", "storage", "tenant"];

/** The purpose that counts: given, else the network's own name when it is one, else tenant. */
export function purposeOf(name: string, network: NetworkSpec): NetworkPurpose {
  return network.purpose ?? PURPOSES.find((purpose) => purpose === name) ?? "tenant";
}
