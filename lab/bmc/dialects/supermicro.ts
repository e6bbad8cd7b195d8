import type { MessageDefinition } from "../http/messages";
import { base } from "../http/messages";
import type { Dialect, MediaSlot } from "./dialect";
import { inventHardware } from "./hardware";
import { supermicroBios } from "./supermicro-bios";

const slots: MediaSlot[] = ["VirtualMedia1", "VirtualMedia2"].map((id) => ({
  id,
  name: "Virtual Removable Media",
  mediaTypes: ["CD", "DVD", "USBStick", "Floppy"],
  bootable: true,
}));

const prefix = "SMC.1.0";

const table = {
  OemLicenseNotPassed: {
    severity: "Warning",
    args: 1,
    text: "This needs the licence %1.",
    resolution: "Activate the licence, then send the request again.",
  },
} satisfies Record<string, MessageDefinition>;

/** A Supermicro BMC of the X13 kind. */
export const supermicro: Dialect = {
  name: "supermicro",
  // 49: ServiceRoot has no Vendor.
  redfishVersion: "1.11.0",
  oem: {
    key: "Supermicro",
    root: { "@odata.type": "#SmcServiceRootExtensions.v1_0_0.ServiceRoot" },
    system: () => ({ "@odata.type": "#SmcSystemExtensions.v1_0_0.System" }),
  },
  ids: { system: "1", manager: "1", chassis: "1", managerNic: "1" },
  hardware: (seed) =>
    inventHardware(seed, {
      manufacturer: "Supermicro",
      model: "SYS-621C-TN12R",
      serial: (hex) => `S8899${hex}X`,
      sku: () => "0x1D1415D9",
      cpus: [
        { cores: 32, threads: 64, model: "Intel(R) Xeon(R) Platinum 8462Y+" },
        { cores: 32, threads: 64, model: "Intel(R) Xeon(R) Platinum 8462Y+" },
      ],
      memoryGiB: 1024,
      drives: [0, 1, 2, 3].map((bay) => ({
        name: `Disk.Bay.${bay}`,
        model: "MZQL27T6HBLA-00A07",
        capacityBytes: 7_681_501_126_656,
        mediaType: "SSD" as const,
        protocol: "NVMe" as const,
      })),
      nics: [
        { name: "LAN1", speedMbps: 10_000, linkUp: true },
        { name: "LAN2", speedMbps: 10_000, linkUp: false },
        { name: "AOC_NIC1", speedMbps: 100_000, linkUp: true },
        { name: "AOC_NIC2", speedMbps: 100_000, linkUp: true },
      ],
      macPrefix: "02:5c:25",
      biosVersion: "1.4",
      bmcVersion: "01.01.01",
    }),
  sessions: { timeoutSeconds: 300, cap: 16, full: { status: 400, message: base("SessionLimitExceeded") } },
  accounts: {
    style: "create",
    slots: 16,
    administrator: 2,
    passwordLength: [8, 20],
    lockoutThreshold: 3,
    lockoutSeconds: 30,
    extra: { AccountTypes: ["Redfish"], HostBootstrapAccount: false },
  },
  expandLevels: 2,
  etag: "strong",
  boot: {
    targets: ["None", "Pxe", "Floppy", "Cd", "Usb", "Hdd", "BiosSetup", "UsbCd", "UefiBootNext", "UefiHttp"],
    modes: ["Legacy", "UEFI"],
    virtualCd: "UsbCd", // 42
    httpBootUri: true,
    enabledRequired: true, // 45
    modeMakesJob: false,
    targetCleared: false,
    options: [
      { id: "Boot0018", name: "UEFI Hard Disk", source: "Hdd" },
      { id: "Boot0019", name: "UEFI PXE IPv4 Network Adapter", source: "Pxe" },
      { id: "Boot001A", name: "UEFI USB CD/DVD", source: "Cd" },
    ],
    order: ["Boot0018", "Boot0019", "Boot001A"],
    certificates: false,
  },
  reset: {
    types: ["On", "ForceOff", "GracefulShutdown", "GracefulRestart", "ForceRestart", "Nmi", "ForceOn", "PowerCycle"],
    listed: "actionInfo", // 50
    post: { status: 400, message: base("ActionParameterValueConflict", "ResetType", "system in POST") },
    restartSwitchesOn: false,
    showsTransitions: false,
    managerTypes: ["GracefulRestart"],
  },
  media: {
    slots,
    views: [{ at: "manager", members: slots.map((slot) => ({ ...slot, slot: slot.id })) }],
    refusedParameters: ["Inserted", "WriteProtected"], // 43
    // 44
    refusesImage: (url) =>
      /[?=]/.test(url) || !/\.[A-Za-z0-9]{2,4}$/.test(url)
        ? "the image must be a plain file name with an ending"
        : undefined,
    keepsImage: true, // 47
    ejectOnlyWhenInserted: true,
    unreachable: (url) => ({ status: 400, message: base("CouldNotEstablishConnection", url) }),
    asynchronous: true,
    certificates: false,
  },
  bios: {
    settingsId: "SD",
    settingsName: "BIOS Configuration Pending Settings",
    registry: "BiosAttributeRegistry.v1_0_0",
    registryUri: "/redfish/v1/Registries/BiosAttributeRegistry.v1_0_0.json",
    pendingShows: "changed",
    applyTimeRequired: false,
    applyTimes: ["OnReset"],
    attributes: supermicroBios,
  },
  naming: {
    cpu: (index) => String(index + 1),
    dimm: (index) => String(index + 1),
    drive: (_drive, index) => `Disk.Bay.${index}`,
    nic: (_nic, index) => String(index + 1),
    adapter: "1",
    storage: "NVMeSSD",
  },
  bodyRequired: false,
  actionIfMatchRefused: false,
  patchReply: "success",
  messages: { prefix, table },
  // 48: a licence error, not an authentication error.
  unlicensed: {
    status: 403,
    message: { id: `${prefix}.OemLicenseNotPassed`, definition: table.OemLicenseNotPassed, args: ["DCMS"] },
  },
  jobs: false,
  taskId: (number) => String(number),
  jobsHidden: false,
  ports: "Ports",
  nvmeProtocol: "NVMe",
  driveDetails: false, // 54
  coreCount: false,
  // 54: only the add-on cards.
  showsEthernetInterface: (nic) => nic.name.startsWith("AOC"),
};
