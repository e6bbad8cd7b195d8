import type { Bmc, DriveSpec } from "../bmc";
import type { Disk, NodeSpec } from "../nodes/backend";

/** The server that sits behind a BMC, as its operating system would see it. */
export function nodeSpec(bmc: Bmc): NodeSpec {
  const { hardware } = bmc;
  return {
    name: bmc.name,
    // Dell's service tag is the SKU in Redfish and the serial number in SMBIOS.
    serialNumber: bmc.spec.dialect === "dell" ? hardware.sku : hardware.serialNumber,
    uuid: hardware.uuid,
    manufacturer: hardware.manufacturer,
    model: hardware.model,
    nics: hardware.nics.map(({ mac }, index) => ({ name: `eno${index + 1}`, mac: mac.toLowerCase() })),
    disks: disks(hardware.drives),
  };
}

/** Kernel names as Linux gives them: NVMe drives by number, the others by letter. */
function disks(drives: DriveSpec[]): Disk[] {
  let nvme = 0;
  let letter = 0;
  return drives.map((drive) => ({
    device: drive.protocol === "NVMe" ? `nvme${nvme++}n1` : `sd${String.fromCharCode(97 + letter++)}`,
    serialNumber: drive.serial,
    model: drive.model,
    sizeBytes: drive.capacityBytes,
    type: drive.protocol === "NVMe" ? "NVMe" : drive.mediaType,
  }));
}
