import type { Fault, FaultRule, BmcSnapshot, Death } from "../bmc";
import type { Drift } from "../bmc/control";
import type { RackServer } from "./spec";

/** A server of a running rack. */
export interface RackServerStatus {
  name: string;
  /** Base URL of its BMC. */
  bmc: string;
  dialect: string;
  /** `On`, `Off`, `PoweringOn` or `PoweringOff`. */
  power: string;
  /** Boot override, such as `Once Cd`; `None` when there is none. */
  boot: string;
  /** `off`, `running`, `failed`, or the stage of the boot under way: firmware, download, seed, guard, install, finish, boot. */
  phase: string;
  /** Seconds since the phase began. */
  seconds: number;
  /** Address that the inventory gives its node. */
  address?: string;
  sshPort?: number;
  /** An SSH server answers there. */
  ssh: boolean;
  /** A bootable system is on its disks. */
  installed: boolean;
  /** Installations completed since the rack started. */
  installations: number;
  serialNumber: string;
  /** Disks that are not blank. */
  usedDisks: string[];
  /** Why the last boot failed. */
  message?: string;
}

/** A running rack, and what a deployment needs to use it. Holds a password: not for logs. */
export interface RackStatus {
  name: string;
  backend: "container" | "simulated";
  /** Process that holds the rack. */
  pid: number;
  /** Authority of the BMCs' certificates. */
  bmcCaPem: string;
  bmcUsername: string;
  bmcPassword: string;
  /** CIDR that nodes install from and live on. */
  provisionNetwork: string;
  /** Address of this machine that nodes and BMCs reach. */
  mediaAddress: string;
  mirrorUrl: string;
  /** Images by name, shaped as a fleet's `images`: boot files are the mirror's stand-ins. */
  images: Record<string, object>;
  /** Networks by name, shaped as a fleet's `networks`. */
  networks: Record<string, object>;
  /** Addresses of DNS servers that nodes can use; may be none. */
  nameservers: string[];
  /** YAML file with the servers, shaped as a fleet's `inventoryFile`. */
  inventoryFile: string;
  servers: RackServerStatus[];
}

/** Drives a running rack from another process. Every method rejects with the rack's own words. */
export interface RackClient {
  readonly name: string;
  status(): Promise<RackStatus>;
  /** State and journal of a BMC. */
  bmc(name: string): Promise<BmcSnapshot>;
  /** Makes something go wrong in a BMC; returns the rule's id. */
  fault(bmc: string, rule: FaultRule | Fault): Promise<unknown>;
  clearFaults(bmc: string): Promise<void>;
  /** Someone at the console changes something behind the BMC's back. */
  drift(bmc: string, drift: Drift): Promise<void>;
  /** The BMC stops answering. */
  dead(bmc: string, how?: Death): Promise<void>;
  revive(bmc: string): Promise<void>;
  /** The last lines of a server's serial console. */
  console(server: string): Promise<string[]>;
  /** Puts another server into the rack; it is in the inventory then. */
  addServer(server: RackServer): Promise<void>;
  removeServer(name: string): Promise<void>;
  /** Another machine in the same place: same name, cables and addresses; new serials, MACs and empty disks. */
  replaceServer(name: string): Promise<void>;
  /** Somebody's data is on the disk from now on. */
  soil(server: string, device: string): Promise<void>;
  /** Empties a disk, or all of a server's. */
  wipe(server: string, device?: string): Promise<void>;
}
