import { randomBytes } from "node:crypto";
import type { Logger } from "../../../provider/kit/log";

export type Logging = "stdout" | "stderr" | "stdoutAndStderr" | "none";

/** What a command printed, without one final newline each. */
export interface Printed {
  stdout: string;
  stderr: string;
}

/** Collects what a process prints and passes its lines to the user as they come. */
export class Capture {
  private readonly chunks: { from: keyof Printed; data: Buffer }[] = [];
  private readonly partial: Record<keyof Printed, string> = { stdout: "", stderr: "" };

  constructor(
    private readonly log: Logger,
    private readonly logging: Logging = "stdoutAndStderr",
  ) {}

  take(from: keyof Printed, data: Buffer): void {
    this.chunks.push({ from, data });
    if (this.logging !== from && this.logging !== "stdoutAndStderr") return;
    const lines = (this.partial[from] + data.toString()).split("\n");
    this.partial[from] = lines.pop() ?? "";
    for (const line of lines) this.log.info(line);
  }

  /** Passes on what did not end in a newline. */
  end(): void {
    for (const from of ["stdout", "stderr"] as const) {
      if (this.partial[from] !== "") this.log.info(this.partial[from]);
      this.partial[from] = "";
    }
  }

  get printed(): Printed {
    return { stdout: this.text("stdout").replace(/\n$/, ""), stderr: this.text("stderr").replace(/\n$/, "") };
  }

  /** The error of a command that failed quotes it and everything it printed. */
  failure(reason: string, command: string): Error {
    return new Error(`${reason}: running ${quoted(command)}:\n${this.text()}`);
  }

  private text(from?: keyof Printed): string {
    const wanted = this.chunks.filter((chunk) => from === undefined || chunk.from === from);
    return Buffer.concat(wanted.map((chunk) => chunk.data)).toString();
  }
}

/** As Go's %q writes a string. */
export function quoted(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u00([0-9a-f]{2})/g, "\\x$1")
    .replace(/\u007f/g, "\\x7f");
}

/** What the run before printed, for the next one's environment. */
export function previousOutput(wanted: boolean | undefined, before: Partial<Printed>): Record<string, string> {
  if (wanted === false) return {};
  return {
    ...(before.stdout ? { PULUMI_COMMAND_STDOUT: before.stdout } : {}),
    ...(before.stderr ? { PULUMI_COMMAND_STDERR: before.stderr } : {}),
  };
}

export function uniqueId(prefix: string): string {
  return `${prefix}${randomBytes(4).toString("hex")}`;
}
