import { Bench, caught, connectionTo, failure, fastClock, path, script, thing } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

describe("retries", () => {
  const busy = { status: 503, body: {} };
  const ok = { body: thing };

  it.each([408, 429, 500, 502, 503, 504])("repeats GET after %i", async (status) => {
    const bmc = await bench.bmc(script({ status, body: {} }, ok));
    await expect(bench.pool().get(connectionTo(bmc)).get(path)).resolves.toMatchObject({ body: thing });
  });

  it.each([400, 403, 404, 405, 409, 410, 501])("does not repeat GET after %i", async (status) => {
    const bmc = await bench.bmc(script({ ...failure(status, "Base.1.8.GeneralError"), status }));
    await caught(bench.pool().get(connectionTo(bmc)).get(path));
    expect(bmc.count("GET", path)).toBe(1);
  });

  it.each([
    ["post", 500, 1],
    ["post", 502, 1],
    ["post", 504, 1],
    ["post", 503, 2],
    ["post", 429, 2],
    ["patch", 500, 2],
    ["delete", 500, 2],
  ] as const)("sends %s with %i %i times", async (method, status, times) => {
    const bmc = await bench.bmc(script({ status, body: {} }, { status: 204 }));
    const client = bench.pool().get(connectionTo(bmc));
    await (method === "delete" ? client.delete(path) : client[method](path, { A: 1 })).catch(() => undefined);
    expect(bmc.count(method.toUpperCase(), path)).toBe(times);
  });

  it("repeats a POST that says it may be repeated", async () => {
    const bmc = await bench.bmc(script({ drop: "before" }, { status: 500, body: {} }, { status: 204 }));
    await bench.pool().get(connectionTo(bmc)).post(path, {}, { idempotent: true });
    expect(bmc.count("POST", path)).toBe(3);
  });

  it("does not repeat a POST whose answer was lost", async () => {
    const bmc = await bench.bmc(script({ drop: "before" }, { status: 204 }));
    const error = await caught(bench.pool().get(connectionTo(bmc)).post(path));
    expect(error).toMatchObject({ kind: "unreachable", sent: true });
    expect(bmc.count("POST", path)).toBe(1);
  });

  it.each([
    "IDRAC.2.8.SYS518",
    "iLO.2.14.UnableToModifyDuringSystemPOST",
    "iLO.2.14.InvalidOperationForSystemState",
    "Base.1.8.ServiceTemporarilyUnavailable",
  ])("repeats a POST that was refused with %s", async (code) => {
    const bmc = await bench.bmc(script(failure(400, code), { status: 204 }));
    await bench.pool().get(connectionTo(bmc)).post(path);
    expect(bmc.count("POST", path)).toBe(2);
  });

  it("waits as long as Retry-After says, in seconds or until a date", async () => {
    const clock = fastClock();
    const bmc = await bench.bmc(
      script(
        { ...busy, headers: { "retry-after": "17" } },
        { ...busy, headers: { "retry-after": new Date(clock.now() + 60_000).toUTCString() } },
        ok,
      ),
    );
    await bench.pool(clock).get(connectionTo(bmc)).get(path);
    expect(clock.pauses[0]).toBeGreaterThanOrEqual(17_000);
    expect(clock.pauses[0]).toBeLessThan(18_000);
    expect(clock.pauses[1]).toBeGreaterThan(35_000);
    expect(clock.pauses[1]).toBeLessThanOrEqual(60_000);
  });

  it("backs off with jitter, ever longer, up to fifteen seconds", async () => {
    const clock = fastClock();
    const bmc = await bench.bmc(script(busy));
    const error = await caught(bench.pool(clock).get(connectionTo(bmc)).get(path));
    expect(error).toMatchObject({ kind: "busy", status: 503 });
    expect(error.message).toMatch(/gave up after \d+ attempts/);
    clock.pauses.forEach((pause, index) => {
      const full = Math.min(500 * 2 ** index, 15_000);
      expect(pause).toBeGreaterThanOrEqual(full / 2);
      expect(pause).toBeLessThanOrEqual(full);
    });
    const total = clock.pauses.reduce((sum, pause) => sum + pause, 0);
    expect(total).toBeGreaterThan(90_000);
    expect(total).toBeLessThanOrEqual(120_000);
  });

  it("gives up at once when asked to wait longer than the budget", async () => {
    const clock = fastClock();
    const bmc = await bench.bmc(script({ ...busy, headers: { "retry-after": "3600" } }));
    await caught(bench.pool(clock).get(connectionTo(bmc)).get(path));
    expect(clock.pauses).toEqual([]);
  });

  it("repeats a garbled answer to GET twice", async () => {
    const bmc = await bench.bmc(script({ body: '{"@odata.id": "/redf' }));
    const error = await caught(bench.pool().get(connectionTo(bmc)).get(path));
    expect(error).toMatchObject({ kind: "protocol", status: 200 });
    expect(bmc.count("GET", path)).toBe(3);
  });

  it("never repeats after an error of trust", async () => {
    const bmc = await bench.bmc(() => ok);
    const clock = fastClock();
    const error = await caught(
      bench
        .pool(clock)
        .get(connectionTo(bmc, { fingerprint: undefined }))
        .get(path),
    );
    expect(error.kind).toBe("tls");
    expect(clock.pauses).toEqual([]);
    expect(bmc.connections).toBe(1);
  });
});

describe("cancelling", () => {
  it("ends a request in flight, a pause and a wait for a slot", async () => {
    const bmc = await bench.bmc((seen) => (seen.path === path ? { hang: true } : { status: 503, body: {} }));
    const client = bench.pool({ sleep: undefined, now: undefined }).get(connectionTo(bmc));
    const control = new AbortController();
    const errors = [
      caught(client.get(path, { signal: control.signal })),
      caught(client.get(path, { signal: control.signal })),
      caught(client.get("/redfish/v1/Busy", { signal: control.signal })),
    ];
    setTimeout(() => control.abort(), 80);
    for (const error of await Promise.all(errors))
      expect(error).toMatchObject({ kind: "cancelled", name: "RedfishError" });
    const free = client.get(path, { signal: AbortSignal.timeout(50) });
    await expect(free).rejects.toMatchObject({ kind: "timeout" });
  });

  it("leaves the login of others alone", async () => {
    const bmc = await bench.bmc((seen) =>
      seen.method === "POST"
        ? { status: 201, headers: { "x-auth-token": "t" }, delayMilliseconds: 80 }
        : { body: thing },
    );
    bmc.sessions = false;
    const client = bench.pool().get(connectionTo(bmc));
    const control = new AbortController();
    const first = caught(client.get(path, { signal: control.signal }));
    const second = client.get(path);
    setTimeout(() => control.abort(), 20);
    await expect(first).resolves.toMatchObject({ kind: "cancelled" });
    await expect(second).resolves.toMatchObject({ body: thing });
    expect(bmc.count("POST", /Sessions/)).toBe(1);
  });

  it("ends everything when the pool closes", async () => {
    const bmc = await bench.bmc((seen) => (seen.path === path ? { hang: true } : undefined));
    const pool = bench.pool();
    const client = pool.get(connectionTo(bmc));
    const errors = [caught(client.get(path)), caught(client.get(path))];
    while (bmc.count("GET", path) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await pool.close();
    for (const error of await Promise.all(errors)) expect(error.kind).toBe("cancelled");
    expect(bmc.tokens.size).toBe(0);
    await expect(caught(client.get(path))).resolves.toMatchObject({ kind: "cancelled" });
  });

  it("asks the guard before every write and every retry of one, and not before reads", async () => {
    const bmc = await bench.bmc(script({ status: 503, body: {} }, { status: 204 }));
    const client = bench.pool().get(connectionTo(bmc));
    let asked = 0;
    client.setGuard(() => {
      asked++;
      if (asked === 2) throw new Error("the engine is gone");
    });
    const error = await caught(client.patch(path, { A: 1 }));
    expect(error).toMatchObject({ kind: "cancelled", sent: false });
    expect(error.message).toContain("held back: the engine is gone");
    expect(bmc.count("PATCH", path)).toBe(1);
    await client.get("/redfish/v1/Other").catch(() => undefined);
    expect(asked).toBe(2);
  });
});
