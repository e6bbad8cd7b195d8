import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { HardwareIdentity } from "./facts";
import type { Inputs } from "./inputs";
import { isOf, register } from "./registration";

/** Whether the BMC reads the image while it is used, or copies it first. */
export type TransferMethod = "Stream" | "Upload";

/** How the BMC fetches the image. */
export type TransferProtocol = "HTTP" | "HTTPS" | "NFS" | "CIFS" | "FTP" | "SFTP" | "SCP" | "TFTP" | "OEM";

/** Arguments of a VirtualMedia. */
export interface VirtualMediaArgs {
  /** How to reach the BMC. */
  connection: BmcConnection;
  /**
   * `Id` of the system, for a BMC with several. Default: the only one.
   * @replaceOnChanges
   */
  systemId?: string;
  /**
   * URL of the image, fetched by the BMC: http, https, nfs, cifs or smb. Without credentials, and, as some BMCs refuse them,
   * best without a query string and with a file ending such as `.iso`.
   */
  image: string;
  /**
   * `Id` of the slot, such as `CD`, `1`, `EXT1`. Default: a free one that takes CDs.
   * @replaceOnChanges
   */
  slot?: string;
  /**
   * Present the medium as read-only. BMCs that do not know the setting ignore it.
   * @default true
   */
  writeProtected?: boolean;
  /** Left out: the BMC's choice. */
  transferMethod?: TransferMethod;
  /** Left out: what the URL says. */
  transferProtocol?: TransferProtocol;
  /** Account at the image's server. */
  username?: string;
  /**
   * Password at the image's server. The BMC never tells it.
   * @secret
   */
  password?: string;
}

/** State of a VirtualMedia. */
export interface VirtualMediaState extends VirtualMediaArgs {
  /** Path of the slot, such as `/redfish/v1/Managers/1/VirtualMedia/CD`. */
  slotPath: string;
  /** `Id` of the slot that is used. */
  slotId: string;
  /** What the slot takes, such as `CD`, `DVD`, `USBStick`. */
  mediaTypes: string[];
  /** Whether the medium is in, as last read. */
  inserted: boolean;
  /** `ConnectedVia` as last read, such as `URI`. */
  connectedVia?: string;
  /** The machine that was found when the resource was made. */
  server: HardwareIdentity;
}

/**
 * An image in a virtual drive of a server. It does not restart the server. Deleting it ejects the image if it is still the one
 * that was inserted.
 *
 * Import: `pulumi import rackform:redfish:VirtualMedia cd https://bmc1.example.com/redfish/v1/Managers/1/VirtualMedia/CD`.
 *
 * @example
 * ```typescript
 * new rackform.redfish.VirtualMedia("rescue", {
 *   connection: { endpoint: "https://10.0.0.11" },
 *   image: "https://images.example.com/rescue.iso",
 * });
 * ```
 * @source DMTF DSP0268, VirtualMedia
 */
export class VirtualMedia extends pulumi.CustomResource {
  declare readonly connection: pulumi.Output<BmcConnection>;
  declare readonly systemId: pulumi.Output<string | undefined>;
  declare readonly image: pulumi.Output<string>;
  declare readonly slot: pulumi.Output<string | undefined>;
  declare readonly writeProtected: pulumi.Output<boolean | undefined>;
  declare readonly transferMethod: pulumi.Output<TransferMethod | undefined>;
  declare readonly transferProtocol: pulumi.Output<TransferProtocol | undefined>;
  declare readonly username: pulumi.Output<string | undefined>;
  declare readonly password: pulumi.Output<string | undefined>;
  /** Path of the slot. */
  declare readonly slotPath: pulumi.Output<string>;
  /** `Id` of the slot that is used. */
  declare readonly slotId: pulumi.Output<string>;
  /** What the slot takes. */
  declare readonly mediaTypes: pulumi.Output<string[]>;
  /** Whether the medium is in. */
  declare readonly inserted: pulumi.Output<boolean>;
  /** How the medium is connected, as the BMC says. */
  declare readonly connectedVia: pulumi.Output<string | undefined>;
  /** The machine that was found when the resource was made. */
  declare readonly server: pulumi.Output<HardwareIdentity>;

  /** @internal */
  static readonly __pulumiType = "rackform:redfish:VirtualMedia";

  constructor(name: string, args: Inputs<VirtualMediaArgs>, opts?: pulumi.CustomResourceOptions) {
    const { inputs, options } = register(
      args,
      {
        inputs: [
          "connection",
          "systemId",
          "image",
          "slot",
          "writeProtected",
          "transferMethod",
          "transferProtocol",
          "username",
          "password",
        ],
        outputs: ["slotPath", "slotId", "mediaTypes", "inserted", "connectedVia", "server"],
        secretInputs: ["password"],
        secretOutputs: ["password"],
        required: ["image"],
      },
      opts,
    );
    super(VirtualMedia.__pulumiType, name, inputs, options);
  }

  /** A medium that exists, by its id: the URL of its slot. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): VirtualMedia {
    return new VirtualMedia(name, {} as Inputs<VirtualMediaArgs>, { ...opts, id });
  }

  /** True for a VirtualMedia, also one from another copy of this package. */
  static override isInstance(value: unknown): value is VirtualMedia {
    return isOf(value, VirtualMedia.__pulumiType);
  }
}
