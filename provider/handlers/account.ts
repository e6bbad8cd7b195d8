import type { AccountArgs, AccountState } from "../../resources/redfish/account";
import type { Configuration } from "../config";
import { type Bmc, bmcAccess, type BmcAccess, type Context, endpointOf, isNotFound, resolveConnection } from "../deps";
import type { Change, HandlerFactory, ResourceHandler } from "../kit/handler";
import { type Account, createAccount, deleteAccount, findAccount, readAccount, updateAccount } from "../redfish";
import { checkAccount } from "./account-check";
import { logInAs, proveLogin } from "./account-login";
import { idOf, located } from "./ids";
import { known, merged, partial, undeletable } from "./operate";

const EXAMPLE = "https://bmc1.example.com/redfish/v1/AccountService/Accounts/3";
const INPUTS: (keyof AccountArgs)[] = ["connection", "userName", "password", "factoryPassword", "role", "enabled"];

/** `rackform:redfish:Account`. */
export const handler: HandlerFactory<Configuration, AccountArgs, AccountState> = (deps) =>
  new AccountHandler(bmcAccess(deps));

class AccountHandler implements ResourceHandler<AccountArgs, AccountState, Configuration> {
  readonly token = "rackform:redfish:Account";

  constructor(private readonly access: BmcAccess) {}

  check(_ctx: Context, news: AccountArgs) {
    return { inputs: news, failures: checkAccount(news) };
  }

  /** The factory's password matters only until the account has its own. */
  diff(_ctx: Context, { changes }: { changes: Change[] }): Change[] {
    return changes.filter(({ path }) => path !== "factoryPassword");
  }

  async create(ctx: Context, inputs: AccountArgs, { preview }: { preview: boolean }) {
    if (preview) return { id: "", state: known(inputs) as Partial<AccountState> };
    return this.access.write(ctx, inputs.connection, "create of Account", async (bmc) => {
      const account = await this.ensure(ctx, bmc, inputs, undefined);
      return { id: idOf(inputs.connection, account.path), state: stateOf(inputs, account) };
    });
  }

  async read(ctx: Context, id: string, old: { inputs?: AccountArgs; state?: AccountState }) {
    const { connection, path } = located(id, EXAMPLE, old);
    return this.access.read(ctx, connection, async (bmc) => {
      const account = await readAccount(bmc.client, path, { signal: ctx.signal });
      // A slot that somebody else's account took is not this account any more.
      if (!account || (old.inputs && account.username !== old.inputs.userName)) return undefined;
      const shown = { role: account.role ?? old.inputs?.role, enabled: account.enabled };
      const inputs: AccountArgs = { ...(old.inputs ?? { connection, userName: account.username }), ...shown };
      return { id, inputs, state: stateOf(inputs, account) as AccountState };
    });
  }

  async update(
    ctx: Context,
    id: string,
    args: { olds: AccountState; oldInputs: AccountArgs; news: AccountArgs; preview: boolean },
  ): Promise<Partial<AccountState>> {
    const { olds, oldInputs, news } = args;
    if (args.preview) return merged(olds, news, INPUTS);
    return this.access.write(ctx, news.connection, "update of Account", async (bmc) => {
      const account = await this.ensure(ctx, bmc, news, { id, olds, oldInputs });
      return stateOf(news, account);
    });
  }

  async delete(ctx: Context, id: string, state: AccountState): Promise<void> {
    const { connection, path } = located(id, EXAMPLE, { state });
    const endpoint = endpointOf(connection);
    if (resolveConnection(connection, ctx.config).username === state.userName) {
      throw new Error(
        `${endpoint}: account "${state.userName}" is the one that is used to log in, so it is not deleted; manage it through another ` +
          "account, or drop it from the stack with `pulumi state delete` or retainOnDelete and leave it at the BMC",
      );
    }
    try {
      await this.access.write(ctx, connection, "delete of Account", async (bmc) => {
        const account = await readAccount(bmc.client, path, { signal: ctx.signal });
        if (account?.username === state.userName) await deleteAccount(bmc.client, account, { signal: ctx.signal });
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw undeletable(endpoint, `account "${state.userName}"`, error);
    }
  }

  /** Makes the account be as it is wanted, whatever it is now, and proves a new password. */
  private async ensure(
    ctx: Context,
    bmc: Bmc,
    inputs: AccountArgs,
    before: { id: string; olds: AccountState; oldInputs: AccountArgs } | undefined,
  ): Promise<Account> {
    const connection = resolveConnection(inputs.connection, ctx.config);
    const fresh = before?.olds.accountPath === undefined || before.oldInputs.password !== inputs.password;
    const password = fresh || before?.olds.password !== inputs.password ? inputs.password : undefined;
    if (connection.username === inputs.userName) {
      return this.ensureOwn(ctx, bmc, inputs, connection.password, before?.oldInputs.password);
    }
    const { client } = bmc;
    const options = { signal: ctx.signal };
    const { userName: username, role = "Administrator", enabled = true } = inputs;
    const existing = await findAccount(client, username, options);
    if (!existing && inputs.password === undefined) {
      throw new Error(`${client.endpoint}: there is no account "${username}"; set password to create it`);
    }
    const written = !existing || password !== undefined;
    let account = existing;
    try {
      account = existing
        ? await updateAccount(client, existing, { password, role, enabled }, options)
        : await createAccount(client, { username, password: inputs.password ?? "", role, enabled }, options);
      if (written && enabled) await proveLogin(bmc, username, inputs.password ?? "");
      return account;
    } catch (error) {
      if (!account || !written) throw error;
      throw partial<AccountState>(
        before?.id ?? idOf(inputs.connection, account.path),
        unproven(inputs, account),
        error,
      );
    }
  }

  /** The account that we log in with: found by its own password, whichever of those we know that is. */
  private async ensureOwn(
    ctx: Context,
    bmc: Bmc,
    inputs: AccountArgs,
    connectionPassword: string | undefined,
    oldPassword: string | undefined,
  ): Promise<Account> {
    const { userName, password, factoryPassword, role = "Administrator" } = inputs;
    const login = await logInAs(bmc, userName, {
      wanted: password,
      known: [connectionPassword, oldPassword, factoryPassword],
    });
    const account = await findAccount(login.client, userName, { signal: ctx.signal });
    if (!account) throw new Error(`${bmc.client.endpoint}: account "${userName}" logs in but is not listed`);
    return updateAccount(login.client, account, { role }, { signal: ctx.signal });
  }
}

function stateOf(inputs: AccountArgs, account: Account): Partial<AccountState> {
  return {
    ...(known(inputs) as Partial<AccountState>),
    role: account.role ?? inputs.role,
    enabled: account.enabled,
    accountPath: account.path,
    locked: account.locked,
  };
}

/** Without the password, which has to be set again. */
function unproven(inputs: AccountArgs, account: Account): Partial<AccountState> {
  const { password: _password, ...rest } = stateOf(inputs, account);
  return rest;
}
