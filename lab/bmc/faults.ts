/** What goes wrong. All of it can be written as JSON, so that another process can ask for it. */
export type Fault =
  | { kind: "latency"; milliseconds: number; jitterMs?: number }
  /** An error status instead of the work; `retryAfter` in seconds, as a number or as an HTTP date. */
  | {
      kind: "status";
      status: number;
      retryAfter?: number;
      retryAfterDate?: boolean;
      body?: unknown;
      contentType?: string;
    }
  /** 401, and the session is gone. */
  | { kind: "dropSession" }
  /** 412. */
  | { kind: "precondition" }
  /** The vendor's answer when all sessions are taken. */
  | { kind: "sessionCap" }
  /** The connection breaks, before the work or after it (the answer is lost). */
  | { kind: "reset"; when: "before" | "after" }
  /** No answer, ever, before the work or after it. */
  | { kind: "hang"; when: "before" | "after" }
  /** The BMC restarts, before the work or after it. */
  | { kind: "reboot"; when: "before" | "after"; downMs?: number }
  /** Half of the body, then the connection breaks. */
  | { kind: "truncate" }
  /** A body of so many bytes, valid JSON. */
  | { kind: "oversize"; bytes: number }
  /** A body that is no JSON. */
  | { kind: "malformed" }
  /** Every value of the body has another type than it should. */
  | { kind: "wrongTypes" }
  /** Members put into the body; null removes one, nested objects are merged. */
  | { kind: "merge"; body: Record<string, unknown> }
  /** Success is claimed and nothing is done. */
  | { kind: "lie" }
  /** A task that this request starts never ends, is forgotten, or fails. */
  | { kind: "task"; outcome: "never" | "vanish" | "fail" }
  /** The certificate is replaced and every connection closed. */
  | { kind: "certificate" }
  | { kind: "redirect"; location?: string; status?: 301 | 302 | 307 | 308 }
  /** The answer comes a little at a time. */
  | { kind: "drip"; bytesPerSecond: number };

/** A fault and when it strikes. */
export interface FaultRule {
  /** For `remove`; given when left out. */
  id?: string;
  /** Method or methods; default: any. */
  method?: string | string[];
  /** Path with `*` for part of a segment and `**` for anything; default: any path. */
  path?: string;
  /** How often it strikes; default: until removed. */
  times?: number;
  /** Matching requests that it lets pass first. Default: 0. */
  after?: number;
  /** Chance that it strikes, drawn from the BMC's seed. Default: 1. */
  probability?: number;
  fault: Fault;
}

interface Armed extends FaultRule {
  id: string;
  pattern?: RegExp;
  seen: number;
  struck: number;
}

/** The faults of one BMC. */
export class FaultInjector {
  readonly #rules = new Map<string, Armed>();
  readonly #random: () => number;
  #next = 1;

  constructor(seed: number) {
    this.#random = randomFrom(seed);
  }

  /** Arms a fault; returns its id. */
  add(rule: FaultRule): string {
    const id = rule.id ?? `fault-${this.#next++}`;
    const pattern = rule.path === undefined ? undefined : globPattern(rule.path);
    this.#rules.set(id, { ...rule, id, pattern, seen: 0, struck: 0 });
    return id;
  }

  remove(id: string): boolean {
    return this.#rules.delete(id);
  }

  clear(): void {
    this.#rules.clear();
  }

  /** The rules armed, with how often each has struck. */
  list(): (FaultRule & { id: string; struck: number })[] {
    return [...this.#rules.values()].map(({ pattern: _pattern, seen: _seen, ...rule }) => rule);
  }

  /** The faults that strike this request: every latency, and the first of the others. */
  strike(method: string, path: string): { id: string; fault: Fault }[] {
    const struck: { id: string; fault: Fault }[] = [];
    if (this.#rules.size === 0) return struck;
    for (const rule of this.#rules.values()) {
      const methods = rule.method === undefined ? undefined : [rule.method].flat();
      if (methods && !methods.includes(method)) continue;
      if (rule.pattern && !rule.pattern.test(path)) continue;
      rule.seen += 1;
      if (rule.seen <= (rule.after ?? 0)) continue;
      if (rule.times !== undefined && rule.struck >= rule.times) continue;
      if (rule.fault.kind !== "latency" && struck.some((other) => other.fault.kind !== "latency")) continue;
      if (rule.probability !== undefined && this.#random() >= rule.probability) continue;
      rule.struck += 1;
      struck.push({ id: rule.id, fault: rule.fault });
    }
    return struck;
  }

  /** A number from 0 to just below 1, from the BMC's seed. */
  random(): number {
    return this.#random();
  }
}

/** `*` stands for anything within a segment, `**` for anything. */
export function globPattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(
    `^${escaped
      .replace(/\*\*/g, "\u0000")
      .replace(/\*/g, "[^/]*")
      .replace(/\u0000/g, ".*")}$`,
  );
}

/** Numbers that are the same for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A number that depends on a text, for seeds. */
export function seedOf(text: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return hash >>> 0;
}
