import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import { Queue } from "./lease-queue";
import { isDead, processIdentity, type ProcessIdentity } from "./process-identity";

/** Who works with a BMC, as others on the host read it. Holds no secret. */
export interface Holder extends ProcessIdentity {
  endpoint: string;
  /** Such as `update of Server "node1"`. */
  purpose: string;
  /** Milliseconds since the epoch. */
  since: number;
  /** Of this acquisition. */
  nonce: string;
}

/** The right to write to one BMC. */
export interface Lease {
  readonly holder: Holder;
  /** Throws LeaseLost when somebody else took the lease, because this process had stopped (suspended, clock gone wild). */
  check(): void;
  /** Gives it back; can be called again. */
  release(): void;
}

export interface AcquireOptions {
  purpose: string;
  signal?: AbortSignal;
  /** Called when it has to wait, and then now and then. */
  onWait?: (holder: Holder | undefined, seconds: number) => void;
}

export interface LeaseOptions {
  /** Default: see `defaultLeaseDirectory`. */
  directory?: string;
  /** How often a holder shows that it lives. Default 5. */
  heartbeatSeconds?: number;
  /** How long after its last sign of life a holder counts as dead although its process is there. Default 60. */
  staleSeconds?: number;
  /** Longest pause between looks at a lease that is taken. Default 1. */
  pollSeconds?: number;
}

/** Another process took the lease of a holder that showed no life. */
export class LeaseLost extends Error {
  constructor(holder: Holder) {
    super(
      `${holder.endpoint}: another process took over this BMC while this one showed no sign of life (${holder.purpose}); run again`,
    );
    this.name = "LeaseLost";
  }
}

/**
 * One writer per BMC over all processes of the host that share a directory: a lock file per BMC with the process, its start
 * time and a heartbeat (the file's time of modification). Within a process, first come, first served. A lease whose process is
 * gone, or was started anew under the same number, or shows no heartbeat, is taken over.
 */
export class Leases {
  private readonly directory: string;
  private readonly held = new Map<string, FileLease>();
  private readonly queue = new Queue();
  private readonly heartbeatMilliseconds: number;
  private readonly staleMilliseconds: number;
  private readonly pollMilliseconds: number;
  private timer?: NodeJS.Timeout;
  private readonly onExit = () => this.releaseAll();

  constructor(options: LeaseOptions = {}) {
    this.directory = options.directory ?? defaultLeaseDirectory();
    this.heartbeatMilliseconds = (options.heartbeatSeconds ?? 5) * 1000;
    this.staleMilliseconds = (options.staleSeconds ?? 60) * 1000;
    this.pollMilliseconds = (options.pollSeconds ?? 1) * 1000;
  }

  /** Waits until nobody else writes to the BMC. Rejects with the signal's reason. */
  async acquire(endpoint: string, options: AcquireOptions): Promise<Lease> {
    const started = Date.now();
    const tell = () => options.onWait?.(this.look(endpoint), Math.round((Date.now() - started) / 1000));
    const leave = await this.queue.enter(endpoint, options.signal, tell);
    try {
      return await this.lock(endpoint, options, leave, tell);
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Who holds the lease of a BMC now, if anybody. */
  look(endpoint: string): Holder | undefined {
    return readHolder(this.file(endpoint));
  }

  /** Gives back all that this object holds. */
  releaseAll(): void {
    for (const lease of [...this.held.values()]) lease.release();
  }

  private async lock(endpoint: string, options: AcquireOptions, leave: () => void, tell: () => void): Promise<Lease> {
    this.prepare();
    for (let round = 0; ; round++) {
      options.signal?.throwIfAborted();
      const lease = this.take(endpoint, options.purpose, leave);
      if (lease) return lease;
      if (round % 10 === 0) tell();
      const pause = Math.min(this.pollMilliseconds, 50 * 2 ** Math.min(round, 10));
      await pauseFor(pause * (0.75 + Math.random() / 2), options.signal);
    }
  }

  private take(endpoint: string, purpose: string, leave: () => void): FileLease | undefined {
    const file = this.file(endpoint);
    const holder: Holder = { ...processIdentity(), endpoint, purpose, since: Date.now(), nonce: randomUUID() };
    if (!create(file, holder)) {
      const other = readHolder(file);
      if (!this.isStale(file, other)) return undefined;
      this.breakStale(file, other?.nonce);
      if (!create(file, holder)) return undefined;
    }
    const lease = new FileLease(file, holder, () => {
      this.held.delete(holder.nonce);
      if (this.held.size === 0) this.rest();
      leave();
    });
    this.held.set(holder.nonce, lease);
    this.beat();
    return lease;
  }

  private isStale(file: string, holder: Holder | undefined): boolean {
    const age = ageOf(file);
    if (age === undefined) return true;
    if (age > this.staleMilliseconds) return true;
    return holder !== undefined && isDead(holder);
  }

  /** Only one process removes a stale lease: otherwise the second would remove the fresh one that the first has just made. */
  private breakStale(file: string, nonce: string | undefined): void {
    const breaker = `${file}.break`;
    const age = ageOf(breaker);
    if (age !== undefined && age > 10_000) remove(breaker);
    try {
      closeSync(openSync(breaker, "wx", 0o600));
    } catch {
      return;
    }
    try {
      const now = readHolder(file);
      if (now?.nonce === nonce && this.isStale(file, now)) remove(file);
    } finally {
      remove(breaker);
    }
  }

  private file(endpoint: string): string {
    const readable = endpoint
      .replace(/^https?:\/\//, "")
      .replace(/[^A-Za-z0-9.-]+/g, "_")
      .slice(0, 80);
    const digest = createHash("sha256").update(endpoint).digest("hex").slice(0, 12);
    return path.join(this.directory, `${readable}-${digest}.lease`);
  }

  /** The folder may lie in a place where everybody can write: it has to be ours. */
  private prepare(): void {
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    const stat = lstatSync(this.directory);
    const uid = process.getuid?.();
    if (
      stat.isSymbolicLink() ||
      !stat.isDirectory() ||
      (uid !== undefined && uid !== 0 && stat.uid !== uid && (stat.mode & 0o002) === 0)
    ) {
      throw new Error(
        `lease directory ${this.directory} is not a folder that this user may write to; set leaseDirectory of the provider to another one`,
      );
    }
  }

  private beat(): void {
    if (this.timer) return;
    process.on("exit", this.onExit);
    this.timer = setInterval(() => {
      for (const lease of this.held.values()) lease.beat();
    }, this.heartbeatMilliseconds);
    this.timer.unref();
  }

  private rest(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    process.removeListener("exit", this.onExit);
  }
}

class FileLease implements Lease {
  private released = false;

  constructor(
    private readonly file: string,
    readonly holder: Holder,
    private readonly onRelease: () => void,
  ) {}

  check(): void {
    if (this.released || readHolder(this.file)?.nonce !== this.holder.nonce) throw new LeaseLost(this.holder);
  }

  beat(): void {
    try {
      if (readHolder(this.file)?.nonce === this.holder.nonce) utimesSync(this.file, new Date(), new Date());
    } catch {
      // The next check says that it is lost.
    }
  }

  release(): void {
    if (this.released) return;
    this.released = true;
    if (readHolder(this.file)?.nonce === this.holder.nonce) remove(this.file);
    this.onRelease();
  }
}

/** `$XDG_RUNTIME_DIR/rackform/leases`, else `rackform-<uid>/leases` in the folder for temporary files. */
export function defaultLeaseDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const runtime = env.XDG_RUNTIME_DIR;
  if (runtime !== undefined && path.isAbsolute(runtime) && ageOf(runtime) !== undefined) {
    return path.join(runtime, "rackform", "leases");
  }
  return path.join(tmpdir(), `rackform-${process.getuid?.() ?? userInfo().username}`, "leases");
}

/** `pid 4711 (update of Server "node1", for 12 s)`. */
export function describeHolder(holder: Holder | undefined): string {
  if (!holder) return "another process";
  const who = holder.pid === process.pid ? "this process" : `pid ${holder.pid}`;
  return `${who} (${holder.purpose}, for ${Math.max(0, Math.round((Date.now() - holder.since) / 1000))} s)`;
}

/** All or nothing: the content is there when the name is. */
function create(file: string, holder: Holder): boolean {
  const draft = `${file}.${holder.nonce}`;
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    remove(draft);
  }
}

function readHolder(file: string): Holder | undefined {
  try {
    const read = JSON.parse(readFileSync(file, "utf8")) as Partial<Holder> | null;
    const whole = typeof read?.pid === "number" && typeof read.nonce === "string" && typeof read.since === "number";
    return whole ? (read as Holder) : undefined;
  } catch {
    return undefined;
  }
}

function ageOf(file: string): number | undefined {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return undefined;
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // Somebody else did.
  }
}

async function pauseFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, milliseconds);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
  });
}
