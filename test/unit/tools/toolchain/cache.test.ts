import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { cacheKey, cacheRoot, makeOnce, withLock } from "../../../../tools/toolchain/cache";

describe("cacheRoot", () => {
  test.each([
    [{ RACKFORM_CACHE: "/a", XDG_CACHE_HOME: "/b" }, "/a"],
    [{ XDG_CACHE_HOME: "/b" }, "/b/rackform"],
    [{ RACKFORM_CACHE: "", XDG_CACHE_HOME: "/b" }, "/b/rackform"],
  ])("%j", (env, expected) => {
    expect(cacheRoot(env)).toBe(expected);
  });

  test("falls back to the home folder", () => {
    expect(cacheRoot({ XDG_CACHE_HOME: "" })).toMatch(/\/\.cache\/rackform$/);
  });
});

describe("cacheKey", () => {
  test("is short, stable and made of hex digits", () => {
    expect(cacheKey(["a", Buffer.from("b")])).toMatch(/^[0-9a-f]{12}$/);
    expect(cacheKey(["a", "b"])).toBe(cacheKey([Buffer.from("a"), "b"]));
  });

  test.each([
    [["a", "b"], ["ab"]],
    [
      ["a", "b"],
      ["b", "a"],
    ],
    [
      ["ab", "c"],
      ["a", "bc"],
    ],
    [["a"], ["a", ""]],
    [["1:a"], ["1", "a"]],
  ])("%j and %j differ", (left, right) => {
    expect(cacheKey(left)).not.toBe(cacheKey(right));
  });
});

describe("makeOnce", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "cache-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("builds once for many that ask at once, and all see the whole result", async () => {
    const path = join(folder, "tool");
    let builds = 0;
    const waits: number[] = [];
    const build = async (draft: string) => {
      builds++;
      await writeFile(join(draft, "first"), "1");
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(existsSync(path)).toBe(false);
      await writeFile(join(draft, "second"), "2");
    };
    const results = await Promise.all([1, 2, 3].map((n) => makeOnce(path, build, () => waits.push(n))));
    expect(builds).toBe(1);
    expect(waits).toHaveLength(2);
    expect(results.map(({ made }) => made).sort()).toEqual([false, false, true]);
    expect((await readdir(path)).sort()).toEqual(["first", "second"]);
    expect(await readdir(folder)).toEqual(["tool"]);
  });

  test("a failed build leaves nothing, and the next one is tried", async () => {
    const path = join(folder, "tool");
    await expect(makeOnce(path, () => Promise.reject(new Error("no network")))).rejects.toThrow("no network");
    expect(await readdir(folder)).toEqual([]);
    expect((await makeOnce(path, async () => undefined)).made).toBe(true);
  });

  test("removes what a killed build left", async () => {
    const path = join(folder, "tool");
    await mkdir(`${path}.draft-0123`);
    await makeOnce(path, async () => undefined);
    expect(await readdir(folder)).toEqual(["tool"]);
  });
});

describe("withLock", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "lock-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("lets one in at a time", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 10));
      inside--;
    };
    await Promise.all([1, 2, 3, 4].map(() => withLock(join(folder, "x"), work)));
    expect(most).toBe(1);
  });

  test("is free again after an error", async () => {
    await expect(withLock(join(folder, "x"), () => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    expect(await withLock(join(folder, "x"), () => Promise.resolve("in"))).toBe("in");
  });

  test("takes over the lock of a process that is gone", async () => {
    await writeFile(join(folder, "x.lock"), JSON.stringify({ host: hostname(), pid: 2 ** 22 + 1, id: "dead" }));
    expect(await withLock(join(folder, "x"), () => Promise.resolve("in"))).toBe("in");
    expect(await readdir(folder)).toEqual([]);
  });

  test("takes over a lock without a sign of life for long", async () => {
    const lock = join(folder, "x.lock");
    await writeFile(lock, JSON.stringify({ host: "another", pid: 1, id: "silent" }));
    const old = new Date(Date.now() - 60_000);
    await utimes(lock, old, old);
    expect(await withLock(join(folder, "x"), () => Promise.resolve("in"))).toBe("in");
  });

  test("waits for a live holder", async () => {
    const lock = join(folder, "x.lock");
    const held = JSON.stringify({ host: hostname(), pid: process.pid, id: "live" });
    await writeFile(lock, held);
    let waited = false;
    let entered = false;
    const entering = withLock(
      join(folder, "x"),
      async () => {
        entered = true;
      },
      () => {
        waited = true;
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([waited, entered]).toEqual([true, false]);
    expect(await readFile(lock, "utf8")).toBe(held);
    await rm(lock);
    await entering;
    expect(entered).toBe(true);
  });
});
