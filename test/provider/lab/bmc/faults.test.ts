import { connect } from "node:net";
import type { Bmc, BmcRack, Fault } from "../../../../lab/bmc";
import type { Client } from "./client";
import { messageIds, one, until } from "./client";

const SYSTEM = "/redfish/v1/Systems/1";

describe("faults on demand", () => {
  let rack: BmcRack;
  let bmc: Bmc;
  let client: Client;

  beforeEach(async () => {
    ({ rack, bmc, client } = await one());
  });

  afterEach(async () => {
    client.close();
    await rack.close();
  });

  const once = (fault: Fault, method = "GET", path = SYSTEM) => bmc.faults.add({ method, path, times: 1, fault });
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => "answered",
      (error: { code?: string; message: string }) => error.code ?? error.message,
    );

  test.each([
    [{ kind: "status", status: 429, retryAfter: 2 }, 429, "2"],
    [{ kind: "status", status: 500 }, 500, undefined],
    [{ kind: "status", status: 503, retryAfter: 3, retryAfterDate: true }, 503, expect.stringMatching(/GMT$/)],
    [{ kind: "status", status: 409 }, 409, undefined],
    [{ kind: "precondition" }, 412, undefined],
    [{ kind: "sessionCap" }, 503, undefined],
  ] as [Fault, number, unknown][])("%j answers %i, once", async (fault, status, retryAfter) => {
    once(fault);
    const answer = await client.get(SYSTEM);
    expect(answer.status).toBe(status);
    expect(answer.headers["retry-after"]).toEqual(retryAfter);
    expect(answer.body.error).toBeDefined();
    expect((await client.get(SYSTEM)).status).toBe(200);
  });

  test("a status can come with any body", async () => {
    once({ kind: "status", status: 200, contentType: "text/html", body: "<html>log in</html>" });
    const answer = await client.get(SYSTEM);
    expect([answer.status, answer.headers["content-type"], answer.text]).toEqual([
      200,
      "text/html",
      "<html>log in</html>",
    ]);
  });

  test("latency delays, and adds to another fault", async () => {
    bmc.faults.add({ times: 1, fault: { kind: "latency", milliseconds: 60, jitterMs: 10 } });
    once({ kind: "status", status: 500 });
    const start = Date.now();
    expect((await client.get(SYSTEM)).status).toBe(500);
    expect(Date.now() - start).toBeGreaterThanOrEqual(59);
  });

  test("the spec's own latency is taken from its range", async () => {
    const slow = await one({ latencyMs: [30, 40] });
    const start = Date.now();
    await slow.client.get("/redfish/v1");
    expect(Date.now() - start).toBeGreaterThanOrEqual(29);
    slow.client.close();
    await slow.rack.close();
  });

  test("dropSession ends the session that is used", async () => {
    const login = { UserName: "root", Password: "calvin-secret" };
    const session = await client.post("/redfish/v1/SessionService/Sessions", login, { login: false });
    const headers = { "X-Auth-Token": String(session.headers["x-auth-token"]) };
    once({ kind: "dropSession" });
    expect((await client.get(SYSTEM, { headers })).status).toBe(401);
    expect((await client.get(SYSTEM, { headers })).status).toBe(401);
    expect(bmc.sessions.list()).toHaveLength(0);
  });

  test("a reset before the work undoes nothing because nothing is done; after the work it is done", async () => {
    once({ kind: "reset", when: "before" }, "PATCH");
    expect(await failure(client.patch(SYSTEM, { AssetTag: "one" }))).toBe("ECONNRESET");
    expect(bmc.assetTag).toBe("");
    once({ kind: "reset", when: "after" }, "PATCH");
    expect(await failure(client.patch(SYSTEM, { AssetTag: "two" }))).toBe("ECONNRESET");
    expect(bmc.assetTag).toBe("two");
  });

  test("a hang never answers, whether the work is done or not", async () => {
    once({ kind: "hang", when: "after" }, "PATCH");
    expect(await failure(client.patch(SYSTEM, { AssetTag: "done" }, { timeoutMs: 80 }))).toBe("timed out");
    expect(bmc.assetTag).toBe("done");
    await until(() => bmc.journal.entries().some((entry) => entry.status === 0), "the journal's note");
  });

  test("broken bodies: truncated, malformed, oversized, mistyped, merged", async () => {
    once({ kind: "truncate" });
    expect(await failure(client.get(SYSTEM))).toBe("ECONNRESET");
    once({ kind: "malformed" });
    const malformed = await client.get(SYSTEM);
    expect(() => JSON.parse(malformed.text) as unknown).toThrow();
    once({ kind: "oversize", bytes: 3_000_000 });
    expect((await client.get(SYSTEM)).text).toHaveLength(3_000_000);
    once({ kind: "wrongTypes" });
    expect((await client.get(SYSTEM)).body).toMatchObject({
      PowerState: ["Off"],
      Boot: { BootOrder: { "0": "Boot0001" } },
    });
    once({ kind: "merge", body: { PowerState: null, Bios: { "@odata.id": "https://evil.example/x" } } });
    const merged = (await client.get(SYSTEM)).body;
    expect(merged).not.toHaveProperty("PowerState");
    expect(merged.Bios).toEqual({ "@odata.id": "https://evil.example/x" });
  });

  test("a drip takes its time and is whole", async () => {
    once({ kind: "drip", bytesPerSecond: 2000 }, "GET", "/redfish");
    const start = Date.now();
    expect((await client.get("/redfish")).body).toEqual({ v1: "/redfish/v1/" });
    once({ kind: "drip", bytesPerSecond: 20_000 });
    expect((await client.get(SYSTEM)).body.Id).toBe("1");
    expect(Date.now() - start).toBeGreaterThan(100);
  });

  test("a lie claims success and does nothing", async () => {
    once({ kind: "lie" }, "POST", "**/ComputerSystem.Reset");
    expect((await client.reset("On")).status).toBe(204);
    expect(bmc.power.state).toBe("Off");
    expect((await client.reset("On")).status).toBe(204);
    expect(bmc.power.state).toBe("PoweringOn");
  });

  test("tasks never end, vanish or fail", async () => {
    const start = async (outcome: "never" | "vanish" | "fail") => {
      once({ kind: "task", outcome }, "POST", "**");
      const answer = await client.reset("On");
      expect(answer.status).toBe(202);
      return String(answer.headers.location);
    };
    const never = await start("never");
    const vanishing = await start("vanish");
    const failing = await start("fail");
    await until(async () => (await client.get(vanishing)).status === 404, "the task to vanish");
    await until(async () => (await client.get(failing)).status === 400, "the task to fail");
    expect((await client.get(never)).status).toBe(202);
    expect(bmc.power.state).toBe("Off");
  });

  test("a reboot of the BMC, in the middle of a request", async () => {
    once({ kind: "reboot", when: "after", downMs: 50 }, "PATCH");
    expect(await failure(client.patch(SYSTEM, { AssetTag: "x" }))).toBe("ECONNRESET");
    expect(bmc.assetTag).toBe("x");
    expect(await failure(client.get(SYSTEM))).toBe("ECONNREFUSED");
    await until(async () => (await failure(client.get(SYSTEM))) === "answered", "the BMC to be back");
  });

  test("another certificate from the next connection on", async () => {
    const before = (await bmc.certificate()).fingerprint256;
    once({ kind: "certificate" });
    await client.get(SYSTEM);
    await until(async () => (await bmc.certificate()).fingerprint256 !== before, "the new certificate");
    await until(async () => {
      await client.get(SYSTEM).catch(() => undefined);
      return client.peer?.fingerprint256 !== before;
    }, "the client to see it");
    expect(client.peer?.fingerprint256).toBe((await bmc.certificate()).fingerprint256);
  });

  test("a redirect", async () => {
    once({ kind: "redirect" });
    const answer = await client.get(SYSTEM);
    expect([answer.status, answer.headers.location]).toEqual([308, `${SYSTEM}/`]);
    expect((await client.get(`${SYSTEM}/`)).status).toBe(200);
  });

  test("chances come from the seed, and rules wait and end as told", async () => {
    bmc.faults.add({ id: "rare", path: "/redfish/v1/**", after: 2, times: 3, fault: { kind: "status", status: 500 } });
    const statuses: number[] = [];
    for (let count = 0; count < 7; count++) statuses.push((await client.get(SYSTEM)).status);
    expect(statuses).toEqual([200, 200, 500, 500, 500, 200, 200]);
    expect(bmc.faults.list()).toMatchObject([{ id: "rare", struck: 3 }]);
    expect(bmc.journal.entries().filter((entry) => entry.faults?.includes("rare"))).toHaveLength(3);
    expect(messageIds(await client.get("/redfish/v1/Systems/9"))).toEqual(["ResourceMissingAtURI"]);
  });

  test.each(["refuse", "hang", "blackhole"] as const)("a dead BMC: %s, and back to life", async (how) => {
    await client.get(SYSTEM);
    // Without its kept connection, which would only tell that it broke.
    client.close();
    await bmc.dead(how);
    const answer = await failure(client.get(SYSTEM, { timeoutMs: 150 }));
    expect(answer).toBe(how === "refuse" ? "ECONNREFUSED" : "timed out");
    const connected = await new Promise((resolve) => {
      const socket = connect({ host: bmc.spec.address, port: bmc.listener.port });
      const finish = (result: string) => {
        socket.destroy();
        resolve(result);
      };
      socket.on("connect", () => finish("connected"));
      socket.on("error", () => finish("refused"));
      setTimeout(() => finish("nothing"), 150);
    });
    expect(connected).toBe({ refuse: "refused", hang: "connected", blackhole: "nothing" }[how]);
    await bmc.revive();
    expect((await client.get(SYSTEM)).status).toBe(200);
  });
});
