import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { HardwareFacts, HardwareIdentity, HardwareRequirements } from "./facts";
import type { Inputs } from "./inputs";
import { register, isOf } from "./registration";

/** What a server's main power can be told to be. */
export type ServerPowerState = "On" | "Off";

/** An SSH host key in OpenSSH's formats. */
export interface HostKey {
  /** Line for `known_hosts` without the host: `ssh-ed25519 AAAA…`. */
  publicKey: string;
  /**
   * The key in the format of `/etc/ssh/ssh_host_ed25519_key`.
   * @secret
   */
  privateKey: string;
}

/** Arguments of a Server. */
export interface ServerArgs {
  /** How to reach the BMC. Changing it points the resource elsewhere, after a check that the same machine answers there. */
  connection: BmcConnection;
  /**
   * `Id` of the system, for a BMC with several. Default: the only one.
   * @replaceOnChanges
   */
  systemId?: string;
  /** The machine that must answer. Another one is an error before anything is written, so that a swapped cable harms nothing. */
  identity?: HardwareIdentity;
  /** What the machine must have; checked at create and whenever this changes. */
  requirements?: HardwareRequirements;
  /** Main power. Left out: not managed. */
  powerState?: ServerPowerState;
  /**
   * Power the server off (gracefully, then by force) when the resource is deleted.
   * @default false
   */
  powerOffOnDelete?: boolean;
  /**
   * Consent to switch off a server that is on and may be in service: `powerState: "Off"` refuses to without it.
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

/** State of a Server: its arguments and what was found. */
export interface ServerState extends ServerArgs {
  /** Path of the ComputerSystem, such as `/redfish/v1/Systems/1`. */
  systemPath: string;
  /** Main power as last read; a transition counts as what it leads to. Absent when the BMC does not say. */
  powerState?: ServerPowerState;
  /** Hardware as last read. */
  facts: HardwareFacts;
  /**
   * SSH host key of the server's operating systems: made once, kept over reinstallations.
   * @secret
   */
  hostKey: HostKey;
  /**
   * 32 random bytes, hexadecimal, from which the one-time tokens of installations are derived. Made once.
   * @secret
   */
  tokenSecret: string;
}

/**
 * A physical server, seen through the Redfish service of its BMC: checks its identity and hardware, manages its power, and
 * keeps the SSH host key that its operating systems will have.
 *
 * Import: `pulumi import rackform:redfish:Server node1 https://bmc1.example.com/redfish/v1/Systems/1`, with the credentials in
 * the provider's configuration or the environment.
 *
 * @example
 * ```typescript
 * const server = new rackform.redfish.Server("node1", {
 *   connection: { endpoint: "https://10.0.0.11", username: "root", password: config.requireSecret("bmcPassword") },
 *   identity: { serialNumber: "7XK2Q13" },
 *   requirements: { minCores: 32, drives: [{ type: "NVMe", minCount: 2, minSizeGb: 900 }] },
 *   powerState: "On",
 * });
 * ```
 * @source DMTF DSP0268, ComputerSystem
 */
export class Server extends pulumi.CustomResource {
  /** How the BMC is reached. */
  declare readonly connection: pulumi.Output<BmcConnection>;
  declare readonly systemId: pulumi.Output<string | undefined>;
  declare readonly identity: pulumi.Output<HardwareIdentity | undefined>;
  declare readonly requirements: pulumi.Output<HardwareRequirements | undefined>;
  /** Main power as last read. */
  declare readonly powerState: pulumi.Output<ServerPowerState | undefined>;
  declare readonly powerOffOnDelete: pulumi.Output<boolean | undefined>;
  declare readonly maintenance: pulumi.Output<boolean | undefined>;
  declare readonly quarantine: pulumi.Output<boolean | undefined>;
  /** Path of the ComputerSystem. */
  declare readonly systemPath: pulumi.Output<string>;
  /** Hardware as last read. */
  declare readonly facts: pulumi.Output<HardwareFacts>;
  /** SSH host key; secret. */
  declare readonly hostKey: pulumi.Output<HostKey>;
  /** Secret behind one-time tokens. */
  declare readonly tokenSecret: pulumi.Output<string>;

  /** @internal */
  static readonly __pulumiType = "rackform:redfish:Server";

  constructor(name: string, args: Inputs<ServerArgs>, opts?: pulumi.CustomResourceOptions) {
    const { inputs, options } = register(
      args,
      {
        inputs: [
          "connection",
          "systemId",
          "identity",
          "requirements",
          "powerState",
          "powerOffOnDelete",
          "maintenance",
          "quarantine",
        ],
        outputs: ["systemPath", "facts", "hostKey", "tokenSecret"],
        secretOutputs: ["hostKey", "tokenSecret"],
      },
      opts,
    );
    super(Server.__pulumiType, name, inputs, options);
  }

  /** A server that exists, by its id: the URL of its ComputerSystem. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): Server {
    return new Server(name, {} as Inputs<ServerArgs>, { ...opts, id });
  }

  /** True for a Server, also one from another copy of this package. */
  static override isInstance(value: unknown): value is Server {
    return isOf(value, Server.__pulumiType);
  }
}
