import { advertisedFor, authority, type LocalNetwork } from "../../../../provider/media/address";

/** A machine with two networks and a default route. */
const local: LocalNetwork = {
  addresses: () => ["127.0.0.1/8", "10.0.0.5/24", "10.0.1.5/24", "fd00:20::5/64"],
  towards: (host) => Promise.resolve(host.startsWith("192.0.2.") ? "10.0.0.5" : undefined),
  resolve: (host) =>
    Promise.resolve({ "bmc1.example.com": "10.0.0.11" }[host] ?? (/^[\d.]+$|:/.test(host) ? host : undefined)),
};

const advertise = [
  { network: "10.0.0.0/8", address: "198.51.100.1" },
  { network: "10.0.9.0/24", address: "media.example.com" },
  { network: "fd00:30::/64", address: "[2001:db8::1]" },
];

describe("the advertised address", () => {
  it.each([
    ["its own address in the machine's network", { network: "10.0.1.0/24" }, "10.0.1.5"],
    ["the same over IPv6", { network: "fd00:20::/64" }, "fd00:20::5"],
    ["its own address beside the BMC", { host: "10.0.0.11" }, "10.0.0.5"],
    ["the same for a name", { host: "bmc1.example.com" }, "10.0.0.5"],
    ["the network counts more than the host", { host: "10.0.0.11", network: "10.0.1.0/24" }, "10.0.1.5"],
    ["the address it sends from", { host: "192.0.2.7" }, "10.0.0.5"],
  ])("%s", async (_name, peer, host) => {
    expect(await advertisedFor(peer, [], local)).toEqual({ host, mapped: false });
  });

  it.each([
    ["configured for a network around it", { host: "10.0.0.11" }, "198.51.100.1"],
    ["configured for the narrowest network", { host: "10.0.9.11" }, "media.example.com"],
    ["configured for the machine's network", { network: "10.0.9.128/25" }, "media.example.com"],
    ["without brackets", { network: "fd00:30::/64" }, "2001:db8::1"],
  ])("%s", async (_name, peer, host) => {
    expect(await advertisedFor(peer, advertise, local)).toEqual({ host, mapped: true });
  });

  it("is missing where nothing tells it, and the error says what to configure", async () => {
    await expect(advertisedFor({ network: "172.16.0.0/24" }, advertise, local)).rejects.toThrow(
      'it is not known by which address 172.16.0.0/24 reaches this media server; set mediaServer.advertise: [{ network: "172.16.0.0/24", address: "…" }]',
    );
    await expect(advertisedFor({ host: "unknown.example.com" }, [], local)).rejects.toThrow(
      "by which address unknown.example.com reaches",
    );
    await expect(advertisedFor({}, [], local)).rejects.toThrow("by which address the machines reaches");
  });

  it("stands in brackets in a URL when it is IPv6", () => {
    expect([authority("10.0.0.5", 80), authority("fd00::5", 80), authority("name", 80)]).toEqual([
      "10.0.0.5:80",
      "[fd00::5]:80",
      "name:80",
    ]);
  });
});
