import type { Bmc } from "../bmc";
import type { Dialect } from "../dialects/dialect";
import type { Route } from "../http/exchange";
import type { JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import type { DriveSpec, NicSpec } from "../spec";
import { collection, member, paths, resource } from "./common";

/** Largest module that the memory is made up of, in GiB. */
const DIMM_GIB = 64;

/** Processors, memory, storage and network interfaces of the system. */
export function hardwareRoutes(dialect: Dialect): Route[] {
  const { system, chassis } = paths(dialect.ids);
  const { naming } = dialect;
  const storage = `${system}/Storage/${naming.storage}`;
  const drivesAt = dialect.driveDetails ? `${storage}/Drives` : `${chassis}/Drives`;
  return [
    {
      pattern: `${system}/Processors`,
      get: ({ bmc }) =>
        collection(
          "Processor",
          `${system}/Processors`,
          "Processors Collection",
          bmc.hardware.cpus.map((_, index) => `${system}/Processors/${naming.cpu(index)}`),
        ),
    },
    {
      pattern: `${system}/Processors/:processor`,
      get: ({ bmc, params, path }) => processor(bmc, path, params.processor),
    },
    {
      pattern: `${system}/Memory`,
      get: ({ bmc }) =>
        collection(
          "Memory",
          `${system}/Memory`,
          "Memory Collection",
          dimms(bmc).map((_, index) => `${system}/Memory/${naming.dimm(index)}`),
        ),
    },
    { pattern: `${system}/Memory/:dimm`, get: ({ bmc, params, path }) => dimm(bmc, path, params.dimm) },
    {
      pattern: `${system}/Storage`,
      get: () => collection("Storage", `${system}/Storage`, "Storage Collection", [storage]),
    },
    { pattern: storage, get: ({ bmc }) => storageResource(bmc, storage, drivesAt) },
    {
      pattern: `${drivesAt}/:drive`,
      get: ({ bmc, params, path }) => {
        const found = member(bmc.hardware.drives, params.drive, naming.drive);
        return found && driveResource(dialect, path, params.drive ?? "", found[0]);
      },
    },
    {
      pattern: `${system}/EthernetInterfaces`,
      get: ({ bmc }) =>
        collection(
          "EthernetInterface",
          `${system}/EthernetInterfaces`,
          "Ethernet Interface Collection",
          bmc.hardware.nics.flatMap((nic, index) =>
            dialect.showsEthernetInterface(nic) ? [`${system}/EthernetInterfaces/${naming.nic(nic, index)}`] : [],
          ),
        ),
    },
    {
      pattern: `${system}/EthernetInterfaces/:nic`,
      get: ({ bmc, params, path }) => {
        const found = member(bmc.hardware.nics, params.nic, naming.nic);
        return found && dialect.showsEthernetInterface(found[0])
          ? ethernet(path, params.nic ?? "", found[0])
          : undefined;
      },
    },
    ...adapterRoutes(dialect, chassis),
  ];
}

function processor(bmc: Bmc, path: string, id: string | undefined): JsonObject | undefined {
  const found = member(bmc.hardware.cpus, id, (_cpu, index) => bmc.dialect.naming.cpu(index));
  if (!found) return undefined;
  const [cpu, index] = found;
  const vendor = /intel/i.test(cpu.model) ? "Intel" : /amd|epyc/i.test(cpu.model) ? "AMD" : bmc.hardware.manufacturer;
  return resource("Processor", path, id ?? "", `CPU ${index + 1}`, {
    ProcessorType: "CPU",
    ProcessorArchitecture: "x86",
    InstructionSet: "x86-64",
    Socket: `CPU${index + 1}`,
    Manufacturer: vendor,
    Model: cpu.model,
    TotalCores: cpu.cores,
    TotalThreads: cpu.threads,
    Status: HEALTHY,
  });
}

/** Sizes of the memory modules in MiB; the last one holds what is left. */
function dimms(bmc: Bmc): number[] {
  const sizes: number[] = [];
  for (let left = bmc.hardware.memoryGiB; left > 0; left -= DIMM_GIB) sizes.push(Math.min(left, DIMM_GIB) * 1024);
  return sizes;
}

function dimm(bmc: Bmc, path: string, id: string | undefined): JsonObject | undefined {
  const found = member(dimms(bmc), id, (_size, index) => bmc.dialect.naming.dimm(index));
  return (
    found &&
    resource("Memory", path, id ?? "", `DIMM ${found[1] + 1}`, {
      MemoryType: "DRAM",
      MemoryDeviceType: "DDR5",
      CapacityMiB: found[0],
      OperatingSpeedMhz: 4800,
      ErrorCorrection: "MultiBitECC",
      DeviceLocator: `DIMM ${found[1] + 1}`,
      Status: HEALTHY,
    })
  );
}

function storageResource(bmc: Bmc, path: string, drivesAt: string): JsonObject {
  const { dialect, hardware } = bmc;
  const protocols = [...new Set(hardware.drives.map((drive) => drive.protocol))];
  return resource("Storage", path, dialect.naming.storage, "Storage", {
    Status: HEALTHY,
    "Drives@odata.count": hardware.drives.length,
    Drives: hardware.drives.map((drive, index) => link(`${drivesAt}/${dialect.naming.drive(drive, index)}`)),
    StorageControllers: [
      {
        "@odata.id": `${path}#/StorageControllers/0`,
        MemberId: "0",
        Name: "Storage Controller",
        SupportedControllerProtocols: ["PCIe"],
        SupportedDeviceProtocols: protocols,
        Status: HEALTHY,
      },
    ],
    "StorageControllers@odata.count": 1,
  });
}

function driveResource(dialect: Dialect, path: string, id: string, drive: DriveSpec): JsonObject {
  return resource("Drive", path, id, drive.name, {
    Model: drive.model,
    SerialNumber: drive.serial,
    CapacityBytes: drive.capacityBytes,
    // 54: nothing is said about the kind of drive.
    MediaType: dialect.driveDetails ? drive.mediaType : null,
    Protocol: dialect.driveDetails ? (drive.protocol === "NVMe" ? dialect.nvmeProtocol : drive.protocol) : null,
    ...(drive.mediaType === "HDD" ? { RotationSpeedRPM: 7200 } : {}),
    FailurePredicted: false,
    Status: HEALTHY,
  });
}

function ethernet(path: string, id: string, nic: NicSpec): JsonObject {
  return resource("EthernetInterface", path, id, nic.name, {
    Description: nic.name,
    MACAddress: nic.mac,
    PermanentMACAddress: nic.mac,
    LinkStatus: nic.linkUp ? "LinkUp" : "LinkDown",
    // A link that is down has no speed, which is no statement about the card.
    SpeedMbps: nic.linkUp ? nic.speedMbps : 0,
    InterfaceEnabled: true,
    Status: HEALTHY,
  });
}

function adapterRoutes(dialect: Dialect, chassis: string): Route[] {
  const { naming } = dialect;
  const adapters = `${chassis}/NetworkAdapters`;
  const path = `${adapters}/${naming.adapter}`;
  const ports = `${path}/${dialect.ports}`;
  const schema = dialect.ports === "Ports" ? "Port" : "NetworkPort";
  return [
    {
      pattern: adapters,
      get: () => collection("NetworkAdapter", adapters, "Network Adapter Collection", [path]),
    },
    {
      pattern: path,
      get: ({ bmc }) =>
        resource("NetworkAdapter", path, naming.adapter, "Network Adapter", {
          Manufacturer: bmc.hardware.manufacturer,
          [dialect.ports]: link(ports),
          Controllers: [
            {
              ControllerCapabilities: {
                NetworkPortCount: bmc.hardware.nics.length,
                VirtualizationOffload: { SRIOV: { SRIOVVEPACapable: bmc.hardware.sriov } },
              },
            },
          ],
          Status: HEALTHY,
        }),
    },
    {
      pattern: ports,
      get: ({ bmc }) =>
        collection(
          schema,
          ports,
          "Port Collection",
          bmc.hardware.nics.map((nic, index) => `${ports}/${naming.nic(nic, index)}`),
        ),
    },
    {
      pattern: `${ports}/:port`,
      get: ({ bmc, params, path: at }) => {
        const found = member(bmc.hardware.nics, params.port, naming.nic);
        if (!found) return undefined;
        const [nic] = found;
        return schema === "Port" ? port(at, params.port ?? "", nic) : networkPort(at, params.port ?? "", nic);
      },
    },
  ];
}

function port(path: string, id: string, nic: NicSpec): JsonObject {
  return resource("Port", path, id, nic.name, {
    PortId: id,
    PortProtocol: "Ethernet",
    PortType: "BidirectionalPort",
    LinkNetworkTechnology: "Ethernet",
    LinkStatus: nic.linkUp ? "LinkUp" : "LinkDown",
    CurrentSpeedGbps: nic.linkUp ? nic.speedMbps / 1000 : 0,
    MaxSpeedGbps: nic.speedMbps / 1000,
    Ethernet: { AssociatedMACAddresses: [nic.mac] },
    Status: HEALTHY,
  });
}

function networkPort(path: string, id: string, nic: NicSpec): JsonObject {
  return resource("NetworkPort", path, id, nic.name, {
    PhysicalPortNumber: id,
    LinkStatus: nic.linkUp ? "Up" : "Down",
    ActiveLinkTechnology: "Ethernet",
    CurrentLinkSpeedMbps: nic.linkUp ? nic.speedMbps : 0,
    SupportedLinkCapabilities: [{ LinkNetworkTechnology: "Ethernet", LinkSpeedMbps: nic.speedMbps }],
    AssociatedNetworkAddresses: [nic.mac],
    Status: HEALTHY,
  });
}
