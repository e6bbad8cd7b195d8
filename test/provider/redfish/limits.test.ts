import { BmcPool } from "../../../provider/redfish";
import { Bench, caught, connectionTo, fastClock, path, type Reply, script, thing } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

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
