import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { Inputs } from "./inputs";
import { isOf, register } from "./registration";

/** Arguments of an Account. */
export interface AccountArgs {
  /**
   * How to reach the BMC, and the account that manages this one: an administrator, or the account itself. For the account itself the
   * password may be the wanted one: the factory's is `factoryPassword`.
   */
  connection: BmcConnection;
  /**
   * Name to log in with. Changing it makes another account.
   * @replaceOnChanges
   */
  userName: string;
  /**
   * Password to log in with. The BMC never tells it, so a change made elsewhere is not seen; a change here is an update, after
   * which the account logs in to prove it. Left out: not managed, possible only for an account that exists.
   * @secret
   */
  password?: string;
  /**
   * The password that the account has from the factory, tried when the wanted one does not log in. Also for BMCs that demand
   * a change at the first login.
   * @secret
   */
  factoryPassword?: string;
  /**
   * `RoleId`: `Administrator`, `Operator`, `ReadOnly`, or a role of the BMC's own.
   * @default "Administrator"
   */
  role?: string;
  /**
   * Whether it may log in.
   * @default true
   */
  enabled?: boolean;
}

/** State of an Account. */
export interface AccountState extends AccountArgs {
  /** Path of the ManagerAccount, such as `/redfish/v1/AccountService/Accounts/3`. */
  accountPath: string;
  /** True when the BMC locked it after failed logins. */
  locked?: boolean;
}

/**
 * An account of a BMC: creation, password, role. It takes over an account of the same name that exists, changes a factory
 * password, passes a forced change at the first login, and proves every new password by logging in. It refuses to delete or
 * disable the account it logs in with.
 *
 * Import: `pulumi import rackform:redfish:Account admin https://bmc1.example.com/redfish/v1/AccountService/Accounts/3`; the
 * password stays unmanaged until it is set.
 *
 * @example
 * ```typescript
 * new rackform.redfish.Account("root", {
 *   connection: { endpoint: "https://10.0.0.11", username: "root", password: config.requireSecret("bmcPassword") },
 *   userName: "root",
 *   password: config.requireSecret("bmcPassword"),
 *   factoryPassword: inventory.factoryPassword,
 * });
 * ```
 * @source DMTF DSP0268, ManagerAccount
 */
export class Account extends pulumi.CustomResource {
  declare readonly connection: pulumi.Output<BmcConnection>;
  declare readonly userName: pulumi.Output<string>;
  declare readonly password: pulumi.Output<string | undefined>;
  declare readonly factoryPassword: pulumi.Output<string | undefined>;
  declare readonly role: pulumi.Output<string | undefined>;
  declare readonly enabled: pulumi.Output<boolean | undefined>;
  /** Path of the ManagerAccount. */
  declare readonly accountPath: pulumi.Output<string>;
  /** True when the BMC locked it after failed logins. */
  declare readonly locked: pulumi.Output<boolean | undefined>;

  /** @internal */
  static readonly __pulumiType = "rackform:redfish:Account";

  constructor(name: string, args: Inputs<AccountArgs>, opts?: pulumi.CustomResourceOptions) {
    const { inputs, options } = register(
      args,
      {
        inputs: ["connection", "userName", "password", "factoryPassword", "role", "enabled"],
        outputs: ["accountPath", "locked"],
        secretInputs: ["password", "factoryPassword"],
        secretOutputs: ["password", "factoryPassword"],
        required: ["userName"],
      },
      opts,
    );
    super(Account.__pulumiType, name, inputs, options);
  }

  /** An account that exists, by its id: the URL of the ManagerAccount. */
  static get(name: string, id: pulumi.Input<pulumi.ID>, opts?: pulumi.CustomResourceOptions): Account {
    return new Account(name, {} as Inputs<AccountArgs>, { ...opts, id });
  }

  /** True for an Account, also one from another copy of this package. */
  static override isInstance(value: unknown): value is Account {
    return isOf(value, Account.__pulumiType);
  }
}
