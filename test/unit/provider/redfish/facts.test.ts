import {
  cpuFacts,
  driveFacts,
  memoryFacts,
  nicFacts,
  settingFacts,
  tpmFacts,
  uuidFacts,
} from "../../../../provider/redfish/facts-parts";
import { systemVendor, vendorOf } from "../../../../provider/redfish/quirks";
import { rootOf } from "../../../../provider/redfish/services";
import type { Body, Resource } from "../../../../provider/redfish/types";

const resource = (body: Body, path = "/r"): Resource => ({ path, body });
const cpu = (body: Body = {}) =>
  resource({ ProcessorType: "CPU", TotalCores: 16, TotalThreads: 32, Model: "X  9000", ...body });

describe("CPUs", () => {
  it.each([
    [
      "sum CPUs only, not GPUs (Lenovo lists both)",
      [cpu(), cpu(), cpu({ ProcessorType: "GPU", TotalCores: 9999 })],
      {},
      { sockets: 2, cores: 32, threads: 64, model: "X 9000" },
    ],
    ["leave out empty sockets", [cpu(), cpu({ Status: { State: "Absent" } })], {}, { sockets: 1, cores: 16 }],
    ["come before a wrong summary (ZTE)", [cpu()], { Count: 4, CoreCount: 99 }, { sockets: 1, cores: 16 }],
    [
      "fall back to the summary when one CPU says nothing",
      [cpu(), cpu({ TotalCores: null })],
      { CoreCount: 40 },
      { cores: 40, sockets: 2 },
    ],
    ["are unknown without either", [cpu({ TotalCores: 0 })], {}, { cores: "unknown" }],
    [
      "come from the summary alone",
      undefined,
      { Count: 2, CoreCount: 36, LogicalProcessorCount: 72, Model: " Y " },
      { sockets: 2, cores: 36, threads: 72, model: "Y" },
    ],
    ["without a type count as CPUs", [resource({ TotalCores: 8 })], {}, { cores: 8 }],
  ])("%s", (_, processors, ProcessorSummary, expected) =>
    expect(cpuFacts({ ProcessorSummary }, processors)).toMatchObject(expected),
  );
});

describe("memory", () => {
  it.each([
    [{ MemorySummary: { TotalSystemMemoryGiB: 512 } }, undefined, 512],
    [{ MemorySummary: { TotalSystemMemoryGiB: 0 } }, [{ CapacityMiB: 1024 }, { CapacityMiB: 2048 }], 3],
    [{}, [{ CapacityMiB: 1024 }, { Status: { State: "Absent" } }], 1],
    [{}, [{ CapacityMiB: 1024 }, { CapacityMiB: null }], "unknown"],
    [{}, [], "unknown"],
    [{}, undefined, "unknown"],
  ])("%j with modules %j is %j", (system, modules, expected) =>
    expect(
      memoryFacts(
        system,
        modules?.map((body) => resource(body)),
      ),
    ).toBe(expected),
  );
});

describe("drives", () => {
  const one = (drive: Body, storage: Body = {}) =>
    driveFacts([{ storage: resource(storage), drives: [resource({ Id: "D", ...drive }, "/d")] }])[0];
  it.each([
    ["an SSD", { MediaType: "SSD", Protocol: "SATA" }, {}, { type: "SSD", protocol: "SATA" }],
    ["a disk", { MediaType: "HDD", Protocol: "SAS" }, {}, { type: "HDD", protocol: "SAS" }],
    ["a shingled disk", { MediaType: "SMR" }, {}, { type: "HDD" }],
    ["a disk by its rotation", { RotationSpeedRPM: 7200 }, {}, { type: "HDD" }],
    ["an SSD by its rotation", { RotationSpeedRPM: 0 }, {}, { type: "SSD" }],
    [
      "NVMe by the controller (quirk 54)",
      { MediaType: null, Protocol: null },
      { StorageControllers: [{ SupportedDeviceProtocols: ["NVMe"] }] },
      { type: "SSD", protocol: "NVMe" },
    ],
    ["NVMe by the controller's name", {}, { Id: "NVMeSSD" }, { type: "SSD", protocol: "NVMe" }],
    ["NVMe that a Dell calls PCIe", { MediaType: "SSD", Protocol: "PCIe" }, {}, { type: "SSD", protocol: "NVMe" }],
    [
      "unknown where nothing tells",
      {},
      { StorageControllers: [{ SupportedDeviceProtocols: ["SAS", "SATA"] }] },
      { type: "unknown", protocol: "unknown", sizeGB: "unknown" },
    ],
    ["without a size (quirk 75)", { CapacityBytes: null }, {}, { sizeGB: "unknown" }],
    ["in decimal gigabytes", { CapacityBytes: 1_920_383_410_176 }, {}, { sizeGB: 1920 }],
  ])("%s", (_, drive, storage, expected) => expect(one(drive, storage)).toMatchObject(expected));

  it("are listed once, empty bays left out", () => {
    const drives = [
      resource({ Id: "a" }, "/a"),
      resource({ Id: "a" }, "/a"),
      resource({ Status: { State: "Absent" } }, "/b"),
    ];
    expect(driveFacts([{ storage: resource({}), drives }])).toHaveLength(1);
  });
});

describe("NICs", () => {
  const port = (body: Body) => ({ adapter: resource({ Id: "A1" }), port: resource({ Id: "P1", ...body }) });
  const mac = "AA:BB:CC:00:00:01";
  it.each([
    [
      "speed 0 is unknown, not none",
      [{ MACAddress: mac, SpeedMbps: 0, LinkStatus: "LinkDown" }],
      [],
      [{ speedMbps: "unknown", link: "down" }],
    ],
    [
      "the permanent MAC comes first",
      [{ MACAddress: "AA:BB:CC:00:00:99", PermanentMACAddress: mac }],
      [],
      [{ mac: mac.toLowerCase() }],
    ],
    [
      "ports add speed by MAC",
      [{ MACAddress: mac, SpeedMbps: null }],
      [{ AssociatedNetworkAddresses: [mac], SupportedLinkCapabilities: [{ LinkSpeedMbps: 25000 }] }],
      [{ speedMbps: 25000 }],
    ],
    [
      "the highest speed counts",
      [{ MACAddress: mac, SpeedMbps: 1000 }],
      [{ Ethernet: { AssociatedMACAddresses: [mac] }, CurrentSpeedGbps: 10, MaxSpeedGbps: 25 }],
      [{ speedMbps: 25000 }],
    ],
    [
      "ports add NICs that interfaces miss (quirk 54)",
      [],
      [{ AssociatedNetworkAddresses: [mac], LinkStatus: "Up" }],
      [{ name: "A1/P1", link: "up" }],
    ],
    ["InfiniBand is no NIC", [], [{ AssociatedNetworkAddresses: [mac], ActiveLinkTechnology: "InfiniBand" }], []],
    ["the link to the BMC is no NIC", [{ MACAddress: mac, Links: { HostInterface: { "@odata.id": "/h" } } }], [], []],
    ["a VLAN is no NIC", [{ MACAddress: mac, EthernetInterfaceType: "Virtual" }], [], []],
    ["partitions of one MAC are one NIC", [{ MACAddress: mac }, { MACAddress: mac }], [], [{ mac: mac.toLowerCase() }]],
    ["NICs without MAC stay apart", [{ Id: "1" }, { Id: "2" }], [], [{ mac: "unknown" }, { mac: "unknown" }]],
  ])("%s", (_, interfaces, ports, expected) =>
    expect(
      nicFacts(
        interfaces.map((body) => resource(body)),
        ports.map(port),
      ),
    ).toMatchObject(expected),
  );
});

describe("settings", () => {
  it.each([
    [{ ProcVirtualization: "Enabled" }, true],
    [{ IntelVirtualizationTechnology_3C6F: "Disable" }, false],
    [{ Processors_IntelVirtualizationTechnology: "Enabled" }, true],
    [{ SVMMode: "Enabled" }, true],
    [{ Processors_SVMMode: "Disabled" }, false],
    [{ CpuVirtualization: true }, true],
    [{ ProcVirtualization: "Auto" }, "unknown"],
    [{ ProcVirtualization: null, IntelProcVtd: "Enabled" }, true],
    [{}, "unknown"],
  ])("virtualization of %j is %j", (attributes, expected) =>
    expect(settingFacts(attributes).virtualization).toBe(expected),
  );

  it.each([
    [{ SriovGlobalEnable: "Enabled" }, true],
    [{ SR_IOVSupport_0047: "Enabled" }, true],
    [{ DevicesandIOPorts_SRIOV: "Disabled" }, false],
    [{ SrIov: "Enabled" }, true],
    [{ Other: "Enabled" }, "unknown"],
  ])("SR-IOV of %j is %j", (attributes, expected) => expect(settingFacts(attributes).sriov).toBe(expected));

  it.each([
    [{ TrustedModules: [{ InterfaceType: "TPM2_0", Status: { State: "Enabled" } }] }, {}, "TPM2_0"],
    [{ TrustedModules: [{ Status: { State: "Absent" } }] }, {}, "none"],
    [{ TrustedModules: [] }, {}, "none"],
    [{ TrustedModules: [] }, { TpmInfo: "Type: 2.0  NTC" }, "TPM2_0"],
    [{}, { TpmInfo: "No TPM present" }, "none"],
    [{}, {}, "unknown"],
    [{ TrustedModules: null }, {}, "unknown"],
    [{ TrustedModules: "x" }, {}, "unknown"],
  ])("the TPM of %j with %j is %s", (system, attributes, expected) =>
    expect(tpmFacts(system, attributes as Record<string, string>)).toBe(expected),
  );

  it.each([
    ["4C4C4544-0035-3410-8050-C6C04F314733", "4c4c4544-0035-3410-8050-c6c04f314733"],
    ["00000000-0000-0000-0000-000000000000", "unknown"],
    ["FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "unknown"],
    ["", "unknown"],
    [null, "unknown"],
    ["not a uuid", "unknown"],
  ])("UUID %j is %s", (value, expected) => expect(uuidFacts(value)).toBe(expected));
});

describe("vendors", () => {
  it.each([
    [["Dell Inc."], "dell"],
    [["HPE"], "hpe"],
    [["Hewlett Packard Enterprise"], "hpe"],
    [["Hp"], "hpe"],
    [["Supermicro"], "supermicro"],
    [["Super Micro Computer, Inc."], "supermicro"],
    [["Lenovo"], "lenovo"],
    [["American Megatrends International LLC"], "ami"],
    [["ASRockRack"], "asrockrack"],
    [["NVIDIA"], "nvidia"],
    [[undefined, "Contoso", "Ami"], "ami"],
    [["Contoso"], "other"],
    [[], "other"],
  ])("%j is %s", (names, vendor) => expect(vendorOf(...names)).toBe(vendor));

  it("are told by Oem when the manufacturer is silent (quirk 49)", () =>
    expect(systemVendor({ Oem: { Supermicro: {} } })).toBe("supermicro"));
});

describe("service roots", () => {
  const query = (ExpandQuery: Body, more: Body = {}) =>
    rootOf(resource({ ProtocolFeaturesSupported: { ExpandQuery }, ...more })).expand;
  it.each([
    [{ NoLinks: true, Levels: true, MaxLevels: 1 }, {}, "."],
    [{ ExpandAll: true, Levels: true, MaxLevels: 2 }, {}, "*"],
    [{ NoLinks: true, Levels: false }, {}, "none"],
    [{ NoLinks: true, Levels: true, MaxLevels: 0 }, {}, "none"],
    [{ Links: true }, {}, "none"],
    [{}, {}, "none"],
    [{ NoLinks: true, Levels: true, MaxLevels: 5 }, { Vendor: "AMI" }, "none"],
    [{ NoLinks: true, Levels: true, MaxLevels: 5 }, { Oem: { Ami: {} } }, "none"],
  ])("%j with %j expand by %s", (features, more, expected) => expect(query(features, more)).toBe(expected));
});
