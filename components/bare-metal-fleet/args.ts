import type { Input } from "@pulumi/pulumi";
import type { BootMode } from "../../resources/redfish/boot-override";
import type { HardwareRequirements } from "../../resources/redfish/facts";
import type { InstallationMethod, InstallationUser } from "../../resources/redfish/installation";
import type { Architecture, OsImage, RootDiskHint } from "../../resources/redfish/installation-types";
import type { Bastion } from "../node/node";
import type { ServerSpec } from "../topology/inventory";
import type { BmcCredentials } from "../topology/inventory-file";
import type { InterfaceSpec, NetworkSpec } from "../topology/networks";

/** Consent to wipe disks that are not blank. */
export interface WipeConsent {
  /** Serial numbers of the servers that it is for, as in their `serialNumber`. There is no wildcard. */
  serialNumbers: string[];
}

/** BIOS settings that every server of a class has. */
export interface BiosProfile {
  /** Attributes by the BMC's own name or display name, such as `ProcVirtualization: "Enabled"`. Others are left alone. */
  attributes: Record<string, string | number | boolean>;
}

/** A package repository beside the distribution's own. */
export interface RepositorySpec {
  /** File name without extension: lowercase letters, digits and hyphens. */
  name: string;
  /** Content of the file: deb822 for Ubuntu and Debian (`Types: deb …`), an INI section for the RHEL family. */
  definition: string;
  /** Public key that signs it, ASCII-armoured. Stored as `/etc/apt/keyrings/<name>.asc` or `/etc/pki/rpm-gpg/<name>.asc`. */
  key?: string;
}

/** What all servers of one role have in common. Everything left out comes from the built-in class of that name, or the fleet. */
export interface NodeClassSpec {
  /** Hardware that each server must have, checked before anything is written. Replaces the built-in class's. */
  requirements?: HardwareRequirements;
  /** BIOS settings, applied before the installation. */
  biosProfile?: BiosProfile;
  /**
   * Firmware mode.
   * @default "UEFI"
   */
  bootMode?: BootMode;
  /** Operating system: a preset or one of the fleet's `images`. Default: the fleet's `image`. */
  image?: string;
  /** Ways to start the installer, tried in this order. Default: virtualMedia, then uefiHttp. */
  methods?: InstallationMethod[];
  /** Names of the networks that its servers are on. Default: by purpose, as the built-in class; all for a class of your own. */
  networks?: string[];
  /** Ports and bonds. Default: one port, the first of `nics` or the one with `mac`, that carries all networks. */
  interfaces?: InterfaceSpec[];
  /** Which disk becomes the root disk. */
  rootDisk?: RootDiskHint;
  /** Serial numbers of disks that are never touched. */
  keepDisks?: string[];
  /** Consent to wipe disks that are not blank at an installation. Blank disks need none. */
  wipe?: WipeConsent;
  /**
   * Slot of the server with number 0: where its servers begin in every address pool. Default: control 0, network 20,
   * storage 40, compute 90, others 190.
   * @integer
   */
  firstSlot?: number;
  /** Packages beside the fleet's. */
  packages?: string[];
  /** Kernel modules loaded at boot. Need `allowReboot`. */
  kernelModules?: string[];
  /** Arguments of the kernel command line, such as `intel_iommu=on`. Need `allowReboot`. */
  kernelParameters?: string[];
  /** Kernel settings beside the fleet's: `net.ipv4.ip_forward: "1"`. */
  sysctls?: Record<string, string>;
  /**
   * Consent to restart a server when base preparation needs it.
   * @default false
   */
  allowReboot?: boolean;
  /** Labels of its nodes. */
  labels?: Record<string, string>;
  /**
   * Seconds from power-on to a verified login, 300 to 14400.
   * @default 3600
   * @integer
   */
  timeoutSeconds?: number;
}

/** Arguments of a BareMetalFleet. */
export interface BareMetalFleetArgs {
  /** Servers. May be combined with `inventoryFile`. */
  servers?: ServerSpec[];
  /** Path of a YAML or CSV file with servers, relative to the program's folder. See docs/inventory.md. */
  inventoryFile?: string;
  /** Classes by role. Built-in: `control`, `compute`, `storage`, `network`. */
  classes?: Record<string, NodeClassSpec>;
  /** Networks by name. One has the purpose `management`. Not needed when all servers are already running. */
  networks?: Record<string, NetworkSpec>;
  /**
   * Operating system of all classes that name none: `debian-12`, `debian-13`, `ubuntu-24.04`, `rocky-9`, `rocky-10`, `alma-9`, `alma-10`,
   * `rhel-9`, `rhel-10`, or one of `images`.
   * @default "debian-13"
   */
  image?: string;
  /** Images of your own by name; a preset's name replaces the preset. */
  images?: Record<string, OsImage>;
  /**
   * Architecture of the presets.
   * @default "x86_64"
   */
  architecture?: Architecture;
  /**
   * Base URL of a mirror that holds copies of the vendors' trees: `debian`, `ubuntu`, `ubuntu-releases`, `rocky`, `almalinux`, `rhel`.
   * Installers and installed systems then use it instead of the vendors' servers.
   */
  mirror?: string;
  /** Addresses of DNS servers. */
  nameservers?: string[];
  /** Domains in which short names are looked up. */
  searchDomains?: string[];
  /** Names or addresses of time servers. Default: the distribution's own. */
  ntpServers?: string[];
  /** Logins of the nodes beside `user`. */
  users?: InstallationUser[];
  /**
   * Login with which rackform works on the nodes: root, or a user that gets sudo without a password.
   * @default "root"
   */
  user?: string;
  /**
   * IANA time zone.
   * @default "Etc/UTC"
   */
  timezone?: string;
  /**
   * Locale of the installed systems.
   * @default "C.UTF-8"
   */
  locale?: string;
  /** Packages of every node. */
  packages?: string[];
  /** Package repositories of every node. */
  repositories?: RepositorySpec[];
  /** Kernel modules of every node. Need `allowReboot` in each class. */
  kernelModules?: string[];
  /** Kernel settings of every node. */
  sysctls?: Record<string, string>;

  /** BMC account of all servers that have none of their own. Default: the provider's, then `RACKFORM_BMC_USERNAME`. */
  bmcUsername?: Input<string>;
  /**
   * Password of that account. Default: the provider's, then `RACKFORM_BMC_PASSWORD`.
   * @secret
   */
  bmcPassword?: Input<string>;
  /**
   * Accounts by server name, where they differ.
   * @secret
   */
  bmcCredentials?: Input<Record<string, BmcCredentials>>;
  /** PEM certificates that sign the BMCs' certificates. Default: the provider's. */
  bmcCaBundle?: string;
  /** Accept any certificate of a BMC. Prefer fingerprints. Default: the provider's. */
  bmcInsecure?: boolean;
  /**
   * Private SSH key without passphrase (Ed25519) with which rackform logs in. Default: one is made and kept in the state.
   * @secret
   */
  accessKey?: Input<string>;
  /**
   * Host through which the nodes are reached by SSH.
   * @secret
   */
  bastion?: Input<Bastion>;

  /** Names of servers that are installed first, all alone; the others follow only if all of these succeed. */
  canary?: string[];
  /**
   * How many servers are installed at a time. The next batch begins when every server of the one before is done or has failed.
   * Default: all at once.
   * @integer
   */
  batchSize?: number;
  /** Names of servers that are set aside: nothing is sent to them, they are no nodes, and what is known of them is kept. */
  quarantine?: string[];
  /** Tokens by server name: a new token (any text) installs that server anew. Needs consent in its class's `wipe`. */
  reinstall?: Record<string, string>;
  /** Names of servers that leave soon: lifts their deletion protection in this `up`, so that the next may remove them. */
  decommission?: string[];
  /**
   * Consent to power a server off when it is removed. The disks are left as they are.
   * @default false
   */
  powerOffOnRemove?: boolean;
  /** Names of servers in service that may be restarted now, for BIOS settings or a reinstallation. */
  maintenance?: string[];
  /**
   * Protects servers and installations from deletion. Lift it for single servers with `decommission`.
   * @default true
   */
  deletionProtection?: boolean;
  /** Numbers of validity rules whose violation is only a warning. Consent rules (27, 28) cannot be ignored. */
  ignoreRules?: number[];
}
