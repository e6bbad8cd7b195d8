import * as pulumi from "@pulumi/pulumi";
import { packageOptions } from "./redfish/registration";

/** Arguments of an SshKey. */
export interface SshKeyArgs {
  /**
   * Comment at the end of the public key.
   * @default "rackform"
   */
  comment?: string;
}

/** State of an SshKey. */
export interface SshKeyState extends SshKeyArgs {
  /** Line for `authorized_keys`. */
  publicKey: string;
  /**
   * The key in OpenSSH's own format, without passphrase.
   * @secret
   */
  privateKey: string;
}

/**
 * An Ed25519 key pair for SSH, made once and kept in the state. Deleting it only forgets it.
 *
 * @example
 * ```typescript
 * const key = new rackform.SshKey("operators");
 * export const line = key.publicKey;
 * ```
 */
export class SshKey extends pulumi.CustomResource {
  /** Comment of the public key. */
  declare readonly comment: pulumi.Output<string | undefined>;
  /** Line for `authorized_keys`. */
  declare readonly publicKey: pulumi.Output<string>;
  /** Private key; secret. */
  declare readonly privateKey: pulumi.Output<string>;

  /** @internal */
  static readonly __pulumiType = "rackform:index:SshKey";

  constructor(name: string, args: { comment?: pulumi.Input<string> } = {}, opts: pulumi.CustomResourceOptions = {}) {
    const inputs = {
      comment: opts.id === undefined ? (args.comment ?? "rackform") : undefined,
      publicKey: undefined,
      privateKey: undefined,
    };
    super(
      SshKey.__pulumiType,
      name,
      inputs,
      pulumi.mergeOptions({ ...packageOptions(), additionalSecretOutputs: ["privateKey"] }, opts),
    );
  }

  /** A key that exists in the state, by its id. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): SshKey {
    return new SshKey(name, {}, { ...opts, id });
  }

  /** True for an SshKey, also one from another copy of this package. */
  static override isInstance(value: unknown): value is SshKey {
    return (value as { __pulumiType?: string } | null | undefined)?.__pulumiType === SshKey.__pulumiType;
  }
}
