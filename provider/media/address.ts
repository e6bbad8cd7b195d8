import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import type { AdvertisedAddress } from "../config";

/** Who is to reach the media server. */
export interface Peer {
  /** Address or name, such as that of a BMC. */
  host?: string;
  /** CIDR in which it lies. */
  network?: string;
}

/** An address to advertise, and why it was chosen. */
export interface Advertised {
  host: string;
  /** Configured for this network, so that it need not be an address of this machine. */
  mapped: boolean;
}

/** What is asked of this machine; tests answer instead. */
export interface LocalNetwork {
  /** Addresses of this machine with prefix length. */
  addresses(): string[];
  /** The address from which this machine would send to a host. */
  towards(host: string): Promise<string | undefined>;
  resolve(host: string): Promise<string | undefined>;
}

/**
 * The address by which a peer reaches this machine: the one that is configured for its network (the narrowest counts); else this machine's own
 * in that network; else the one from which it sends to the peer.
 *
 * @throws Error naming the network and the configuration that is missing
 */
export async function advertisedFor(
  peer: Peer,
  advertise: AdvertisedAddress[],
  local: LocalNetwork = thisMachine,
): Promise<Advertised> {
  const address = peer.host === undefined ? undefined : await local.resolve(peer.host);
  const mapped = advertise
    .filter(
      ({ network }) =>
        (peer.network !== undefined && overlaps(network, peer.network)) ||
        (address !== undefined && contains(network, address)),
    )
    .sort((one, other) => bits(other.network) - bits(one.network))[0];
  if (mapped) return { host: mapped.address.replace(/^\[(.*)\]$/, "$1"), mapped: true };
  const own =
    peer.network === undefined
      ? undefined
      : local.addresses().find((one) => contains(peer.network!, one.split("/")[0]));
  if (own) return { host: own.split("/")[0], mapped: false };
  const beside = address === undefined ? undefined : local.addresses().find((one) => contains(one, address));
  if (beside) return { host: beside.split("/")[0], mapped: false };
  const route = address === undefined ? undefined : await local.towards(address);
  if (route) return { host: route, mapped: false };
  const where = peer.network ?? peer.host ?? "the machines";
  throw new Error(
    `it is not known by which address ${where} reaches this media server; set mediaServer.advertise: [{ network: "${peer.network ?? `${address ?? "10.0.0.0"}/24`}", ` +
      'address: "…" }] in the provider\'s configuration',
  );
}

/** `host:port` for a URL. */
export function authority(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

export const thisMachine: LocalNetwork = {
  addresses: () =>
    Object.values(networkInterfaces())
      .flatMap((all) => (all ?? []).map(({ cidr }) => cidr ?? ""))
      .filter(Boolean),
  towards: (host) =>
    new Promise((resolve) => {
      const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
      const finish = (address: string | undefined) => {
        socket.close();
        resolve(address);
      };
      socket.once("error", () => finish(undefined));
      // Connecting a UDP socket chooses the route and sends nothing.
      socket.connect(9, host, () => {
        const { address } = socket.address();
        finish(address === "0.0.0.0" || address === "::" ? undefined : address);
      });
    }),
  resolve: async (host) => {
    const bare = host.replace(/^\[(.*)\]$/, "$1");
    if (isIP(bare)) return bare;
    return lookup(bare).then(
      ({ address }) => address,
      () => undefined,
    );
  },
};

function contains(network: string, address: string): boolean {
  try {
    const [base, length] = ipaddr.parseCIDR(network);
    const parsed = ipaddr.parse(address);
    return parsed.kind() === base.kind() && parsed.match(base, length);
  } catch {
    return false;
  }
}

/** One of the two lies in the other. */
function overlaps(one: string, other: string): boolean {
  return contains(one, other.split("/")[0]) || contains(other, one.split("/")[0]);
}

function bits(network: string): number {
  return Number(network.split("/")[1]);
}
