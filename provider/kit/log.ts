import { grpc } from "./sdk";
import type { EngineClient as Client } from "@pulumi/pulumi/proto/engine_grpc_pb";

/** Messages to the user, through the engine's Log RPC. Never pass secrets. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  /** Ephemeral progress of a long operation, shown in place. */
  status(message: string): void;
}

/** Severities of the engine's LogRequest. */
const severity = { debug: 0, info: 1, warn: 2, error: 3, status: 1 } as const;

/** A line to the engine, before it is scrubbed and sent. */
export interface Line {
  level: keyof typeof severity;
  urn: string;
  message: string;
}

/** Where lines go: the engine, or stderr when there is none (which an engine shows as information). */
export class EngineLog {
  private client: Client | undefined;
  private address: string | undefined;
  /** Lines are sent one after the other, because separate calls may overtake one another. */
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;

  /** Every line from here on goes to the engine at this address. */
  connect(address: string): void {
    if (address === this.address) return;
    this.client?.close();
    this.client = undefined;
    this.address = address;
  }

  write(line: Line): void {
    if (this.waiting >= maximumWaiting && line.level !== "error") return;
    this.waiting += 1;
    this.queue = this.queue.then(() => this.send(line)).finally(() => (this.waiting -= 1));
  }

  /** Resolves when everything written so far has been sent, at the latest after `milliseconds`. */
  async flush(milliseconds = 2_000): Promise<void> {
    if (this.waiting === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
    await Promise.race([this.queue, bound]);
    clearTimeout(timer);
  }

  close(): void {
    this.client?.close();
    this.client = undefined;
    this.address = undefined;
  }

  private async send({ level, urn, message }: Line): Promise<void> {
    if (this.address === undefined) {
      if (level !== "debug" && level !== "status") process.stderr.write(`${message}\n`);
      return;
    }
    const { EngineClient } = await import("@pulumi/pulumi/proto/engine_grpc_pb");
    const { LogRequest } = await import("@pulumi/pulumi/proto/engine_pb");
    this.client ??= new EngineClient(this.address, grpc.credentials.createInsecure());
    const client = this.client;
    const request = new LogRequest();
    request.setSeverity(severity[level]);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(level === "status");
    const deadline = Date.now() + 5_000;
    await new Promise<void>((resolve) => client.log(request, new grpc.Metadata(), { deadline }, () => resolve()));
  }
}

/** A command that prints without end must not fill the memory while the engine is slow. */
const maximumWaiting = 10_000;

/** A logger for one operation: attached to the URN, secrets taken out. */
export function loggerFor(log: EngineLog, urn: string, scrub: (text: string) => string): Logger {
  const at = (level: Line["level"]) => (message: string) => log.write({ level, urn, message: scrub(message) });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error"), status: at("status") };
}
