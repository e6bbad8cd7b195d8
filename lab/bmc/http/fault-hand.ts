import type { IncomingMessage, ServerResponse } from "node:http";
import type { Bmc } from "../bmc";
import type { Fault } from "../faults";
import type { Json } from "../json";
import { isObject } from "../json";
import { refuse } from "./errors";
import type { Reply } from "./exchange";
import { RedfishError } from "./errors";
import { render, send } from "./send";

/** What the faults that strike do to one request. */
export class FaultHand {
  /** Faults that struck, for the journal. */
  readonly ids: string[];
  readonly #struck: Fault[];
  readonly #fault?: Fault;

  constructor(
    readonly bmc: Bmc,
    readonly method: string,
    path: string,
  ) {
    const struck = bmc.faults.strike(method, path);
    this.ids = struck.map((strike) => strike.id);
    this.#struck = struck.map((strike) => strike.fault);
    this.#fault = this.#struck.find((fault) => fault.kind !== "latency");
  }

  get lies(): boolean {
    return this.#fault?.kind === "lie";
  }

  get taskFate(): "never" | "vanish" | "fail" | undefined {
    return this.#fault?.kind === "task" ? this.#fault.outcome : undefined;
  }

  /** Before the work. Returns whether the request has been dealt with. */
  async before(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    for (const fault of this.#struck) {
      if (fault.kind === "latency") await pause(fault.milliseconds + this.bmc.faults.random() * (fault.jitterMs ?? 0));
    }
    const fault = this.#fault;
    if (!fault) return false;
    if ("when" in fault && fault.when === "before") return this.#breakOff(fault, response);
    const reply = await this.#replacement(fault, request);
    if (reply) send(response, this.method, reply);
    return reply !== undefined;
  }

  /** After the work, before the answer. Returns whether the answer has been dealt with. */
  async after(response: ServerResponse, reply: Reply): Promise<boolean> {
    const fault = this.#fault;
    if (!fault) return false;
    if ("when" in fault) return fault.when === "after" && this.#breakOff(fault, response);
    const { headers, text } = render(reply);
    const write = (body: string, length = Buffer.byteLength(body)) => {
      response.writeHead(reply.status, { ...headers, "Content-Length": String(length) });
      response.write(body);
    };
    switch (fault.kind) {
      case "truncate":
        write(text.slice(0, Math.floor(text.length / 2)), Math.max(Buffer.byteLength(text), 2));
        setTimeout(() => response.destroy(), 5);
        return true;
      case "oversize":
        headers["Content-Type"] = "application/json";
        write(`{"Padding":"${"x".repeat(Math.max(0, fault.bytes - 14))}"}`);
        response.end();
        return true;
      case "malformed":
        headers["Content-Type"] = "application/json";
        write(`{"@odata.id": ${text.slice(1, 40)}`);
        response.end();
        return true;
      case "wrongTypes":
        send(response, this.method, { ...reply, body: isObject(reply.body) ? mistyped(reply.body) : reply.body });
        return true;
      case "merge":
        send(response, this.method, { ...reply, body: merged(reply.body ?? {}, fault.body as Json) });
        return true;
      case "drip":
        await this.#drip(response, reply, fault.bytesPerSecond);
        return true;
      default:
        return false;
    }
  }

  /** Once the answer is out. */
  afterSent(): void {
    if (this.#fault?.kind === "certificate") void this.bmc.replaceCertificate();
  }

  async #replacement(fault: Fault, request: IncomingMessage): Promise<Reply | undefined> {
    switch (fault.kind) {
      case "status":
        return statusReply(fault);
      case "dropSession": {
        const token = request.headers["x-auth-token"];
        if (typeof token === "string") this.bmc.sessions.endToken(token);
        return asReply(refuse(401, "NoValidSession"));
      }
      case "precondition":
        return asReply(refuse(412, "PreconditionFailed"));
      case "sessionCap": {
        const { status, message, headers } = this.bmc.dialect.sessions.full;
        return asReply(new RedfishError(status, [message], headers));
      }
      case "redirect": {
        const location = fault.location ?? `${request.url ?? "/"}/`;
        return { status: fault.status ?? 308, headers: { Location: location } };
      }
      default:
        return undefined;
    }
  }

  #breakOff(fault: Fault, response: ServerResponse): boolean {
    if (fault.kind === "reset") response.socket?.resetAndDestroy();
    if (fault.kind === "reboot") this.bmc.reboot(fault.downMs);
    // A hang leaves the connection as it is.
    return true;
  }

  async #drip(response: ServerResponse, reply: Reply, bytesPerSecond: number): Promise<void> {
    const { headers, text } = render(reply);
    const body = Buffer.from(text);
    response.writeHead(reply.status, { ...headers, "Content-Length": String(body.length) });
    response.flushHeaders();
    const step = Math.max(1, Math.round(bytesPerSecond / 20));
    for (let at = 0; at < body.length && !response.destroyed; at += step) {
      response.write(body.subarray(at, at + step));
      await pause(50);
    }
    response.end();
  }
}

function statusReply(fault: Extract<Fault, { kind: "status" }>): Reply {
  const headers: Record<string, string> = {};
  if (fault.retryAfter !== undefined) {
    headers["Retry-After"] = fault.retryAfterDate
      ? new Date(Date.now() + fault.retryAfter * 1000).toUTCString()
      : String(fault.retryAfter);
  }
  if (fault.contentType !== undefined) headers["Content-Type"] = fault.contentType;
  const name = fault.status === 503 || fault.status === 429 ? "ServiceTemporarilyUnavailable" : "GeneralError";
  const body = fault.body === undefined ? refuse(fault.status, name, String(fault.retryAfter ?? 1)).body() : fault.body;
  return { status: fault.status, headers, body: body as Json };
}

function asReply(error: RedfishError): Reply {
  return { status: error.status, headers: error.headers, body: error.body() };
}

/** Each scalar as another type. */
function mistyped(value: Json): Json {
  if (Array.isArray(value)) return { "0": value[0] ?? null };
  if (isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mistyped(member ?? null)]));
  }
  if (typeof value === "string") return [value];
  if (typeof value === "number") return String(value);
  return value === null ? 0 : "yes";
}

/** A JSON merge patch (RFC 7396). */
function merged(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key] ?? null, value ?? null);
  }
  return result;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
