import { X509Certificate } from "node:crypto";
import { Channel } from "./channel";
import { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { Wire } from "./exchange";
import { Breaker, Semaphore, sleep } from "./limits";
import type { SharedLimits } from "./channel";
import { Session } from "./session";
import { normalizeFingerprint } from "./trust";
import type { BmcConnection, PoolOptions } from "./types";

interface Entry {
  client: BmcClient;
  /** The connection it was made for, so that a changed password or trust makes a new client. Never shown. */
  connection: BmcConnection;
  close: () => Promise<void>;
}

/** All BMCs of a process: clients by endpoint and user, and the limits they share. */
export class BmcPool {
  private readonly entries = new Map<string, Entry>();
  private readonly retired: Entry[] = [];
  private readonly shared = new Map<string, SharedLimits>();
  private readonly global: Semaphore;
  private closed = false;

  constructor(private readonly options: PoolOptions = {}) {
    this.global = new Semaphore(atLeastOne(options.maxConcurrency, 128));
  }

  /** The client for a connection; the same one for the same connection. Sends nothing. Throws RedfishError on a connection that cannot be. */
  get(connection: BmcConnection): BmcClient {
    const endpoint = endpointOf(connection);
    if (this.closed) throw new RedfishError("cancelled", `${endpoint}: the pool is closed`, { endpoint });
    checkTrust(endpoint, connection);
    const key = `${endpoint} ${connection.username ?? ""}`;
    const known = this.entries.get(key);
    if (known && sameConnection(known.connection, connection)) return known.client;
    if (known) this.retired.push(known);
    const entry = this.open(endpoint, connection);
    this.entries.set(key, entry);
    return entry.client;
  }

  /** Ends what is in flight, deletes the sessions, closes the connections. Can be called again. */
  async close(): Promise<void> {
    this.closed = true;
    const entries = [...this.entries.values(), ...this.retired.splice(0)];
    this.entries.clear();
    await Promise.all(entries.map((entry) => entry.close()));
  }

  private open(endpoint: string, connection: BmcConnection): Entry {
    const { options } = this;
    const concurrency = atLeastOne(connection.concurrency ?? options.maxConcurrencyPerBmc, 1);
    const wire = new Wire(endpoint, {
      caBundle: connection.caBundle,
      fingerprint: connection.fingerprint,
      insecure: connection.insecure,
      connections: concurrency,
      connectTimeoutMilliseconds: 1000 * (connection.connectTimeoutSeconds ?? options.connectTimeoutSeconds ?? 5),
      maxBodyBytes: options.maxBodyBytes ?? 16 * 1024 * 1024,
    });
    const channel = new Channel(endpoint, wire, this.limits(endpoint, concurrency), {
      requestTimeoutMilliseconds: 1000 * (connection.requestTimeoutSeconds ?? options.requestTimeoutSeconds ?? 60),
      retryBudgetMilliseconds: 1000 * (connection.retryBudgetSeconds ?? options.retryBudgetSeconds ?? 120),
      retryDelayMilliseconds: 1000 * (options.retryDelaySeconds ?? 0.5),
      breakerThreshold: options.breakerThreshold ?? 3,
      onRequest: options.onRequest,
      now: options.now ?? Date.now,
      sleep: options.sleep ?? sleep,
    });
    const session = new Session(channel, connection.username, connection.password);
    const client = new BmcClient(endpoint, channel, session, connection.password);
    return { client, connection: { ...connection }, close: () => channel.close(() => session.close()) };
  }

  /** Users of one BMC share its slots and its breaker; the first connection decides how many slots there are. */
  private limits(endpoint: string, concurrency: number): SharedLimits {
    const known = this.shared.get(endpoint);
    if (known) return known;
    const { breakerThreshold = 3, breakerCooldownSeconds = 30, now = Date.now } = this.options;
    const made: SharedLimits = {
      global: this.global,
      slots: new Semaphore(concurrency),
      breaker: new Breaker(breakerThreshold, breakerCooldownSeconds * 1000, now),
      lastAnswer: -Infinity,
    };
    this.shared.set(endpoint, made);
    return made;
  }
}

/** The origin of an endpoint: scheme, host in lower case, port. A bare host or address means https. */
export function endpointOf(connection: BmcConnection): string {
  const given = connection.endpoint.trim();
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `https://${given}`;
  const fail = (why: string) => {
    const shown = text.replace(/\/\/[^/@]*@/, "//[redacted]@").slice(0, 200);
    return new RedfishError("protocol", `endpoint "${shown}" ${why}; write https://host or https://host:port`, {
      endpoint: shown,
      sent: false,
    });
  };
  if (!URL.canParse(text)) throw fail("is not a URL");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw fail("is neither https nor http");
  if (url.username !== "" || url.password !== "")
    throw fail("holds credentials, which belong into username and password");
  if (!/^\/*(redfish(\/v1)?\/*)?$/.test(url.pathname) || url.search !== "" || url.hash !== "") throw fail("has a path");
  if (url.protocol === "http:" && !connection.insecure)
    throw fail("is not encrypted, which only insecure: true allows");
  return url.origin;
}

function checkTrust(endpoint: string, connection: BmcConnection): void {
  const fail = (text: string) => new RedfishError("tls", `${endpoint}: ${text}`, { endpoint, sent: false });
  if (connection.fingerprint !== undefined && normalizeFingerprint(connection.fingerprint) === undefined) {
    throw fail("fingerprint must be the SHA-256 of a certificate: 64 hexadecimal digits, with or without colons");
  }
  if (connection.caBundle === undefined) return;
  try {
    new X509Certificate(connection.caBundle);
  } catch {
    throw fail("caBundle must hold PEM certificates (-----BEGIN CERTIFICATE-----)");
  }
}

function sameConnection(left: BmcConnection, right: BmcConnection): boolean {
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<keyof BmcConnection>;
  return [...keys].every((key) => left[key] === right[key]);
}

function atLeastOne(value: number | undefined, fallback: number): number {
  return value !== undefined && value >= 1 ? Math.floor(value) : fallback;
}
