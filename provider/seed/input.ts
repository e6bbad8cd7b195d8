import type { HardwareIdentity } from "../../resources/redfish/facts";
import type { InstallationUser, NodeNetwork, OsImage, RootDiskHint } from "../../resources/redfish/installation";

/** What a seed is rendered from. Nothing in it depends on the time or the machine that renders it. */
export interface SeedInput {
  installationId: string;
  hostname: string;
  image: OsImage;
  /** Ed25519, OpenSSH format. */
  hostKey: { publicKey: string; privateKey: string };
  /** The machine that may be installed; the guard refuses another one. */
  identity?: HardwareIdentity;
  rootDisk?: RootDiskHint;
  keepDisks?: string[];
  /** Whether disks that hold something may be wiped. */
  wipe: boolean;
  network: NodeNetwork;
  users: InstallationUser[];
  timezone?: string;
  locale?: string;
  packages?: string[];
  /** HTTP proxy for packages. */
  proxy?: string;
  sshPort?: number;
  /** Network from which the installer loads; chooses its interface. */
  provisionNetwork?: string;
  /** `https://address:port/s/<token>`, without a slash at the end. */
  seedUrl: string;
  /** Certificate of the authority that vouches for the seed server, PEM. */
  caPem: string;
}

/** A rendered seed: what the installer fetches, and what the kernel is told. */
export interface Seed {
  files: SeedFile[];
  kernelArguments: string[];
}

export interface SeedFile {
  /** Below the seed's URL, such as `preseed.cfg`. */
  path: string;
  content: string;
}

/** The line by which a person recognises a seed. */
export function marker(input: SeedInput): string {
  return `# rackform installation=${input.installationId} host=${input.hostname} consent=${input.wipe ? "wipe" : "none"}`;
}
