import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const KEPT_LINES = 500;

/** The serial consoles of a rack's servers: the last lines in memory, all of them in a file a server. */
export class Consoles {
  readonly #lines = new Map<string, string[]>();

  /** @param folder undefined: memory only */
  constructor(private readonly folder?: string) {
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
  }

  write(server: string, line: string): void {
    const stamped = `${new Date().toISOString()} ${line}`;
    const lines = this.#lines.get(server) ?? [];
    lines.push(stamped);
    if (lines.length > KEPT_LINES) lines.shift();
    this.#lines.set(server, lines);
    if (this.folder !== undefined) appendFileSync(join(this.folder, `${server}.log`), `${stamped}\n`, { mode: 0o600 });
  }

  read(server: string): string[] {
    return this.#lines.get(server) ?? [];
  }

  forget(server: string): void {
    this.#lines.delete(server);
  }
}
