import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { HardwareIdentity } from "./facts";
import type { NodeNetwork, OsImage, RootDiskHint } from "./installation-types";
import type { BootMode } from "./boot-override";
import type { Inputs } from "./inputs";
import { isOf, register } from "./registration";
import type { HostKey, ServerPowerState } from "./server";

export type * from "./installation-types";

/** How the installer reaches the machine. */
export type InstallationMethod = "virtualMedia" | "uefiHttp" | "pxe";

/** Consent to wipe disks that are not blank. Blank disks need none. */
export interface InstallationConsent {
  /** Whether disks that hold something may be wiped. */
  wipe: boolean;
  /** The machine that the consent is for: its serial number (on Dell the service tag). */
  serialNumber?: string;
}

/** A login of the installed system. */
export interface InstallationUser {
  /** POSIX login name. */
  name: string;
  /** Lines for `authorized_keys`. */
  authorizedKeys: string[];
  /**
   * Root rights by sudo without a password.
   * @default false
   */
  sudo?: boolean;
}

/** How the installed system is reached by SSH to prove that it is up. */
export interface InstallationSsh {
  /** Address or name. */
  address: string;
  /**
   * TCP port.
   * @integer
   * @default 22
   */
  port?: number;
  /** Login name; one of `users`. */
  user: string;
}

/** Arguments of an Installation. */
export interface InstallationArgs {
  /** How to reach the BMC. */
  connection: BmcConnection;
  /**
   * `Id` of the system, for a BMC with several. Default: the only one.
   * @replaceOnChanges
   */
  systemId?: string;
  /** Name of the installed system. */
  hostname: string;
  /** Digest of server name, expected serial and reinstall token: what makes this installation this one. A new one reinstalls. */
  installationId: string;
  /**
   * SSH host key of the server, from `Server.hostKey`.
   * @secret
   */
  hostKey: HostKey;
  /**
   * Secret of the server, from `Server.tokenSecret`.
   * @secret
   */
  tokenSecret: string;
  /** The machine that must answer; another one is an error before anything is written. */
  identity?: HardwareIdentity;
  /** What to install. */
  image: OsImage;
  /**
   * Ways to start the installer, tried in this order.
   * @default ["virtualMedia", "uefiHttp"]
   */
  methods?: InstallationMethod[];
  /** Which disk becomes the root disk. Left out: the installer's choice among those that may be touched. */
  rootDisk?: RootDiskHint;
  /** Serial numbers of disks that are never touched. */
  keepDisks?: string[];
  /** Consent to wipe disks that are not blank. */
  consent: InstallationConsent;
  /** Interfaces, addresses, name servers of the installed system. */
  network: NodeNetwork;
  /** Logins of the installed system. */
  users: InstallationUser[];
  /**
   * Private SSH key, OpenSSH format, with which the plugin logs in as `ssh.user` to prove the installation.
   * @secret
   */
  loginKey: string;
  /** How the installed system is reached. */
  ssh: InstallationSsh;
  /** IANA time zone. Default `UTC`. */
  timezone?: string;
  /** Such as `en_US.UTF-8`. Default `C.UTF-8`. */
  locale?: string;
  /** Packages to install besides the base system. */
  packages?: string[];
  /** Any text; changing it reinstalls. */
  reinstall?: string;
  /**
   * Seconds from power-on to a verified login.
   * @integer
   * @default 3600
   */
  timeoutSeconds?: number;
  /** Network (CIDR) on which the machine fetches media and seed: it chooses the advertised address of the media server. */
  provisionNetwork?: string;
  /**
   * Firmware mode.
   * @default "UEFI"
   */
  bootMode?: BootMode;
  /**
   * Power the server off when the resource is deleted. The disks are left as they are.
   * @default false
   */
  powerOffOnDelete?: boolean;
  /**
   * Consent to restart a server that is in service.
   * @default false
   */
  maintenance?: boolean;
  /**
   * Sets the server aside: nothing is sent to it or its BMC. What is known is kept, and what is not known stays unknown until
   * the quarantine ends.
   * @default false
   */
  quarantine?: boolean;
}

/** A part of an installation and the time it took. */
export interface InstallationPhase {
  /** Such as `media`, `boot`, `install`, `verify`. */
  name: string;
  seconds: number;
}

/** State of an Installation. */
export interface InstallationState extends InstallationArgs {
  /** The way that was used. */
  method: InstallationMethod;
  /** When the system phoned home, ISO 8601. */
  installedAt: string;
  /** Main power as last read. An installed server that somebody switched off is switched on by the next `up`. */
  powerState?: ServerPowerState;
  /** Disk that the system boots from, as the installer reported it. */
  bootDevice?: string;
  /** Where the time went. */
  phases: InstallationPhase[];
  /** `PRETTY_NAME` of `/etc/os-release`. */
  osRelease?: string;
  /** `/etc/machine-id`. */
  machineId?: string;
}

/**
 * An operating system on a server: started through the BMC, seeded by the plugin's own media server, and done when the machine
 * has phoned home and answers SSH with its host key. Re-entrant: a machine that already has this installation is taken over. A
 * new `installationId` reinstalls in place.
 *
 * Import: `pulumi import rackform:redfish:Installation os 'https://bmc1.example.com/redfish/v1/Systems/1#Installation'`.
 *
 * @example
 * ```typescript
 * new rackform.redfish.Installation("node1", {
 *   connection: { endpoint: "https://10.0.0.11" },
 *   hostname: "node1",
 *   installationId: "5c1f0e7a",
 *   hostKey: server.hostKey,
 *   tokenSecret: server.tokenSecret,
 *   image: {
 *     family: "debian", version: "13", architecture: "x86_64",
 *     kernel: { url: "https://mirror.example.com/debian/linux" },
 *     initrd: { url: "https://mirror.example.com/debian/initrd.gz" },
 *   },
 *   consent: { wipe: false },
 *   network: { interfaces: [{ name: "eno1", addresses: ["10.0.1.11/24"], gateway: "10.0.1.1" }], nameservers: ["10.0.1.1"] },
 *   users: [{ name: "admin", authorizedKeys: [publicKey], sudo: true }],
 *   loginKey: privateKey,
 *   ssh: { address: "10.0.1.11", user: "admin" },
 * });
 * ```
 */
export class Installation extends pulumi.CustomResource {
  declare readonly connection: pulumi.Output<BmcConnection>;
  declare readonly systemId: pulumi.Output<string | undefined>;
  declare readonly hostname: pulumi.Output<string>;
  declare readonly installationId: pulumi.Output<string>;
  declare readonly hostKey: pulumi.Output<HostKey>;
  declare readonly tokenSecret: pulumi.Output<string>;
  declare readonly identity: pulumi.Output<HardwareIdentity | undefined>;
  declare readonly image: pulumi.Output<OsImage>;
  declare readonly methods: pulumi.Output<InstallationMethod[] | undefined>;
  declare readonly rootDisk: pulumi.Output<RootDiskHint | undefined>;
  declare readonly keepDisks: pulumi.Output<string[] | undefined>;
  declare readonly consent: pulumi.Output<InstallationConsent>;
  declare readonly network: pulumi.Output<NodeNetwork>;
  declare readonly users: pulumi.Output<InstallationUser[]>;
  declare readonly loginKey: pulumi.Output<string>;
  declare readonly ssh: pulumi.Output<InstallationSsh>;
  declare readonly timezone: pulumi.Output<string | undefined>;
  declare readonly locale: pulumi.Output<string | undefined>;
  declare readonly packages: pulumi.Output<string[] | undefined>;
  declare readonly reinstall: pulumi.Output<string | undefined>;
  declare readonly timeoutSeconds: pulumi.Output<number | undefined>;
  declare readonly provisionNetwork: pulumi.Output<string | undefined>;
  declare readonly bootMode: pulumi.Output<BootMode | undefined>;
  declare readonly powerOffOnDelete: pulumi.Output<boolean | undefined>;
  declare readonly maintenance: pulumi.Output<boolean | undefined>;
  declare readonly quarantine: pulumi.Output<boolean | undefined>;
  /** The way that was used. */
  declare readonly method: pulumi.Output<InstallationMethod>;
  /** When the system phoned home. */
  declare readonly installedAt: pulumi.Output<string>;
  /** Main power as last read. */
  declare readonly powerState: pulumi.Output<ServerPowerState | undefined>;
  /** Disk that the system boots from. */
  declare readonly bootDevice: pulumi.Output<string | undefined>;
  /** Where the time went. */
  declare readonly phases: pulumi.Output<InstallationPhase[]>;
  /** Name of the installed release. */
  declare readonly osRelease: pulumi.Output<string | undefined>;
  /** Machine id of the installed system. */
  declare readonly machineId: pulumi.Output<string | undefined>;

  /** @internal */
  static readonly __pulumiType = "rackform:redfish:Installation";

  constructor(name: string, args: Inputs<InstallationArgs>, opts?: pulumi.CustomResourceOptions) {
    const { inputs, options } = register(
      args,
      {
        inputs: [
          ...["connection", "systemId", "hostname", "installationId", "hostKey", "tokenSecret", "identity", "image"],
          ...["methods", "rootDisk", "keepDisks", "consent", "network", "users", "loginKey", "ssh", "timezone"],
          ...["locale", "packages", "reinstall", "timeoutSeconds", "provisionNetwork", "bootMode"],
          ...["powerOffOnDelete", "maintenance", "quarantine"],
        ],
        outputs: ["method", "installedAt", "powerState", "bootDevice", "phases", "osRelease", "machineId"],
        secretInputs: ["hostKey", "tokenSecret", "loginKey"],
        secretOutputs: ["hostKey", "tokenSecret", "loginKey"],
        required: [
          ...["hostname", "installationId", "hostKey", "tokenSecret", "image", "consent", "network", "users"],
          ...["loginKey", "ssh"],
        ],
      },
      opts,
    );
    super(Installation.__pulumiType, name, inputs, options);
  }

  /** An installation that exists, by its id: the URL of the ComputerSystem with `#Installation`. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): Installation {
    return new Installation(name, {} as Inputs<InstallationArgs>, { ...opts, id });
  }

  /** True for an Installation, also one from another copy of this package. */
  static override isInstance(value: unknown): value is Installation {
    return isOf(value, Installation.__pulumiType);
  }
}
