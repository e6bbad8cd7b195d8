import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";

export interface Endpoint {
  name: string;
  endpoint: string;
}

export const credentials = { username: "admin", password: "bench-password" };

/** An emulated rack in another process. */
export class RackProcess {
  private constructor(
    private readonly child: ChildProcessWithoutNullStreams,
    private readonly lines: Interface,
    readonly caPem: string,
    readonly endpoints: Endpoint[],
  ) {}

  static async start(servers: number, latencyMs: number): Promise<RackProcess> {
    const child = spawn(process.execPath, [join(__dirname, "rack.js"), String(servers), String(latencyMs)]);
    child.stderr.pipe(process.stderr);
    const lines = createInterface({ input: child.stdout });
    const { caPem, endpoints } = JSON.parse(await next(lines)) as { caPem: string; endpoints: Endpoint[] };
    return new RackProcess(child, lines, caPem, endpoints);
  }

  /** Requests since the last count: all of them, and those of the busiest BMC. */
  async requests(): Promise<{ requests: number; most: number }> {
    const answer = next(this.lines);
    this.child.stdin.write("count\n");
    return JSON.parse(await answer) as { requests: number; most: number };
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    this.child.stdin.end();
    await ended;
  }
}

function next(lines: Interface): Promise<string> {
  return new Promise((resolve) => lines.once("line", resolve));
}
