/** What identifies a machine. Members that are set must all match what the BMC says; letter case and spaces around do not count. */
export interface HardwareIdentity {
  /** Serial number of the system. On Dell the service tag (Redfish `SKU`) matches as well. */
  serialNumber?: string;
  /** Redfish `SKU`: the service tag on Dell, the product number elsewhere. */
  sku?: string;
  /** UUID of the system, in SMBIOS or Redfish byte order. */
  uuid?: string;
}

/** Whether a firmware feature is switched on. `unknown`: the BMC does not say. */
export type FeatureState = "enabled" | "disabled" | "unknown";

/** How a drive stores. */
export type DriveType = "NVMe" | "SSD" | "HDD";

/** What the BMC says about its server. An absent member is unknown, which is not the same as no. At most about 4 KB as JSON. */
export interface HardwareFacts {
  manufacturer?: string;
  /** Model without the padding that some BMCs add. */
  model?: string;
  /** Serial number of the system; on Dell the service tag. */
  serialNumber?: string;
  /** Redfish `SKU`. */
  sku?: string;
  /** UUID in lower case. */
  uuid?: string;
  /**
   * Cores of all CPUs; GPUs and other accelerators do not count.
   * @integer
   */
  cores?: number;
  /**
   * Threads of all CPUs.
   * @integer
   */
  threads?: number;
  cpuModel?: string;
  /** Memory in GiB. */
  memoryGib?: number;
  /** Empty also when the BMC lists no drives: see `drivesKnown`. */
  drives: DriveFacts[];
  /** False when the BMC does not tell about drives at all. */
  drivesKnown: boolean;
  /** Empty also when the BMC lists no network ports: see `nicsKnown`. */
  nics: NicFacts[];
  /** False when the BMC does not tell about network ports at all. */
  nicsKnown: boolean;
  /** CPU virtualisation (VT-x, AMD-V) in the BIOS settings. */
  virtualization?: FeatureState;
  /** SR-IOV in the BIOS settings. */
  sriov?: FeatureState;
  /** Interface of the TPM such as `TPM2_0`, `absent`, or `unknown`. */
  tpm?: string;
  biosVersion?: string;
  bmcVersion?: string;
  /** True when detail was left out to keep the state small; `getInventory` has all of it. */
  abridged?: boolean;
}

/** A drive. */
export interface DriveFacts {
  name: string;
  type?: DriveType;
  /** Decimal gigabytes, as drives are sold. */
  sizeGb?: number;
  /** Such as `NVMe`, `SAS`, `SATA`. */
  protocol?: string;
  model?: string;
  /** The manufacturer's serial number. */
  serialNumber?: string;
}

/** A network port. */
export interface NicFacts {
  name: string;
  /** Lower case with colons. */
  mac?: string;
  /** The highest speed the port can do. */
  speedGbps?: number;
  linkUp?: boolean;
}

/** Drives that a server must have: at least `minCount` that match the other members. */
export interface DriveRequirement {
  /** Any when left out. NVMe drives also count as SSD. */
  type?: DriveType;
  /**
   * How many.
   * @integer
   * @default 1
   */
  minCount?: number;
  /** Decimal gigabytes of each. */
  minSizeGb?: number;
}

/** Network ports that a server must have: at least `minCount` that match the other members. */
export interface NicRequirement {
  /** Highest speed of each port. */
  minSpeedGbps?: number;
  /**
   * How many.
   * @integer
   * @default 1
   */
  minCount?: number;
}

/** What to do when the BMC does not tell whether a requirement is met. */
export type UnknownPolicy = "accept" | "refuse";

/** What a server must have before anything is done to it. */
export interface HardwareRequirements {
  /**
   * Cores of all CPUs.
   * @integer
   */
  minCores?: number;
  /** Memory in GiB. */
  minMemoryGib?: number;
  drives?: DriveRequirement[];
  nics?: NicRequirement[];
  /** True: CPU virtualisation must be on in the BIOS settings. */
  virtualization?: boolean;
  /** True: SR-IOV must be on in the BIOS settings. */
  sriov?: boolean;
  /** True: a TPM must be there. */
  tpm?: boolean;
  /**
   * When the BMC does not tell: `accept` with a warning, or `refuse`.
   * @default "accept"
   */
  unknown?: UnknownPolicy;
}
