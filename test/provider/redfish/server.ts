import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type BmcConnection, BmcPool, type PoolOptions, type RedfishError } from "../../../provider/redfish";
import { selfSigned, type TestCertificate } from "./certificates";

export interface Seen {
  method: string;
  /** With query. */
  path: string;
  headers: IncomingMessage["headers"];
  body: Record<string, unknown>;
  text: string;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON, a string or buffer as it is. */
  body?: unknown;
  /** Cut the connection: before the head, or after part of the body. */
  drop?: "before" | "middle";
  /** Never answer. */
  hang?: boolean;
  delayMilliseconds?: number;
}

export type Handler = (request: Seen) => Reply | undefined | Promise<Reply | undefined>;

/** A tiny BMC: one handler, a list of what it saw. Loopback only. */
export class TestBmc {
  readonly seen: Seen[] = [];
  handler: Handler = () => undefined;
  /** Set false to answer session logins by the handler. */
  sessions = true;
  username = "admin";
  password = "s3cret-pass";
  readonly tokens = new Set<string>();
  connections = 0;
  private readonly sockets = new Set<Socket>();
  private constructor(
    private readonly server: Server,
    readonly certificate: TestCertificate,
  ) {}

  static async start(options: { certificate?: TestCertificate; handler?: Handler } = {}): Promise<TestBmc> {
    const certificate = options.certificate ?? (await sharedCertificate());
    const listener = (request: IncomingMessage, response: ServerResponse) => void bmc.serve(request, response);
    const server = createServer({ key: certificate.key, cert: certificate.cert }, listener);
    const bmc = new TestBmc(server, certificate);
    if (options.handler) bmc.handler = options.handler;
    server.on("connection", (socket: Socket) => {
      bmc.connections++;
      bmc.sockets.add(socket);
      socket.on("close", () => bmc.sockets.delete(socket));
      socket.on("error", () => undefined);
    });
    server.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return bmc;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get endpoint(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Requests as `METHOD path`, without logins and logouts. */
  get log(): string[] {
    return this.seen
      .map(({ method, path }) => `${method} ${path}`)
      .filter((line) => !line.includes("SessionService/Sessions"));
  }

  count(method: string, path: string | RegExp): number {
    return this.seen.filter(
      (seen) => seen.method === method && (typeof path === "string" ? seen.path === path : path.test(seen.path)),
    ).length;
  }

  async stop(): Promise<void> {
    this.sockets.forEach((socket) => socket.destroy());
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const seen: Seen = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: parse(text),
      text,
    };
    this.seen.push(seen);
    const reply = this.session(seen) ?? (await this.handler(seen)) ?? notFound(seen.path);
    if (reply.hang) return;
    if (reply.delayMilliseconds) await new Promise((resolve) => setTimeout(resolve, reply.delayMilliseconds));
    if (reply.drop === "before") return void request.socket.destroy();
    const body = encode(reply.body);
    response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
    if (reply.drop === "middle") {
      response.write(body.subarray(0, Math.max(1, body.length / 2)));
      setTimeout(() => request.socket.destroy(), 20);
      return;
    }
    response.end(body);
  }

  private session(seen: Seen): Reply | undefined {
    if (!this.sessions) return undefined;
    if (seen.method === "POST" && seen.path === "/redfish/v1/SessionService/Sessions") {
      if (seen.body.UserName !== this.username || seen.body.Password !== this.password)
        return { status: 401, body: {} };
      const token = `token-${this.tokens.size + 1}-${Math.random().toString(36).slice(2)}`;
      this.tokens.add(token);
      return {
        status: 201,
        headers: { "x-auth-token": token, location: `/redfish/v1/SessionService/Sessions/${token.slice(0, 9)}` },
        body: { "@odata.id": `/redfish/v1/SessionService/Sessions/${token.slice(0, 9)}` },
      };
    }
    if (seen.method === "DELETE" && seen.path.startsWith("/redfish/v1/SessionService/Sessions/")) {
      this.tokens.delete(String(seen.headers["x-auth-token"]));
      return { status: 204 };
    }
    if (seen.path === "/redfish/v1/") return undefined;
    const basic = `Basic ${Buffer.from(`${this.username}:${this.password}`).toString("base64")}`;
    const known = this.tokens.has(String(seen.headers["x-auth-token"])) || seen.headers.authorization === basic;
    return known ? undefined : { status: 401, body: {} };
  }
}

let certificate: Promise<TestCertificate> | undefined;
const sharedCertificate = () => (certificate ??= selfSigned());

function notFound(path: string): Reply {
  const info = { MessageId: "Base.1.8.ResourceMissingAtURI", Message: `nothing at ${path}`, Severity: "Critical" };
  return { status: 404, body: { error: { code: info.MessageId, "@Message.ExtendedInfo": [info] } } };
}

function encode(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** An error body as BMCs send it. */
export function failure(status: number, messageId: string, message = "", more: Record<string, unknown> = {}): Reply {
  const info = { MessageId: messageId, Message: message, Severity: "Critical", ...more };
  return { status, body: { error: { code: messageId, message, "@Message.ExtendedInfo": [info] } } };
}

/** How a test reaches a TestBmc: right user, certificate pinned. */
export function connectionTo(bmc: TestBmc, more: Partial<BmcConnection> = {}): BmcConnection {
  return {
    endpoint: bmc.endpoint,
    username: bmc.username,
    password: bmc.password,
    fingerprint: bmc.certificate.fingerprint,
    ...more,
  };
}

/** A clock that jumps: pauses take no time and are recorded. */
export function fastClock() {
  const pauses: number[] = [];
  let skipped = 0;
  return {
    pauses,
    now: () => Date.now() + skipped,
    sleep: async (milliseconds: number, signal?: AbortSignal) => {
      signal?.throwIfAborted();
      pauses.push(milliseconds);
      skipped += milliseconds;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}

/** Pools and BMCs of one test, closed together. */
export class Bench {
  private readonly closers: (() => Promise<void>)[] = [];

  async bmc(handler?: Handler): Promise<TestBmc> {
    const bmc = await TestBmc.start({ handler });
    this.closers.push(() => bmc.stop());
    return bmc;
  }

  pool(options: PoolOptions = {}): BmcPool {
    const clock = fastClock();
    const pool = new BmcPool({ now: clock.now, sleep: clock.sleep, ...options });
    this.closers.unshift(() => pool.close());
    return pool;
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0)) await close();
  }
}

/** A resource for tests that need any. */
export const path = "/redfish/v1/Thing";
export const thing = { "@odata.id": path, Id: "Thing" };

/** The error that work ends with. */
export function caught(work: Promise<unknown>): Promise<RedfishError> {
  return work.then(
    () => Promise.reject(new Error("did not throw")),
    (error: RedfishError) => error,
  );
}

/** Replies one after the other, then the last for ever, to what is asked of the resource. */
export function script(...replies: Reply[]) {
  let index = 0;
  return (seen: Seen): Reply | undefined =>
    seen.path.startsWith(path) ? replies[Math.min(index++, replies.length - 1)] : undefined;
}
