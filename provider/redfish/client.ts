import { type Channel, type HttpAnswer, refusal } from "./channel";
import { collection } from "./collection";
import { RedfishError, secretsIn } from "./errors";
import { cancelled } from "./failures";
import { messagesOf, mostSevere } from "./messages";
import { etagLadder, etagOf, resultOf } from "./results";
import { type Resolved, findManager, findSystem, readRoot } from "./services";
import type { Session, Ticket } from "./session";
import { waitForTask } from "./task";
import { localPath } from "./read";
import type {
  ActionResult,
  Body,
  CollectionOptions,
  ManagerRef,
  Method,
  PostOptions,
  RequestOptions,
  Resource,
  ServiceRoot,
  SystemRef,
  TaskOptions,
  TaskProgress,
  TaskRef,
  WriteGuard,
  WriteOptions,
} from "./types";

/**
 * One BMC as one user. Every method throws RedfishError and nothing else. Get one from `BmcPool.get`.
 */
export class BmcClient {
  private guard?: WriteGuard;
  private readonly resolved: Resolved = {};
  private readonly secrets: string[];

  constructor(
    readonly endpoint: string,
    private readonly channel: Channel,
    private readonly session: Session,
    password: string | undefined,
  ) {
    this.secrets = password ? [password] : [];
  }

  /** SHA-256 of the certificate that the BMC presented last, with colons; to pin it. */
  get fingerprint(): string | undefined {
    return this.channel.fingerprint;
  }

  /** The clock that polls use; injectable through the pool. */
  get clock(): Pick<Channel["options"], "now"> {
    return this.channel.options;
  }

  /** Waits; throws RedfishError `cancelled` or `timeout` when the signal ends it. */
  async pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
    await this.channel.options.sleep(milliseconds, signal).catch((error: unknown) => {
      if (signal?.aborted) throw cancelled(signal, { endpoint: this.endpoint });
      throw error;
    });
  }

  /** Called before every write from now on, retries included; what it throws stops the write. Sessions are not writes. */
  setGuard(guard: WriteGuard | undefined): void {
    this.guard = guard;
  }

  /** Reads one resource. */
  async get(path: string, options: RequestOptions = {}): Promise<Resource> {
    const answer = await this.request("GET", path, options);
    return this.resource(answer);
  }

  /** Reads without credentials, as far as the BMC allows it. */
  async getAnonymously(path: string, options: RequestOptions = {}): Promise<Resource> {
    const answer = await this.attempt("GET", path, options, { headers: {} });
    if (answer.status === 401 || answer.status === 403) return this.get(path, options);
    return this.resource(this.accept("GET", answer));
  }

  /** Changes some members of a resource. */
  async patch(path: string, body: Body, options: WriteOptions = {}): Promise<ActionResult> {
    return this.conditional("PATCH", path, body, options);
  }

  /** Replaces a resource; a few vendors want it where the standard says PATCH. */
  async put(path: string, body: Body, options: WriteOptions = {}): Promise<ActionResult> {
    return this.conditional("PUT", path, body, options);
  }

  /** Runs an action or creates a resource; without a body `{}` is sent, because many BMCs refuse none (quirks 22, 29). */
  async post(path: string, body: Body = {}, options: PostOptions = {}): Promise<ActionResult> {
    return this.conditional("POST", path, body, options);
  }

  async delete(path: string, options: WriteOptions = {}): Promise<ActionResult> {
    return this.conditional("DELETE", path, undefined, options);
  }

  /** The members of a collection over all its pages; members that are gone meanwhile are left out. */
  async collection(path: string, options: CollectionOptions = {}): Promise<Resource[]> {
    return collection(this, path, options);
  }

  /** The service root, read once, without credentials where possible. */
  async root(options: RequestOptions = {}): Promise<ServiceRoot> {
    return (this.resolved.root ??= await readRoot(this, options));
  }

  /** The server behind this BMC, read now. With several, `id` chooses; without it they must be one. */
  async system(id?: string, options: RequestOptions = {}): Promise<SystemRef> {
    return findSystem(this, this.resolved, id, options);
  }

  /** The BMC itself, read now: the manager of the given system, or the first. */
  async manager(system?: SystemRef, options: RequestOptions = {}): Promise<ManagerRef> {
    return findManager(this, system, options);
  }

  /** Waits for the end of a task, job or monitor; throws when it failed. */
  async task(ref: TaskRef, options: TaskOptions = {}): Promise<TaskProgress> {
    return waitForTask(this, ref, options);
  }

  /** The answer to one GET whatever its status; for pollers that read meaning from it. */
  async peek(path: string, options: RequestOptions = {}): Promise<HttpAnswer> {
    return this.authorized("GET", path, options);
  }

  private async conditional(
    method: "PATCH" | "PUT" | "POST" | "DELETE",
    path: string,
    body: Body | undefined,
    options: PostOptions,
  ): Promise<ActionResult> {
    const first = await this.climb(method, path, body, options, etagLadder(options.etag));
    if (!wantsCondition(first)) return resultOf(this.accept(method, first, body));
    const fresh = await this.get(ownerOf(path), options).catch(() => undefined);
    return resultOf(this.accept(method, await this.climb(method, path, body, options, etagLadder(fresh?.etag)), body));
  }

  private async climb(
    method: Method,
    path: string,
    body: Body | undefined,
    options: PostOptions,
    ladder: (string | undefined)[],
  ): Promise<HttpAnswer> {
    let answer: HttpAnswer | undefined;
    for (const etag of ladder) {
      const headers: Record<string, string> = etag === undefined ? {} : { "if-match": etag };
      answer = await this.authorized(method, path, options, body, headers);
      if (!wantsCondition(answer)) return answer;
    }
    if (answer === undefined) throw new Error("an ETag ladder has at least one rung");
    return answer;
  }

  private async request(method: Method, path: string, options: RequestOptions): Promise<HttpAnswer> {
    return this.accept(method, await this.authorized(method, path, options));
  }

  /** Logs in when needed, and once more when the session turns out to have expired. */
  private async authorized(
    method: Method,
    path: string,
    options: PostOptions,
    body?: Body,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const ticket = await this.session.ticket(options.signal);
    const answer = await this.attempt(method, path, options, ticket, body, headers);
    if (answer.status === 401 && ticket.headers.authorization !== undefined) throw this.session.basicRefused(answer);
    if (ticket.token === undefined || !sessionIsOver(answer)) return answer;
    this.session.expired(ticket.token);
    return this.attempt(method, path, options, await this.session.ticket(options.signal), body, headers);
  }

  private attempt(
    method: Method,
    path: string,
    options: PostOptions,
    ticket: Ticket,
    body?: Body,
    headers: Record<string, string> = {},
  ): Promise<HttpAnswer> {
    const local = localPath(path);
    if (local === undefined) {
      const text = `${this.endpoint}: the link "${path.slice(0, 200)}" does not lead to this BMC; it must be an absolute path`;
      throw new RedfishError("protocol", text, { endpoint: this.endpoint, path, method, sent: false });
    }
    return this.channel.send({
      method,
      path: local,
      headers: { ...ticket.headers, ...headers },
      body,
      signal: options.signal,
      timeoutMilliseconds: options.timeoutSeconds === undefined ? undefined : options.timeoutSeconds * 1000,
      idempotent: options.idempotent,
      errorAttempts: options.attempts,
      guard: method === "GET" ? undefined : this.guard,
      secrets: this.secrets,
    });
  }

  private accept(method: Method, answer: HttpAnswer, body?: Body): HttpAnswer {
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusal(this.endpoint, { method, secrets: [...this.secrets, ...secretsIn(body)] }, answer);
  }

  /** A 2xx answer to GET must be a JSON object, and not just an error in disguise. */
  private resource(answer: HttpAnswer): Resource {
    const where = { endpoint: this.endpoint, method: "GET" as const, path: answer.path, status: answer.status };
    const what = `${this.endpoint}: GET ${answer.path}`;
    if (answer.text !== undefined) {
      const excerpt = answer.text.replace(/\s+/g, " ").slice(0, 80);
      throw new RedfishError(
        "protocol",
        `${what} answered ${answer.status} with something that is no JSON object: ${excerpt}`,
        where,
      );
    }
    if (Object.keys(answer.body).length === 0) {
      throw new RedfishError("protocol", `${what} answered ${answer.status} with an empty body`, where);
    }
    if (answer.body.error !== undefined && answer.body["@odata.id"] === undefined) {
      const worst = mostSevere(messagesOf(answer.body));
      if (worst?.severity !== "OK") throw refusal(this.endpoint, { method: "GET", secrets: this.secrets }, answer);
    }
    return {
      path: answer.path.replace(/\?.*$/, ""),
      body: answer.body,
      etag: etagOf(answer.headers.etag, answer.body),
    };
  }
}

/** The resource whose ETag a request to a path is about: that of an action is the one that offers it. */
function ownerOf(path: string): string {
  return path.replace(/\/Actions\/.*$/, "");
}

/** 412, 428, and AMI's word for a missing If-Match (quirk 63). */
function wantsCondition(answer: HttpAnswer): boolean {
  if (answer.status === 412 || answer.status === 428) return true;
  return (
    answer.status >= 400 &&
    messagesOf(answer.body).some(({ messageId }) => /PreconditionHeaderMissing|PreconditionFailed/.test(messageId))
  );
}

/** 401, or a 403 that speaks of the session or of nothing. */
function sessionIsOver(answer: HttpAnswer): boolean {
  if (answer.status === 401) return true;
  if (answer.status !== 403) return false;
  const codes = messagesOf(answer.body);
  return (
    codes.length === 0 ||
    codes.some(({ messageId, message }) =>
      /NoValidSession|SessionTerminated|session.*(expired|invalid)/i.test(messageId + message),
    )
  );
}
