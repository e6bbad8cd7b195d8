import type { BiosAttribute } from "./dialect";

/** The part of a Dell BIOS that rackform and its tests touch, under Dell's attribute names. */
export const dellBios: BiosAttribute[] = [
  {
    name: "BootMode",
    display: "Boot Mode",
    type: "Enumeration",
    values: ["Uefi", "Bios"],
    initial: "Uefi",
    role: "bootMode",
  },
  choice("ProcVirtualization", "Virtualization Technology", ["Enabled", "Disabled"], "virtualization"),
  choice("SriovGlobalEnable", "SR-IOV Global Enable", ["Enabled", "Disabled"], "sriov"),
  choice("TpmSecurity", "TPM Security", ["On", "Off"], "tpm"),
  choice("LogicalProc", "Logical Processor", ["Enabled", "Disabled"]),
  choice("ProcTurboMode", "Turbo Mode", ["Enabled", "Disabled"]),
  choice("ProcCStates", "C-States", ["Enabled", "Disabled", "Autonomous"]),
  choice("SubNumaCluster", "Sub NUMA Cluster", ["Disabled", "2-Way"]),
  choice("NodeInterleave", "Node Interleaving", ["Disabled", "Enabled"]),
  choice("SysProfile", "System Profile", [
    "PerfOptimized",
    "PerfPerWattOptimizedDapc",
    "PerfPerWattOptimizedOs",
    "Custom",
  ]),
  choice("WorkloadProfile", "Workload Profile", ["NotConfigured", "HpcProfile", "LowLatencyOptimizedProfile"]),
  choice("IntelTxt", "Intel TXT", ["Off", "On"]),
  choice("SerialComm", "Serial Communication", ["OnConRedir", "OnNoConRedir", "Off"]),
  choice("AcPwrRcvry", "AC Power Recovery", ["Last", "On", "Off"]),
  { name: "AcPwrRcvryUserDelay", display: "User Defined Delay", type: "Integer", min: 120, max: 600, initial: 120 },
  choice("BootSeqRetry", "Boot Sequence Retry", ["Enabled", "Disabled"]),
  choice("PxeDev1EnDis", "PXE Device 1", ["Enabled", "Disabled"]),
  // 16: HTTP boot lives here; the default OneWay refuses plain http.
  choice("HttpDev1EnDis", "HTTP Device 1", ["Enabled", "Disabled"], "httpEnabled", "Disabled"),
  choice("HttpDev1TlsMode", "TLS Authentication Mode", ["OneWay", "None"], "httpTls"),
  { name: "HttpDev1Uri", display: "HTTP Device 1 URI", type: "String", maxLength: 255, initial: "", role: "httpUri" },
  { name: "AssetTag", display: "Asset Tag", type: "String", maxLength: 63, initial: "" },
  { name: "SetupPassword", display: "Set-up Password", type: "Password", maxLength: 32, initial: null },
  { name: "SystemServiceTag", display: "System Service Tag", type: "String", initial: "", readOnly: true, role: "sku" },
  { name: "SystemModelName", display: "System Model Name", type: "String", initial: "", readOnly: true, role: "model" },
  {
    name: "SystemBiosVersion",
    display: "System BIOS Version",
    type: "String",
    initial: "",
    readOnly: true,
    role: "version",
  },
];

function choice(
  name: string,
  display: string,
  values: string[],
  role?: BiosAttribute["role"],
  initial = values[0] ?? "",
): BiosAttribute {
  return { name, display, type: "Enumeration", values, initial, role };
}
