/** A disk of an emulated server. Its content is a sparse file, so that tools find real signatures on it. */
export interface Disk {
  /** Kernel name without `/dev/`, such as `nvme0n1`. */
  device: string;
  serialNumber: string;
  model: string;
  sizeBytes: number;
  type: "NVMe" | "SSD" | "HDD";
}

/** What a backend has to know of a server. */
export interface NodeSpec {
  /** Name within the rack. */
  name: string;
  serialNumber: string;
  /** Lowercase, with dashes. */
  uuid: string;
  manufacturer: string;
  model: string;
  /** The first is the one that a node's address is on. */
  nics: { name: string; mac: string }[];
  disks: Disk[];
}

/** The network that nodes are on. */
export interface NodeNetwork {
  /** CIDR. */
  subnet: string;
  /** The address at which nodes reach this machine, and where the lab's mirror listens. */
  gateway: string;
}

/** What an installation gives the backend before its scripts run. */
export interface RootRequest {
  /** IPv4 address, without prefix, that the seed gives the node on the rack's network. */
  address: string;
  hostname: string;
  /** Disk that gets the operating system. */
  disk: string;
}

/** The outcome of a script. */
export interface ScriptResult {
  code: number;
  /** Standard output and error, interleaved. */
  output: string;
}

/** How a script is run. */
export interface ScriptOptions {
  env?: Record<string, string>;
  signal?: AbortSignal;
  /** Gets every line of output when it comes. */
  onLine?: (line: string) => void;
  /** Program that reads the script. Default: /bin/sh. */
  interpreter?: string;
  /** Has the installed root as its root. */
  chroot?: boolean;
}

/** Said by an installer's system when a script begins to wait for a person. */
export const WAITS = "lab: the script waits for a person";

/** An installer's running system (the ram disk), with the installed root at `/target` once `partition` was called. */
export interface InstallerSystem {
  /** Puts a file there, such as the authority's certificate out of the boot image. */
  write(path: string, content: Buffer, mode?: number): Promise<void>;
  /** Runs a shell command as an installer does: `/bin/sh -c`, working directory `/`. */
  run(command: string, options?: ScriptOptions): Promise<ScriptResult>;
  /** A file's text; undefined when there is none. */
  read(path: string): Promise<string | undefined>;
  /** Unpacks the base root onto the disk; what was on it is gone. The disk does not boot before `complete`. */
  unpack(request: RootRequest): Promise<void>;
  /** The boot loader is on the disk: from now on it boots. */
  complete(): Promise<void>;
  /** Leaves the installer; the installed root stays. */
  close(): Promise<void>;
}

/** The body of one server: its disks, and what runs on them. */
export interface NodeBody {
  readonly spec: NodeSpec;
  /** Whether a bootable system is on the disks. */
  installed(): boolean;
  /** Device names of disks that carry a signature. */
  usedDisks(): string[];
  /** Empties a disk, or all. An installed system that was on it is gone. */
  wipe(device?: string): Promise<void>;
  /** Somebody else's data is on the disk from now on. */
  soil(device: string): Promise<void>;
  /** Boots an installer's ram disk on the network. */
  bootInstaller(address: string | undefined): Promise<InstallerSystem>;
  /** Boots the installed system; resolves when its SSH server answers. */
  boot(signal: AbortSignal): Promise<void>;
  /** `graceful` asks the system to shut down and waits for it. */
  stop(graceful: boolean): Promise<void>;
  running(): boolean;
  /** Where SSH answers, when a system is installed. */
  ssh(): { address: string; port: number } | undefined;
  /** Called when the system inside halts or restarts by itself. */
  onExit(listener: (how: "reboot" | "off") => void): void;
}

/** Where nodes live. */
export interface NodeBackend {
  readonly name: "container" | "simulated";
  readonly network: NodeNetwork;
  /** Makes what all nodes share. May take minutes the first time. `progress` gets one line a step. */
  prepare(progress: (text: string) => void): Promise<void>;
  add(spec: NodeSpec): Promise<NodeBody>;
  remove(name: string): Promise<void>;
  /** Leaves nothing behind. May be called again, and after a `prepare` that failed. */
  close(): Promise<void>;
}
