import { base } from "../http/messages";
import type { Message } from "../http/messages";
import type { Dialect, MediaSlot } from "./dialect";
import { dellBios } from "./dell-bios";
import { inventHardware } from "./hardware";

const prefix = "IDRAC.2.8";

const table = {
  RAC0218: define("Every web session is taken.", "Close a session, or wait until one times out."),
  PSU501: define("The power state asked for is the one that the server is in.", "Nothing to do."),
  SYS403: define("There is no such thing here.", "Check the name."),
  SYS413: define("The request was carried out.", "Nothing to do.", "OK"),
  SYS430: define("The request needs a body, if only an empty object.", "Send {}."),
  SYS011: define("Settings have been committed already and wait for a restart.", "Restart first, or delete the job."),
  SYS518: define("The controller is not ready.", "Wait, then send the request again."),
  VRM0012: define("A medium is attached to this drive already.", "Detach it first."),
  VRM0009: define("No medium is attached to this drive.", "Nothing to do."),
  VRM0021: define("The medium is being detached.", "Wait, then send the request again."),
  RAC0720: define("The image cannot be found or opened.", "Check the address, and that this controller can reach it."),
} as const;

function define(text: string, resolution: string, severity: "OK" | "Warning" | "Critical" = "Critical") {
  return { severity, args: 0, text, resolution };
}

function dell(id: keyof typeof table): Message {
  return { id: `${prefix}.${id}`, definition: table[id], args: [] };
}

const slots: MediaSlot[] = [
  { id: "1", name: "VirtualMedia Instance 1", mediaTypes: ["CD", "DVD", "USBStick"], bootable: true },
  // 8: slot 2 does not boot.
  { id: "2", name: "VirtualMedia Instance 2", mediaTypes: ["CD", "DVD", "USBStick"], bootable: false },
];

/** A Dell iDRAC9 with firmware 6, and the parts of iDRAC10 that the quirks cited are about. */
export const dellDialect: Dialect = {
  name: "dell",
  vendor: "Dell",
  product: "Integrated Dell Remote Access Controller",
  redfishVersion: "1.13.1",
  oem: {
    key: "Dell",
    root: { "@odata.type": "#DellServiceRoot.v1_0_0.DellServiceRoot", IsBranded: 0 },
    system: (hardware) => ({
      DellSystem: {
        "@odata.type": "#DellSystem.v1_3_0.DellSystem",
        ChassisServiceTag: hardware.sku,
        SystemGeneration: "15G Monolithic",
      },
    }),
  },
  ids: { system: "System.Embedded.1", manager: "iDRAC.Embedded.1", chassis: "System.Embedded.1", managerNic: "NIC.1" },
  hardware: (seed) =>
    inventHardware(seed, {
      manufacturer: "Dell Inc.",
      model: "PowerEdge R750",
      // 24: SerialNumber is the board's, SKU the service tag.
      serial: (hex) => `CNIVC00${hex}`,
      sku: (hex) => `D${hex}`,
      cpus: [
        { cores: 18, threads: 36, model: "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz" },
        { cores: 18, threads: 36, model: "Intel(R) Xeon(R) Gold 6354 CPU @ 3.00GHz" },
      ],
      memoryGiB: 512,
      drives: [0, 1, 2].map((bay) => ({
        name: `PCIe SSD in Slot ${bay} in Bay 1`,
        model: "Dell Ent NVMe CM6 RI 1.92TB",
        capacityBytes: 1_920_383_410_176,
        mediaType: "SSD" as const,
        protocol: "NVMe" as const,
      })),
      nics: [
        { name: "NIC.Embedded.1-1-1", speedMbps: 1_000, linkUp: false },
        { name: "NIC.Embedded.2-1-1", speedMbps: 1_000, linkUp: false },
        { name: "NIC.Integrated.1-1-1", speedMbps: 25_000, linkUp: true },
        { name: "NIC.Integrated.1-2-1", speedMbps: 25_000, linkUp: true },
      ],
      macPrefix: "02:d0:11",
      biosVersion: "1.8.2",
      bmcVersion: "6.00.30.00",
    }),
  // 14: about 8 sessions, then 503 with RAC0218.
  sessions: { timeoutSeconds: 1800, cap: 8, full: { status: 503, message: dell("RAC0218") } },
  // 13: sixteen slots, changed by PATCH; the first is reserved.
  accounts: {
    style: "slots",
    slots: 16,
    administrator: 2,
    passwordLength: [0, 40],
    lockoutThreshold: 0,
    lockoutSeconds: 0,
    extra: { AccountTypes: ["Redfish", "IPMI", "WebUI"], PasswordExpiration: null },
  },
  expandLevels: 1,
  etag: "weak",
  boot: {
    targets: ["None", "Pxe", "Floppy", "Cd", "Hdd", "BiosSetup", "Utilities", "UefiTarget", "SDCard", "UefiHttp"],
    modes: ["Legacy", "UEFI"],
    virtualCd: "Cd",
    httpBootUri: false, // 16
    enabledRequired: false,
    modeMakesJob: true, // 18
    targetCleared: true,
    // 17: the collection is not in boot order.
    options: [
      { id: "Boot0003", name: "PXE Device 1: Integrated NIC 1 Port 1 Partition 1", source: "Pxe" },
      { id: "Boot0000", name: "PCIe SSD in Slot 0 in Bay 1: EFI Fixed Disk Boot Device 1", source: "Hdd" },
      { id: "Boot0004", name: "Virtual Optical Drive", source: "Cd" },
    ],
    order: ["Boot0000", "Boot0003", "Boot0004"],
    certificates: true,
  },
  reset: {
    types: [
      "On",
      "ForceOff",
      "ForceRestart",
      "GracefulRestart",
      "GracefulShutdown",
      "PushPowerButton",
      "Nmi",
      "PowerCycle",
    ],
    listed: "inline",
    already: { status: 409, message: dell("PSU501") }, // 26
    onRefused: { status: 409, message: base("ActionParameterValueConflict", "On", "power supply not ready") }, // 4
    restartSwitchesOn: false,
    showsTransitions: false,
    managerTypes: ["GracefulRestart"],
  },
  media: {
    slots,
    // 8: Managers, then also Systems.
    views: [
      { at: "system", members: slots.map((slot) => ({ ...slot, slot: slot.id })) },
      {
        at: "manager",
        members: [
          { id: "RemovableDisk", slot: "2", name: "Virtual Removable Disk", mediaTypes: ["USBStick"] },
          { id: "CD", slot: "1", name: "Virtual CD", mediaTypes: ["CD", "DVD"] },
        ],
      },
    ],
    refusedParameters: [],
    refusesImage: (url) => (/\.(iso|img)$/i.test(url) ? undefined : "the image must end in .iso or .img"),
    keepsImage: false,
    ejectOnlyWhenInserted: false,
    insertedAlready: { status: 400, message: dell("VRM0012") },
    nothingInserted: { status: 400, message: dell("VRM0009") },
    ejectBusy: { status: 503, message: dell("VRM0021") }, // 10
    unreachable: () => ({ status: 400, message: dell("RAC0720") }),
    asynchronous: false,
    certificates: false,
  },
  bios: {
    settingsId: "Settings",
    settingsName: "BIOS Configuration Pending Settings",
    registry: "BiosAttributeRegistry.v1_0_3",
    registryUri: "/redfish/v1/Systems/System.Embedded.1/Bios/BiosRegistry",
    pendingShows: "changed", // 12
    applyTimeRequired: true, // 11
    applyTimes: ["OnReset", "AtMaintenanceWindowStart", "InMaintenanceWindowOnReset"],
    committed: { status: 400, message: dell("SYS011") },
    attributes: dellBios,
  },
  naming: {
    cpu: (index) => `CPU.Socket.${index + 1}`,
    dimm: (index) => `DIMM.Socket.${"AB"[index % 2]}${Math.floor(index / 2) + 1}`,
    drive: (_drive, index) => `Disk.Bay.${index}:Enclosure.Internal.0-1`,
    nic: (nic) => nic.name,
    adapter: "NIC.Integrated.1",
    storage: "CPU.1",
  },
  bodyRequired: true, // 22
  actionIfMatchRefused: true, // 3
  patchReply: "message",
  messages: { prefix, table },
  jobs: true,
  taskId: (number) => `JID_${String(102_241_900_000 + number)}`,
  jobsHidden: true, // 7
  ports: "NetworkPorts",
  nvmeProtocol: "PCIe",
  driveDetails: true,
  coreCount: true,
  showsEthernetInterface: () => true,
};
