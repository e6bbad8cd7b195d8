import { gzipSync } from "node:zlib";
import type { RequestEvent } from "../../../provider/redfish";
import { Bench, caught, connectionTo, failure, path, script, thing } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

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
