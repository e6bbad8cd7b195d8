import { date, str } from "./read";

export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** Resolves after the time, rejects with the signal's reason; leaves no timer and no listener behind. */
export const sleep: Sleep = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason ?? new Error("cancelled"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });

/** Counting semaphore, first come first served; a waiter that is aborted leaves the queue. */
export class Semaphore {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  constructor(slots: number) {
    this.free = slots;
  }

  /** Resolves with the function that gives the slot back; calling it twice does nothing. */
  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.free > 0) this.free--;
    else await this.queue(signal);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.waiting.shift();
      if (next) next();
      else this.free++;
    };
  }

  private queue(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(enter), 1);
        reject(signal?.reason ?? new Error("cancelled"));
      };
      const enter = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      this.waiting.push(enter);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }
}

/** Pause before attempt n (1 is the first retry) in milliseconds: doubles up to the cap, the upper half random. */
export function backoff(attempt: number, baseMilliseconds: number, random: () => number = Math.random): number {
  const full = Math.min(baseMilliseconds * 2 ** Math.min(attempt - 1, 16), 15_000);
  return full / 2 + (full / 2) * random();
}

/** `Retry-After` in milliseconds from now: whole seconds or a date; `undefined` for anything else; never negative. */
export function retryAfter(header: string | undefined, now: number): number | undefined {
  const text = str(header);
  if (text === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const when = date(text) ?? (/[a-z]{3}/i.test(text) ? Date.parse(text) : NaN);
  return Number.isNaN(when) ? undefined : Math.max(0, when - now);
}

/**
 * Leaves a BMC alone that could not be connected to several times in a row, then lets one request try again (half-open).
 */
export class Breaker {
  private failures = 0;
  private openUntil = 0;
  private probing = false;

  constructor(
    private readonly threshold: number,
    private readonly cooldownMilliseconds: number,
    private readonly now: () => number,
  ) {}

  /** Milliseconds until a request may go out; 0 when it may go now, and then it counts as the probe when half-open. */
  enter(): number {
    if (this.failures < this.threshold) return 0;
    const left = this.openUntil - this.now();
    if (left > 0) return left;
    if (this.probing) return Math.max(1, Math.min(1_000, this.cooldownMilliseconds));
    this.probing = true;
    return 0;
  }

  /** The BMC answered, whatever it said. */
  answered(): void {
    this.failures = 0;
    this.probing = false;
  }

  /** No connection. A BMC that answered a short while ago is probably rebooting: it is tried again sooner. */
  failed(answeredRecently: boolean): void {
    this.failures++;
    this.probing = false;
    const cooldown = answeredRecently ? Math.min(5_000, this.cooldownMilliseconds) : this.cooldownMilliseconds;
    if (this.failures >= this.threshold) this.openUntil = this.now() + cooldown;
  }

  /** The request ended for a reason that says nothing about the BMC (cancelled). */
  leave(): void {
    this.probing = false;
  }
}
