import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { HardwareIdentity } from "./facts";
import type { Inputs } from "./inputs";
import { isOf, register } from "./registration";

/** When BIOS settings take effect. */
export type BiosApply = "onNextReset" | "immediate";

/** Arguments of a BiosSettings. */
export interface BiosSettingsArgs {
  /** How to reach the BMC. */
  connection: BmcConnection;
  /**
   * `Id` of the system, for a BMC with several. Default: the only one.
   * @replaceOnChanges
   */
  systemId?: string;
  /**
   * Attributes and their values, by the BMC's name, by the name without Supermicro's hash suffix, or by the display name of the
   * attribute registry. Other attributes are left alone.
   */
  attributes: Record<string, string | number | boolean>;
  /**
   * `onNextReset`: leave them pending until the server restarts for another reason. `immediate`: apply them now: a server that is off is
   * switched on and off again; one that is on is restarted only with `maintenance`.
   * @default "onNextReset"
   */
  apply?: BiosApply;
  /**
   * Consent to restart a server that is in service. Without it a server that is on is never restarted.
   * @default false
   */
  maintenance?: boolean;
  /**
   * Reset the BIOS to its defaults when the resource is deleted (pending until the next restart). Otherwise deleting leaves
   * the settings as they are.
   * @default false
   */
  resetOnDelete?: boolean;
  /**
   * Seconds to wait for an `immediate` change: the restart, the job of the BMC, and the values.
   * @integer
   * @default 1800
   */
  timeoutSeconds?: number;
}

/** State of a BiosSettings. */
export interface BiosSettingsState extends BiosSettingsArgs {
  /** Path of the Bios resource. */
  biosPath: string;
  /** `AttributeRegistry`, when the BMC names one. */
  registry?: string;
  /** The BMC's name of each attribute, by the name given in `attributes`. */
  names: Record<string, string>;
  /** Values in force, by the name given in `attributes`, as last read. */
  current: Record<string, string | number | boolean>;
  /** Values that wait for a restart, by the name given in `attributes`. */
  pending: Record<string, string | number | boolean>;
  /** True when something waits for a restart. */
  resetRequired: boolean;
  /** The machine that was found when the resource was made. */
  server: HardwareIdentity;
}

/**
 * BIOS settings of a server. Names, values, bounds and read-only attributes are checked against the BMC's attribute registry
 * before anything is written, and the result is verified by value. Only the attributes that are listed are managed.
 *
 * Import: `pulumi import rackform:redfish:BiosSettings bios https://bmc1.example.com/redfish/v1/Systems/1/Bios`, which takes in
 * all attributes; keep those that you want to manage.
 *
 * @example
 * ```typescript
 * new rackform.redfish.BiosSettings("bios", {
 *   connection: { endpoint: "https://10.0.0.11" },
 *   attributes: { ProcVirtualization: "Enabled", SriovGlobalEnable: "Enabled" },
 *   apply: "immediate",
 *   maintenance: true,
 * });
 * ```
 * @source DMTF DSP0268, Bios and AttributeRegistry
 */
export class BiosSettings extends pulumi.CustomResource {
  declare readonly connection: pulumi.Output<BmcConnection>;
  declare readonly systemId: pulumi.Output<string | undefined>;
  declare readonly attributes: pulumi.Output<Record<string, string | number | boolean>>;
  declare readonly apply: pulumi.Output<BiosApply | undefined>;
  declare readonly maintenance: pulumi.Output<boolean | undefined>;
  declare readonly resetOnDelete: pulumi.Output<boolean | undefined>;
  declare readonly timeoutSeconds: pulumi.Output<number | undefined>;
  /** Path of the Bios resource. */
  declare readonly biosPath: pulumi.Output<string>;
  /** The BMC's attribute registry. */
  declare readonly registry: pulumi.Output<string | undefined>;
  /** The BMC's name of each attribute. */
  declare readonly names: pulumi.Output<Record<string, string>>;
  /** Values in force. */
  declare readonly current: pulumi.Output<Record<string, string | number | boolean>>;
  /** Values that wait for a restart. */
  declare readonly pending: pulumi.Output<Record<string, string | number | boolean>>;
  /** True when something waits for a restart. */
  declare readonly resetRequired: pulumi.Output<boolean>;
  /** The machine that was found when the resource was made. */
  declare readonly server: pulumi.Output<HardwareIdentity>;

  /** @internal */
  static readonly __pulumiType = "rackform:redfish:BiosSettings";

  constructor(name: string, args: Inputs<BiosSettingsArgs>, opts?: pulumi.CustomResourceOptions) {
    const { inputs, options } = register(
      args,
      {
        inputs: ["connection", "systemId", "attributes", "apply", "maintenance", "resetOnDelete", "timeoutSeconds"],
        outputs: ["biosPath", "registry", "names", "current", "pending", "resetRequired", "server"],
        required: ["attributes"],
      },
      opts,
    );
    super(BiosSettings.__pulumiType, name, inputs, options);
  }

  /** Settings that exist, by their id: the URL of the Bios resource. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): BiosSettings {
    return new BiosSettings(name, {} as Inputs<BiosSettingsArgs>, { ...opts, id });
  }

  /** True for a BiosSettings, also one from another copy of this package. */
  static override isInstance(value: unknown): value is BiosSettings {
    return isOf(value, BiosSettings.__pulumiType);
  }
}
