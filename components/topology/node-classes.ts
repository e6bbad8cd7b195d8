import type { HardwareRequirements } from "../../resources/redfish/facts";
import type { NetworkPurpose } from "./networks";

/** What a class is when the user says nothing else. */
export interface NodeClassDefaults {
  /** Least hardware. Far below what production wants, above what cannot work. */
  requirements: HardwareRequirements;
  /** Networks of these purposes are attached. */
  purposes: readonly NetworkPurpose[];
  /** Slot of the server with number 0, so that classes share a pool without meeting. */
  firstSlot: number;
}

/**
 * The built-in classes. Least hardware: kubeadm's own preflight (2 CPUs, 2 GB) doubled for control planes, one drive beside the
 * system's for storage, and CPU virtualisation for compute, as the layers above need them.
 * Sources: kubernetes.io "Installing kubeadm", docs.ceph.com "Hardware recommendations" (read November 2026).
 */
export const NODE_CLASSES: Readonly<Record<string, NodeClassDefaults>> = {
  control: {
    requirements: { minCores: 4, minMemoryGib: 8 },
    purposes: ["management", "provision", "tenant"],
    firstSlot: 0,
  },
  network: {
    requirements: { minCores: 4, minMemoryGib: 8, nics: [{ minCount: 2 }] },
    purposes: ["management", "provision", "tenant"],
    firstSlot: 20,
  },
  storage: {
    requirements: { minCores: 4, minMemoryGib: 16, drives: [{ minCount: 2 }] },
    purposes: ["management", "provision", "storage"],
    firstSlot: 40,
  },
  compute: {
    requirements: { minCores: 4, minMemoryGib: 16, virtualization: true },
    purposes: ["management", "provision", "storage", "tenant"],
    firstSlot: 90,
  },
};

/** A class of the user's own: no requirements, every network. */
export const OWN_CLASS: NodeClassDefaults = {
  requirements: {},
  purposes: ["management", "provision", "storage", "tenant"],
  firstSlot: 190,
};

/** Defaults of a class by name. */
export function classDefaults(role: string): NodeClassDefaults {
  return Object.hasOwn(NODE_CLASSES, role) ? NODE_CLASSES[role] : OWN_CLASS;
}
