import type { IncomingMessage, ServerResponse } from "node:http";
import type { Account } from "../accounts";
import type { Bmc } from "../bmc";
import type { JsonObject } from "../json";
import { routerFor } from "../resources";
import { BodyTooLarge, hasBody, parseBody, readBody } from "./body";
import { RedfishError, refuse } from "./errors";
import type { Exchange, Privilege, Reply, Route } from "./exchange";
import { FaultHand } from "./fault-hand";
import { about, base } from "./messages";
import { checkQuery, shape } from "./query";
import { etagOf, send } from "./send";

const PRIVILEGES: Record<Account["role"], Privilege[]> = {
  Administrator: ["Login", "ConfigureComponents", "ConfigureManager", "ConfigureUsers", "ConfigureSelf"],
  Operator: ["Login", "ConfigureComponents", "ConfigureSelf"],
  ReadOnly: ["Login", "ConfigureSelf"],
};

/** Answers the HTTP requests of one BMC. */
export class Service {
  constructor(readonly bmc: Bmc) {}

  /** Takes a request; never throws. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    const { journal } = this.bmc;
    const at = Date.now();
    const method = request.method ?? "GET";
    const [path = "/"] = (request.url ?? "/").split("?", 1);
    const note: { user?: string; faults?: string[] } = {};
    journal.begin();
    response.once("close", () => {
      const status = response.writableFinished ? response.statusCode : 0;
      journal.end({ at, method, path, status, milliseconds: Date.now() - at, ...note });
    });
    this.#serve(request, response, method, path, note).catch((error: unknown) => {
      this.bmc.log.add(`${method} ${path} failed: ${String(error)}`, "Critical");
      response.destroy();
    });
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    method: string,
    rawPath: string,
    note: { user?: string; faults?: string[] },
  ): Promise<void> {
    let text: string | undefined;
    let tooLarge = false;
    try {
      text = await readBody(request);
    } catch (error) {
      if (!(error instanceof BodyTooLarge)) return;
      tooLarge = true;
    }
    await this.#latency();
    const faults = new FaultHand(this.bmc, method, rawPath);
    if (faults.ids.length > 0) note.faults = faults.ids;
    if (await faults.before(request, response)) return;
    const reply = await this.#replyTo(request, method, rawPath, tooLarge ? undefined : text, faults, note);
    if (await faults.after(response, reply)) return;
    send(response, method, reply);
    faults.afterSent();
  }

  async #replyTo(
    request: IncomingMessage,
    method: string,
    rawPath: string,
    text: string | undefined,
    faults: FaultHand,
    note: { user?: string },
  ): Promise<Reply> {
    try {
      if (this.bmc.startingUntil > Date.now()) {
        throw new RedfishError(503, [base("ServiceTemporarilyUnavailable", "1")], { "Retry-After": "1" });
      }
      if (text === undefined) throw refuse(413, "PayloadTooLarge");
      return await this.#dispatch(request, method, rawPath, text, faults, note);
    } catch (error) {
      if (error instanceof RedfishError) return { status: error.status, headers: error.headers, body: error.body() };
      this.bmc.log.add(`${method} ${rawPath} failed: ${String(error)}`, "Critical");
      return { status: 500, body: refuse(500, "InternalError").body() };
    }
  }

  async #dispatch(
    request: IncomingMessage,
    method: string,
    rawPath: string,
    text: string,
    faults: FaultHand,
    note: { user?: string },
  ): Promise<Reply> {
    const version = request.headers["odata-version"];
    if (version !== undefined && version !== "4.0") throw refuse(412, "HeaderInvalid", "OData-Version");
    const path = decodePath(rawPath);
    const found = routerFor(this.bmc.dialect).find(path);
    const identity = this.#identify(request);
    note.user = identity?.account.userName;
    const open = found && (isRead(method) ? found.route.open : found.route.openPost && method === "POST");
    if (!identity && !open) {
      throw new RedfishError(401, [base("NoValidSession")], { "WWW-Authenticate": 'Basic realm="Redfish"' });
    }
    if (!found) throw refuse(404, "ResourceMissingAtURI", path);
    const { route, params } = found;
    checkAccept(request.headers.accept);
    if (!allowed(route).includes(method)) {
      throw new RedfishError(405, [base("OperationNotAllowed")], { Allow: allowed(route).join(", ") });
    }
    const exchange: Exchange = {
      bmc: this.bmc,
      method,
      path,
      params,
      query: new URL(request.url ?? "/", "https://bmc").searchParams,
      body: {},
      account: identity?.account,
      sessionId: identity?.sessionId,
      client: request.socket.remoteAddress ?? "",
      taskFate: faults.taskFate,
    };
    checkPasswordChange(exchange);
    if (isRead(method)) return this.#read(exchange, route, request);
    if (exchange.query.size > 0 && [...exchange.query.keys()].some((key) => key.startsWith("$"))) {
      throw refuse(400, "QueryNotSupportedOnOperation");
    }
    if (!(route.openPost && method === "POST")) checkPrivilege(exchange, route);
    if (faults.lies) return { status: 204 };
    await this.#checkIfMatch(exchange, route, request.headers["if-match"]);
    exchange.body = this.#body(exchange, route, text, request);
    return this.#write(exchange, route);
  }

  async #read(exchange: Exchange, route: Route, request: IncomingMessage): Promise<Reply> {
    const allow = { Allow: allowed(route).join(", ") };
    if (route.read) {
      const reply = await route.read(exchange);
      return { ...reply, headers: { ...allow, ...reply.headers } };
    }
    const resource = await route.get?.(exchange);
    if (!resource) throw refuse(404, "ResourceMissingAtURI", exchange.path);
    const etag = etagOf(resource, this.bmc.dialect.etag);
    if (request.headers["if-none-match"] === etag) return { status: 304, headers: { ETag: etag } };
    checkQuery(exchange, resource);
    const body = await shape(exchange, { ...resource, "@odata.etag": etag });
    return { status: 200, headers: { ...allow, ETag: etag, ...describedBy(resource) }, body };
  }

  async #write(exchange: Exchange, route: Route): Promise<Reply> {
    switch (exchange.method) {
      case "PATCH":
        return route.patch?.(exchange) ?? { status: 405 };
      case "POST":
        return route.post?.(exchange) ?? { status: 405 };
      default:
        return route.delete?.(exchange) ?? { status: 405 };
    }
  }

  #body(exchange: Exchange, route: Route, text: string, request: IncomingMessage): JsonObject {
    if (exchange.method === "DELETE") return {};
    if (text === "") {
      if (route.action && !this.bmc.dialect.bodyRequired) return {};
      throw route.action ? refuse(400, "UnrecognizedRequestBody") : refuse(400, "MalformedJSON");
    }
    if (hasBody(request) && !/^application\/json\b/i.test(request.headers["content-type"] ?? "")) {
      throw refuse(415, "UnsupportedMediaType");
    }
    const body = parseBody(text);
    if (exchange.method === "PATCH") {
      const names = Object.keys(body);
      if (names.length === 0) throw refuse(400, "EmptyJSON");
      if (names.every((name) => name.startsWith("@odata."))) throw refuse(400, "NoOperation");
    }
    return body;
  }

  async #checkIfMatch(exchange: Exchange, route: Route, header: string | undefined): Promise<void> {
    if (header === undefined) return;
    if (exchange.method === "POST") {
      if (this.bmc.dialect.actionIfMatchRefused) throw refuse(412, "PreconditionFailed");
      return;
    }
    const resource = await route.get?.(exchange);
    if (!resource || header === "*") return;
    const etag = etagOf(resource, this.bmc.dialect.etag);
    const given = header.split(",").map((value) => value.trim());
    if (!given.includes(etag)) throw refuse(412, "PreconditionFailed");
  }

  #identify(request: IncomingMessage): { account: Account; sessionId?: string } | undefined {
    const token = request.headers["x-auth-token"];
    if (typeof token === "string") {
      const session = this.bmc.sessions.use(token);
      const account = session && this.bmc.accounts.get(session.accountId);
      return account?.enabled ? { account, sessionId: session?.id } : undefined;
    }
    const basic = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (!basic) return undefined;
    const [, username = "", password = ""] = /^([^:]*):(.*)$/s.exec(Buffer.from(basic, "base64").toString()) ?? [];
    const account = this.bmc.accounts.authenticate(username, password);
    return account && { account };
  }

  async #latency(): Promise<void> {
    const { latencyMs = 0 } = this.bmc.spec;
    const [least, most] = typeof latencyMs === "number" ? [latencyMs, latencyMs] : latencyMs;
    const milliseconds = least + this.bmc.faults.random() * (most - least);
    if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds));
  }
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function allowed(route: Route): string[] {
  const methods: string[] = [];
  if (route.get || route.read) methods.push("GET", "HEAD");
  if (route.patch) methods.push("PATCH");
  if (route.post) methods.push("POST");
  if (route.delete) methods.push("DELETE");
  return methods;
}

function describedBy(resource: JsonObject): Record<string, string> {
  const [, schema] = /^#(\w+(?:\.v\w+)?)\./.exec(String(resource["@odata.type"])) ?? [];
  return schema ? { Link: `<http://redfish.dmtf.org/schemas/v1/${schema}.json>; rel=describedby` } : {};
}

function decodePath(rawPath: string): string {
  let path = rawPath;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    throw refuse(400, "ResourceMissingAtURI", rawPath);
  }
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function checkAccept(accept: string | undefined): void {
  if (accept === undefined || /\*\/\*|application\/(\*|json|xml)|text\/xml/i.test(accept)) return;
  throw refuse(406, "HeaderInvalid", "Accept");
}

function checkPrivilege(exchange: Exchange, route: Route): void {
  const has = exchange.account ? PRIVILEGES[exchange.account.role] : [];
  const needed = route.privilege ?? "ConfigureComponents";
  const self =
    needed === "ConfigureUsers" && exchange.params.account === exchange.account?.id && exchange.method === "PATCH";
  if (!has.includes(self ? "ConfigureSelf" : needed)) throw refuse(403, "InsufficientPrivilege");
}

/** With a factory password only the log-in, the own account and the own session are open. */
function checkPasswordChange({ account, path, method }: Exchange): void {
  if (!account?.passwordChangeRequired) return;
  const own = `/redfish/v1/AccountService/Accounts/${account.id}`;
  if (path === own || path === "/redfish" || path === "/redfish/v1") return;
  if (path.startsWith("/redfish/v1/SessionService/Sessions") && method !== "GET") return;
  throw new RedfishError(403, [about("/Password", base("PasswordChangeRequired", own))]);
}
