import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { at, bool, idOf, lastSegment, link, localPath, num, str } from "./read";
import type { Body, RequestOptions, Resource } from "./types";

export interface Account {
  id: string;
  path: string;
  username: string;
  role?: string;
  enabled: boolean;
  locked: boolean;
  passwordChangeRequired: boolean;
  etag?: string;
}

export interface AccountRequest {
  username: string;
  password: string;
  /** Default `Administrator`. */
  role?: string;
  /** Default true. */
  enabled?: boolean;
}

/** What may change of an account; what is undefined stays. */
export interface AccountChange {
  username?: string;
  password?: string;
  role?: string;
  enabled?: boolean;
}

const ACCOUNTS = "/redfish/v1/AccountService/Accounts";
/** How often creating is tried when the BMC says yes, or nothing, and the account is not there. */
const CREATE_ROUNDS = 3;

/** Accounts in use; empty slots are left out. */
export async function listAccounts(client: BmcClient, options: RequestOptions = {}): Promise<Account[]> {
  return (await rawAccounts(client, options)).flatMap((resource) => accountOf(resource) ?? []);
}

/** The account of that name, or undefined. */
export async function findAccount(
  client: BmcClient,
  username: string,
  options: RequestOptions = {},
): Promise<Account | undefined> {
  return (await listAccounts(client, options)).find((account) => account.username === username);
}

/** The account at a path, or undefined when it is gone or its slot is empty. */
export async function readAccount(
  client: BmcClient,
  path: string,
  options: RequestOptions = {},
): Promise<Account | undefined> {
  try {
    return accountOf(await client.get(path, options));
  } catch (error) {
    if (error instanceof RedfishError && error.kind === "notFound") return undefined;
    throw error;
  }
}

/** Names of the roles there are. */
export async function listRoles(client: BmcClient, options: RequestOptions = {}): Promise<string[]> {
  const roles = await client.get("/redfish/v1/AccountService/Roles", options);
  return (await membersOf(roles)).map(lastSegment);
}

/**
 * Creates an account: POST, or PATCH of a free slot where the BMC has slots (quirk 13). Adopts an account of that name that is there
 * already, giving it the password and role asked for.
 */
export async function createAccount(
  client: BmcClient,
  request: AccountRequest,
  options: RequestOptions = {},
): Promise<Account> {
  const body = {
    UserName: request.username,
    Password: request.password,
    RoleId: request.role ?? "Administrator",
    Enabled: request.enabled ?? true,
  };
  let failed: RedfishError | undefined;
  for (let round = 0; ; round++) {
    const resources = await rawAccounts(client, options);
    const existing = resources
      .flatMap((resource) => accountOf(resource) ?? [])
      .find(({ username }) => username === request.username);
    if (existing) return round === 0 ? updateAccount(client, existing, request, options) : existing;
    if (failed && (failed.kind === "refused" || failed.kind === "conflict")) throw failed;
    if (round === CREATE_ROUNDS) {
      throw (
        failed ?? accountError(client, "conflict", `the account "${request.username}" was accepted but is not there`)
      );
    }
    try {
      const slots = resources.filter(isFreeSlot);
      const path =
        slots.length > 0
          ? await fillSlot(client, slots, body, options)
          : await postAccount(client, resources, body, options);
      const created = path === undefined ? undefined : await readAccount(client, path, options);
      if (created?.username === request.username) return created;
    } catch (error) {
      // The answer may be lost and the account there: the next round looks.
      if (!(error instanceof RedfishError) || !["refused", "conflict", "unreachable", "timeout"].includes(error.kind))
        throw error;
      failed = error;
    }
  }
}

/** Changes an account and reads it back. Nothing is sent when nothing differs and there is no password. */
export async function updateAccount(
  client: BmcClient,
  account: Account,
  change: AccountChange,
  options: RequestOptions = {},
): Promise<Account> {
  const body: Body = {};
  if (change.username !== undefined && change.username !== account.username) body.UserName = change.username;
  if (change.role !== undefined && change.role !== account.role) body.RoleId = change.role;
  if (change.enabled !== undefined && change.enabled !== account.enabled) body.Enabled = change.enabled;
  if (change.password !== undefined) body.Password = change.password;
  if (Object.keys(body).length === 0) return account;
  await client.patch(account.path, body, { signal: options.signal, etag: account.etag });
  const after = await readAccount(client, account.path, options);
  const wanted = change.username ?? account.username;
  if (after?.username === wanted && (change.enabled ?? after.enabled) === after.enabled) return after;
  throw accountError(
    client,
    "conflict",
    `the change of account "${account.username}" was accepted but does not show`,
    account.path,
  );
}

/**
 * Changes the password of the user this client logs in as; also while the BMC demands it at first login and refuses all else. Ask the
 * pool for a client with the new password afterwards.
 */
export async function changeOwnPassword(
  client: BmcClient,
  username: string,
  password: string,
  options: RequestOptions = {},
): Promise<void> {
  const path = (await ownAccount(client, username, options)) ?? (await findAccount(client, username, options))?.path;
  if (path === undefined) throw accountError(client, "notFound", `there is no account "${username}"`);
  await client.patch(path, { Password: password }, options);
}

/** True when the BMC lets this client do nothing but change its password. */
export async function mustChangePassword(
  client: BmcClient,
  username: string,
  options: RequestOptions = {},
): Promise<boolean> {
  try {
    const account = await findAccount(client, username, options);
    return account?.passwordChangeRequired === true;
  } catch (error) {
    if (isPasswordChange(error)) return true;
    throw error;
  }
}

/** Removes an account: DELETE, or by emptying its slot, without a password in the same request (quirk 13). Gone already is fine. */
export async function deleteAccount(client: BmcClient, account: Account, options: RequestOptions = {}): Promise<void> {
  for (let round = 0; round < 2; round++) {
    try {
      await client.delete(account.path, options);
    } catch (error) {
      if (!(error instanceof RedfishError)) throw error;
      if (error.kind === "notFound") return;
      if (error.status !== 405 && error.status !== 501 && error.kind !== "refused") throw error;
      await emptySlot(client, account, options);
    }
    const after = await readAccount(client, account.path, options);
    if (after?.username !== account.username) return;
  }
  throw accountError(client, "conflict", `the account "${account.username}" was deleted but is still there`);
}

async function emptySlot(client: BmcClient, account: Account, options: RequestOptions): Promise<void> {
  try {
    await client.patch(account.path, { UserName: "", Enabled: false }, options);
  } catch (error) {
    if (!(error instanceof RedfishError) || error.kind !== "refused") throw error;
    await client.patch(account.path, { Enabled: false }, options);
    await client.patch(account.path, { UserName: "" }, options);
  }
}

async function rawAccounts(client: BmcClient, options: RequestOptions): Promise<Resource[]> {
  try {
    return await client.collection(ACCOUNTS, options);
  } catch (error) {
    if (!(error instanceof RedfishError) || error.kind !== "notFound") throw error;
    const root = await client.root(options);
    const service = link(root.resource.body.AccountService);
    const path = service === undefined ? undefined : link((await client.get(service, options)).body.Accounts);
    if (path === undefined || path === ACCOUNTS) throw error;
    return client.collection(path, options);
  }
}

async function membersOf(collection: Resource): Promise<string[]> {
  const members = collection.body.Members;
  return (Array.isArray(members) ? members : []).flatMap((member) => link(member) ?? []);
}

function accountOf(resource: Resource): Account | undefined {
  const { body } = resource;
  const username = str(body.UserName);
  if (username === undefined) return undefined;
  const role = str(body.RoleId) ?? link(at(body, "Links", "Role"));
  return {
    id: idOf(resource),
    path: resource.path,
    username,
    role: role?.startsWith("/") ? lastSegment(role) : role,
    enabled: bool(body.Enabled) ?? true,
    locked: bool(body.Locked) ?? false,
    passwordChangeRequired: bool(body.PasswordChangeRequired) ?? false,
    etag: resource.etag,
  };
}

/** A pre-allocated place without a user. Slot 1 is reserved and slot 2 is root's at Dell (quirk 13). */
function isFreeSlot(resource: Resource): boolean {
  const id = num(idOf(resource));
  return id !== undefined && id > 2 && str(resource.body.UserName) === undefined && "UserName" in resource.body;
}

async function fillSlot(client: BmcClient, slots: Resource[], body: Body, options: RequestOptions): Promise<string> {
  for (const [index, slot] of slots.entries()) {
    try {
      await client.patch(slot.path, body, { signal: options.signal, etag: slot.etag });
      return slot.path;
    } catch (error) {
      const taken = error instanceof RedfishError && error.kind === "conflict";
      if (!taken || index === slots.length - 1) throw error;
    }
  }
  throw accountError(client, "conflict", "no account slot is free");
}

async function postAccount(
  client: BmcClient,
  resources: Resource[],
  body: Body,
  options: RequestOptions,
): Promise<string | undefined> {
  const collection = resources[0] ? resources[0].path.replace(/\/[^/]+\/?$/, "") : ACCOUNTS;
  try {
    return (await client.post(collection, body, options)).location;
  } catch (error) {
    if (!(error instanceof RedfishError) || error.status !== 405) throw error;
    throw new RedfishError("conflict", `${error.message}; all ${resources.length} account slots are taken`, error);
  }
}

/** Where the BMC sends a user who must change the password: the argument of PasswordChangeRequired. */
async function ownAccount(client: BmcClient, username: string, options: RequestOptions): Promise<string | undefined> {
  try {
    return (await findAccount(client, username, options))?.path;
  } catch (error) {
    if (!isPasswordChange(error)) throw error;
    const message = error.messages.find(({ messageId }) => /PasswordChangeRequired$/.test(messageId));
    const named = message?.messageArgs.flatMap((argument) => localPath(argument) ?? [])[0];
    return named ?? `${ACCOUNTS}/${encodeURIComponent(username)}`;
  }
}

function isPasswordChange(error: unknown): error is RedfishError {
  return (
    error instanceof RedfishError && error.messages.some(({ messageId }) => /PasswordChangeRequired$/.test(messageId))
  );
}

function accountError(client: BmcClient, kind: RedfishError["kind"], text: string, path = ACCOUNTS): RedfishError {
  return new RedfishError(kind, `${client.endpoint}: ${text}`, { endpoint: client.endpoint, path });
}
