import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { HardwareIdentity } from "./facts";
import type { Inputs } from "./inputs";
import { isOf, register } from "./registration";

/** Where the next boot goes. `Cd` also stands for the virtual CD, whatever the BMC calls it. */
export type BootTarget =
  | "None"
  | "Pxe"
  | "Cd"
  | "Usb"
  | "Hdd"
  | "Floppy"
  | "BiosSetup"
  | "Utilities"
  | "Diags"
  | "UefiShell"
  | "UefiHttp"
  | "SDCard"
  | "RemoteDrive";

/** How long an override lasts. */
export type BootOverrideEnabled = "Once" | "Continuous" | "Disabled";

/** Firmware mode of a boot. */
export type BootMode = "UEFI" | "Legacy";

/** Arguments of a BootOverride. */
export interface BootOverrideArgs {
  /** How to reach the BMC. */
  connection: BmcConnection;
  /**
   * `Id` of the system, for a BMC with several. Default: the only one.
   * @replaceOnChanges
   */
  systemId?: string;
  /** Where to boot from. With `enabled: "Disabled"` it must be `None` or left out. Default `None`. */
  target?: BootTarget;
  /**
   * `Once`: the next boot only; when it has been used up that is no drift. `Continuous`: every boot, as long as the BMC keeps it.
   * @default "Once"
   */
  enabled?: BootOverrideEnabled;
  /** Firmware mode. Left out: as it is. */
  mode?: BootMode;
  /** URL of the boot file; only with `target: "UefiHttp"`. */
  httpBootUri?: string;
}

/** State of a BootOverride. */
export interface BootOverrideState extends BootOverrideArgs {
  /** Path of the ComputerSystem. */
  systemPath: string;
  /** The machine that was found when the resource was made. */
  server: HardwareIdentity;
  /** `BootSourceOverrideTarget` as the BMC spells it, such as `UsbCd`. */
  reportedTarget?: string;
  /** True when an override of one boot has been used up. */
  consumed: boolean;
}

/**
 * What a server boots from, before its own boot order: `Boot.BootSourceOverride*` of the ComputerSystem. It does not restart
 * the server. Deleting it clears the override if it is still the one that was set.
 *
 * Import: `pulumi import rackform:redfish:BootOverride boot 'https://bmc1.example.com/redfish/v1/Systems/1#Boot'`.
 *
 * @example
 * ```typescript
 * new rackform.redfish.BootOverride("netboot", {
 *   connection: { endpoint: "https://10.0.0.11" },
 *   target: "UefiHttp",
 *   httpBootUri: "https://boot.example.com/ipxe.efi",
 * });
 * ```
 * @source DMTF DSP0268, ComputerSystem.Boot
 */
export class BootOverride extends pulumi.CustomResource {
  declare readonly connection: pulumi.Output<BmcConnection>;
  declare readonly systemId: pulumi.Output<string | undefined>;
  declare readonly target: pulumi.Output<BootTarget | undefined>;
  declare readonly enabled: pulumi.Output<BootOverrideEnabled | undefined>;
  declare readonly mode: pulumi.Output<BootMode | undefined>;
  declare readonly httpBootUri: pulumi.Output<string | undefined>;
  /** Path of the ComputerSystem. */
  declare readonly systemPath: pulumi.Output<string>;
  /** The machine that was found when the resource was made. */
  declare readonly server: pulumi.Output<HardwareIdentity>;
  /** The target as the BMC spells it. */
  declare readonly reportedTarget: pulumi.Output<string | undefined>;
  /** True when an override of one boot has been used up. */
  declare readonly consumed: pulumi.Output<boolean>;

  /** @internal */
  static readonly __pulumiType = "rackform:redfish:BootOverride";

  constructor(name: string, args: Inputs<BootOverrideArgs>, opts?: pulumi.CustomResourceOptions) {
    const { inputs, options } = register(
      args,
      {
        inputs: ["connection", "systemId", "target", "enabled", "mode", "httpBootUri"],
        outputs: ["systemPath", "server", "reportedTarget", "consumed"],
      },
      opts,
    );
    super(BootOverride.__pulumiType, name, inputs, options);
  }

  /** An override that exists, by its id: the URL of the ComputerSystem with `#Boot`. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): BootOverride {
    return new BootOverride(name, {} as Inputs<BootOverrideArgs>, { ...opts, id });
  }

  /** True for a BootOverride, also one from another copy of this package. */
  static override isInstance(value: unknown): value is BootOverride {
    return isOf(value, BootOverride.__pulumiType);
  }
}
