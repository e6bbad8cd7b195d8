import { type Channel, type HttpAnswer, refusal } from "./channel";
import { RedfishError } from "./errors";
import { cancelled } from "./failures";
import { messagesOf } from "./messages";
import { quirksOf } from "./quirks";
import { at, link, localPath, str } from "./read";

const SESSIONS = "/redfish/v1/SessionService/Sessions";
/** How long Basic stands in when a BMC has no session left. */
const STAND_IN = 60_000;
/** How long a refused login is remembered, so that a wrong password does not lock the account. */
const REFUSED = 5_000;

/** What one request is authorised with. */
export interface Ticket {
  headers: Record<string, string>;
  /** The session token, absent with Basic or without credentials. */
  token?: string;
}

/**
 * Authentication with one BMC as one user: one session, made by the first who needs it, shared by all, made again when it expired,
 * deleted at the end. Basic only where a session never worked: sessions unsupported (for good) or exhausted (for a minute).
 */
export class Session {
  private current?: { token: string; path?: string };
  private login?: Promise<void>;
  private worked = false;
  private basic?: { until: number };
  private refused?: { error: RedfishError; until: number };
  private sessionsPath = SESSIONS;

  constructor(
    private readonly channel: Channel,
    private readonly username: string | undefined,
    private readonly password: string | undefined,
  ) {}

  async ticket(signal?: AbortSignal): Promise<Ticket> {
    if (this.username === undefined) return { headers: {} };
    if (this.refused && this.refused.until > this.channel.options.now()) throw this.refused.error;
    if (this.basic && this.basic.until > this.channel.options.now()) return { headers: this.basicHeaders() };
    if (this.current) return { headers: { "x-auth-token": this.current.token }, token: this.current.token };
    this.login ??= this.open().finally(() => (this.login = undefined));
    await this.waitFor(this.login, signal);
    return this.ticket(signal);
  }

  /** The BMC did not accept this token any more; the next ticket is a new one. */
  expired(token: string): void {
    if (this.current?.token === token) this.current = undefined;
  }

  /** Deletes the session; a BMC that does not answer lets it expire. */
  async close(): Promise<void> {
    await this.login?.catch(() => undefined);
    const session = this.current;
    this.current = undefined;
    if (session?.path === undefined) return;
    await this.channel
      .farewell({
        method: "DELETE",
        path: session.path,
        headers: { "x-auth-token": session.token },
        timeoutMilliseconds: 5_000,
        secrets: [],
      })
      .catch(() => undefined);
  }

  private async waitFor(login: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    if (!signal) return login;
    const where = { endpoint: this.channel.endpoint, method: "POST" as const, path: this.sessionsPath };
    if (signal.aborted) throw cancelled(signal, where);
    let stop = () => {};
    const aborted = new Promise<never>((_, reject) => {
      stop = () => reject(cancelled(signal, where));
      signal.addEventListener("abort", stop, { once: true });
    });
    try {
      await Promise.race([login, aborted]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  private async open(): Promise<void> {
    let answer = await this.post();
    if (answer.status === 404 || answer.status === 405) answer = await this.elsewhere(answer);
    const token = str(answer.headers["x-auth-token"]);
    if (answer.status < 300 && token !== undefined) {
      this.current = { token, path: createdAt(answer) };
      this.worked = true;
      return;
    }
    await this.settle(answer);
  }

  private async post(): Promise<HttpAnswer> {
    return this.channel.send({
      method: "POST",
      path: this.sessionsPath,
      headers: {},
      body: { UserName: this.username, Password: this.password ?? "" },
      secrets: this.secrets(),
      idempotent: true,
      maxAttempts: this.worked ? undefined : 3,
    });
  }

  /** The service root may name another place for sessions. */
  private async elsewhere(answer: HttpAnswer): Promise<HttpAnswer> {
    const path = link(at((await this.root()).body, "Links", "Sessions"));
    if (path === undefined || path === this.sessionsPath) return answer;
    this.sessionsPath = path;
    return this.post();
  }

  private root(): Promise<HttpAnswer> {
    return this.channel.send({ method: "GET", path: "/redfish/v1/", headers: {}, secrets: [] });
  }

  /** No session: wrong credentials are an error; everything else leaves Basic, unless sessions have worked before. */
  private async settle(answer: HttpAnswer): Promise<void> {
    const now = this.channel.options.now();
    const error = refusal(this.channel.endpoint, { method: "POST", secrets: this.secrets() }, answer);
    const denied = error.kind === "auth" || error.kind === "license";
    if (denied && (this.worked || !(await this.onlyBasic(answer)))) throw this.refuse(error);
    if (this.worked) throw error;
    const exhausted =
      answer.status >= 429 || messagesOf(answer.body).some(({ messageId }) => quirksOf(messageId, "sessions"));
    this.basic = { until: exhausted && answer.status !== 501 ? now + STAND_IN : Infinity };
  }

  /** A service without sessions may say 401 to the login itself; its root then knows no sessions, or is closed too. */
  private async onlyBasic(answer: HttpAnswer): Promise<boolean> {
    if (answer.status !== 401 || !/basic/i.test(answer.headers["www-authenticate"] ?? "basic")) return false;
    const { status, body } = await this.root();
    if (status !== 200) return status === 401;
    return at(body, "Links", "Sessions") === undefined && body.SessionService === undefined;
  }

  /** Basic was not accepted: as with a login, that is remembered for a moment. */
  basicRefused(answer: HttpAnswer): RedfishError {
    this.basic = undefined;
    return this.refuse(refusal(this.channel.endpoint, { method: "GET", secrets: this.secrets() }, answer));
  }

  private refuse(error: RedfishError): RedfishError {
    const said = error.message.replace(/^.*? answered /, "answered ");
    const text = `${this.channel.endpoint}: login as "${this.username}" failed: ${said}`;
    const refused = new RedfishError(error.kind, text, error);
    this.refused = { error: refused, until: this.channel.options.now() + REFUSED };
    return refused;
  }

  private basicHeaders(): Record<string, string> {
    const credentials = Buffer.from(`${this.username}:${this.password ?? ""}`, "utf8").toString("base64");
    return { authorization: `Basic ${credentials}` };
  }

  private secrets(): string[] {
    return this.password ? [this.password] : [];
  }
}

/** The path of the session: the Location's path on this BMC, whatever host a BMC behind NAT writes there, else `@odata.id`. */
function createdAt(answer: HttpAnswer): string | undefined {
  const location = answer.headers.location;
  const base = "https://bmc.invalid";
  const path = location !== undefined && URL.canParse(location, base) ? new URL(location, base) : undefined;
  return (path && localPath(path.pathname)) ?? link(answer.body);
}
