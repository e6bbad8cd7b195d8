import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { homedir, hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** How often a holder of a lock shows that it lives, and after how long without a sign the lock may be taken, in ms. */
const heartbeat = { every: 5_000, dead: 30_000 };

/**
 * Where tools are kept between runs, outside the checkout: `RACKFORM_CACHE`, else `XDG_CACHE_HOME/rackform`, else
 * `~/.cache/rackform`. An empty variable counts as unset.
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env.RACKFORM_CACHE) return env.RACKFORM_CACHE;
  return join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rackform");
}

/** Twelve hex digits that change when any of the parts, their order or their boundaries change. */
export function cacheKey(parts: (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 12);
}

/**
 * The folder `path`, made by `build` if it is not there. Several processes may ask at once: one builds, the others wait for it.
 * `build` gets an empty folder beside the final one, which is moved into place when it is complete, so a folder that exists is
 * whole. What an interrupted build left is removed by the next.
 */
export async function makeOnce(
  path: string,
  build: (folder: string) => Promise<void>,
  wait?: () => void,
): Promise<{ path: string; made: boolean }> {
  if (existsSync(path)) return { path, made: false };
  return withLock(
    path,
    async () => {
      if (existsSync(path)) return { path, made: false };
      await removeLeftovers(path);
      const draft = `${path}.draft-${randomBytes(4).toString("hex")}`;
      await mkdir(draft, { recursive: true });
      try {
        await build(draft);
        await rename(draft, path);
      } finally {
        await rm(draft, { recursive: true, force: true });
      }
      return { path, made: true };
    },
    wait,
  );
}

/**
 * Runs `work` while holding the lock of `path`. A lock whose holder died (no such process, or no sign of life for half a minute)
 * is taken over. The lock spares double work only: callers keep their results whole by renaming.
 *
 * @param wait called once when another process holds the lock
 */
export async function withLock<T>(path: string, work: () => Promise<T>, wait?: () => void): Promise<T> {
  const lock = `${path}.lock`;
  const token = JSON.stringify({ host: hostname(), pid: process.pid, id: randomBytes(8).toString("hex") });
  await mkdir(dirname(lock), { recursive: true });
  for (let waited = false; !(await acquire(lock, token));) {
    if (!waited) wait?.();
    waited = true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const beat = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), heartbeat.every);
  try {
    return await work();
  } finally {
    clearInterval(beat);
    if ((await readFile(lock, "utf8").catch(() => "")) === token) await rm(lock, { force: true });
  }
}

async function acquire(lock: string, token: string): Promise<boolean> {
  try {
    await writeFile(lock, token, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const seen = await readFile(lock, "utf8").catch(() => undefined);
  const age = await stat(lock).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (seen !== undefined && (age > heartbeat.dead || holderIsGone(seen))) {
    // Moved aside and looked at again: between the reading and now, somebody else may have taken the dead lock over.
    const aside = `${lock}.dead-${randomBytes(4).toString("hex")}`;
    if (await rename(lock, aside).then(yes, no)) {
      if ((await readFile(aside, "utf8")) !== seen) await rename(aside, lock);
      else await rm(aside, { force: true });
    }
  }
  return false;
}

const yes = (): boolean => true;
const no = (): boolean => false;

function holderIsGone(token: string): boolean {
  try {
    const { host, pid } = JSON.parse(token) as { host: string; pid: number };
    if (host !== hostname()) return false;
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

async function removeLeftovers(path: string): Promise<void> {
  const names = await readdir(dirname(path));
  const drafts = names.filter((name) => name.startsWith(`${basename(path)}.draft-`));
  await Promise.all(drafts.map((name) => rm(join(dirname(path), name), { recursive: true, force: true })));
}
