import { Bench, connectionTo, failure } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const root = { "@odata.id": "/redfish/v1/", RedfishVersion: "1.15.0" };
const thing = { "@odata.id": "/redfish/v1/Thing", Id: "Thing" };

describe("Session", () => {
  it("logs in once for many requests at the same time and logs out at the end", async () => {
    const bmc = await bench.bmc(() => ({ body: thing }));
    const pool = bench.pool();
    const client = pool.get(connectionTo(bmc, { concurrency: 4 }));
    await Promise.all(Array.from({ length: 8 }, () => client.get("/redfish/v1/Thing")));
    expect(bmc.count("POST", "/redfish/v1/SessionService/Sessions")).toBe(1);
    expect(bmc.seen[0].body).toEqual({ UserName: "admin", Password: "s3cret-pass" });
    expect(bmc.tokens.size).toBe(1);
    await pool.close();
    expect(bmc.tokens.size).toBe(0);
  });

  it("logs in again once when the session expired, and repeats the request", async () => {
    const bmc = await bench.bmc(() => ({ body: thing }));
    const client = bench.pool().get(connectionTo(bmc));
    await client.get("/redfish/v1/Thing");
    bmc.tokens.clear();
    await expect(client.get("/redfish/v1/Thing")).resolves.toMatchObject({ body: thing });
    expect(bmc.count("POST", "/redfish/v1/SessionService/Sessions")).toBe(2);
  });

  it("gives up after one new login when the BMC keeps refusing", async () => {
    const bmc = await bench.bmc(() => ({ status: 401, body: {} }));
    const client = bench.pool().get(connectionTo(bmc));
    await expect(client.get("/redfish/v1/Thing")).rejects.toMatchObject({ kind: "auth", status: 401 });
    expect(bmc.count("POST", "/redfish/v1/SessionService/Sessions")).toBe(2);
    expect(bmc.count("GET", "/redfish/v1/Thing")).toBe(2);
  });

  it("does not take a missing privilege for an expired session", async () => {
    const bmc = await bench.bmc(() => failure(403, "Base.1.8.InsufficientPrivilege", "no"));
    const client = bench.pool().get(connectionTo(bmc));
    await expect(client.get("/redfish/v1/Thing")).rejects.toMatchObject({ kind: "auth", status: 403 });
    expect(bmc.count("POST", "/redfish/v1/SessionService/Sessions")).toBe(1);
  });

  it("reports a wrong password without trying Basic, and not twice in a row", async () => {
    const bmc = await bench.bmc(({ path }) => ({
      body: path === "/redfish/v1/" ? { ...root, SessionService: {} } : thing,
    }));
    const client = bench.pool().get(connectionTo(bmc, { password: "wrong-password" }));
    const error = await client.get("/redfish/v1/Thing").catch((caught: Error) => caught);
    expect(error).toMatchObject({ kind: "auth", status: 401 });
    expect(String(error)).toContain('login as "admin" failed');
    expect(String(error)).not.toContain("wrong-password");
    await expect(client.get("/redfish/v1/Thing")).rejects.toMatchObject({ kind: "auth" });
    expect(bmc.count("POST", /Sessions/)).toBe(1);
    expect(bmc.seen.some((seen) => seen.headers.authorization)).toBe(false);
  });

  it("uses Basic where sessions do not exist", async () => {
    const bmc = await bench.bmc((seen) => {
      if (seen.path === "/redfish/v1/") return { body: root };
      if (seen.path.includes("Sessions")) return { status: 404, body: {} };
      return seen.headers.authorization === `Basic ${Buffer.from("admin:s3cret-pass").toString("base64")}`
        ? { body: thing }
        : { status: 401 };
    });
    bmc.sessions = false;
    const client = bench.pool().get(connectionTo(bmc));
    await client.get("/redfish/v1/Thing");
    await client.get("/redfish/v1/Thing");
    expect(bmc.count("POST", /Sessions/)).toBe(1);
  });

  it("uses Basic where even the login wants it and the root knows no sessions", async () => {
    const basic = `Basic ${Buffer.from("admin:s3cret-pass").toString("base64")}`;
    const bmc = await bench.bmc((seen) => {
      if (seen.path === "/redfish/v1/") return { body: root };
      const known = seen.headers.authorization === basic;
      return known ? { body: thing } : { status: 401, headers: { "www-authenticate": 'Basic realm="x"' }, body: {} };
    });
    bmc.sessions = false;
    const pool = bench.pool();
    await pool.get(connectionTo(bmc)).get("/redfish/v1/Thing");
    const wrong = pool.get(connectionTo(bmc, { password: "wrong-password" }));
    await expect(wrong.get("/redfish/v1/Thing")).rejects.toThrow('login as "admin" failed: answered 401');
    const before = bmc.seen.length;
    await expect(wrong.get("/redfish/v1/Thing")).rejects.toMatchObject({ kind: "auth" });
    expect(bmc.seen).toHaveLength(before);
  });

  it("finds sessions where the service root says they are", async () => {
    const bmc = await bench.bmc((seen) => {
      if (seen.path === "/redfish/v1/")
        return { body: { ...root, Links: { Sessions: { "@odata.id": "/redfish/v1/Here/Sessions" } } } };
      if (seen.path === "/redfish/v1/Here/Sessions") return { status: 201, headers: { "x-auth-token": "t" } };
      return seen.headers["x-auth-token"] === "t" ? { body: thing } : failure(405, "Base.1.0.No");
    });
    bmc.sessions = false;
    await bench.pool().get(connectionTo(bmc)).get("/redfish/v1/Thing");
    expect(bmc.seen.at(-1)?.headers["x-auth-token"]).toBe("t");
  });

  it("stands in with Basic for a minute when the BMC has no session left", async () => {
    let full = true;
    const bmc = await bench.bmc((seen) => {
      if (seen.method === "POST")
        return full
          ? failure(503, "IDRAC.2.8.RAC0218", "The maximum number of user sessions is reached.")
          : { status: 201, headers: { "x-auth-token": "t" } };
      return { body: thing };
    });
    bmc.sessions = false;
    let skipped = 0;
    const pool = bench.pool({ now: () => Date.now() + skipped });
    const client = pool.get(connectionTo(bmc));
    await client.get("/redfish/v1/Thing");
    expect(bmc.count("POST", /Sessions/)).toBe(3);
    expect(bmc.seen.at(-1)?.headers.authorization).toMatch(/^Basic /);
    full = false;
    skipped = 61_000;
    await client.get("/redfish/v1/Thing");
    expect(bmc.seen.at(-1)?.headers["x-auth-token"]).toBe("t");
  });

  it("never falls back to Basic once a session has worked", async () => {
    let full = false;
    const bmc = await bench.bmc((seen) => {
      if (seen.method === "POST")
        return full ? failure(503, "IDRAC.2.8.RAC0218") : { status: 201, headers: { "x-auth-token": "t" } };
      return full ? { status: 401 } : { body: thing };
    });
    bmc.sessions = false;
    const client = bench.pool().get(connectionTo(bmc));
    await client.get("/redfish/v1/Thing");
    full = true;
    await expect(client.get("/redfish/v1/Thing")).rejects.toMatchObject({ kind: "busy" });
    expect(bmc.seen.some((seen) => seen.headers.authorization)).toBe(false);
  });

  it("sends no credentials without a user name", async () => {
    const bmc = await bench.bmc(() => ({ body: root }));
    await bench
      .pool()
      .get(connectionTo(bmc, { username: undefined, password: undefined }))
      .get("/redfish/v1/");
    expect(bmc.seen.map((seen) => seen.path)).toEqual(["/redfish/v1/"]);
  });

  it("deletes its session by the path of the Location, whatever host it names", async () => {
    const bmc = await bench.bmc((seen) =>
      seen.method === "POST"
        ? {
            status: 201,
            headers: { "x-auth-token": "t", location: "https://10.0.0.9/redfish/v1/SessionService/Sessions/7" },
          }
        : { body: thing },
    );
    bmc.sessions = false;
    const pool = bench.pool();
    await pool.get(connectionTo(bmc)).get("/redfish/v1/Thing");
    await pool.close();
    expect(bmc.seen.at(-1)).toMatchObject({ method: "DELETE", path: "/redfish/v1/SessionService/Sessions/7" });
  });

  it("makes a new client for a changed password and leaves the old one alone", async () => {
    const bmc = await bench.bmc(() => ({ body: thing }));
    const pool = bench.pool();
    const before = pool.get(connectionTo(bmc));
    expect(pool.get(connectionTo(bmc))).toBe(before);
    const after = pool.get(connectionTo(bmc, { password: "other" }));
    expect(after).not.toBe(before);
    await before.get("/redfish/v1/Thing");
    await pool.close();
    expect(bmc.tokens.size).toBe(0);
    expect(() => pool.get(connectionTo(bmc))).toThrow("the pool is closed");
  });
});
