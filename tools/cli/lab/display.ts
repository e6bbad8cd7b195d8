import { elapsed, paint, type Sink, table } from "../terminal";
import { type FleetProgress, type ServerProgress, timeByPhase } from "./events";

/** Seconds that phases usually take in the lab, for "of about …"; replaced by what the last run took. */
export type Expected = Partial<Record<string, number>>;

/**
 * Shows a fleet's progress: on a terminal one line a server, rewritten every second; elsewhere a line at every change of
 * phase or outcome, and a summary of who is still busy every half minute.
 */
export class ProgressDisplay {
  private readonly started = Date.now();
  private readonly timer: NodeJS.Timeout;
  private readonly colour: ReturnType<typeof paint>;
  private readonly reported = new Map<string, string>();
  private drawn = 0;
  private lastLine = Date.now();

  constructor(
    private readonly sink: Sink,
    private readonly progress: FleetProgress,
    private readonly expected: Expected,
  ) {
    this.colour = paint(sink);
    this.timer = setInterval(() => this.tick(), 1000);
  }

  /** A server has changed. */
  changed(server: ServerProgress): void {
    if (this.sink.isTTY) return this.draw();
    const stage = (server.detail ?? "").replace(/\d+/g, "");
    const state = `${server.status} ${server.phase ?? ""} ${stage}`;
    if (this.reported.get(server.name) === state) return;
    this.reported.set(server.name, state);
    this.say(this.line(server));
  }

  /** Removes what is redrawn and prints each server's outcome for good. */
  finish(): void {
    clearInterval(this.timer);
    this.erase();
    if (this.sink.isTTY) for (const server of this.progress.all()) this.say(this.line(server));
  }

  private tick(): void {
    if (this.sink.isTTY) return this.draw();
    if (Date.now() - this.lastLine < 30_000) return;
    const busy = this.progress.all().filter(({ status }) => status === "running");
    const names = busy.slice(0, 6).map((server) => `${server.name}: ${server.phase}`);
    if (busy.length > names.length) names.push(`${busy.length - names.length} more`);
    this.say(`  ${elapsed(Date.now() - this.started)}, still busy: ${names.join(", ") || "the engine"}`);
  }

  private draw(): void {
    this.erase();
    const servers = this.progress.all();
    const busy = servers.filter(({ status }) => status === "running" || status === "failed");
    const shown = servers.length <= 20 ? servers : busy.slice(0, 20);
    const width = Math.max(40, (this.sink.columns ?? 80) - 1);
    const lines = shown.map((server) => this.line(server).slice(0, width));
    const done = servers.filter(({ status }) => status === "done" || status === "unchanged").length;
    lines.push(`${done} of ${servers.length} servers, ${elapsed(Date.now() - this.started)}`);
    this.sink.write(`${lines.join("\n")}\n`);
    this.drawn = lines.length;
  }

  private line(server: ServerProgress): string {
    const name = server.name.padEnd(Math.max(...this.progress.all().map((one) => one.name.length)));
    if (server.status === "failed")
      return `  ${name}  ${this.colour.red("failed")}  ${server.phase}: ${server.error ?? ""}`;
    if (server.status === "done") {
      const spent = server.times.map(({ phase, seconds }) => `${phase} ${elapsed(seconds * 1000)}`).join(", ");
      return `  ${name}  ${this.colour.green("done")}  ${spent}`;
    }
    if (server.status !== "running" || !server.phase) return `  ${name}  ${this.colour.dim(server.status)}`;
    const usual = this.expected[server.phase];
    const spent = elapsed(Date.now() - (server.since ?? Date.now()));
    const detail = server.detail ? `: ${server.detail}` : "";
    return `  ${name}  ${server.phase}, ${spent}${usual ? ` of about ${elapsed(usual * 1000)}` : ""}${detail}`;
  }

  private say(text: string): void {
    this.sink.write(`${text}\n`);
    this.lastLine = Date.now();
  }

  private erase(): void {
    if (this.drawn > 0) this.sink.write(`\u001b[${this.drawn}A\u001b[J`);
    this.drawn = 0;
  }
}

/** The table of time by phase; empty when nothing was done. */
export function phaseTable(servers: ServerProgress[]): string {
  const rows = timeByPhase(servers).map(({ phase, longest, mean, servers: count }) => [
    phase,
    String(count),
    elapsed(mean * 1000),
    elapsed(longest * 1000),
  ]);
  return rows.length === 0 ? "" : table(["phase", "servers", "mean", "longest"], rows);
}
