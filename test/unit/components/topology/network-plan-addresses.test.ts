import fc from "fast-check";
import { Mistakes } from "../../../../components/private/mistakes";
import { contains, formatAddress, hostsOf, parseAddress } from "../../../../components/topology/ip";
import {
  type AddressedServer,
  planAddresses,
  readStatics,
  slotOf,
} from "../../../../components/topology/network-plan-addresses";
import { planNetworks } from "../../../../components/topology/network-plan-networks";

const networks = planNetworks(
  {
    management: {
      cidr: "10.0.0.0/22",
      cidr6: "fd00:1::/64",
      gateway: "10.0.0.1",
      gateway6: "fd00:1::1",
      reserved: ["10.0.0.2-10.0.0.9"],
    },
    storage: { cidr: "10.1.0.0/22", vlan: 100 },
  },
  new Mistakes(),
);

function server(name: string, more: Partial<AddressedServer> = {}): AddressedServer {
  return {
    name,
    at: (field) => `${name}.${field}`,
    firstSlot: 0,
    statics: new Map(),
    networks: ["management", "storage"],
    ...more,
  };
}

/** The plan as text, and how many mistakes it has. */
function plan(servers: AddressedServer[]) {
  const mistakes = new Mistakes();
  const addresses = planAddresses(servers, networks, mistakes);
  const text = [...addresses].map(
    ([name, own]) =>
      [
        name,
        [...own].map(([network, { ipv4, ipv6 }]) => [
          network,
          ipv4 && formatAddress(ipv4),
          ipv6 && formatAddress(ipv6),
        ]),
      ] as const,
  );
  return { byName: Object.fromEntries(text), errors: mistakes.errors };
}

const name = fc.oneof(
  fc
    .tuple(fc.constantFrom("node", "ctl", "a", "gpu-rack1"), fc.nat(400))
    .map(([prefix, number]) => `${prefix}-${number}`),
  fc.stringMatching(/^[a-z]{3,12}$/),
);
const fleets = fc.uniqueArray(
  fc
    .tuple(name, fc.option(fc.nat(500), { nil: undefined }), fc.constantFrom(0, 20, 190))
    .map(([one, slot, firstSlot]) => server(one, { slot, firstSlot })),
  { selector: (one) => one.name, maxLength: 40 },
);

describe("planAddresses", () => {
  it("never gives an address twice without saying so, and only host addresses of the network", () => {
    fc.assert(
      fc.property(fleets, (servers) => {
        const { byName, errors } = plan(servers);
        const all = Object.values(byName).flatMap((own) =>
          own.flatMap(([, ...addresses]) => addresses.filter((one) => one !== undefined)),
        );
        if (errors.length === 0) expect(new Set(all).size).toBe(all.length);
        else if (new Set(all).size !== all.length)
          expect(errors.some(({ reason }) => reason.includes("would all have"))).toBe(true);
        const subnets = [...networks.values()].flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6].flatMap((one) => one ?? []));
        for (const address of all)
          expect(subnets.some(({ network }) => contains(hostsOf(network), parseAddress(address)!))).toBe(true);
      }),
    );
  });

  it("does not depend on the order of the servers", () => {
    fc.assert(
      fc.property(fleets, (servers) => {
        expect(plan([...servers].reverse()).byName).toEqual(plan(servers).byName);
      }),
    );
  });

  it("moves nobody when a server is added or removed", () => {
    fc.assert(
      fc.property(fleets, fc.nat(), (servers, pick) => {
        fc.pre(servers.length > 0);
        const gone = servers[pick % servers.length];
        const before = plan(servers).byName;
        const after = plan(servers.filter((one) => one !== gone)).byName;
        for (const [one, addresses] of Object.entries(after)) expect(addresses).toEqual(before[one]);
      }),
    );
  });

  it("is settled by the slots it suggests: taking the advice ends the clashes", () => {
    const servers = ["a-1", "b-1", "c-1"].map((one) => server(one));
    for (let round = 0; round < 3; round++) {
      for (const { reason } of plan(servers).errors) {
        const [, slot, who] = /slot: (\d+) for ([a-z0-9-]+)/.exec(reason)!;
        servers.find((one) => one.name === who)!.slot = Number(slot);
      }
    }
    expect(plan(servers).errors).toEqual([]);
  });

  it("puts numbered servers where a person would", () => {
    expect(plan([server("control-1")]).byName).toEqual({
      "control-1": [
        ["management", "10.0.0.11", "fd00:1::b"],
        ["storage", "10.1.0.11", undefined],
      ],
    });
    expect(slotOf(server("node-0"))).toBe(0);
    expect(slotOf(server("rack2-node-007", { firstSlot: 90 }))).toBe(97);
    expect(slotOf(server("node-7", { slot: 3, firstSlot: 90 }))).toBe(3);
    expect(slotOf(server("alpha"))).toBeUndefined();
  });

  it("prefers a static address, family by family", () => {
    const statics = readStatics({ management: ["10.0.1.77"] }, () => "x", new Mistakes());
    expect(plan([server("n-5", { statics })]).byName["n-5"][0]).toEqual(["management", "10.0.1.77", "fd00:1::f"]);
  });
});
