import type { handleUnaryCall, sendUnaryData, ServerUnaryCall } from "@grpc/grpc-js";
import type { Failure } from "./errors";
import { failureOf, initFailure } from "./errors";
import type { CallContext } from "./handler";
import { PartialFailure } from "./handler";
import type { PluginHost } from "./host";
import { Stopped } from "./lifecycle";
import { loggerFor } from "./log";
import type { Properties } from "./schema";
import type { Scrub } from "./scrub";
import { scrubber } from "./scrub";
import { encodeProperties, mergeMarks, type Decoded, type Marks, type PlainObject } from "./values";

/** How long an operation that has been told to stop may take to give back partial state. */
const grace = 8_000;

/** What an RPC knows of itself before its handler runs. */
export interface Task {
  /** For messages: `create`, `update`. */
  verb: string;
  urn: string;
  /** All values of the request: their secrets never get into a message. */
  values: Decoded<PlainObject>[];
  /** The user's custom timeout; 0 is none. */
  timeoutSeconds?: number;
  /** What the schema says of the values. */
  declared: Properties;
  /** How a partial state is marked. */
  stateMarks?(state: object): Marks;
}

/** An answer that is not one: thrown inside an RPC, sent as it is. */
class Refused extends Error {
  constructor(readonly failure: Failure) {
    super(failure.details);
  }
}

/**
 * Makes an RPC of a function: what it throws goes back as a clean message, and a caller that hangs up aborts it.
 */
export function rpc<C, Q, R>(
  host: PluginHost<C>,
  body: (request: Q, hungUp: AbortSignal) => Promise<R>,
): handleUnaryCall<Q, R> {
  return (call: ServerUnaryCall<Q, R>, callback: sendUnaryData<R>) => {
    const hangUp = new AbortController();
    call.on("cancelled", () => hangUp.abort(new Stopped("the engine no longer waits for the answer")));
    void body(call.request, hangUp.signal)
      .then((answer) => callback(null, answer))
      .catch((error: unknown) => {
        const { code, details, metadata } = error instanceof Refused ? error.failure : refusal(host, error);
        callback({ code, details, metadata });
      });
  };
}

function refusal<C>(host: PluginHost<C>, error: unknown): Failure {
  return failureOf(error, scrubber(host.configSecrets));
}

/** Runs a handler's part of an RPC with a context of its own, and turns what it throws into what the engine understands. */
export async function operate<C, T>(
  host: PluginHost<C>,
  task: Task,
  hungUp: AbortSignal,
  body: (context: CallContext<C>) => T | Promise<T>,
): Promise<T> {
  const { config } = host;
  const scrub = scrubber([
    ...host.configSecrets,
    ...task.values.flatMap(({ value, marks }) => host.schema.secretStrings(task.declared, value, marks)),
  ]);
  const operation = host.lifecycle.begin();
  const onHangUp = () => operation.abort(hungUp.reason as Error);
  hungUp.addEventListener("abort", onHangUp, { once: true });
  const log = loggerFor(host.log, task.urn, scrub);
  const timer = timeout(task, (reason) => operation.abort(reason));
  const context: CallContext<C> = {
    urn: task.urn,
    name: nameOf(task.urn),
    config,
    signal: operation.signal,
    log,
  };
  try {
    return await abandoned(
      operation.signal,
      Promise.resolve().then(() => body(context)),
    );
  } catch (error) {
    if (error instanceof Error && error.stack) log.debug(`${task.verb} failed: ${error.stack}`);
    throw new Refused(failed(task, error, operation.signal, scrub));
  } finally {
    clearTimeout(timer);
    hungUp.removeEventListener("abort", onHangUp);
    await host.log.flush();
    operation.end();
  }
}

/** The resource's name: the last part of `urn:pulumi:stack::project::type::name`, which may itself contain `::`. */
export function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** The resource's own type, without its parents'. */
export function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").pop() ?? "";
}

function timeout(task: Task, abort: (reason: Error) => void): NodeJS.Timeout | undefined {
  const seconds = task.timeoutSeconds ?? 0;
  if (seconds <= 0) return undefined;
  const reason = new Stopped(
    `${task.verb} did not end within ${seconds} s; raise customTimeouts.${task.verb} if it needs longer`,
  );
  // Longer delays than 2^31 - 1 ms would fire at once.
  return setTimeout(() => abort(reason), Math.min(seconds * 1_000, 2 ** 31 - 1));
}

/** The work's outcome, or, when it ignores that it has been stopped, the reason after a grace period. */
async function abandoned<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort: () => void = () => undefined;
  const given = new Promise<never>((_resolve, reject) => {
    onAbort = () => (timer = setTimeout(() => reject(signal.reason as Error), grace));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([work, given]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}

function failed(task: Task, error: unknown, signal: AbortSignal, scrub: Scrub): Failure {
  if (error instanceof PartialFailure && error.id !== "") {
    const state = error.state as object;
    const marks = mergeMarks(task.stateMarks?.(state) ?? {}, ...task.values.map((one) => one.marks));
    return initFailure({ id: error.id, properties: encodeProperties(state, marks), reasons: error.reasons }, scrub);
  }
  // What a stopped operation throws is noise (`This operation was aborted`); why it was stopped is not.
  const stopped = signal.aborted && !(error instanceof Stopped) && isAbort(error);
  return failureOf(stopped ? signal.reason : error, scrub);
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === "AbortError" || error.name === "TimeoutError");
}
