import type { Logger } from "./log";

/** A nested value that the engine does not know yet (preview only). Top-level ones are listed in `unknowns` too. */
export const UNKNOWN: unique symbol = Symbol.for("rackform.unknown");

/** What the engine asked for, and how to stop. One per RPC. */
export interface CallContext<C> {
  /** URN of the resource; empty for functions and configuration. */
  urn: string;
  /** Name of the resource in the program. */
  name: string;
  /** Provider configuration, decoded. */
  config: C;
  /** Aborted by Cancel, by the engine's death and by the operation's custom timeout. Every request and wait must obey it. */
  signal: AbortSignal;
  /** Speaks to the user through the engine, attached to the URN. */
  log: Logger;
}

/** A mistake in an input: the path as Pulumi writes it (`drives[0].size`) and a reason that says what is allowed. */
export interface CheckFailure {
  property: string;
  reason: string;
}

export interface Change {
  /** Property path, such as `attributes.ProcVirtualization` or `servers[2].name`. */
  path: string;
  kind: "add" | "delete" | "update";
  replace: boolean;
  /** What the new value was compared with, which is what the engine shows. @default "state" */
  against?: "inputs" | "state";
}

/** What the plugin offers to the makers of handlers. One per plugin process. */
export interface PluginDeps {
  name: string;
  version: string;
  /**
   * Runs at Cancel (which also arrives at every normal end), at SIGTERM and when the engine is gone: log sessions out, close
   * sockets. All disposers together get a few seconds. One registered once runs at every Cancel, so it must be idempotent.
   */
  onClose(disposer: () => void | Promise<void>): void;
  /** The engine died without saying goodbye: stop writing at once. Called before the disposers. */
  onEngineGone(listener: () => void): void;
}

/** What a handler module exports as `handler`. */
export type HandlerFactory<C, A extends object = object, S extends object = object> = (
  deps: PluginDeps,
) => ResourceHandler<A, S, C>;

/** What a function module exports as `handler`. */
export type FunctionFactory<C, A extends object = object, R extends object = object> = (
  deps: PluginDeps,
) => FunctionHandler<A, R, C>;

export interface Created<S> {
  id: string;
  /** All outputs. In a preview, what is not known is left out and becomes unknown. Secrets are marked from the schema. */
  state: Partial<S>;
}

export interface Read<A, S> {
  id: string;
  inputs: A;
  state: S;
}

/**
 * One CRUD resource. Values are plain: secrets unwrapped (and wrapped again on the way out, from the schema's `secret`
 * and from what came in secret), unknown leaves are `UNKNOWN`, defaults of the schema applied before `check`.
 * Every operation is observe → ensure → sync → return, and may be entered again after having been cut anywhere.
 * Throw `PartialFailure` to fail and keep state.
 */
export interface ResourceHandler<A extends object, S extends object, C = unknown> {
  /** `rackform:redfish:Server` */
  token: string;
  /** A replacement deletes the old object before it creates the new one, because both cannot exist. @default false */
  deleteBeforeReplace?: boolean;
  /** Beyond the schema's types, required properties, enums and defaults. Values may contain UNKNOWN: those are not judged. */
  check?(
    ctx: CallContext<C>,
    news: A,
    olds: A | undefined,
  ): Promise<{ inputs: A; failures: CheckFailure[] }> | { inputs: A; failures: CheckFailure[] };
  /** Filters or extends the changes found by the schema-driven comparison of old inputs (and state) with new inputs. */
  diff?(
    ctx: CallContext<C>,
    args: { id: string; olds: S; oldInputs: A; news: A; changes: Change[] },
  ): Promise<Change[]> | Change[];
  create(ctx: CallContext<C>, inputs: A, options: { preview: boolean }): Promise<Created<S>>;
  /** Undefined when the object is gone. `inputs` and `state` are undefined on import, where the id alone must suffice. */
  read(ctx: CallContext<C>, id: string, known: { inputs?: A; state?: S }): Promise<Read<A, S> | undefined>;
  /** Absent: every change replaces. */
  update?(
    ctx: CallContext<C>,
    id: string,
    args: { olds: S; oldInputs: A; news: A; preview: boolean },
  ): Promise<Partial<S>>;
  delete(ctx: CallContext<C>, id: string, state: S): Promise<void>;
}

/** A provider function (`invoke`). */
export interface FunctionHandler<A extends object, R extends object, C = unknown> {
  token: string;
  call(ctx: CallContext<C>, args: A): Promise<R>;
}

/** The operation failed after it had changed something: the engine keeps `state` under `id` and reports `reasons`. */
export class PartialFailure<S extends object = object> extends Error {
  constructor(
    readonly id: string,
    readonly state: Partial<S>,
    readonly reasons: string[],
  ) {
    super(reasons.join("; "));
    this.name = "PartialFailure";
  }
}
