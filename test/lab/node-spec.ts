import type { NodeSpec } from "../../lab/nodes/backend";

/** A server with one disk. */
export function nodeSpec(name: string, number = 1): NodeSpec {
  return {
    name,
    serialNumber: `SN-${name}`,
    uuid: "6f1c2d3e-0000-4000-8000-0123456789ab",
    manufacturer: "Lab",
    model: "Box",
    nics: [{ name: "eno1", mac: `02:00:5e:00:10:0${number}` }],
    disks: [{ device: "nvme0n1", serialNumber: `D-${name}`, model: "Sparse", sizeBytes: 64e9, type: "NVMe" }],
  };
}
