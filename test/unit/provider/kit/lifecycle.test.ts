import { Lifecycle, Stopped, within } from "../../../../provider/kit/lifecycle";

it("aborts what is in flight and waits for it before it disposes", async () => {
  const life = new Lifecycle();
  const events: string[] = [];
  life.onClose(() => void events.push("disposed"));
  const operation = life.begin();
  operation.signal.addEventListener("abort", () => {
    events.push((operation.signal.reason as Error).message);
    setTimeout(() => (events.push("ended"), operation.end()), 20);
  });
  await life.cancel();
  expect(events).toEqual(["the operation was cancelled", "ended", "disposed"]);
  expect(life.inFlight).toBe(0);
});

it("may be cancelled many times, also at once, and disposes once for each", async () => {
  const life = new Lifecycle();
  let disposed = 0;
  life.onClose(() => void disposed++);
  await Promise.all([life.cancel(), life.cancel(), life.cancel()]);
  expect(disposed).toBe(1);
  await life.cancel();
  expect(disposed).toBe(2);
});

it("does not hang on an operation or a disposer that does, nor fail with one", async () => {
  const life = new Lifecycle({ operations: 30, disposers: 30 });
  life.begin();
  let reached = false;
  life.onClose(() => new Promise(() => undefined));
  life.onClose(() => {
    throw new Error("bad disposer");
  });
  life.onClose(async () => {
    reached = true;
  });
  const before = Date.now();
  await life.cancel();
  expect(Date.now() - before).toBeLessThan(1_000);
  expect(reached).toBe(true);
});

it("refuses work after it was cancelled, until it is reopened", async () => {
  const life = new Lifecycle();
  await life.cancel();
  expect(() => life.begin()).toThrow(Stopped);
  life.reopen();
  life.begin().end();
});

it("tells of the engine's death before anything is disposed, all listeners", async () => {
  const life = new Lifecycle();
  const events: string[] = [];
  life.onClose(() => void events.push("disposed"));
  life.onEngineGone(() => {
    throw new Error("bad listener");
  });
  life.onEngineGone(() => events.push("gone"));
  const operation = life.begin();
  operation.signal.addEventListener("abort", () => operation.end());
  await life.engineGone();
  expect(events).toEqual(["gone", "disposed"]);
  expect((operation.signal.reason as Error).message).toBe("the engine is gone; stopped");
});

it("within waits no longer than it may", async () => {
  const before = Date.now();
  await within(20, new Promise(() => undefined));
  expect(Date.now() - before).toBeLessThan(1_000);
  await within(5_000, Promise.reject(new Error("settled all the same")));
});
