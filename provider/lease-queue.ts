interface Waiter {
  admit: () => void;
}

/** First come, first served, by key. */
export class Queue {
  private readonly inside = new Set<string>();
  private readonly waiting = new Map<string, Waiter[]>();

  /** Resolves to the function that lets the next one in; rejects with the signal's reason. `onWait` is called when there is a queue. */
  async enter(key: string, signal: AbortSignal | undefined, onWait: () => void): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.inside.has(key)) {
      onWait();
      await this.wait(key, signal);
    } else this.inside.add(key);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.leave(key);
    };
  }

  private wait(key: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const line = this.waiting.get(key) ?? [];
      this.waiting.set(key, line);
      const onAbort = () => {
        line.splice(line.indexOf(waiter), 1);
        reject(signal?.reason as Error);
      };
      const waiter: Waiter = {
        admit: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      line.push(waiter);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  private leave(key: string): void {
    const next = this.waiting.get(key)?.shift();
    if (next) next.admit();
    else {
      this.inside.delete(key);
      this.waiting.delete(key);
    }
  }
}
