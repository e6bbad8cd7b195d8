import type { NodeSpec } from "../../lab/nodes/backend";

/** A server with one disk. */
export function nodeSpec(name: string): NodeSpec {
  return {
    name,
    serialNumber: `SN-${name}`,
    uuid: "6f1c2d3e-0000-4000-8000-0123456789ab",
    manufacturer: "Lab",
    model: "Box",
    macAddresses: [],
    disks: [{ device: "nvme0n1", serialNumber: `D-${name}`, model: "Sparse", sizeBytes: 64e9, type: "NVMe" }],
  };
}
