import fc from "fast-check";
import {
  type Address,
  contains,
  formatAddress,
  formatNetwork,
  formatRange,
  hostsOf,
  networkOf,
  overlap,
  parseAddress,
  parseCidr,
  parseRange,
  rangeOf,
} from "../../../../components/topology/ip";

const ipv4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value): Address => ({ family: "ipv4", value }));
const ipv6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value): Address => ({ family: "ipv6", value }));
const address = fc.oneof(ipv4, ipv6);
const network = address.chain((one) =>
  fc.nat(one.family === "ipv4" ? 32 : 128).map((prefix) => networkOf(one, prefix)),
);

describe("addresses", () => {
  it("survive being written and read", () => {
    fc.assert(fc.property(address, (one) => expect(parseAddress(formatAddress(one))).toEqual(one)));
  });

  it.each([
    "",
    "10.0.0",
    "010.0.0.1",
    "10.0.0.256",
    "0x0a000001",
    "1",
    "fe80::1%eth0",
    "10.0.0.1/24",
    "::g",
    " 10.0.0.1",
  ])("%j is none", (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it("are written as RFC 5952 wants", () => {
    expect(formatAddress(parseAddress("FD00:0:0:0:0:0:0:1")!)).toBe("fd00::1");
  });
});

describe("networks", () => {
  it("survive being written and read, and hold exactly their own addresses", () => {
    fc.assert(
      fc.property(network, address, (one, other) => {
        expect(parseCidr(formatNetwork(one))?.network).toEqual(one);
        const same = other.family === one.family && networkOf(other, one.prefix).base === one.base;
        expect(contains(rangeOf(one), other)).toBe(same);
      }),
    );
  });

  it("overlap when one holds the other's first address, both ways alike", () => {
    fc.assert(
      fc.property(network, network, (a, b) => {
        const first = (one: typeof a): Address => ({ family: one.family, value: one.base });
        const nested = contains(rangeOf(a), first(b)) || contains(rangeOf(b), first(a));
        expect(overlap(rangeOf(a), rangeOf(b))).toBe(nested);
        expect(overlap(rangeOf(b), rangeOf(a))).toBe(nested);
      }),
    );
  });

  it("keep network and broadcast address from hosts", () => {
    expect(formatRange(hostsOf(parseCidr("10.0.0.0/30")!.network))).toBe("10.0.0.1-10.0.0.2");
    expect(formatRange(hostsOf(parseCidr("10.0.0.0/31")!.network))).toBe("10.0.0.0-10.0.0.1");
    expect(formatRange(hostsOf(parseCidr("fd00::/126")!.network))).toBe("fd00::1-fd00::3");
  });

  it.each(["10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "fd00::/129", "/24", "10.0.0.0/a"])(
    "%j is none",
    (text) => {
      expect(parseCidr(text)).toBeUndefined();
    },
  );
});

describe("ranges", () => {
  it("survive being written and read", () => {
    const range = fc.tuple(ipv6, ipv6).map(([a, b]) => ({
      family: a.family,
      first: a.value < b.value ? a.value : b.value,
      last: a.value < b.value ? b.value : a.value,
    }));
    fc.assert(fc.property(range, (one) => expect(parseRange(formatRange(one))).toEqual(one)));
  });

  it.each(["10.0.0.9-10.0.0.1", "10.0.0.1-fd00::1", "10.0.0.1-", "a-b", "10.0.0.1-10.0.0.2-10.0.0.3"])(
    "%j is none",
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );
});
