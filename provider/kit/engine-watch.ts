import { connect } from "node:net";

export interface EngineWatchOptions {
  /** Called once, when the engine no longer answers. */
  onGone(): void;
  /** Pause between looks, in milliseconds. @default 700 */
  interval?: number;
  /** Who is watched besides the address: a change of parent is a reason to look at once, not a proof. @default process.ppid */
  parent?: () => number;
}

/**
 * Notices that the engine is gone, however it died: an engine that was killed says no goodbye, and a plugin would write on
 * for minutes. The proof is that its address refuses connections twice in a row (once is enough when the parent process has
 * changed as well); a parent that changed while the engine answers, as under PULUMI_DEBUG_PROVIDERS, means nothing.
 */
export class EngineWatch {
  private readonly parent: () => number;
  private readonly original: number;
  private address: { host: string; port: number } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private refused = 0;

  constructor(private readonly options: EngineWatchOptions) {
    this.parent = options.parent ?? (() => process.ppid);
    this.original = this.parent();
  }

  /** Watches the engine at `host:port` from here on, instead of the one before. */
  watch(address: string): void {
    const colon = address.lastIndexOf(":");
    const port = Number(address.slice(colon + 1));
    if (colon < 0 || !Number.isInteger(port) || port <= 0) return;
    this.address = { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port };
    this.refused = 0;
    this.timer ??= setInterval(() => void this.look(), this.options.interval ?? 700).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.address = undefined;
  }

  private async look(): Promise<void> {
    const address = this.address;
    if (!address) return;
    const answers = await canConnect(address.host, address.port);
    if (this.address !== address) return;
    this.refused = answers ? 0 : this.refused + 1;
    const enough = this.parent() === this.original ? 2 : 1;
    if (this.refused < enough) return;
    this.stop();
    this.options.onGone();
  }
}

/** Whether something listens there. A connection that hangs counts as listening: the engine may be busy. */
function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(1_500, () => settle(true));
    socket.once("connect", () => settle(true));
    socket.once("error", (error: NodeJS.ErrnoException) => settle(error.code !== "ECONNREFUSED"));
  });
}
