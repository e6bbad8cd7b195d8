import type { BiosAttributes } from "./bios-names";
import { withoutHash } from "./bios-names";
import { at, idOf, isObject, list, mac, num, obj, str, strings } from "./read";
import type { Body, CpuFacts, DriveFacts, Known, NicFacts, Resource } from "./types";

/** Everything here turns bodies into facts; nothing asks the BMC. */

const known = <T>(value: T | undefined): Known<T> => value ?? "unknown";

const absent = (body: Body) => /^absent$/i.test(str(at(body, "Status", "State")) ?? "");

/**
 * CPUs from the Processors collection, GPUs and FPGAs and empty sockets left out; the summary of the system fills what they do not say.
 * HPE, Lenovo and Supermicro have no core count in the summary, ZTE a wrong one (quirk 72), so the processors come first.
 */
export function cpuFacts(system: Body, processors: Resource[] | undefined): CpuFacts {
  const summary = obj(system.ProcessorSummary);
  const cpus = (processors ?? [])
    .map(({ body }) => body)
    .filter((body) => !absent(body) && /^cpu$/i.test(str(body.ProcessorType) ?? "CPU"));
  const total = (key: string) => {
    const counts = cpus.map((cpu) => num(cpu[key]));
    return counts.length > 0 && counts.every((count) => count !== undefined && count > 0)
      ? counts.reduce<number>((sum, count) => sum + (count ?? 0), 0)
      : undefined;
  };
  const summed = (key: string) => positive(num(summary[key]));
  const model = cpus.map((cpu) => str(cpu.Model)).find((name) => name !== undefined) ?? str(summary.Model);
  const architecture = cpus
    .map((cpu) => str(cpu.InstructionSet) ?? str(cpu.ProcessorArchitecture))
    .find((name) => name !== undefined);
  return {
    model: known(model?.replace(/\s+/g, " ")),
    sockets: known(cpus.length > 0 ? cpus.length : summed("Count")),
    cores: known(total("TotalCores") ?? summed("CoreCount")),
    threads: known(total("TotalThreads") ?? summed("LogicalProcessorCount")),
    architecture: known(architecture),
  };
}

/** Memory in GiB: the summary of the system, else the sum of the modules. */
export function memoryFacts(system: Body, modules: Resource[] | undefined): Known<number> {
  const summary = positive(num(at(system, "MemorySummary", "TotalSystemMemoryGiB")));
  if (summary !== undefined) return Math.round(summary * 100) / 100;
  const present = (modules ?? []).map(({ body }) => body).filter((body) => !absent(body));
  const sizes = present.map((body) => num(body.CapacityMiB));
  if (sizes.length === 0 || sizes.some((size) => size === undefined)) return "unknown";
  return sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) / 1024;
}

/** A controller and the drives behind it. */
export interface DriveSource {
  storage: Resource;
  drives: Resource[];
}

/** Drives of all controllers, each once. */
export function driveFacts(sources: DriveSource[]): DriveFacts[] {
  const facts = new Map<string, DriveFacts>();
  for (const { storage, drives } of sources) {
    for (const drive of drives) {
      if (absent(drive.body) || facts.has(drive.path)) continue;
      facts.set(drive.path, oneDrive(drive, storage.body));
    }
  }
  return [...facts.values()];
}

function oneDrive({ body, path }: Resource, storage: Body): DriveFacts {
  const said = str(body.Protocol) ?? inferredProtocol(body, path, storage);
  const protocol = /^pcie$/i.test(said ?? "") && /^ssd$/i.test(str(body.MediaType) ?? "") ? "NVMe" : said;
  const media = str(body.MediaType);
  const rotation = num(body.RotationSpeedRPM);
  const type = /^ssd$/i.test(media ?? "")
    ? "SSD"
    : /^(hdd|smr)$/i.test(media ?? "") || (rotation ?? 0) > 0
      ? "HDD"
      : rotation === 0 || /^nvme/i.test(protocol ?? "")
        ? "SSD"
        : undefined;
  const bytes = positive(num(body.CapacityBytes));
  return {
    name: idOf({ body, path }),
    model: known(str(body.Model)),
    serial: known(str(body.SerialNumber)),
    sizeGB: known(bytes === undefined ? undefined : Math.round(bytes / 1e9)),
    type: known<"SSD" | "HDD">(type),
    protocol: known(protocol),
  };
}

/** Supermicro leaves Protocol and MediaType null (quirk 54); its controller and names tell NVMe. */
function inferredProtocol(drive: Body, path: string, storage: Body): string | undefined {
  const supported = [...list(storage.StorageControllers), ...list(storage.Controllers)].flatMap((controller) =>
    strings(at(controller, "SupportedDeviceProtocols") ?? []),
  );
  const distinct = [...new Set(supported)];
  if (distinct.length === 1) return distinct[0];
  const names = [
    path,
    str(drive.Name),
    str(drive.Description),
    str(drive.Model),
    str(storage.Id),
    str(storage.Name),
    str(storage.Description),
  ];
  return names.some((name) => /nvme/i.test(name ?? "")) ? "NVMe" : undefined;
}

/** Drives as SimpleStorage lists them: without serial number, type and protocol. */
export function simpleDrives(resources: Resource[]): DriveFacts[] {
  return resources.flatMap(({ body }) =>
    list(body.Devices).flatMap((device, index): DriveFacts[] => {
      if (!isObject(device) || absent(device)) return [];
      const bytes = positive(num(device.CapacityBytes));
      return [
        {
          name: str(device.Name) ?? `${str(body.Id) ?? "device"}-${index + 1}`,
          model: known(str(device.Model)),
          serial: "unknown",
          sizeGB: known(bytes === undefined ? undefined : Math.round(bytes / 1e9)),
          type: "unknown",
          protocol: "unknown",
        },
      ];
    }),
  );
}

/** A port of a network adapter. */
export interface PortSource {
  adapter: Resource;
  port: Resource;
}

/**
 * NICs by MAC, from EthernetInterfaces and from the ports of adapters: each source misses some (quirk 54). Left out: the link to the BMC,
 * VLANs and other virtual ones, InfiniBand. A speed of 0 means that the link is down, not that there is none.
 */
export function nicFacts(interfaces: Resource[], ports: PortSource[]): NicFacts[] {
  const nics: NicFacts[] = [];
  const add = (nic: NicFacts) => {
    const same = nics.find(({ mac: address }) => address !== "unknown" && address === nic.mac);
    if (!same) return void nics.push(nic);
    if (nic.speedMbps !== "unknown")
      same.speedMbps = Math.max(nic.speedMbps, same.speedMbps === "unknown" ? 0 : same.speedMbps);
    if (same.link === "unknown") same.link = nic.link;
  };
  for (const resource of interfaces) if (isServerInterface(resource)) add(interfaceNic(resource));
  for (const { adapter, port } of ports) portNics(adapter, port).forEach(add);
  return nics;
}

function isServerInterface({ body, path }: Resource): boolean {
  if (absent(body) || at(body, "Links", "HostInterface") !== undefined) return false;
  if (/^virtual$/i.test(str(body.EthernetInterfaceType) ?? "")) return false;
  return !/\/(ToManager|usb\d+|lo)\/?$/i.test(path);
}

function interfaceNic(resource: Resource): NicFacts {
  const { body } = resource;
  return {
    name: idOf(resource),
    mac: known(mac(body.PermanentMACAddress) ?? mac(body.MACAddress)),
    speedMbps: known(positive(num(body.SpeedMbps))),
    link: linkOf(body),
  };
}

function portNics(adapter: Resource, { body, path }: Resource): NicFacts[] {
  const technology =
    str(body.ActiveLinkTechnology) ?? str(body.LinkNetworkTechnology) ?? str(body.PortProtocol) ?? "Ethernet";
  if (!/^ethernet$/i.test(technology) || absent(body)) return [];
  const addresses = [
    ...strings(at(body, "Ethernet", "AssociatedMACAddresses") ?? []),
    ...strings(body.AssociatedNetworkAddresses ?? []),
  ];
  const macs = [...new Set(addresses.flatMap((address) => mac(address) ?? []))];
  const speeds = [
    gigabits(body.MaxSpeedGbps),
    gigabits(body.CurrentSpeedGbps),
    num(body.CurrentLinkSpeedMbps),
    ...list(body.SupportedLinkCapabilities).flatMap((capability) => [
      num(at(capability, "LinkSpeedMbps")),
      ...list(at(capability, "CapableLinkSpeedMbps")).map(num),
      ...list(at(capability, "CapableLinkSpeedGbps")).map(gigabits),
    ]),
    ...list(body.LinkConfiguration).flatMap((configuration) =>
      list(at(configuration, "CapableLinkSpeedGbps")).map(gigabits),
    ),
  ].flatMap((speed) => positive(speed) ?? []);
  const speedMbps = known(speeds.length > 0 ? Math.max(...speeds) : undefined);
  const name = `${idOf(adapter)}/${idOf({ body, path })}`;
  return macs.slice(0, 1).map((address) => ({ name, mac: address, speedMbps, link: linkOf(body) }));
}

function linkOf(body: Body): NicFacts["link"] {
  const status = str(body.LinkStatus);
  if (status === undefined) return "unknown";
  if (/^(link)?up$/i.test(status)) return "up";
  return /^(link)?down$|^nolink$/i.test(status) ? "down" : "unknown";
}

function gigabits(value: unknown): number | undefined {
  const speed = num(value);
  return speed === undefined ? undefined : Math.round(speed * 1000);
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/** Names that vendors give to "CPU virtualisation is on", without the hash suffix; the first that is there counts. */
const virtualizationNames = [
  /^ProcVirtualization$/i,
  /^(Processors_)?IntelVirtualizationTechnology$/i,
  /^(Processors_)?(SVMMode|SVM_Mode|SVM)$/i,
  /^ProcAmdV(irtualization)?$|^AmdVirtualization$|^Processors_AMDVirtualization$/i,
  /^(Vmx|VMX|EnableVmx|VTEnable|VirtualizationTechnology|IntelVT|CpuVirtualization)$/i,
  /^IntelProcVtd$|^ProcAmdIommu$/i,
];

const sriovNames = [
  /^SriovGlobalEnable$/i,
  /^SR_?IOV(_?Support|_?Enable)?$/i,
  /^(DevicesandIOPorts_)?SRIOV$/i,
  /^Sriov/i,
];

/** Settings that firmware knows under many names. */
export function settingFacts(attributes: BiosAttributes): { virtualization: Known<boolean>; sriov: Known<boolean> } {
  return { virtualization: switched(attributes, virtualizationNames), sriov: switched(attributes, sriovNames) };
}

function switched(attributes: BiosAttributes, names: RegExp[]): Known<boolean> {
  for (const pattern of names) {
    const name = Object.keys(attributes).find((candidate) => pattern.test(withoutHash(candidate)));
    const value = name === undefined ? undefined : attributes[name];
    if (value === undefined || value === null) continue;
    if (/^(enabled?|on|yes|true|1)$/i.test(String(value))) return true;
    if (/^(disabled?|off|no|false|0)$/i.test(String(value))) return false;
  }
  return "unknown";
}

/** `TPM2_0` and the like; `none` when the BMC lists modules and none is there. */
export function tpmFacts(system: Body, attributes: BiosAttributes): Known<string> {
  const modules = system.TrustedModules;
  const present = list(modules).find(
    (module) => isObject(module) && !absent(module) && str(module.InterfaceType) !== undefined,
  );
  if (present !== undefined) return known(str(at(present, "InterfaceType")));
  const said = str(attributes.TpmInfo);
  const version = /(\d)\.(\d)/.exec(said ?? "");
  if (version) return `TPM${version[1]}_${version[2]}`;
  if (said !== undefined && /no tpm/i.test(said)) return "none";
  const allAbsent = Array.isArray(modules) && list(modules).every((module) => isObject(module) && absent(module));
  return allAbsent ? "none" : "unknown";
}

/** Lower case; what firmware writes when it has none is unknown. */
export function uuidFacts(value: unknown): Known<string> {
  const uuid = str(value)?.toLowerCase();
  const real = uuid !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) && !/^[0f-]+$/.test(uuid);
  return real ? uuid : "unknown";
}
