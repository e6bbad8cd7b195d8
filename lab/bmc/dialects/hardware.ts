import type { CpuSpec, DriveSpec, HardwareSpec, NicSpec } from "../spec";

/** Hardware made up from a seed: same shape for each, serials and addresses of its own. */
export function inventHardware(
  seed: number,
  kind: {
    manufacturer: string;
    model: string;
    serial: (hex: string) => string;
    sku: (hex: string) => string;
    cpus: CpuSpec[];
    memoryGiB: number;
    drives: Omit<DriveSpec, "serial">[];
    nics: Omit<NicSpec, "mac">[];
    macPrefix: string;
    biosVersion: string;
    bmcVersion: string;
  },
): HardwareSpec {
  const hex = seed.toString(16).toUpperCase().padStart(6, "0").slice(-6);
  const low = hex.toLowerCase();
  return {
    manufacturer: kind.manufacturer,
    model: kind.model,
    serialNumber: kind.serial(hex),
    sku: kind.sku(hex),
    uuid: `5f0c${low.slice(0, 4)}-${low.slice(2)}-4a6b-9c1d-${low}${low}`,
    cpus: kind.cpus,
    memoryGiB: kind.memoryGiB,
    drives: kind.drives.map((drive, index) => ({ ...drive, serial: `S${hex}${index}` })),
    nics: kind.nics.map((nic, index) => ({ ...nic, mac: macAddress(kind.macPrefix, seed * 8 + index) })),
    virtualization: true,
    sriov: true,
    tpm: "TPM2_0",
    biosVersion: kind.biosVersion,
    bmcVersion: kind.bmcVersion,
  };
}

function macAddress(prefix: string, number: number): string {
  const tail = (number & 0xffffff).toString(16).padStart(6, "0");
  return [prefix, tail.slice(0, 2), tail.slice(2, 4), tail.slice(4, 6)].join(":");
}
