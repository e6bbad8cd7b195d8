import { randomBytes } from "node:crypto";
import type { AccountRules } from "./dialects/dialect";
import type { Credentials } from "./spec";

export type Role = "Administrator" | "Operator" | "ReadOnly";

/** A login of the BMC. An unused slot has an empty `userName`. */
export interface Account {
  id: string;
  userName: string;
  password: string;
  role: Role;
  enabled: boolean;
  passwordChangeRequired: boolean;
  /** Failed log-ins in a row. */
  failures: number;
  /** Locked until this time, in milliseconds since 1970. */
  lockedUntil: number;
}

/** The BMC's accounts and who may log in. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();

  constructor(
    readonly rules: AccountRules,
    administrator: Credentials,
    passwordChangeRequired: boolean,
  ) {
    if (rules.style === "slots") {
      for (let slot = 1; slot <= rules.slots; slot++) this.#accounts.set(String(slot), emptySlot(String(slot)));
    }
    const id = String(rules.administrator);
    this.#accounts.set(id, {
      ...emptySlot(id),
      userName: administrator.username,
      password: administrator.password,
      role: "Administrator",
      enabled: true,
      passwordChangeRequired,
    });
  }

  list(): Account[] {
    return [...this.#accounts.values()];
  }

  get(id: string): Account | undefined {
    return this.#accounts.get(id);
  }

  byName(userName: string): Account | undefined {
    return userName === "" ? undefined : this.list().find((account) => account.userName === userName);
  }

  /** Makes an account under the first free number; undefined when there is no room. */
  add(
    fields: Pick<Account, "userName" | "password" | "role" | "enabled" | "passwordChangeRequired">,
  ): Account | undefined {
    for (let number = 1; number <= this.rules.slots; number++) {
      const id = String(number);
      if (this.#accounts.has(id) || number === this.rules.administrator) continue;
      const account = { ...emptySlot(id), ...fields, id };
      this.#accounts.set(id, account);
      return account;
    }
    return undefined;
  }

  remove(id: string): void {
    this.#accounts.delete(id);
  }

  /** The account that these credentials open; failures count towards its lock. */
  authenticate(username: string, password: string, now = Date.now()): Account | undefined {
    const account = this.byName(username);
    if (!account || !account.enabled || this.locked(account, now)) return undefined;
    if (account.password === password) {
      account.failures = 0;
      return account;
    }
    account.failures += 1;
    if (this.rules.lockoutThreshold > 0 && account.failures >= this.rules.lockoutThreshold) {
      account.lockedUntil = now + this.rules.lockoutSeconds * 1000;
      account.failures = 0;
    }
    return undefined;
  }

  locked(account: Account, now = Date.now()): boolean {
    return account.lockedUntil > now;
  }
}

/** An account that opens nothing. */
export function emptySlot(id: string): Account {
  return {
    id,
    userName: "",
    password: "",
    role: "ReadOnly",
    enabled: false,
    passwordChangeRequired: false,
    failures: 0,
    lockedUntil: 0,
  };
}

/** A session opened by a client. */
export interface Session {
  id: string;
  token: string;
  accountId: string;
  created: number;
  used: number;
  client: string;
}

/** The BMC's open sessions: a limited number, each ending when idle for too long. */
export class Sessions {
  readonly #byToken = new Map<string, Session>();
  #next = 1;

  constructor(
    public timeoutSeconds: number,
    readonly cap: number,
  ) {}

  /** A new session; undefined when all are taken. */
  open(accountId: string, client: string, now = Date.now()): Session | undefined {
    this.#expire(now);
    if (this.#byToken.size >= this.cap) return undefined;
    const token = randomBytes(16).toString("hex");
    const session = { id: String(this.#next++), token, accountId, created: now, used: now, client };
    this.#byToken.set(token, session);
    return session;
  }

  /** The session of a token, which is thereby used; undefined when it has ended. */
  use(token: string, now = Date.now()): Session | undefined {
    this.#expire(now);
    const session = this.#byToken.get(token);
    if (session) session.used = now;
    return session;
  }

  list(now = Date.now()): Session[] {
    this.#expire(now);
    return [...this.#byToken.values()];
  }

  get(id: string): Session | undefined {
    return this.list().find((session) => session.id === id);
  }

  /** Whether there was such a session. */
  end(id: string): boolean {
    const session = this.get(id);
    return session !== undefined && this.#byToken.delete(session.token);
  }

  endToken(token: string): void {
    this.#byToken.delete(token);
  }

  endAccount(accountId: string): void {
    for (const session of this.list()) if (session.accountId === accountId) this.#byToken.delete(session.token);
  }

  clear(): void {
    this.#byToken.clear();
  }

  #expire(now: number): void {
    const oldest = now - this.timeoutSeconds * 1000;
    for (const session of this.#byToken.values()) if (session.used < oldest) this.#byToken.delete(session.token);
  }
}
