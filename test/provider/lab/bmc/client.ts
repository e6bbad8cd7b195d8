import { Agent, request } from "node:https";
import type { PeerCertificate, TLSSocket } from "node:tls";
import type { Bmc, BmcSpec } from "../../../../lab/bmc";
import { BmcRack } from "../../../../lab/bmc";

/** An answer, with its body parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  // Bodies differ by resource; tests reach into them freely.
  body: Body;
}

export interface Body {
  [key: string]: Body;
}

export interface Options {
  body?: unknown;
  rawBody?: string;
  headers?: Record<string, string>;
  /** Basic authentication with the spec's credentials. Default: true. */
  login?: boolean;
  timeoutMs?: number;
}

/** A plain HTTPS client that trusts the rack's authority and nothing else. */
export class Client {
  readonly agent: Agent;
  peer?: PeerCertificate;

  constructor(
    readonly bmc: Bmc,
    ca: string,
    public username = bmc.spec.credentials.username,
    public password = bmc.spec.credentials.password,
  ) {
    this.agent = new Agent({ ca, keepAlive: true });
  }

  get(path: string, options: Options = {}): Promise<Answer> {
    return this.send("GET", path, options);
  }

  patch(path: string, body: unknown, options: Options = {}): Promise<Answer> {
    return this.send("PATCH", path, { ...options, body });
  }

  post(path: string, body?: unknown, options: Options = {}): Promise<Answer> {
    return this.send("POST", path, { ...options, body });
  }

  delete(path: string, options: Options = {}): Promise<Answer> {
    return this.send("DELETE", path, options);
  }

  reset(type: string): Promise<Answer> {
    return this.post(`${this.bmc.systemPath}/Actions/ComputerSystem.Reset`, { ResetType: type });
  }

  send(method: string, path: string, options: Options = {}): Promise<Answer> {
    const { body, rawBody, headers = {}, login = true, timeoutMs = 5000 } = options;
    const text = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    const all: Record<string, string> = {
      ...(text === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    };
    if (login && !all["X-Auth-Token"]) {
      all.Authorization = `Basic ${Buffer.from(`${this.username}:${this.password}`).toString("base64")}`;
    }
    if (text !== undefined) all["Content-Length"] = String(Buffer.byteLength(text));
    return new Promise((resolve, reject) => {
      const sent = request(
        `${this.bmc.url}${path}`,
        { method, headers: all, agent: this.agent, timeout: timeoutMs },
        (response) => {
          this.peer = (response.socket as TLSSocket).getPeerCertificate();
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", reject);
          response.on("end", () => {
            const received = Buffer.concat(chunks).toString();
            let parsed: unknown = {};
            try {
              parsed = JSON.parse(received);
            } catch {
              // Not JSON, which some tests are about.
            }
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text: received,
              body: parsed as Body,
            });
          });
        },
      );
      sent.on("timeout", () => sent.destroy(new Error("timed out")));
      sent.on("error", reject);
      sent.end(text);
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

let nextAddress = 1;

/** A spec with a loopback address of its own and a free port. */
export function spec(over: Partial<BmcSpec> = {}): BmcSpec {
  const number = nextAddress++;
  const worker = Number(process.env.JEST_WORKER_ID ?? 1);
  return {
    name: `bmc-${number}`,
    address: `127.78.${worker}.${1 + (number % 250)}`,
    port: 0,
    dialect: "generic",
    credentials: { username: "root", password: "calvin-secret" },
    ...over,
  };
}

/** A rack of one BMC with a client of it. */
export async function one(over: Partial<BmcSpec> = {}): Promise<{ rack: BmcRack; bmc: Bmc; client: Client }> {
  const rack = await BmcRack.start([spec(over)]);
  const [bmc] = rack.bmcs();
  if (!bmc) throw new Error("the rack is empty");
  return { rack, bmc, client: new Client(bmc, rack.caCertificate) };
}

/** Waits until a condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 5000,
): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Message ids of an error, without the registry. */
export function messageIds(answer: Answer): string[] {
  const info = answer.body.error?.["@Message.ExtendedInfo"] as unknown as { MessageId: string }[];
  return info.map((entry) => entry.MessageId.split(".").at(-1) ?? "");
}
