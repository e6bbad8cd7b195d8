import type { BmcConnection } from "../resources/redfish/connection";
import type { Configuration } from "./config";
import type { CallContext, PluginDeps } from "./kit/handler";
import { describeHolder, Leases, type Lease } from "./leases";
import { type BmcClient, BmcPool, RedfishError } from "./redfish";
import type { BmcConnection as Reach } from "./redfish/types";

/** The context of an operation of this plugin. */
export type Context = CallContext<Configuration>;

/** A BMC as one operation sees it. */
export interface Bmc {
  client: BmcClient;
  signal: AbortSignal;
  /** The same BMC with other credentials, under the same lease. */
  as(credentials: { username: string; password: string }): BmcClient;
}

/** What one process knows of all BMCs: clients, leases, failures. Handlers get it from `bmcAccess`. */
export class BmcAccess {
  private pool?: { pool: BmcPool; key: string };
  private table?: { leases: Leases; directory: string | undefined };
  private engineIsGone = false;
  private readonly failed = new Set<string>();

  constructor(private readonly poolOptions: Partial<ConstructorParameters<typeof BmcPool>[0]> = {}) {}

  /** Reads from a BMC: no lease, no turn. Writing is refused. */
  async read<T>(ctx: Context, connection: BmcConnection, work: (bmc: Bmc) => Promise<T>): Promise<T> {
    ctx.signal.throwIfAborted();
    return work(this.bmc(ctx, connection));
  }

  /** As `read`, for the part of a create or update that comes before the first write: it counts for the failure budget. */
  async begin<T>(ctx: Context, connection: BmcConnection, work: (bmc: Bmc) => Promise<T>): Promise<T> {
    const endpoint = endpointOf(connection);
    this.checkBudget(ctx.config, endpoint);
    try {
      return await this.read(ctx, connection, work);
    } catch (error) {
      this.failedAt(endpoint, ctx);
      throw error;
    }
  }

  /**
   * Writes to a BMC: waits for the lease, which it holds until `work` ends, and for the turn of this process. Every write
   * request fails as soon as the operation is aborted, the engine is gone or the lease is lost. New servers are refused when
   * the failure budget is used up.
   */
  async write<T>(ctx: Context, connection: BmcConnection, purpose: string, work: (bmc: Bmc) => Promise<T>): Promise<T> {
    ctx.signal.throwIfAborted();
    const endpoint = endpointOf(connection);
    this.checkBudget(ctx.config, endpoint);
    // An operation that begins has an engine: one that went away would have ended the process or been replaced.
    this.engineIsGone = false;
    const lease = await this.leases(ctx.config).acquire(endpoint, {
      purpose: `${purpose} "${ctx.name}"`,
      signal: ctx.signal,
      onWait: (holder, seconds) =>
        ctx.log.status(
          `waiting for ${endpoint}, which ${describeHolder(holder)} is working on${seconds > 0 ? ` (${seconds} s)` : ""}`,
        ),
    });
    const guarded = new Set<BmcClient>();
    try {
      const bmc = this.bmc(ctx, connection, (client) => {
        guarded.add(client);
        client.setGuard(() => this.mayWrite(ctx.signal, lease));
      });
      return await work(bmc);
    } catch (error) {
      this.failedAt(endpoint, ctx);
      throw error;
    } finally {
      for (const client of guarded) client.setGuard(noLease);
      lease.release();
    }
  }

  /** The engine died: nothing is written any more. */
  engineGone(): void {
    this.engineIsGone = true;
  }

  /** Logs out everywhere, closes connections, gives leases back. Work may begin again afterwards. */
  async close(): Promise<void> {
    const { pool } = this.pool ?? {};
    this.pool = undefined;
    this.failed.clear();
    this.table?.leases.releaseAll();
    await pool?.close();
  }

  private bmc(ctx: Context, connection: BmcConnection, prepare?: (client: BmcClient) => void): Bmc {
    const resolved = resolveConnection(connection, ctx.config);
    const open = (reach: Reach) => {
      const client = this.clients(ctx.config).get(reach);
      prepare?.(client);
      return client;
    };
    return {
      client: open(resolved),
      signal: ctx.signal,
      as: (credentials) => open({ ...resolved, ...credentials }),
    };
  }

  private mayWrite(signal: AbortSignal, lease: Lease): void {
    if (this.engineIsGone) throw new Error("the engine is gone; nothing more is written");
    signal.throwIfAborted();
    lease.check();
  }

  private failedAt(endpoint: string, ctx: Context): void {
    if (!ctx.signal.aborted && !this.engineIsGone) this.failed.add(endpoint);
  }

  private checkBudget(config: Configuration, endpoint: string): void {
    const budget = config.failureBudget;
    const { size } = this.failed;
    if (budget === undefined || size === 0 || size < budget || this.failed.has(endpoint)) return;
    const names = [...this.failed].slice(0, 5).join(", ");
    const more = this.failed.size > 5 ? ` and ${this.failed.size - 5} more` : "";
    throw new Error(
      `${endpoint}: not begun, because the failure budget of ${budget} is used up by ${names}${more}; mend these or raise failureBudget`,
    );
  }

  private clients(config: Configuration): BmcPool {
    const options = {
      maxConcurrency: config.maxConcurrency,
      maxConcurrencyPerBmc: config.maxConcurrencyPerBmc,
      connectTimeoutSeconds: config.connectTimeoutSeconds,
      requestTimeoutSeconds: config.requestTimeoutSeconds,
      retryBudgetSeconds: config.retryBudgetSeconds,
    };
    const key = JSON.stringify(options);
    if (this.pool?.key !== key) {
      void this.pool?.pool.close();
      this.pool = { key, pool: new BmcPool({ ...options, ...this.poolOptions }) };
    }
    return this.pool.pool;
  }

  private leases(config: Configuration): Leases {
    const directory = config.leaseDirectory;
    if (!this.table || this.table.directory !== directory)
      this.table = { leases: new Leases({ directory }), directory };
    return this.table.leases;
  }
}

/** One per process: what all handlers share. */
export function bmcAccess(deps: PluginDeps): BmcAccess {
  const access = (shared ??= new BmcAccess());
  deps.onClose(() => access.close());
  deps.onEngineGone(() => access.engineGone());
  return access;
}

/** Makes the handlers that are created from now on share this one: tests give it a clock of its own. */
export function shareBmcAccess(access: BmcAccess | undefined): void {
  shared = access;
}

let shared: BmcAccess | undefined;

function noLease(): void {
  throw new Error("a write was tried without the lease of the BMC");
}

/** The connection with what the provider's configuration, and through it the environment, adds. */
export function resolveConnection(connection: BmcConnection, config: Configuration): Reach {
  const endpoint = endpointOf(connection);
  const trusts = connection.fingerprint !== undefined || connection.caBundle !== undefined;
  const fingerprint = connection.fingerprint ?? (trusts ? undefined : pinnedFingerprint(endpoint, config.fingerprints));
  const resolved: Reach = {
    endpoint,
    username: connection.username ?? config.username,
    password: connection.password ?? config.password,
    caBundle: connection.caBundle ?? config.caBundle,
    fingerprint,
    insecure: connection.insecure ?? (trusts ? undefined : config.insecure),
    connectTimeoutSeconds: connection.connectTimeoutSeconds,
    requestTimeoutSeconds: connection.requestTimeoutSeconds,
  };
  return Object.fromEntries(Object.entries(resolved).filter(([, value]) => value !== undefined)) as unknown as Reach;
}

/** The base URL of an endpoint: scheme, host in lower case, port. A bare host means https. Wrong ones are left for `check` to judge. */
export function endpointOf(connection: Pick<BmcConnection, "endpoint">): string {
  const given = connection.endpoint.trim();
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`;
  return URL.canParse(url) ? new URL(url).origin : given;
}

/** The fingerprint that the configuration has for an endpoint: by host and port, else by host. */
export function pinnedFingerprint(
  endpoint: string,
  fingerprints: Record<string, string> | undefined,
): string | undefined {
  if (!fingerprints || !URL.canParse(endpoint)) return undefined;
  const { host, hostname } = new URL(endpoint);
  return fingerprints[host] ?? fingerprints[hostname] ?? fingerprints[hostname.replace(/^\[|\]$/g, "")];
}

/** True for an error that says: this resource is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof RedfishError && error.kind === "notFound" && (error.status === 404 || error.status === 410);
}

/** True when the BMC could not be reached at all. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof RedfishError && ["unreachable", "timeout", "tls"].includes(error.kind);
}
