import { base } from "../http/messages";
import type { BiosAttribute, Dialect, MediaSlot } from "./dialect";
import { inventHardware } from "./hardware";

const slots: MediaSlot[] = [
  { id: "Cd", name: "Virtual CD", mediaTypes: ["CD", "DVD"], bootable: true },
  { id: "UsbStick", name: "Virtual USB Stick", mediaTypes: ["USBStick", "Floppy"], bootable: false },
];

const attributes: BiosAttribute[] = [
  {
    name: "BootMode",
    display: "Boot Mode",
    type: "Enumeration",
    values: ["Uefi", "Legacy"],
    initial: "Uefi",
    role: "bootMode",
  },
  toggle("CpuVirtualization", "CPU Virtualization", "virtualization"),
  toggle("SrIov", "SR-IOV Support", "sriov"),
  toggle("TpmState", "TPM State", "tpm"),
  toggle("HyperThreading", "Hyper-Threading"),
  toggle("TurboMode", "Turbo Mode"),
  toggle("Iommu", "IOMMU"),
  {
    name: "PowerProfile",
    display: "Power Profile",
    type: "Enumeration",
    values: ["MaxPerf", "Balanced", "Efficient"],
    initial: "Balanced",
  },
  { name: "NumaNodesPerSocket", display: "NUMA Nodes per Socket", type: "Integer", min: 1, max: 4, initial: 1 },
  { name: "QuietBoot", display: "Quiet Boot", type: "Boolean", initial: true },
  { name: "AdminPhone", display: "Administrator's Phone", type: "String", maxLength: 40, initial: "" },
  { name: "AdminPassword", display: "Set-up Password", type: "Password", maxLength: 32, initial: null },
  { name: "SerialNumber", display: "Serial Number", type: "String", initial: "", readOnly: true, role: "serial" },
];

function toggle(name: string, display: string, role?: BiosAttribute["role"]): BiosAttribute {
  return { name, display, type: "Enumeration", values: ["Enabled", "Disabled"], initial: "Enabled", role };
}

/** A BMC that follows the standard and nothing else. */
export const generic: Dialect = {
  name: "generic",
  vendor: "Contoso",
  product: "Contoso Management Controller",
  redfishVersion: "1.18.0",
  ids: { system: "1", manager: "BMC", chassis: "1U", managerNic: "eth0" },
  hardware: (seed) =>
    inventHardware(seed, {
      manufacturer: "Contoso",
      model: "Server 3500",
      serial: (hex) => `CN${hex}`,
      sku: () => "3500-RX",
      cpus: [
        { cores: 16, threads: 32, model: "Contoso CPU 9100" },
        { cores: 16, threads: 32, model: "Contoso CPU 9100" },
      ],
      memoryGiB: 256,
      drives: [
        { name: "Drive 1", model: "CT NVMe 960", capacityBytes: 960_197_124_096, mediaType: "SSD", protocol: "NVMe" },
        { name: "Drive 2", model: "CT HDD 8T", capacityBytes: 8_001_563_222_016, mediaType: "HDD", protocol: "SAS" },
      ],
      nics: [
        { name: "Ethernet 1", speedMbps: 25_000, linkUp: true },
        { name: "Ethernet 2", speedMbps: 25_000, linkUp: true },
      ],
      macPrefix: "02:c0:00",
      biosVersion: "2.4.1",
      bmcVersion: "1.9.0",
    }),
  sessions: { timeoutSeconds: 600, cap: 32, full: { status: 503, message: base("SessionLimitExceeded") } },
  accounts: {
    style: "create",
    slots: 15,
    administrator: 1,
    passwordLength: [8, 64],
    lockoutThreshold: 10,
    lockoutSeconds: 30,
    extra: { AccountTypes: ["Redfish"] },
  },
  expandLevels: 6,
  etag: "strong",
  boot: {
    targets: ["None", "Pxe", "Cd", "Usb", "Hdd", "BiosSetup", "UefiTarget", "UefiHttp"],
    modes: ["UEFI", "Legacy"],
    virtualCd: "Cd",
    httpBootUri: true,
    enabledRequired: false,
    modeMakesJob: false,
    targetCleared: true,
    options: [
      { id: "Boot0001", name: "Hard Drive", source: "Hdd" },
      { id: "Boot0002", name: "Network", source: "Pxe" },
      { id: "Boot0003", name: "Virtual CD", source: "Cd" },
    ],
    order: ["Boot0001", "Boot0002", "Boot0003"],
    certificates: true,
  },
  reset: {
    types: [
      "On",
      "ForceOn",
      "ForceOff",
      "GracefulShutdown",
      "GracefulRestart",
      "ForceRestart",
      "PushPowerButton",
      "PowerCycle",
      "Nmi",
    ],
    listed: "both",
    post: { status: 409, message: base("ResourceInUse") },
    restartSwitchesOn: true,
    showsTransitions: true,
    managerTypes: ["GracefulRestart", "ForceRestart"],
  },
  media: {
    slots,
    views: [{ at: "system", members: slots.map((slot) => ({ ...slot, slot: slot.id })) }],
    refusedParameters: [],
    refusesImage: () => undefined,
    keepsImage: false,
    ejectOnlyWhenInserted: false,
    unreachable: (url) => ({ status: 400, message: base("CouldNotEstablishConnection", url) }),
    asynchronous: false,
    certificates: true,
  },
  bios: {
    settingsId: "Settings",
    settingsName: "BIOS Pending Settings",
    registry: "BiosAttributeRegistryContoso.v1_0_0",
    registryUri: "/redfish/v1/Registries/BiosAttributeRegistryContoso.v1_0_0/BiosAttributeRegistryContoso.v1_0_0.json",
    pendingShows: "all",
    applyTimeRequired: false,
    applyTimes: ["OnReset"],
    attributes,
  },
  naming: {
    cpu: (index) => `CPU${index + 1}`,
    dimm: (index) => `DIMM${index + 1}`,
    drive: (_drive, index) => `${index + 1}`,
    nic: (_nic, index) => `${index + 1}`,
    adapter: "NIC1",
    storage: "1",
  },
  bodyRequired: false,
  actionIfMatchRefused: false,
  patchReply: "resource",
  messages: { prefix: "Contoso.1.0", table: {} },
  jobs: false,
  taskId: (number) => String(number),
  jobsHidden: false,
  ports: "Ports",
  nvmeProtocol: "NVMe",
  driveDetails: true,
  coreCount: true,
  showsEthernetInterface: () => true,
};
