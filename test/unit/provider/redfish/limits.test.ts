import fc from "fast-check";
import { backoff, Breaker, retryAfter, Semaphore, sleep } from "../../../../provider/redfish/limits";

describe("Retry-After", () => {
  const now = Date.UTC(2026, 0, 1);
  it.each([
    ["0", 0],
    ["120", 120_000],
    ["1.5", 1_500],
    [" 7 ", 7_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
    ["2026-01-01T00:00:30Z", 30_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["-5", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%j is %j milliseconds", (header, expected) => expect(retryAfter(header, now)).toBe(expected));

  it("is never negative and never not a number", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const wait = retryAfter(header, now);
        expect(wait === undefined || wait >= 0).toBe(true);
      }),
    );
  });
});

describe("backoff", () => {
  it("doubles, stays within half and full, and ends at fifteen seconds", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, base, random) => {
          const pause = backoff(attempt, base, () => random);
          const full = Math.min(base * 2 ** Math.min(attempt - 1, 16), 15_000);
          expect(pause).toBeGreaterThanOrEqual(full / 2);
          expect(pause).toBeLessThanOrEqual(full);
        },
      ),
    );
  });
});

describe("Semaphore", () => {
  it("never gives out more than it has, and serves in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 }),
        async (slots, ticks) => {
          const semaphore = new Semaphore(slots);
          const order: number[] = [];
          let running = 0;
          await Promise.all(
            ticks.map(async (count, index) => {
              const release = await semaphore.acquire();
              order.push(index);
              expect(++running).toBeLessThanOrEqual(slots);
              for (let tick = 0; tick < count; tick++) await Promise.resolve();
              running--;
              release();
              release();
            }),
          );
          expect(order).toEqual(ticks.map((_, index) => index));
        },
      ),
    );
  });

  it("forgets a waiter that is aborted", async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire();
    const control = new AbortController();
    const aborted = semaphore.acquire(control.signal);
    const waiting = semaphore.acquire();
    control.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    release();
    (await waiting)();
    await expect(semaphore.acquire(AbortSignal.abort(new Error("before")))).rejects.toThrow("before");
    await expect(semaphore.acquire()).resolves.toBeInstanceOf(Function);
  });
});

describe("Breaker", () => {
  it("opens after failures in a row, lets one request try after the pause, closes on an answer", () => {
    let now = 0;
    const breaker = new Breaker(2, 1_000, () => now);
    expect(breaker.enter()).toBe(0);
    breaker.failed(false);
    breaker.answered();
    breaker.failed(false);
    expect(breaker.enter()).toBe(0);
    breaker.failed(false);
    expect(breaker.enter()).toBe(1_000);
    now = 1_000;
    expect(breaker.enter()).toBe(0);
    expect(breaker.enter()).toBeGreaterThan(0);
    breaker.leave();
    expect(breaker.enter()).toBe(0);
    breaker.failed(false);
    expect(breaker.enter()).toBe(1_000);
    now = 2_000;
    expect(breaker.enter()).toBe(0);
    breaker.answered();
    expect([breaker.enter(), breaker.enter()]).toEqual([0, 0]);
  });

  it("is tried sooner when the BMC answered a while ago", () => {
    const breaker = new Breaker(1, 30_000, () => 0);
    breaker.failed(true);
    expect(breaker.enter()).toBe(5_000);
  });
});

describe("sleep", () => {
  it("ends with the reason of the signal, also of one aborted before", async () => {
    const control = new AbortController();
    const pause = sleep(60_000, control.signal);
    control.abort(new Error("now"));
    await expect(pause).rejects.toThrow("now");
    await expect(sleep(60_000, AbortSignal.abort(new Error("then")))).rejects.toThrow("then");
    await expect(sleep(1)).resolves.toBeUndefined();
  });
});
