/** Vendors whose behaviour the emulator plays. */
export type DialectName = "generic" | "dell" | "supermicro";

/** One emulated BMC: where it listens, how it behaves, and the server it sits in. */
export interface BmcSpec {
  /** Name within the rack, such as `r1-u07`. */
  name: string;
  /** Loopback address of its own, such as `127.77.0.11`. */
  address: string;
  /** TCP port; 0 takes a free one. */
  port: number;
  dialect: DialectName;
  /** The administrator's account. */
  credentials: Credentials;
  /** The administrator must change the password before anything else. Default: false. */
  factoryPasswordChangeRequired?: boolean;
  /** The server's hardware; what is left out comes from the dialect. */
  hardware?: Partial<HardwareSpec>;
  /** Whether the server is on when the rack starts. Default: false. */
  poweredOn?: boolean;
  /** Milliseconds each request takes, fixed or between two bounds. Default: 0. */
  latencyMs?: number | [number, number];
  /** How long things take; what is left out comes from `DEFAULT_TIMINGS`. */
  timings?: Partial<Timings>;
  /** Idle seconds after which a session ends. Default: the dialect's. */
  sessionTimeoutSeconds?: number;
  /** Sessions that can be open at once. Default: the dialect's. */
  sessionCap?: number;
  /** Members a collection shows at a time, the rest through `Members@odata.nextLink`. Default: all. */
  pageSize?: number;
  /** Every action answers 202 with a task, instead of when it is done. Default: false. */
  asynchronousActions?: boolean;
  /** InsertMedia first asks the image's server for the image and refuses one that it cannot get. Default: false. */
  probesMedia?: boolean;
  /** The collection of virtual media is empty, as on a Supermicro before it was set up (quirk 55). Default: false. */
  mediaUnconfigured?: boolean;
  /** The licence for out-of-band changes is missing (quirk 48; only where the dialect has it). Default: false. */
  unlicensed?: boolean;
}

export interface Credentials {
  username: string;
  password: string;
}

/** The hardware of a server, as its BMC would report it. */
export interface HardwareSpec {
  manufacturer: string;
  model: string;
  serialNumber: string;
  /** Stock number; on a Dell the service tag. */
  sku: string;
  /** Lowercase, with dashes. */
  uuid: string;
  cpus: CpuSpec[];
  memoryGiB: number;
  drives: DriveSpec[];
  nics: NicSpec[];
  /** Whether the BIOS has VT-x or AMD-V switched on at first. */
  virtualization: boolean;
  /** Whether the BIOS has SR-IOV switched on at first. */
  sriov: boolean;
  /** Trusted platform module, such as `TPM2_0`; null when there is none. */
  tpm: "TPM1_2" | "TPM2_0" | null;
  biosVersion: string;
  bmcVersion: string;
}

export interface CpuSpec {
  cores: number;
  threads: number;
  model: string;
}

export interface DriveSpec {
  name: string;
  model: string;
  serial: string;
  capacityBytes: number;
  mediaType: "SSD" | "HDD";
  protocol: "NVMe" | "SATA" | "SAS";
}

export interface NicSpec {
  name: string;
  mac: string;
  speedMbps: number;
  linkUp: boolean;
}

/** Durations in milliseconds. */
export interface Timings {
  /** From the request to PowerState On. */
  powerOnMs: number;
  /** From the request to PowerState Off. */
  powerOffMs: number;
  /** Power-on self test, during which some changes are refused. */
  postMs: number;
  /** After power-off, how long `On` is refused (quirk 4; only where the dialect has it). */
  onRefusedMs: number;
  /** How long the BMC is away when it restarts. */
  bmcRebootMs: number;
  /** How long it answers 503 once it is back. */
  bmcStartMs: number;
  /** From the start of a task to its end. */
  taskMs: number;
  /** How long a new job answers 404 (quirk 7; only where the dialect has it). */
  jobHiddenMs: number;
  /** How long an eject goes on in the background, during which an insert fails (quirk 10; only where the dialect has it). */
  ejectMs: number;
}

/** Quick enough for tests, slow enough that a client that does not wait is caught. */
export const DEFAULT_TIMINGS: Timings = {
  powerOnMs: 20,
  powerOffMs: 20,
  postMs: 30,
  onRefusedMs: 30,
  bmcRebootMs: 200,
  bmcStartMs: 30,
  taskMs: 40,
  jobHiddenMs: 10,
  ejectMs: 10,
};
