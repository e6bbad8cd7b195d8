import { spawn } from "node:child_process";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describeHolder, type Holder, LeaseLost, Leases } from "../../../provider/leases";
import { isDead, processIdentity } from "../../../provider/process-identity";

const endpoint = "https://10.0.0.11";

describe("Leases", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(path.join(tmpdir(), "leases-"))));
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  const make = (more = {}) => new Leases({ directory, pollSeconds: 0.02, ...more });
  const files = () => readdirSync(directory);
  const leaseFile = () =>
    path.join(
      directory,
      files().find((name) => name.endsWith(".lease"))!,
    );
  const tick = (ms = 60) => new Promise((resolve) => setTimeout(resolve, ms));

  it("leaves a file while it is held, that others can read and only its owner write, and none afterwards", async () => {
    const lease = await make().acquire(endpoint, { purpose: 'update of Server "n1"' });
    expect(files()).toHaveLength(1);
    expect(files()[0]).toMatch(/^10\.0\.0\.11-[0-9a-f]{12}\.lease$/);
    expect(statSync(leaseFile()).mode & 0o777).toBe(0o600);
    expect(make().look(endpoint)).toMatchObject({ pid: process.pid, endpoint, purpose: 'update of Server "n1"' });
    lease.check();
    lease.release();
    lease.release();
    expect(files()).toEqual([]);
    expect(() => lease.check()).toThrow(LeaseLost);
  });

  it("lets one in at a time, in the order they came, over several objects and one", async () => {
    const order: string[] = [];
    let inside = 0;
    const one = make();
    const work = async (leases: Leases, name: string) => {
      const lease = await leases.acquire(endpoint, { purpose: name });
      expect(++inside).toBe(1);
      order.push(name);
      await tick(5);
      inside--;
      lease.release();
    };
    await Promise.all([...["a", "b", "c"].map((name) => work(one, name)), work(make(), "x"), work(make(), "y")]);
    expect(order.filter((name) => /[abc]/.test(name))).toEqual(["a", "b", "c"]);
    expect(order.sort()).toEqual(["a", "b", "c", "x", "y"]);
    expect(files()).toEqual([]);
  });

  it("does not make different BMCs wait for each other", async () => {
    const leases = make();
    const held = await leases.acquire(endpoint, { purpose: "a" });
    const other = await leases.acquire(`${endpoint}:8443`, { purpose: "b" });
    expect(files()).toHaveLength(2);
    other.release();
    held.release();
  });

  it("tells whom it waits for, and stops waiting when told", async () => {
    const held = await make().acquire(endpoint, { purpose: 'create of Installation "os"' });
    const stop = new AbortController();
    const told: (Holder | undefined)[] = [];
    const waiting = make().acquire(endpoint, {
      purpose: "b",
      signal: stop.signal,
      onWait: (holder) => told.push(holder),
    });
    await tick();
    expect(describeHolder(told[0])).toMatch(/^this process \(create of Installation "os", for 0 s\)$/);
    stop.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    held.release();
    expect(files()).toEqual([]);
    const again = await make().acquire(endpoint, { purpose: "c" });
    again.release();
  });

  it("forgets a waiter in the queue of its own process that gave up", async () => {
    const leases = make();
    const held = await leases.acquire(endpoint, { purpose: "a" });
    const stop = new AbortController();
    const given = leases.acquire(endpoint, { purpose: "b", signal: stop.signal });
    const patient = leases.acquire(endpoint, { purpose: "c" });
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    held.release();
    (await patient).release();
    await expect(leases.acquire(endpoint, { purpose: "d", signal: stop.signal })).rejects.toThrow("enough");
    (await leases.acquire(endpoint, { purpose: "e" })).release();
  });

  it("takes over from a process that was killed", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await tick();
    const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8");
    const started = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    const holder: Holder = {
      ...processIdentity(),
      pid: child.pid!,
      started,
      endpoint,
      purpose: "old",
      since: Date.now(),
      nonce: "n",
    };
    const probe = await make().acquire(endpoint, { purpose: "probe" });
    const file = leaseFile();
    probe.release();
    writeFileSync(file, JSON.stringify(holder));
    const told: (Holder | undefined)[] = [];
    const waiting = make().acquire(endpoint, { purpose: "new", onWait: (other) => told.push(other) });
    await tick();
    expect(describeHolder(told[0])).toMatch(new RegExp(`^pid ${child.pid} \\(old`));
    child.kill("SIGKILL");
    const lease = await waiting;
    expect(make().look(endpoint)).toMatchObject({ purpose: "new" });
    lease.release();
  });

  it("takes over from a process whose number was used again", async () => {
    const file = path.join(directory, files()[0] ?? "");
    const probe = await make().acquire(endpoint, { purpose: "probe" });
    const name = leaseFile();
    probe.release();
    writeFileSync(
      name,
      JSON.stringify({ ...processIdentity(), started: "1", endpoint, purpose: "old", since: 0, nonce: "n" }),
    );
    (await make().acquire(endpoint, { purpose: "new" })).release();
    expect(file).toBeDefined();
    expect(files()).toEqual([]);
  });

  it("takes over when there is no heartbeat, and the old holder notices before it writes", async () => {
    const old = await make({ heartbeatSeconds: 3600 }).acquire(endpoint, { purpose: "stopped" });
    utimesSync(leaseFile(), new Date(Date.now() - 61_000), new Date(Date.now() - 61_000));
    const lease = await make().acquire(endpoint, { purpose: "new" });
    expect(() => old.check()).toThrow(/another process took over this BMC.*\(stopped\); run again/);
    lease.check();
    old.release();
    lease.check();
    lease.release();
  });

  it("shows that it lives", async () => {
    const lease = await make({ heartbeatSeconds: 0.02 }).acquire(endpoint, { purpose: "a" });
    utimesSync(leaseFile(), new Date(0), new Date(0));
    await tick();
    expect(Date.now() - statSync(leaseFile()).mtimeMs).toBeLessThan(5_000);
    lease.release();
  });

  it("waits for a file that it cannot read until that is stale", async () => {
    const probe = await make().acquire(endpoint, { purpose: "probe" });
    const file = leaseFile();
    probe.release();
    writeFileSync(file, "{ half");
    const stop = AbortSignal.timeout(100);
    await expect(make().acquire(endpoint, { purpose: "b", signal: stop })).rejects.toThrow();
    utimesSync(file, new Date(0), new Date(0));
    (await make().acquire(endpoint, { purpose: "c" })).release();
  });

  it("is broken by one of many only", async () => {
    for (let round = 0; round < 5; round++) {
      const probe = await make().acquire(endpoint, { purpose: "probe" });
      const file = leaseFile();
      probe.release();
      writeFileSync(
        file,
        JSON.stringify({ ...processIdentity(), started: "1", endpoint, purpose: "old", since: 0, nonce: "n" }),
      );
      let inside = 0;
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          const lease = await make().acquire(endpoint, { purpose: "x" });
          expect(++inside).toBe(1);
          await tick(2);
          lease.check();
          inside--;
          lease.release();
        }),
      );
    }
  });

  it("gives all back at once", async () => {
    const leases = make();
    await leases.acquire(endpoint, { purpose: "a" });
    await leases.acquire("https://b", { purpose: "b" });
    leases.releaseAll();
    expect(files()).toEqual([]);
  });

  it("gives back at the end of the process", async () => {
    const script = `
      require(${JSON.stringify(path.resolve(__dirname, "../../setup/ts-hook.js"))});
      const { Leases } = require(${JSON.stringify(path.resolve(__dirname, "../../../provider/leases.ts"))});
      new Leases({ directory: ${JSON.stringify(directory)} }).acquire("https://x", { purpose: "p" }).then(() => {
        console.log(require("node:fs").readdirSync(${JSON.stringify(directory)}).length);
        process.exit(0);
      });`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await new Promise((resolve) => child.once("close", resolve));
    expect(output.trim()).toBe("1");
    expect(files()).toEqual([]);
  });

  it("does not trust a link for a folder", async () => {
    const link = path.join(directory, "link");
    symlinkSync(tmpdir(), link);
    await expect(new Leases({ directory: link }).acquire(endpoint, { purpose: "a" })).rejects.toThrow(
      /set leaseDirectory of the provider/,
    );
  });
});

describe("isDead", () => {
  it("knows only processes of its own space", () => {
    const own = processIdentity();
    expect(isDead(own)).toBe(false);
    expect(isDead({ ...own, pid: 2 ** 22 + 1 })).toBe(true);
    expect(isDead({ ...own, pid: 2 ** 22 + 1, space: "elsewhere" })).toBe(false);
    expect(isDead({ ...own, started: "1" })).toBe(true);
    expect(isDead({ ...own, started: undefined })).toBe(false);
  });
});
