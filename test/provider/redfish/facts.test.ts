import {
  type DriveFacts,
  type HardwareFacts,
  type NicFacts,
  readFacts,
  readInventory,
} from "../../../provider/redfish";
import { describeWith } from "../../setup/need";
import { Bench, connectionTo, failure } from "./server";
import { needTrees, type Tree, Trees } from "./trees";

/** Read by hand from the trees. */
const expected: Record<Tree, HardwareFacts> = {
  "dell-r750": {
    manufacturer: "Dell Inc.",
    model: "PowerEdge R750",
    serial: "F54P1G3",
    sku: "F54P1G3",
    uuid: "4c4c4544-0035-3410-8050-c6c04f314733",
    cpu: {
      model: "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz",
      sockets: 2,
      cores: 36,
      threads: 72,
      architecture: "x86-64",
    },
    memoryGiB: 512,
    drives: (
      [
        ["2", "61P0A06CTCD8"],
        ["1", "61M0A08ZTCD8"],
        ["0", "61X0A002TCD8"],
      ] as const
    ).map(([bay, serial]): DriveFacts => ({
      name: `Disk.Bay.${bay}:Enclosure.Internal.0-1`,
      model: "Dell Ent NVMe CM6 RI 1.92TB",
      serial,
      sizeGB: 1920,
      type: "SSD",
      protocol: "NVMe",
    })),
    nics: [
      nic("NIC.Embedded.1-1-1", "70:b5:e8:f0:52:dc", "down"),
      nic("NIC.Integrated.1-2-1", "e4:3d:1a:13:27:f1", "down"),
      nic("NIC.Integrated.1-1-1", "e4:3d:1a:13:27:f0", "down"),
      nic("NIC.Embedded.2-1-1", "70:b5:e8:f0:52:dd", "down"),
      nic("NIC.Slot.5-1", "b8:3f:d2:90:97:c4", "unknown"),
    ],
    virtualization: true,
    sriov: true,
    tpm: "TPM2_0",
    firmware: { bios: "1.8.2", bmc: "6.00.30.00" },
  },
  "supermicro-sys-821ge": {
    manufacturer: "Supermicro",
    model: "SYS-821GE-TNHR",
    serial: "S889914X3710910",
    sku: "0x1D1415D9",
    uuid: "00000000-0000-0000-0000-7cc25550a8ff",
    cpu: { model: "Intel(R) Xeon(R) Platinum 8462Y+", sockets: 2, cores: 64, threads: 128, architecture: "x86-64" },
    memoryGiB: 2048,
    drives: ["2286", "2114", "2287", "2288", "2111", "2373", "1980", "2279"].map((serial, bay): DriveFacts => ({
      name: `Disk.Bay.${bay}`,
      model: "MZQL27T6HBLA-00A07",
      serial: `S6CKNN0W50${serial}`,
      sizeGB: 7682,
      type: "SSD",
      protocol: "NVMe",
    })),
    nics: ["fb:22", "09:c2", "6a:9a", "67:6a", "dd:1a", "75:9a", "75:ba", "73:8a"]
      .map((tail, index) => nic(String(index + 1), `94:6d:ae:91:${tail}`, "down"))
      .concat([
        nic("9", "7c:c2:55:79:3f:8e", "down"),
        nic("10", "7c:c2:55:79:3f:8f", "down"),
        nic("11", "94:6d:ae:b2:b1:4e", "down"),
      ]),
    virtualization: true,
    sriov: true,
    tpm: "unknown",
    firmware: { bios: "1.4", bmc: "11.01.01" },
  },
  "dmtf-public-rackmount1": {
    manufacturer: "Contoso",
    model: "3500",
    serial: "437XR1138R2",
    sku: "8675309",
    uuid: "38947555-7742-3448-3784-823347823834",
    cpu: {
      model: "Multi-Core Intel(R) Xeon(R) processor 7xxx Series",
      sockets: 1,
      cores: 8,
      threads: 16,
      architecture: "x86-64",
    },
    memoryGiB: 96,
    drives: [
      { name: "SATA Bay 1", model: "3000GT8", serial: "unknown", sizeGB: 8000, type: "unknown", protocol: "unknown" },
      { name: "SATA Bay 2", model: "3000GT7", serial: "unknown", sizeGB: 4000, type: "unknown", protocol: "unknown" },
    ],
    nics: [
      { name: "12446A3B0411", mac: "12:44:6a:3b:04:11", speedMbps: 1000, link: "up" },
      { name: "12446A3B8890", mac: "12:44:6a:3b:88:90", speedMbps: 1000, link: "up" },
    ],
    virtualization: "unknown",
    sriov: "unknown",
    tpm: "TPM1_2",
    firmware: { bios: "P79 v1.45 (12/06/2017)", bmc: "1.45.455b66-rev4" },
  },
};

function nic(name: string, mac: string, link: NicFacts["link"]): NicFacts {
  return { name, mac, speedMbps: "unknown", link };
}

/** Requests after login, service root included. */
const requests: Record<Tree, { expanding: number; plain: number }> = {
  "dell-r750": { expanding: 14, plain: 31 },
  "supermicro-sys-821ge": { expanding: 20, plain: 46 },
  "dmtf-public-rackmount1": { expanding: 9, plain: 18 },
};

describeWith([needTrees], "facts of captured BMC trees", () => {
  let trees: Trees;
  const bench = new Bench();
  beforeAll(() => (trees = Trees.extract()));
  afterAll(() => trees.remove());
  afterEach(() => bench.close());

  describe.each(Object.keys(expected) as Tree[])("%s", (tree) => {
    it.each([true, false])("are right and take few requests (expand: %s)", async (expand) => {
      const bmc = await bench.bmc(trees.handler(tree, { expand }));
      const facts = await readFacts(bench.pool().get(connectionTo(bmc)));
      expect(facts).toEqual(expected[tree]);
      expect(bmc.log.length).toBeLessThanOrEqual(expand ? requests[tree].expanding : requests[tree].plain);
      expect(JSON.stringify(facts).length).toBeLessThan(4096);
    });

    it("come as an inventory with two requests, and with MACs a few more", async () => {
      const bmc = await bench.bmc(trees.handler(tree, { expand: true }));
      const client = bench.pool().get(connectionTo(bmc));
      const { manufacturer, model, serial, sku, uuid, memoryGiB, nics } = expected[tree];
      await expect(readInventory(client)).resolves.toMatchObject({
        manufacturer,
        model,
        serial,
        sku,
        uuid,
        memoryGiB,
        powerState: "On",
      });
      expect(bmc.log).toHaveLength(2);
      const { macs } = await readInventory(client, { macs: true });
      expect(macs).toEqual(Array.isArray(nics) ? nics.map(({ mac }) => mac) : []);
      expect(bmc.log).toHaveLength(tree === "supermicro-sys-821ge" ? 6 : 5);
    });
  });

  it.each([
    ["Processors", { cpu: { sockets: 2, cores: "unknown", threads: "unknown", architecture: "unknown" } }],
    ["Bios", { virtualization: "unknown", sriov: "unknown" }],
    ["Managers", { firmware: { bios: "1.4", bmc: "unknown" } }],
    ["Storage", { drives: "unknown" }],
    ["EthernetInterfaces|NetworkAdapters", { nics: "unknown" }],
  ])("are unknown, not wrong, where the BMC refuses %s", async (part, facts) => {
    const broken = new RegExp(part);
    const bmc = await bench.bmc(
      trees.handler("supermicro-sys-821ge", {
        expand: true,
        broken: (seen) => (broken.test(seen.path) ? failure(400, "Base.1.8.GeneralError", "host is off") : undefined),
      }),
    );
    await expect(readFacts(bench.pool().get(connectionTo(bmc)))).resolves.toMatchObject(facts);
  });

  it("fail when the BMC goes away meanwhile", async () => {
    const bmc = await bench.bmc(
      trees.handler("dell-r750", {
        expand: true,
        broken: (seen) => (seen.path.includes("Bios") ? { drop: "before" } : undefined),
      }),
    );
    const client = bench.pool({ retryBudgetSeconds: 5 }).get(connectionTo(bmc));
    await expect(readFacts(client)).rejects.toMatchObject({ kind: "unreachable" });
  });
});
