import { RedfishError, errorOf } from "./errors";
import type { Wire } from "./exchange";
import { type RawAnswer } from "./exchange";
import { cancelled, failureOf } from "./failures";
import type { Breaker, Semaphore } from "./limits";
import { type Sleep, backoff, retryAfter } from "./limits";
import { messagesOf } from "./messages";
import { quirksOf } from "./quirks";
import { at, isObject, localPath, str } from "./read";
import type { Body, Method, RequestEvent, WriteGuard } from "./types";

/** Limits and clocks, all decided. */
export interface ChannelOptions {
  requestTimeoutMilliseconds: number;
  retryBudgetMilliseconds: number;
  retryDelayMilliseconds: number;
  breakerThreshold: number;
  onRequest?: (event: RequestEvent) => void;
  now: () => number;
  sleep: Sleep;
}

/** What the clients of one endpoint share. */
export interface SharedLimits {
  global: Semaphore;
  slots: Semaphore;
  breaker: Breaker;
  /** When the BMC last answered anything. */
  lastAnswer: number;
}

export interface ChannelRequest {
  method: Method;
  path: string;
  headers: Record<string, string>;
  body?: Body;
  signal?: AbortSignal;
  timeoutMilliseconds?: number;
  /** May be sent again although it may have been executed. GET, PATCH, PUT and DELETE always may. */
  idempotent?: boolean;
  guard?: WriteGuard;
  secrets: string[];
  /** Give up on any "not now" after so many attempts. Default: only the budget counts. */
  maxAttempts?: number;
  /** The same for answers other than 503 and 429, which may never change. Default 5 for 500. */
  errorAttempts?: number;
}

/** An answer with a status, whatever it is. */
export interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  /** `{}` when there was none or it is no JSON object. */
  body: Body;
  /** Start of a body that is no JSON object. */
  text?: string;
  /** Where it came from, after redirects. */
  path: string;
  /** Attempts it took, and for how long, for error texts. */
  attempts: number;
}

const RECENTLY = 600_000;
/** Answers under load are sometimes cut short although the connection holds. */
const GARBLED_RETRIES = 2;
/** An internal error is often the same every time. */
const ATTEMPTS_500 = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/**
 * HTTP with one BMC: limits, circuit breaker, retries within a budget, redirects on the same host. It knows no sessions and turns no
 * status into an error.
 */
export class Channel {
  private acceptEncoding = "identity";
  private readonly closing = new AbortController();

  constructor(
    readonly endpoint: string,
    private readonly wire: Wire,
    private readonly shared: SharedLimits,
    readonly options: ChannelOptions,
  ) {}

  get fingerprint(): string | undefined {
    return this.wire.fingerprint;
  }

  /** Sends, and sends again while that is safe and the budget lasts. Throws RedfishError when there is no answer at all. */
  async send(request: ChannelRequest): Promise<HttpAnswer> {
    const control = new AbortController();
    const abort = () => control.abort(request.signal?.reason ?? this.closing.signal.reason);
    const signals = [request.signal, this.closing.signal].flatMap((signal) => signal ?? []);
    signals.forEach((signal) => (signal.aborted ? abort() : signal.addEventListener("abort", abort, { once: true })));
    try {
      return await this.retrying({ ...request, signal: control.signal });
    } catch (error) {
      if (control.signal.aborted) throw cancelled(control.signal, { endpoint: this.endpoint, ...request });
      throw error;
    } finally {
      signals.forEach((signal) => signal.removeEventListener("abort", abort));
    }
  }

  /** Ends everything in flight and waiting, except what `last` does. */
  async close(last: () => Promise<void>): Promise<void> {
    this.closing.abort(
      new RedfishError("cancelled", `${this.endpoint}: the client was closed`, { endpoint: this.endpoint }),
    );
    await last();
    await this.wire.close();
  }

  /** One exchange outside of retries and of closing, for the farewell. */
  async farewell(request: ChannelRequest): Promise<void> {
    await this.exchange(request, request.path, 1);
  }

  private async retrying(request: ChannelRequest): Promise<HttpAnswer> {
    const { now, sleep, retryBudgetMilliseconds, retryDelayMilliseconds } = this.options;
    const started = now();
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.attempt(request, attempt);
      const enough = outcome.answer !== undefined && attempt >= attemptsFor(outcome.answer, request);
      if (!outcome.again || enough) return this.finish(outcome, attempt, started);
      const pause = Math.max(outcome.waitMilliseconds ?? 0, backoff(attempt, retryDelayMilliseconds));
      if (now() - started + pause > retryBudgetMilliseconds) return this.finish(outcome, attempt, started);
      await sleep(pause, request.signal);
    }
  }

  private finish(outcome: Outcome, attempts: number, started: number): HttpAnswer {
    if (outcome.answer) return { ...outcome.answer, attempts };
    if (attempts === 1) throw outcome.error;
    const seconds = Math.round((this.options.now() - started) / 1000);
    const { error } = outcome;
    throw new RedfishError(error.kind, `${error.message}; gave up after ${attempts} attempts in ${seconds} s`, error);
  }

  private async attempt(request: ChannelRequest, attempt: number): Promise<Outcome> {
    try {
      const answer = await this.once(request, attempt);
      const wait = retryAfter(answer.headers["retry-after"], this.options.now());
      return { answer, again: notNow(answer, request, attempt), waitMilliseconds: wait };
    } catch (error) {
      if (!(error instanceof RedfishError)) throw error;
      const repeatable = !error.sent || request.idempotent === true || request.method !== "POST";
      const transient = error.kind === "unreachable" || error.kind === "timeout";
      const leftAlone = error.retryAfterMilliseconds !== undefined;
      const hopeful = this.answeredRecently() || (!leftAlone && attempt < this.options.breakerThreshold);
      return { error, again: transient && repeatable && hopeful, waitMilliseconds: error.retryAfterMilliseconds };
    }
  }

  /** Takes the slots of the BMC and of the process, in this order: who waits for a slow BMC holds nothing that others need. */
  private async once(request: ChannelRequest, attempt: number): Promise<HttpAnswer> {
    const release = await this.shared.slots.acquire(request.signal);
    try {
      const wait = this.shared.breaker.enter();
      if (wait > 0) throw this.leftAlone(request, wait);
      const releaseGlobal = await this.shared.global.acquire(request.signal).catch((error: unknown) => {
        this.shared.breaker.leave();
        throw error;
      });
      try {
        return await this.hops(request, attempt);
      } finally {
        releaseGlobal();
      }
    } finally {
      release();
    }
  }

  private async hops(request: ChannelRequest, attempt: number): Promise<HttpAnswer> {
    let { path, method } = request;
    const seen = new Set<string>();
    for (;;) {
      const answer = await this.exchange({ ...request, method }, path, attempt);
      const next = this.redirected(answer, path);
      if (next === undefined) {
        const other = otherSpelling(answer, method, path);
        return other === undefined || seen.has(other) ? answer : this.respelled(request, answer, other, attempt);
      }
      seen.add(path);
      if (seen.has(next) || seen.size > 5)
        throw this.protocolError(request, `redirects lead in circles (${path} to ${next})`);
      path = next;
      if (answer.status === 303) method = "GET";
    }
  }

  private async respelled(
    request: ChannelRequest,
    first: HttpAnswer,
    path: string,
    attempt: number,
  ): Promise<HttpAnswer> {
    const second = await this.exchange(request, path, attempt);
    return second.status < 300 ? second : first;
  }

  private redirected(answer: HttpAnswer, from: string): string | undefined {
    const location = answer.headers.location;
    if (!redirects.has(answer.status) || location === undefined) return undefined;
    const target = URL.canParse(location, this.endpoint + from) ? new URL(location, this.endpoint + from) : undefined;
    const local =
      target?.origin === new URL(this.endpoint).origin ? localPath(target.pathname + target.search) : undefined;
    if (local === undefined) {
      const where = { method: "GET" as Method, path: from };
      throw this.protocolError(where, `redirects to another host (${location.slice(0, 200)}); that is not followed`);
    }
    return local;
  }

  private async exchange(request: ChannelRequest, path: string, attempt: number): Promise<HttpAnswer> {
    const answer = await this.measured(request, path, attempt);
    if (answer.status !== 406 || this.acceptEncoding !== "identity") return this.parse(answer, path);
    this.acceptEncoding = "gzip, identity";
    return this.parse(await this.measured(request, path, attempt), path);
  }

  private async measured(request: ChannelRequest, path: string, attempt: number): Promise<RawAnswer> {
    const { now, onRequest } = this.options;
    const where = { endpoint: this.endpoint, method: request.method, path };
    const started = now();
    const report = (status: number, bytes: number, failure?: string) =>
      onRequest?.({ ...where, status, bytes, attempt, milliseconds: now() - started, failure });
    try {
      if (request.method !== "GET") await request.guard?.();
    } catch (error) {
      this.shared.breaker.leave();
      const why = str(at(error, "message")) ?? String(error);
      throw new RedfishError("cancelled", `${this.endpoint}: ${request.method} ${path} was held back: ${why}`, {
        ...where,
        cause: error,
        sent: false,
      });
    }
    try {
      const answer = await this.wire.send({
        method: request.method,
        path,
        headers: this.headers(request),
        body: request.body === undefined ? undefined : JSON.stringify(request.body),
        timeoutMilliseconds: request.timeoutMilliseconds ?? this.options.requestTimeoutMilliseconds,
        signal: request.signal,
      });
      this.shared.breaker.answered();
      this.shared.lastAnswer = now();
      report(answer.status, answer.bytes.length);
      return answer;
    } catch (thrown) {
      if (request.signal?.aborted) {
        this.shared.breaker.leave();
        throw thrown;
      }
      const error = failureOf(thrown, where, this.wire.fingerprint);
      this.judge(error);
      report(0, 0, error.message);
      throw error;
    }
  }

  private judge(error: RedfishError): void {
    if (error.kind === "unreachable" && error.sent) {
      this.wire.distrustKeepAlive();
      this.shared.breaker.leave();
    } else if (error.kind === "unreachable" || error.kind === "timeout")
      this.shared.breaker.failed(this.answeredRecently());
    else this.shared.breaker.leave();
  }

  private headers(request: ChannelRequest): Record<string, string> {
    return {
      accept: "application/json",
      "accept-encoding": this.acceptEncoding,
      "odata-version": "4.0",
      "user-agent": "rackform",
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      ...request.headers,
    };
  }

  private parse(answer: RawAnswer, path: string): HttpAnswer {
    const text = answer.bytes.toString("utf8").replace(/^\ufeff/, "");
    const value = parseJson(text);
    const body = isObject(value) ? value : {};
    const excerpt = isObject(value) || text.trim() === "" ? undefined : text.slice(0, 200);
    return { status: answer.status, headers: answer.headers, body, text: excerpt, path, attempts: 1 };
  }

  private answeredRecently(): boolean {
    return this.options.now() - this.shared.lastAnswer < RECENTLY;
  }

  private leftAlone(request: ChannelRequest, wait: number): RedfishError {
    const seconds = Math.ceil(wait / 1000);
    const text = `${this.endpoint}: no connection was possible several times in a row; left alone for ${seconds} s more`;
    return new RedfishError("unreachable", text, {
      endpoint: this.endpoint,
      method: request.method,
      path: request.path,
      sent: false,
      retryAfterMilliseconds: wait,
    });
  }

  private protocolError(where: { method: Method; path: string }, text: string): RedfishError {
    return new RedfishError("protocol", `${this.endpoint}: ${where.method} ${where.path} ${text}`, {
      endpoint: this.endpoint,
      ...where,
    });
  }
}

type Outcome = { again: boolean; waitMilliseconds?: number } & (
  { answer: HttpAnswer; error?: undefined } | { answer?: undefined; error: RedfishError }
);

/** "Not now": the request was not executed, or may be executed twice; or the answer to GET is no JSON. */
function notNow(answer: HttpAnswer, request: ChannelRequest, attempt: number): boolean {
  if (answer.status < 300 && request.method === "GET") return answer.text !== undefined && attempt <= GARBLED_RETRIES;
  if (answer.status < 400 || answer.status === 401) return false;
  const codes = messagesOf(answer.body);
  if (codes.some((message) => quirksOf(message.messageId, "license") || quirksOf(message.messageId, "ok")))
    return false;
  if (codes.some((message) => quirksOf(message.messageId, "busy"))) return true;
  if (answer.status === 429 || answer.status === 503) return true;
  const repeatable = request.method !== "POST" || request.idempotent === true;
  return repeatable && [408, 500, 502, 504].includes(answer.status);
}

function attemptsFor({ status }: HttpAnswer, request: ChannelRequest): number {
  const patient = status === 503 || status === 429;
  const errors = request.errorAttempts ?? (status === 500 ? ATTEMPTS_500 : Infinity);
  return Math.min(request.maxAttempts ?? Infinity, patient ? Infinity : errors);
}

/** A 404 that does not come from the Redfish service itself may be about the trailing slash. */
function otherSpelling(answer: HttpAnswer, method: Method, path: string): string | undefined {
  if (answer.status !== 404 || method !== "GET" || path.includes("?")) return undefined;
  if (messagesOf(answer.body).length > 0) return undefined;
  return path.endsWith("/") ? path.slice(0, -1) : `${path}/`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error of an answer, with how often it was tried. */
export function refusal(
  endpoint: string,
  request: { method: Method; secrets: string[] },
  answer: HttpAnswer,
): RedfishError {
  const error = errorOf({ endpoint, method: request.method, ...answer }, request.secrets);
  if (answer.attempts < 2) return error;
  return new RedfishError(error.kind, `${error.message}; gave up after ${answer.attempts} attempts`, error);
}
