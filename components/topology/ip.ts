import ipaddr from "ipaddr.js";

export type Family = "ipv4" | "ipv6";

/** An address as a number, so that ranges and offsets are plain arithmetic. */
export interface Address {
  family: Family;
  value: bigint;
}

/** A network: its first address and how many leading bits it fixes. */
export interface Network {
  family: Family;
  /** The network address (host bits zero). */
  base: bigint;
  prefix: number;
}

/** First and last address, both included. */
export interface Range {
  family: Family;
  first: bigint;
  last: bigint;
}

const WIDTH: Record<Family, number> = { ipv4: 32, ipv6: 128 };

/** Reads `10.0.0.1` or `fd00::1`; undefined when it is no address (four decimal parts are required for IPv4). */
export function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return fromParsed(ipaddr.IPv4.parse(text));
  if (ipaddr.IPv6.isValid(text) && !text.includes("%")) return fromParsed(ipaddr.IPv6.parse(text));
  return undefined;
}

/** Reads `10.0.0.0/24` or `fd00::/64`; undefined when it is none. Host bits are kept in `address` and cleared in `network`. */
export function parseCidr(text: string): { network: Network; address: Address } | undefined {
  const [head, tail, ...rest] = text.split("/");
  const address = parseAddress(head);
  if (!address || rest.length > 0 || !/^\d{1,3}$/.test(tail ?? "")) return undefined;
  const prefix = Number(tail);
  if (prefix > WIDTH[address.family]) return undefined;
  return { address, network: networkOf(address, prefix) };
}

/** Reads `10.0.0.10-10.0.0.99` or a single address; undefined when it is neither or runs backwards. */
export function parseRange(text: string): Range | undefined {
  const parts = text.split("-").map((part) => parseAddress(part.trim()));
  const [first, last = parts.length === 1 ? first : undefined] = parts;
  if (!first || !last || parts.length > 2 || first.family !== last.family || first.value > last.value) return undefined;
  return { family: first.family, first: first.value, last: last.value };
}

/** The network of that prefix length that holds the address. */
export function networkOf(address: Address, prefix: number): Network {
  const hostBits = BigInt(WIDTH[address.family] - prefix);
  return { family: address.family, base: (address.value >> hostBits) << hostBits, prefix };
}

/** All addresses of a network, the network and broadcast addresses included. */
export function rangeOf(network: Network): Range {
  const size = 1n << BigInt(WIDTH[network.family] - network.prefix);
  return { family: network.family, first: network.base, last: network.base + size - 1n };
}

/** The addresses that a host may have: without network and broadcast address (IPv4, /30 and larger) or router anycast (IPv6). */
export function hostsOf(network: Network): Range {
  const range = rangeOf(network);
  if (WIDTH[network.family] - network.prefix < 2) return range;
  if (network.family === "ipv6") return { ...range, first: range.first + 1n };
  return { ...range, first: range.first + 1n, last: range.last - 1n };
}

export function contains(range: Range, address: Address): boolean {
  return range.family === address.family && address.value >= range.first && address.value <= range.last;
}

export function overlap(a: Range, b: Range): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** Canonical text: dotted decimal, or RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  const width = WIDTH[family] / 8;
  const bytes = Array.from({ length: width }, (_, index) => Number((value >> BigInt(8 * (width - 1 - index))) & 0xffn));
  const parsed = ipaddr.fromByteArray(bytes);
  return parsed.kind() === "ipv6" ? (parsed as ipaddr.IPv6).toRFC5952String() : parsed.toString();
}

export function formatNetwork(network: Network): string {
  return `${formatAddress({ family: network.family, value: network.base })}/${network.prefix}`;
}

export function formatRange(range: Range): string {
  return [range.first, range.last].map((value) => formatAddress({ family: range.family, value })).join("-");
}

function fromParsed(parsed: ipaddr.IPv4 | ipaddr.IPv6): Address {
  const value = parsed.toByteArray().reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return { family: parsed.kind(), value };
}
