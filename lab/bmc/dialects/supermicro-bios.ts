import type { BiosAttribute } from "./dialect";

/**
 * The part of a Supermicro BIOS that rackform and its tests touch. Names carry a hash that differs between boards, and
 * switches say "Enable" here and "Enabled" there (51).
 */
export const supermicroBios: BiosAttribute[] = [
  choice("BootModeSelect_00A0", "Boot Mode Select", ["UEFI", "Legacy", "Dual"], "bootMode"),
  choice(
    "IntelVirtualizationTechnology_3C6F",
    "Intel Virtualization Technology",
    ["Enable", "Disable"],
    "virtualization",
  ),
  choice("IntelVTforDirectedI_O_VT_d__1E32", "Intel VT for Directed I/O (VT-d)", ["Enable", "Disable"]),
  choice("SR_IOVSupport_0047", "SR-IOV Support", ["Enabled", "Disabled"], "sriov"),
  choice("SecurityDeviceSupport_005A", "Security Device Support", ["Enable", "Disable"], "tpm"),
  choice("Hyper_Threading_ALL__F27F", "Hyper-Threading [ALL]", ["Enable", "Disable"]),
  choice("TurboMode_3D06", "Turbo Mode", ["Enable", "Disable"]),
  choice("PowerTechnology_FF77", "Power Technology", ["Custom", "Energy Efficient", "Disable"]),
  choice("RestoreonACPowerLoss_0035", "Restore on AC Power Loss", ["Last State", "Power On", "Stay Off"]),
  choice("IPv4HTTPSupport_00F5", "IPv4 HTTP Support", ["Enabled", "Disabled"]),
  choice("IPv4PXESupport_00F4", "IPv4 PXE Support", ["Enabled", "Disabled"]),
  choice("LAN1OPROM_0130", "Onboard LAN1 Option ROM", ["EFI", "Disabled", "Legacy"]),
  choice("NUMA_3B0A", "NUMA", ["Enable", "Disable"]),
  { name: "QuietBoot_002D", display: "Quiet Boot", type: "Boolean", initial: true },
  { name: "PXEBootWaitTime_00F8", display: "PXE Boot Wait Time", type: "Integer", min: 0, max: 5, initial: 0 },
  {
    name: "CorrectableErrorThreshold_3C34",
    display: "Correctable Error Threshold",
    type: "Integer",
    min: 1,
    max: 32767,
    initial: 512,
  },
  {
    name: "AdministratorPassword_0117",
    display: "Administrator Password",
    type: "Password",
    maxLength: 20,
    initial: null,
  },
];

function choice(name: string, display: string, values: string[], role?: BiosAttribute["role"]): BiosAttribute {
  return { name, display, type: "Enumeration", values, initial: values[0] ?? "", role };
}
