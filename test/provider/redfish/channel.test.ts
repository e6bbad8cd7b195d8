import { gzipSync } from "node:zlib";
import type { RedfishError } from "../../../provider/redfish";
import { BmcPool, type RequestEvent } from "../../../provider/redfish";
import { Bench, connectionTo, failure, fastClock, type Reply, type Seen } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const path = "/redfish/v1/Thing";
const thing = { "@odata.id": path, Id: "Thing" };
const caught = (work: Promise<unknown>): Promise<RedfishError> =>
  work.then(
    () => Promise.reject(new Error("did not throw")),
    (error: RedfishError) => error,
  );

/** Replies one after the other, then the last for ever. */
function script(...replies: Reply[]) {
  let index = 0;
  return (seen: Seen): Reply | undefined =>
    seen.path.startsWith(path) ? replies[Math.min(index++, replies.length - 1)] : undefined;
}

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

describe("ETags", () => {
  it.each([
    ['W/"abc"', ['W/"abc"', '"abc"', undefined]],
    ['"abc"', ['"abc"', undefined]],
    ["abc", ["abc", '"abc"', undefined]],
    ['"abc-gzip"', ['"abc-gzip"', '"abc"', undefined]],
  ])("climbs down from %s until the BMC takes it", async (etag, ladder) => {
    const bmc = await bench.bmc((seen) =>
      seen.headers["if-match"] === undefined ? { status: 200, body: {} } : { status: 412, body: {} },
    );
    await bench.pool().get(connectionTo(bmc)).patch(path, { A: 1 }, { etag });
    expect(bmc.seen.filter(({ method }) => method === "PATCH").map(({ headers }) => headers["if-match"])).toEqual(
      ladder,
    );
  });

  it("reads the ETag when the BMC wants one (AMI)", async () => {
    const bmc = await bench.bmc((seen) => {
      if (seen.method === "GET") return { body: thing, headers: { etag: '"7"' } };
      return seen.headers["if-match"] === '"7"' ? { status: 204 } : failure(428, "Ami.1.0.PreconditionHeaderMissing");
    });
    await bench.pool().get(connectionTo(bmc)).patch(path, { A: 1 });
    expect(bmc.log).toEqual([`PATCH ${path}`, `GET ${path}`, `PATCH ${path}`]);
  });

  it("takes the ETag from the header, else the body, and ignores an empty one", async () => {
    const bmc = await bench.bmc(
      script(
        { body: { ...thing, "@odata.etag": 'W/"1"' }, headers: { etag: '"2"' } },
        { body: { ...thing, "@odata.etag": 'W/"1"' } },
        { body: thing, headers: { etag: "" } },
      ),
    );
    const client = bench.pool().get(connectionTo(bmc));
    expect((await client.get(path)).etag).toBe('"2"');
    expect((await client.get(path)).etag).toBe('W/"1"');
    expect((await client.get(path)).etag).toBeUndefined();
  });

  it("repeats an action without If-Match after 412", async () => {
    const action = `${path}/Actions/Thing.Do`;
    const bmc = await bench.bmc((seen) => (seen.headers["if-match"] ? { status: 412, body: {} } : { status: 204 }));
    await bench.pool().get(connectionTo(bmc)).post(action, {}, { etag: '"1"' });
    expect(bmc.log).toEqual([`POST ${action}`, `POST ${action}`]);
  });

  it("fails as a conflict when no ETag helps", async () => {
    const bmc = await bench.bmc((seen) =>
      seen.method === "GET" ? { body: thing, headers: { etag: '"7"' } } : { status: 412, body: {} },
    );
    const error = await caught(bench.pool().get(connectionTo(bmc)).patch(path, { A: 1 }, { etag: '"6"' }));
    expect(error).toMatchObject({ kind: "conflict", status: 412 });
  });
});

describe("HTTP", () => {
  it("sends {} as the body of an action without parameters, with its length", async () => {
    const bmc = await bench.bmc(() => ({ status: 204 }));
    await bench.pool().get(connectionTo(bmc)).post(path);
    const post = bmc.seen.at(-1);
    expect([post?.text, post?.headers["content-length"], post?.headers["content-type"]]).toEqual([
      "{}",
      "2",
      "application/json",
    ]);
    expect(post?.headers["transfer-encoding"]).toBeUndefined();
  });

  it.each([301, 302, 307, 308])("follows %i on the same host with method and body", async (status) => {
    const bmc = await bench.bmc((seen) =>
      seen.path === path
        ? { status, headers: { location: `${path}/There` } }
        : { status: 200, body: { Got: seen.body } },
    );
    const client = bench.pool().get(connectionTo(bmc));
    expect((await client.patch(path, { A: 1 })).body).toEqual({ Got: { A: 1 } });
    expect((await client.post(path, { B: 1 })).body).toEqual({ Got: { B: 1 } });
  });

  it("follows 303 with GET", async () => {
    const bmc = await bench.bmc((seen) =>
      seen.path === path
        ? { status: 303, headers: { location: `${path}/Result` } }
        : { body: { ...thing, Method: seen.method } },
    );
    expect((await bench.pool().get(connectionTo(bmc)).post(path)).body.Method).toBe("GET");
  });

  it.each([
    "https://evil.example/x",
    "//evil.example/x",
    "http://127.0.0.1/x",
    "https://127.0.0.1:1/x",
    "javascript:1",
    "https://127.0.0.1@evil.example/",
  ])("does not follow a redirect to %s", async (location) => {
    const other = await bench.bmc(() => ({ body: thing }));
    const bmc = await bench.bmc(() => ({
      status: 307,
      headers: { location: location.replace("127.0.0.1:1/", `127.0.0.1:${other.port}/`) },
    }));
    const error = await caught(bench.pool().get(connectionTo(bmc)).get(path));
    expect(error.kind).toBe("protocol");
    expect(error.message).toContain("another host");
    expect(other.seen).toEqual([]);
  });

  it("notices redirects that lead in circles", async () => {
    const bmc = await bench.bmc((seen) => ({
      status: 302,
      headers: { location: seen.path === path ? `${path}/B` : path },
    }));
    await expect(caught(bench.pool().get(connectionTo(bmc)).get(path))).resolves.toMatchObject({ kind: "protocol" });
    expect(bmc.log.length).toBeLessThan(5);
  });

  it("tries the other spelling after a 404 that is not Redfish's, and only then", async () => {
    const bmc = await bench.bmc((seen) => {
      if (seen.path === `${path}/`) return { body: thing };
      return seen.path === path ? { status: 404, body: "<html>not found</html>" } : undefined;
    });
    const client = bench.pool().get(connectionTo(bmc));
    await expect(client.get(path)).resolves.toMatchObject({ body: thing });
    await expect(caught(client.get("/redfish/v1/Missing"))).resolves.toMatchObject({ kind: "notFound" });
    expect(bmc.log).toEqual([`GET ${path}`, `GET ${path}/`, "GET /redfish/v1/Missing"]);
  });

  it("asks for plain answers, and for gzip after 406", async () => {
    const bmc = await bench.bmc((seen) =>
      String(seen.headers["accept-encoding"]).startsWith("gzip")
        ? { body: gzipSync(JSON.stringify(thing)), headers: { "content-encoding": "gzip" } }
        : { status: 406, body: {} },
    );
    const client = bench.pool().get(connectionTo(bmc));
    await expect(client.get(path)).resolves.toMatchObject({ body: thing });
    await client.get(path);
    expect(bmc.seen.filter((seen) => seen.path === path).map((seen) => seen.headers["accept-encoding"])).toEqual([
      "identity",
      "gzip, identity",
      "gzip, identity",
    ]);
  });

  it("reads gzip that does not say so, as stored registries are", async () => {
    const bmc = await bench.bmc(() => ({ body: gzipSync(JSON.stringify(thing)) }));
    await expect(bench.pool().get(connectionTo(bmc)).get(path)).resolves.toMatchObject({ body: thing });
  });

  it("stops reading at the limit, compressed or not", async () => {
    const big = JSON.stringify({ A: "x".repeat(300_000) });
    const bmc = await bench.bmc((seen) => (seen.path === path ? { body: big } : { body: gzipSync(big) }));
    const client = bench.pool({ maxBodyBytes: 100_000 }).get(connectionTo(bmc));
    for (const where of [path, "/redfish/v1/Bomb"]) {
      const error = await caught(client.get(where));
      expect(error).toMatchObject({ kind: "protocol" });
      expect(error.message).toContain("larger than 100000 bytes");
    }
  });

  it("uses connections again, until the BMC breaks one (quirk 33)", async () => {
    let drop = false;
    const bmc = await bench.bmc(() => (drop ? ((drop = false), { drop: "before" }) : { body: thing }));
    const client = bench.pool().get(connectionTo(bmc));
    for (let index = 0; index < 3; index++) await client.get(path);
    expect(bmc.connections).toBe(1);
    drop = true;
    await client.get(path);
    const before = bmc.connections;
    await client.get(path);
    await client.get(path);
    expect(bmc.connections).toBe(before + 2);
  });

  it("reports each exchange, without secrets", async () => {
    const events: RequestEvent[] = [];
    const bmc = await bench.bmc(script({ status: 503, body: {} }, { body: thing }));
    await bench
      .pool({ onRequest: (event) => events.push(event) })
      .get(connectionTo(bmc))
      .get(path);
    expect(events.map(({ method, path: where, status, attempt }) => [method, where, status, attempt])).toEqual([
      ["POST", "/redfish/v1/SessionService/Sessions", 201, 1],
      ["GET", path, 503, 1],
      ["GET", path, 200, 2],
    ]);
    expect(events[2].bytes).toBe(JSON.stringify(thing).length);
    const text = JSON.stringify(events);
    for (const secret of [bmc.password, ...bmc.tokens]) expect(text).not.toContain(secret);
  });

  it("takes secrets out of what the BMC says", async () => {
    const bmc = await bench.bmc((seen) =>
      failure(
        400,
        "Base.1.8.PropertyValueFormatError",
        `the value ${String(seen.body.Password)} of ${bmc.password} is bad`,
        {
          MessageArgs: [String(seen.body.Password), "Password"],
          Resolution: `do not use ${String(seen.body.Password)}`,
        },
      ),
    );
    const client = bench.pool().get(connectionTo(bmc));
    const error = await caught(
      client.patch(path, { Password: "N3w-password", Oem: { X: { AuthToken: "tok-123456" } } }),
    );
    const text = `${error.message} ${JSON.stringify(error)} ${error.stack}`;
    expect(text).not.toContain("N3w-password");
    expect(text).not.toContain(bmc.password);
    expect(error.message).toContain("[redacted]");
    expect(error.messageArgs).toEqual(["[redacted]", "Password"]);
  });
});

describe("limits", () => {
  it("sends one request at a time to a BMC unless told otherwise", async () => {
    let running = 0;
    let peak = 0;
    const bmc = await bench.bmc(async () => {
      peak = Math.max(peak, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      return { body: thing };
    });
    const pool = bench.pool();
    await Promise.all(Array.from({ length: 6 }, () => pool.get(connectionTo(bmc)).get(path)));
    expect(peak).toBe(1);
    peak = 0;
    const wide = bench.pool({ maxConcurrencyPerBmc: 3 });
    await Promise.all(Array.from({ length: 9 }, () => wide.get(connectionTo(bmc)).get(path)));
    expect(peak).toBe(3);
  });

  it("counts the users of one BMC together", async () => {
    let running = 0;
    let peak = 0;
    const bmc = await bench.bmc(async () => {
      peak = Math.max(peak, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      return { body: thing };
    });
    const pool = bench.pool();
    await Promise.all(
      [undefined, bmc.username].map((username) => pool.get(connectionTo(bmc, { username })).get("/redfish/v1/")),
    );
    expect(peak).toBe(1);
  });

  it("keeps the number of requests of the process", async () => {
    let running = 0;
    let peak = 0;
    const slow = async () => {
      peak = Math.max(peak, ++running);
      await new Promise((resolve) => setTimeout(resolve, 10));
      running--;
      return { body: thing };
    };
    const bmcs = await Promise.all(Array.from({ length: 6 }, () => bench.bmc(slow)));
    const pool = bench.pool({ maxConcurrency: 2 });
    await Promise.all(bmcs.map((bmc) => pool.get(connectionTo(bmc)).get(path)));
    expect(peak).toBeLessThanOrEqual(2);
  });

  it("is not held up by dead BMCs", async () => {
    const dead = await Promise.all(Array.from({ length: 3 }, () => bench.bmc(() => ({ hang: true }))));
    const alive = await bench.bmc(() => ({ body: thing }));
    dead.forEach((bmc) => (bmc.sessions = false));
    const pool = new BmcPool({
      maxConcurrency: 2,
      requestTimeoutSeconds: 0.15,
      retryDelaySeconds: 0.02,
      breakerCooldownSeconds: 60,
    });
    const failing = dead.flatMap((bmc) =>
      Array.from({ length: 6 }, () => caught(pool.get(connectionTo(bmc)).get(path))),
    );
    const started = Date.now();
    await pool.get(connectionTo(alive)).get(path);
    expect(Date.now() - started).toBeLessThan(2_000);
    for (const error of await Promise.all(failing)) expect(["timeout", "unreachable"]).toContain(error.kind);
    expect(Date.now() - started).toBeLessThan(4_000);
    await pool.close();
  });

  it("leaves a BMC alone after three failures, then tries with one request", async () => {
    const bmc = await bench.bmc(() => ({ body: thing }));
    const clock = fastClock();
    let attempts = 0;
    const pool = bench.pool({ ...clock, onRequest: () => attempts++ });
    const connection = { ...connectionTo(bmc), endpoint: "https://127.0.0.1:1" };
    const client = pool.get(connection);
    await expect(caught(client.get(path))).resolves.toMatchObject({ kind: "unreachable", sent: false });
    expect(attempts).toBe(3);
    const error = await caught(client.get(path));
    expect(attempts).toBe(3);
    expect(error.message).toContain("left alone for");
    await clock.sleep(31_000);
    await Promise.all([caught(client.get(path)), caught(client.get(path)), caught(client.get(path))]);
    expect(attempts).toBe(4);
  });

  it("waits longer for a BMC that answered a while ago: it may be restarting", async () => {
    const bmc = await bench.bmc(
      script({ body: thing }, ...Array.from({ length: 9 }, (): Reply => ({ drop: "before" })), { body: thing }),
    );
    const client = bench.pool().get(connectionTo(bmc));
    await client.get(path);
    await expect(client.get(path)).resolves.toMatchObject({ body: thing });
  });
});
