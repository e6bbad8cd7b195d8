import type { Account, Role } from "../accounts";
import { emptySlot } from "../accounts";
import type { Bmc } from "../bmc";
import type { Dialect } from "../dialects/dialect";
import { RedfishError, refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import type { Message } from "../http/messages";
import { base } from "../http/messages";
import type { Json, JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import { changed, collection, patch, resource, set } from "./common";
import type { Setter } from "./common";

const SERVICE = "/redfish/v1/AccountService";
const ROLES: Record<Role, string[]> = {
  Administrator: ["Login", "ConfigureManager", "ConfigureUsers", "ConfigureComponents", "ConfigureSelf"],
  Operator: ["Login", "ConfigureComponents", "ConfigureSelf"],
  ReadOnly: ["Login", "ConfigureSelf"],
};
const ROLE_NAMES = Object.keys(ROLES) as Role[];

/** Accounts and roles. */
export function accountRoutes(dialect: Dialect): Route[] {
  const rules = dialect.accounts;
  const one: Pick<Route, "get"> = {
    get: ({ bmc, params }) => {
      const account = bmc.accounts.get(params.account ?? "");
      return account && accountResource(bmc, account);
    },
  };
  return [
    {
      pattern: SERVICE,
      get: () =>
        resource("AccountService", SERVICE, "AccountService", "Account Service", {
          Status: HEALTHY,
          ServiceEnabled: true,
          MinPasswordLength: rules.passwordLength[0],
          MaxPasswordLength: rules.passwordLength[1],
          AccountLockoutThreshold: rules.lockoutThreshold,
          AccountLockoutDuration: rules.lockoutSeconds,
          Accounts: link(`${SERVICE}/Accounts`),
          Roles: link(`${SERVICE}/Roles`),
        }),
    },
    {
      pattern: `${SERVICE}/Accounts`,
      privilege: "ConfigureUsers",
      get: ({ bmc }) =>
        collection(
          "ManagerAccount",
          `${SERVICE}/Accounts`,
          "Accounts Collection",
          bmc.accounts.list().map((account) => `${SERVICE}/Accounts/${account.id}`),
        ),
      // 13: with slots there is nothing to POST to.
      ...(rules.style === "create" ? { post: createAccount } : {}),
    },
    {
      pattern: `${SERVICE}/Accounts/:account`,
      privilege: "ConfigureUsers",
      get: one.get,
      patch: (x) => {
        const account = found(x);
        return rules.style === "slots" ? patchSlot(x, account, one) : patch(x, one, setters(x, account));
      },
      ...(rules.style === "create" ? { delete: deleteAccount } : {}),
    },
    {
      pattern: `${SERVICE}/Roles`,
      get: () =>
        collection(
          "Role",
          `${SERVICE}/Roles`,
          "Roles Collection",
          ROLE_NAMES.map((role) => `${SERVICE}/Roles/${role}`),
        ),
    },
    {
      pattern: `${SERVICE}/Roles/:role`,
      get: ({ params }) => {
        const role = ROLE_NAMES.find((name) => name === params.role);
        return (
          role &&
          resource("Role", `${SERVICE}/Roles/${role}`, role, "User Role", {
            RoleId: role,
            IsPredefined: true,
            AssignedPrivileges: ROLES[role],
          })
        );
      },
    },
  ];
}

function accountResource(bmc: Bmc, account: Account): JsonObject {
  return resource("ManagerAccount", `${SERVICE}/Accounts/${account.id}`, account.id, "User Account", {
    ...bmc.dialect.accounts.extra,
    UserName: account.userName,
    Password: null,
    RoleId: account.userName === "" && bmc.dialect.accounts.style === "slots" ? "None" : account.role,
    Enabled: account.enabled,
    Locked: bmc.accounts.locked(account),
    PasswordChangeRequired: account.passwordChangeRequired,
    Links: { Role: link(`${SERVICE}/Roles/${account.role}`) },
  });
}

function found({ bmc, params, path }: Exchange): Account {
  const account = bmc.accounts.get(params.account ?? "");
  if (!account) throw refuse(404, "ResourceMissingAtURI", path);
  return account;
}

function createAccount(x: Exchange): Reply {
  const { bmc, body } = x;
  const missing = ["UserName", "Password", "RoleId"].filter((name) => body[name] === undefined);
  if (missing.length > 0)
    throw new RedfishError(
      400,
      missing.map((name) => base("PropertyMissing", name)),
    );
  const draft: Account = { ...emptySlot(""), enabled: true };
  const known = setters(x, draft);
  const problems = Object.entries(body).flatMap(([name, value]) => {
    const result = known[name] ? known[name](value ?? null) : base("PropertyUnknown", name);
    if (typeof result !== "function") return [result];
    result();
    return [];
  });
  if (problems.length > 0) throw new RedfishError(400, problems);
  const account = bmc.accounts.add(draft);
  if (!account) throw refuse(400, "ResourceExhaustion", `${SERVICE}/Accounts`);
  return {
    status: 201,
    headers: { Location: `${SERVICE}/Accounts/${account.id}` },
    body: accountResource(bmc, account),
  };
}

function deleteAccount(x: Exchange): Reply {
  const account = found(x);
  const administrators = x.bmc.accounts.list().filter((other) => other.role === "Administrator" && other.enabled);
  if (administrators.length === 1 && administrators[0] === account) throw refuse(400, "ResourceCannotBeDeleted");
  x.bmc.accounts.remove(account.id);
  x.bmc.sessions.endAccount(account.id);
  return { status: 204 };
}

/** A slot: the password comes with the name, and an empty name without a password frees it (13). */
async function patchSlot(x: Exchange, account: Account, one: Pick<Route, "get">): Promise<Reply> {
  const { UserName: name, Password: password } = x.body;
  if (account.id === "1") throw refuse(400, "PropertyNotWritable", Object.keys(x.body)[0] ?? "UserName");
  if (name === "") {
    if (password !== undefined) throw refuse(400, "PropertyValueConflict", "Password", "UserName");
    Object.assign(account, emptySlot(account.id));
    x.bmc.sessions.endAccount(account.id);
    return changed(x, (await one.get?.(x)) ?? {});
  }
  if (account.userName === "" && (name === undefined || password === undefined)) {
    throw refuse(400, "PropertyMissing", name === undefined ? "UserName" : "Password");
  }
  return patch(x, one, setters(x, account));
}

function setters(x: Exchange, account: Account): Record<string, Setter> {
  const { bmc } = x;
  const password: Setter = (value) => {
    const problem = checkPassword(bmc, value);
    if (problem) return problem;
    return () => {
      account.password = String(value);
      account.passwordChangeRequired = false;
    };
  };
  // Without ConfigureUsers only the own password can be changed.
  if (x.account?.role !== "Administrator") return { Password: password };
  return {
    UserName: (value) => {
      if (typeof value !== "string" || value === "")
        return base("PropertyValueFormatError", JSON.stringify(value), "UserName");
      const other = bmc.accounts.byName(value);
      if (other && other !== account) return base("ResourceAlreadyExists", "ManagerAccount", "UserName", value);
      return () => void (account.userName = value);
    },
    Password: password,
    RoleId: set.oneOf("RoleId", ROLE_NAMES, (role) => void (account.role = role)),
    Enabled: set.flag("Enabled", (enabled) => {
      account.enabled = enabled;
      if (!enabled) bmc.sessions.endAccount(account.id);
    }),
    Locked: (value) =>
      value === false ? () => void (account.lockedUntil = 0) : base("PropertyValueNotInList", "true", "Locked"),
    PasswordChangeRequired: set.flag(
      "PasswordChangeRequired",
      (required) => void (account.passwordChangeRequired = required),
    ),
    AccountTypes: (value) =>
      Array.isArray(value) ? () => undefined : base("PropertyValueTypeError", "a scalar", "AccountTypes"),
  };
}

function checkPassword(bmc: Bmc, value: Json): Message | undefined {
  const [least, most] = bmc.dialect.accounts.passwordLength;
  if (typeof value !== "string") return base("PropertyValueTypeError", "******", "Password");
  return value.length < least || value.length > most
    ? base("PropertyValueFormatError", "******", "Password")
    : undefined;
}
