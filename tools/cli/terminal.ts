/** Where helpers write: standard error and output are both of this kind, and so is a collector in a test. */
export interface Sink {
  write(text: string): unknown;
  /** True when a person looks at it, so that a line may be rewritten in place. */
  isTTY?: boolean;
  columns?: number;
}

/** A span in words that a person reads at a glance: `850 ms`, `4.2 s`, `3 min 07 s`. */
export function elapsed(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/** Rows under a header, columns padded to their widest cell and two spaces apart; the last column is not padded. */
export function table(header: string[], rows: string[][]): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all
    .map((row) =>
      header
        .map((_, column) => {
          const cell = row[column] ?? "";
          return column === header.length - 1 ? cell : cell.padEnd(widths[column]);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** ANSI colours, or plain text when the sink is no terminal or `NO_COLOR` is set. */
export function paint(sink: Sink): Record<"green" | "red" | "yellow" | "dim" | "bold", (text: string) => string> {
  const on = Boolean(sink.isTTY) && !process.env.NO_COLOR;
  const code = (number: number) => (text: string) => (on ? `\u001b[${number}m${text}\u001b[0m` : text);
  return { green: code(32), red: code(31), yellow: code(33), dim: code(2), bold: code(1) };
}

/**
 * A status line for something that takes long. On a terminal it is rewritten every second; elsewhere (CI logs) a line appears
 * every `quiet` seconds, so that a log shows life without drowning.
 */
export class Status {
  private readonly started = Date.now();
  private readonly timer: NodeJS.Timeout;
  private shown = false;
  private lastLine = Date.now();

  constructor(
    private readonly sink: Sink,
    private text: () => string,
    private readonly quiet = 30,
  ) {
    this.timer = setInterval(() => this.show(), 1000);
    this.timer.unref();
    if (sink.isTTY) this.show();
  }

  /** Prints a lasting line; the status line moves below it. */
  line(text: string): void {
    this.erase();
    this.sink.write(`${text}\n`);
    this.lastLine = Date.now();
    if (this.sink.isTTY) this.show();
  }

  /** Removes the status line. */
  stop(): void {
    clearInterval(this.timer);
    this.erase();
  }

  private show(): void {
    const line = `${this.text()} (${elapsed(Date.now() - this.started)})`;
    if (this.sink.isTTY) {
      this.erase();
      this.sink.write(line.slice(0, Math.max(20, (this.sink.columns ?? 80) - 1)));
      this.shown = true;
    } else if (Date.now() - this.lastLine >= this.quiet * 1000) {
      this.line(line);
    }
  }

  private erase(): void {
    if (this.shown) this.sink.write("\r\u001b[K");
    this.shown = false;
  }
}
