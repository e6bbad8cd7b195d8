import type { Session } from "../accounts";
import type { Bmc } from "../bmc";
import { RedfishError, refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import { base, extendedInfo } from "../http/messages";
import type { JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import { collection, isoDate, patch, resource } from "./common";

const SERVICE = "/redfish/v1/SessionService";

/** Logging in and out. */
export function sessionRoutes(): Route[] {
  const service: Pick<Route, "get"> = {
    get: ({ bmc }) =>
      resource("SessionService", SERVICE, "SessionService", "Session Service", {
        Status: HEALTHY,
        ServiceEnabled: true,
        SessionTimeout: bmc.sessions.timeoutSeconds,
        Sessions: link(`${SERVICE}/Sessions`),
      }),
  };
  const list = ({ bmc }: Exchange) =>
    collection(
      "Session",
      `${SERVICE}/Sessions`,
      "Session Collection",
      bmc.sessions.list().map((session) => `${SERVICE}/Sessions/${session.id}`),
    );
  return [
    {
      pattern: SERVICE,
      privilege: "ConfigureManager",
      get: service.get,
      patch: (x) =>
        patch(x, service, {
          SessionTimeout: (value) => {
            if (typeof value !== "number")
              return base("PropertyValueTypeError", JSON.stringify(value), "SessionTimeout");
            if (value < 30 || value > 86_400) return base("PropertyValueOutOfRange", String(value), "SessionTimeout");
            return () => void (x.bmc.sessions.timeoutSeconds = value);
          },
        }),
    },
    { pattern: `${SERVICE}/Sessions`, get: list, post: logIn, openPost: true },
    { pattern: `${SERVICE}/Sessions/Members`, get: list, post: logIn, openPost: true },
    {
      pattern: `${SERVICE}/Sessions/:session`,
      privilege: "ConfigureSelf",
      get: ({ bmc, params }) => {
        const session = bmc.sessions.get(params.session ?? "");
        return session && sessionResource(bmc, session);
      },
      delete: ({ bmc, params, path, account }) => {
        const session = bmc.sessions.get(params.session ?? "");
        if (!session) throw refuse(404, "ResourceMissingAtURI", path);
        if (session.accountId !== account?.id && account?.role !== "Administrator")
          throw refuse(403, "InsufficientPrivilege");
        bmc.sessions.end(session.id);
        return { status: 204 };
      },
    },
  ];
}

function logIn({ bmc, body, client }: Exchange): Reply {
  const { UserName: username, Password: password } = body;
  const missing = ["UserName", "Password"].filter((name) => typeof body[name] !== "string");
  if (typeof username !== "string" || typeof password !== "string") {
    throw new RedfishError(
      400,
      missing.map((name) => base("PropertyMissing", name)),
    );
  }
  const account = bmc.accounts.authenticate(username, password);
  if (!account) throw refuse(401, "ResourceAtUriUnauthorized", `${SERVICE}/Sessions`, "wrong user name or password");
  const session = bmc.sessions.open(account.id, client);
  if (!session) {
    const { status, message, headers } = bmc.dialect.sessions.full;
    throw new RedfishError(status, [message], headers);
  }
  const change = account.passwordChangeRequired
    ? {
        "@Message.ExtendedInfo": [
          extendedInfo(base("PasswordChangeRequired", `/redfish/v1/AccountService/Accounts/${account.id}`)),
        ],
      }
    : {};
  return {
    status: 201,
    headers: { "X-Auth-Token": session.token, Location: `${SERVICE}/Sessions/${session.id}` },
    body: { ...sessionResource(bmc, session), ...change },
  };
}

function sessionResource(bmc: Bmc, session: Session): JsonObject {
  return resource("Session", `${SERVICE}/Sessions/${session.id}`, session.id, "User Session", {
    UserName: bmc.accounts.get(session.accountId)?.userName ?? "",
    Password: null,
    SessionType: "Redfish",
    CreatedTime: isoDate(session.created),
    ClientOriginIPAddress: session.client,
  });
}
