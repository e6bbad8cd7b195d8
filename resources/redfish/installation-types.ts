import type { DriveType } from "./facts";

/** Family of an operating system: which installer and which seed. */
export type OsFamily = "ubuntu" | "debian" | "rhel" | "nocloud";

/** CPU architecture. */
export type Architecture = "x86_64" | "aarch64";

/** A file that is fetched and, with `sha256`, verified. */
export interface RemoteFile {
  /** http or https. */
  url: string;
  /** SHA-256, hexadecimal. */
  sha256?: string;
}

/** A disk image that is written as it is. */
export interface DiskImage {
  /** http or https. */
  url: string;
  /** SHA-256 of the file, hexadecimal. */
  sha256: string;
  /** How the file is packed. */
  format: DiskImageFormat;
}

/** How a disk image is packed. */
export type DiskImageFormat = "raw" | "raw.gz" | "raw.xz" | "raw.zst" | "qcow2";

/** UEFI boot loaders of the distribution, signed for Secure Boot. */
export interface Bootloader {
  /** shim, which loads `grub`. Left out: no Secure Boot. */
  shim?: RemoteFile;
  /** GRUB as an EFI application. */
  grub: RemoteFile;
}

/** What to install, and from where. */
export interface OsImage {
  /** Which installer and which seed: `ubuntu` autoinstall, `debian` preseed, `rhel` kickstart (also Rocky, Alma, Fedora), `nocloud` a disk image with cloud-init. */
  family: OsFamily;
  /** Such as `24.04`, `13`, `9`. */
  version: string;
  architecture: Architecture;
  /** Kernel of the installer. */
  kernel: RemoteFile;
  /** Initial RAM disk of the installer. */
  initrd: RemoteFile;
  /** Further kernel arguments of the installer. */
  kernelArguments?: string[];
  /** URL of the package mirror or installation tree. */
  mirror?: string;
  /** Root file system of the installer: squashfs or ISO for Ubuntu, stage 2 for RHEL. */
  liveImage?: RemoteFile;
  /** The image, for `nocloud`. */
  diskImage?: DiskImage;
  /** Boot loaders. Default: those at the distribution's place in `mirror`. */
  bootloader?: Bootloader;
}

/** Which disk becomes the root disk: all members that are set must match. */
export interface RootDiskHint {
  /** Such as `/dev/nvme0n1` or `/dev/disk/by-path/…`. */
  deviceName?: string;
  serialNumber?: string;
  /** Part of the model, any letter case. */
  model?: string;
  /** Decimal gigabytes. */
  minSizeGb?: number;
  /** Decimal gigabytes. */
  maxSizeGb?: number;
  type?: DriveType;
  /** World Wide Name. */
  wwn?: string;
}

/** Several ports that act as one. */
export interface Bond {
  /** Linux bonding mode. */
  mode: BondMode;
  /** MAC addresses of the ports. */
  members: string[];
}

/** Linux bonding mode. */
export type BondMode =
  "802.3ad" | "active-backup" | "balance-rr" | "balance-xor" | "broadcast" | "balance-tlb" | "balance-alb";

/** A tagged VLAN on another interface. */
export interface Vlan {
  /**
   * 1 to 4094.
   * @integer
   */
  id: number;
  /** Name of the interface below. */
  link: string;
}

/** An interface of the installed system. */
export interface NodeInterface {
  /** Name in the system, at most 15 characters. */
  name: string;
  /** Finds the port; the name is then given to it. */
  mac?: string;
  /** Addresses with prefix length, IPv4 or IPv6. */
  addresses: string[];
  gateway?: string;
  /**
   * Bytes.
   * @integer
   */
  mtu?: number;
  bond?: Bond;
  vlan?: Vlan;
}

/** The network of the installed system. */
export interface NodeNetwork {
  interfaces: NodeInterface[];
  /** Addresses of DNS servers. */
  nameservers: string[];
  searchDomains?: string[];
  /** Names or addresses. */
  ntpServers?: string[];
}
