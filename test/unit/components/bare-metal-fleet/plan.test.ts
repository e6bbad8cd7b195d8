import fc from "fast-check";
import type { BareMetalFleetArgs } from "../../../../components/bare-metal-fleet/args";
import { type FleetPlan, planFleet, type ServerPlan } from "../../../../components/bare-metal-fleet/plan";
import { parseInventory } from "../../../../components/topology/inventory-file";
import type { ServerSpec } from "../../../../components/topology/inventory";
import { bonded, fleet, hostKey, other, running, server, twoNetworks, uuid } from "./fixtures";

const rack = (count: number): ServerSpec[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `compute-${index + 1}`,
    bmc: `https://10.9.${index >> 8}.${index & 255}`,
    serialNumber: `S${index}`,
    mac: `aa:bb:cc:00:${(index >> 8).toString(16).padStart(2, "0")}:${(index & 255).toString(16).padStart(2, "0")}`,
  }));

/** Everything of a server that becomes an input of a resource. The batch decides only when. */
function inputs({ batch: _batch, ...plan }: ServerPlan): object {
  return plan;
}

const good = (args: BareMetalFleetArgs): FleetPlan => {
  const plan = planFleet(args);
  expect(plan.errors).toEqual([]);
  return plan;
};

describe("planFleet", () => {
  it("plans one server whole", () => {
    const plan = good({ ...fleet, nameservers: ["10.0.0.1"], ntpServers: ["10.0.0.1"], timezone: "Europe/Berlin" });
    expect(plan.nodes).toEqual([
      {
        name: "n-1",
        address: "10.0.0.101",
        port: 22,
        user: "root",
        role: "compute",
        labels: {},
        installationId: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      },
    ]);
    expect(plan.servers["n-1"].machine).toEqual({
      endpoint: "https://10.9.0.1",
      identity: { serialNumber: "S1" },
      requirements: { minCores: 4, minMemoryGib: 16, virtualization: true },
      protect: true,
      powerOffOnDelete: false,
      maintenance: false,
      installation: expect.objectContaining({
        hostname: "n-1",
        installationId: plan.nodes[0].installationId,
        consent: { wipe: false },
        network: {
          interfaces: [
            { name: "primary", mac: "aa:bb:cc:00:00:01", addresses: ["10.0.0.101/24"], gateway: "10.0.0.1", mtu: 1500 },
          ],
          nameservers: ["10.0.0.1"],
          ntpServers: ["10.0.0.1"],
        },
        timezone: "Europe/Berlin",
        timeoutSeconds: 3600,
        provisionNetwork: "10.0.0.0/24",
        bootMode: "UEFI",
      }) as object,
    });
    expect(plan.servers["n-1"].base).toMatchObject({
      RACKFORM_HOSTNAME: "n-1",
      RACKFORM_NETWORK_BACKEND: "networkd",
      RACKFORM_NETWORK_ADDRESSES: "10.0.0.101/24\n",
      RACKFORM_NETWORK_GATEWAYS: "10.0.0.1\n",
      RACKFORM_NTP_SERVERS: "10.0.0.1\n",
    });
  });

  it("changes nothing of the others when a server is added or removed, whatever the order", () => {
    const sizes = fc.tuple(
      fc.integer({ min: 1, max: 60 }),
      fc.nat(),
      fc.boolean(),
      fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    );
    fc.assert(
      fc.property(sizes, ([count, pick, reversed, batchSize]) => {
        const all = rack(count + 1);
        const gone = all[pick % all.length];
        const rest = all.filter((one) => one !== gone);
        const args = { ...fleet, networks: twoNetworks, batchSize };
        const before = good({ ...args, servers: rest });
        const after = good({ ...args, servers: reversed ? [...all].reverse() : all });
        for (const one of rest) expect(inputs(after.servers[one.name])).toEqual(inputs(before.servers[one.name]));
        expect(after.nodes.map(({ name }) => name)).toEqual(all.map(({ name }) => name).sort());
      }),
      { numRuns: 40 },
    );
  });

  it("plans a stack of 1,000 servers in less than a second", () => {
    const begin = performance.now();
    good({ ...fleet, servers: rack(1000), networks: { management: { cidr: "10.0.0.0/20", gateway: "10.0.0.1" } } });
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it("keeps name and address when a machine is replaced, and makes it a new installation", () => {
    const old = good(fleet).nodes[0];
    const replaced = good({ ...fleet, servers: [{ ...server, serialNumber: "S77", mac: "aa:bb:cc:00:00:77" }] })
      .nodes[0];
    expect(replaced.address).toBe(old.address);
    expect(replaced.installationId).not.toBe(old.installationId);
  });

  it("makes a new installation of a new token only, and none of a UUID that is added to a serial number", () => {
    const consent = { ...fleet, classes: { compute: { wipe: { serialNumbers: ["S1"] } } } };
    const id = (args: BareMetalFleetArgs) => good(args).nodes[0].installationId;
    expect(id(consent)).toBe(id(fleet));
    expect(id({ ...fleet, servers: [{ ...server, uuid }] })).toBe(id(fleet));
    expect(id({ ...consent, reinstall: { "n-1": "1" } })).not.toBe(id(fleet));
    expect(id({ ...consent, reinstall: { "n-1": "2" } })).not.toBe(id({ ...consent, reinstall: { "n-1": "1" } }));
  });

  it("hands consent to wipe to the machines it names and no other", () => {
    const plan = good({
      ...fleet,
      servers: [server, other],
      classes: { compute: { wipe: { serialNumbers: ["S2"] } } },
    });
    expect(plan.servers["n-1"].machine?.installation.consent).toEqual({ wipe: false });
    expect(plan.servers["n-2"].machine?.installation.consent).toEqual({ wipe: true, serialNumber: "S2" });
  });

  it("sets quarantined servers aside without moving the others", () => {
    const all = good({ ...fleet, servers: [server, other] });
    const aside = good({ ...fleet, servers: [server, other], quarantine: ["n-1"] });
    expect(aside.nodes).toEqual(all.nodes.filter(({ name }) => name === "n-2"));
    expect(aside.servers["n-1"]).toMatchObject({ quarantined: true });
    expect(inputs(aside.servers["n-2"])).toEqual(inputs(all.servers["n-2"]));
  });

  it("protects until a server is decommissioned, and powers off only with both consents", () => {
    const machine = (more: Partial<BareMetalFleetArgs>) => good({ ...fleet, ...more }).servers["n-1"].machine;
    expect(machine({ powerOffOnRemove: true })).toMatchObject({ protect: true, powerOffOnDelete: false });
    expect(machine({ decommission: ["n-1"] })).toMatchObject({ protect: false, powerOffOnDelete: false });
    expect(machine({ decommission: ["n-1"], powerOffOnRemove: true })).toMatchObject({
      protect: false,
      powerOffOnDelete: true,
    });
    expect(machine({ deletionProtection: false, powerOffOnRemove: true })).toMatchObject({
      protect: false,
      powerOffOnDelete: true,
    });
  });

  it("takes in servers that are already running as they are", () => {
    const plan = good({
      servers: [{ ...running, user: "admin", port: 2222, role: "storage", rack: "r1", zone: "z1", labels: { a: "b" } }],
      classes: { storage: { labels: { c: "d" } } },
    });
    expect(plan.nodes[0]).toMatchObject({
      name: "old-7",
      address: "10.0.0.7",
      user: "admin",
      port: 2222,
      role: "storage",
      rack: "r1",
      zone: "z1",
      labels: { a: "b", c: "d" },
    });
    expect(plan.servers["old-7"].machine).toBeUndefined();
    expect(plan.servers["old-7"].hostKey).toBe(hostKey);
    expect(plan.servers["old-7"].base).toEqual({
      RACKFORM_HOSTNAME: "old-7",
      RACKFORM_JOINED: "yes",
      RACKFORM_ALLOW_REBOOT: "no",
    });
  });

  it("makes batches of what is neither canary nor quarantined nor running", () => {
    const plan = good({
      ...fleet,
      servers: [...rack(7), running],
      canary: ["compute-3"],
      quarantine: ["compute-5"],
      batchSize: 2,
    });
    expect(plan.canary).toEqual(["compute-3"]);
    expect(plan.batches).toEqual([["compute-1", "compute-2"], ["compute-4", "compute-6"], ["compute-7"]]);
    expect(Object.values(plan.servers).map(({ name, batch }) => [name, batch])).toEqual([
      ["compute-1", 1],
      ["compute-2", 1],
      ["compute-3", 0],
      ["compute-4", 2],
      ["compute-5", undefined],
      ["compute-6", 2],
      ["compute-7", 3],
      ["old-7", undefined],
    ]);
  });

  it("attaches networks by purpose, and installs over the provision network", () => {
    const networks = {
      ...twoNetworks,
      provision: { cidr: "10.3.0.0/24", vlan: 300 },
      tenant: { cidr: "10.4.0.0/24", vlan: 400 },
    };
    const plan = good({ ...fleet, networks, servers: [{ ...server, role: "control" }] });
    const { installation } = plan.servers["n-1"].machine!;
    expect(installation.network.interfaces.map(({ name }) => name)).toEqual(["primary", "primary.300", "primary.400"]);
    expect(installation.provisionNetwork).toBe("10.3.0.0/24");
  });

  it("bonds ports by their MAC addresses", () => {
    const classes = {
      compute: { interfaces: [{ name: "bond0", networks: ["management"], bond: { members: ["eno1", "eno2"] } }] },
    };
    const { network } = good({ ...fleet, servers: [bonded], classes }).servers["n-1"].machine!.installation;
    expect(network.interfaces[0]).toEqual({
      name: "bond0",
      addresses: ["10.0.0.101/24"],
      gateway: "10.0.0.1",
      mtu: 1500,
      bond: { mode: "active-backup", members: ["aa:bb:cc:00:00:01", "aa:bb:cc:00:01:01"] },
    });
  });

  it("works with IPv6 alone", () => {
    const plan = good({ ...fleet, networks: { management: { cidr6: "fd00:1::/64", gateway6: "fd00:1::1" } } });
    expect(plan.nodes[0].address).toBe("fd00:1::65");
    expect(plan.servers["n-1"].machine?.installation.network.interfaces[0].gateway).toBe("fd00:1::1");
  });

  it("points mistakes in a file at the file's line, and joins them with the others", () => {
    const inventory = parseInventory(
      "servers:\n  - name: n-9\n    bmc: https://10.9.0.1\n    mac: zz\n    colour: red\n",
      "rack.yaml",
    );
    const plan = planFleet(fleet, inventory);
    expect(plan.errors).toEqual([
      {
        path: "inventoryFile",
        reason: expect.stringMatching(/^rack\.yaml line 5, colour: there is no such field/) as string,
      },
      {
        path: "inventoryFile",
        reason: 'rack.yaml line 4, mac: "zz" is no unicast MAC address; write it like aa:bb:cc:00:00:01',
      },
      {
        path: "inventoryFile",
        reason: "rack.yaml line 3, bmc: server n-9 has the same BMC as n-1 (https://10.9.0.1); each server has its own",
        rule: 92,
      },
    ]);
  });

  it("warns of a server without identity", () => {
    expect(planFleet({ ...fleet, servers: [{ ...server, serialNumber: undefined }] }).warnings[0].reason).toMatch(
      /^server n-1 has no serialNumber, sku or uuid/,
    );
  });

  it("holds nothing that JSON cannot carry, so that it crosses every language", () => {
    const plan = good({ ...fleet, networks: twoNetworks, servers: [server, running] });
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });
});
