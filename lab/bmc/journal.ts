/** One request that the BMC received. */
export interface JournalEntry {
  /** When it came, in milliseconds since 1970. */
  at: number;
  method: string;
  path: string;
  /** HTTP status; 0 when no complete answer was sent. */
  status: number;
  /** Milliseconds until the answer. */
  milliseconds: number;
  user?: string;
  /** Faults that had a hand in it. */
  faults?: string[];
}

/** How many requests the whole rack is answering. */
export class RackLoad {
  running = 0;
  /** Most at the same time. */
  peak = 0;
  /** Requests answered. */
  total = 0;

  begin(): void {
    this.running += 1;
    this.peak = Math.max(this.peak, this.running);
  }

  end(): void {
    this.running -= 1;
    this.total += 1;
  }

  /** Counts anew from here. */
  clear(): void {
    this.peak = this.running;
    this.total = 0;
  }
}

/** What the BMC was asked: the latest requests and totals since the start. */
export class Journal {
  #entries: JournalEntry[] = [];
  #running = 0;
  /** Requests received. */
  total = 0;
  /** Requests that would change something (all but GET and HEAD). */
  writes = 0;
  /** Most requests that were being answered at the same time. */
  peakConcurrency = 0;
  /** Connections accepted. */
  connections = 0;

  constructor(
    readonly size: number,
    readonly load = new RackLoad(),
  ) {}

  begin(): void {
    this.load.begin();
    this.#running += 1;
    this.peakConcurrency = Math.max(this.peakConcurrency, this.#running);
  }

  end(entry: JournalEntry): void {
    this.load.end();
    this.#running -= 1;
    this.total += 1;
    if (entry.method !== "GET" && entry.method !== "HEAD") this.writes += 1;
    this.#entries.push(entry);
    if (this.#entries.length > this.size * 1.25) this.#entries = this.#entries.slice(-this.size);
  }

  /** The latest requests, oldest first. */
  entries(): JournalEntry[] {
    return this.#entries.slice(-this.size);
  }

  /** Requests with this method and, where given, a path that ends so. */
  count(method: string, pathEnd = ""): number {
    return this.entries().filter((entry) => entry.method === method && entry.path.endsWith(pathEnd)).length;
  }

  clear(): void {
    this.#entries = [];
    this.total = 0;
    this.writes = 0;
    this.peakConcurrency = 0;
    this.connections = 0;
  }
}

/** A line of the BMC's own event log. */
export interface LogEntry {
  at: number;
  severity: "OK" | "Warning" | "Critical";
  text: string;
}

/** The BMC's event log. */
export class EventLog {
  entries: LogEntry[] = [];

  add(text: string, severity: LogEntry["severity"] = "OK"): void {
    this.entries.push({ at: Date.now(), severity, text });
    if (this.entries.length > 500) this.entries.shift();
  }
}
