/** Why work was stopped; the message is for the user. */
export class Stopped extends Error {
  constructor(message: string) {
    super(message);
    this.name = "Stopped";
  }
}

/** One operation in flight. */
export interface Operation {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  end(): void;
}

/**
 * Knows the operations in flight and what is to be closed. `cancel` may come any number of times, in the middle of work or at
 * the normal end, and work may begin again after it (a plugin that the engine attaches to serves run after run).
 */
export class Lifecycle {
  private readonly operations = new Map<Operation, Promise<void>>();
  private readonly disposers: (() => void | Promise<void>)[] = [];
  private readonly orphaned: (() => void)[] = [];
  private cancelling: Promise<void> | undefined;
  private refusal: Stopped | undefined;

  /** Operations get this long to stop by themselves and to give back partial state, disposers this long together. */
  constructor(private readonly bounds = { operations: 10_000, disposers: 4_000 }) {}

  get inFlight(): number {
    return this.operations.size;
  }

  onClose(disposer: () => void | Promise<void>): void {
    this.disposers.push(disposer);
  }

  onEngineGone(listener: () => void): void {
    this.orphaned.push(listener);
  }

  /** Throws when the plugin has been cancelled and no engine has configured it since. */
  begin(): Operation {
    if (this.refusal) throw this.refusal;
    const controller = new AbortController();
    let ended: () => void = () => undefined;
    const done = new Promise<void>((resolve) => (ended = resolve));
    const operation: Operation = {
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      end: () => {
        this.operations.delete(operation);
        ended();
      },
    };
    this.operations.set(operation, done);
    return operation;
  }

  /** An engine (re)configures the plugin: work is welcome again. */
  reopen(): void {
    this.refusal = undefined;
  }

  /** Aborts all that is in flight, waits for it and runs the disposers, each within a bound. Never throws. */
  cancel(reason = new Stopped("the operation was cancelled")): Promise<void> {
    this.refusal = reason;
    for (const operation of this.operations.keys()) operation.abort(reason);
    this.cancelling ??= this.windDown().finally(() => (this.cancelling = undefined));
    return this.cancelling;
  }

  /** The engine died: as `cancel`, after telling those who must stop writing at once. */
  engineGone(): Promise<void> {
    for (const listener of this.orphaned) {
      try {
        listener();
      } catch {
        // The others have to hear of it all the same.
      }
    }
    return this.cancel(new Stopped("the engine is gone; stopped"));
  }

  private async windDown(): Promise<void> {
    await within(this.bounds.operations, Promise.all(this.operations.values()));
    await within(this.bounds.disposers, Promise.allSettled(this.disposers.map(async (dispose) => dispose())));
  }
}

/** Resolves when the promise settles, at the latest after `milliseconds`. */
export async function within(milliseconds: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([promise.then(noop, noop), bound]);
  clearTimeout(timer);
}

function noop(): void {}
