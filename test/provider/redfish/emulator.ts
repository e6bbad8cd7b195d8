import { type Bmc, BmcRack, type BmcSpec, type DialectName } from "../../../lab/bmc";
import { type BmcClient, type BmcConnection, BmcPool, type PoolOptions } from "../../../provider/redfish";
import { sleep } from "../../../provider/redfish/limits";

export const dialects: DialectName[] = ["generic", "dell", "supermicro"];
export const credentials = { username: "admin", password: "emulated-pass-1" };

/** Time for the client runs so much faster than for the emulator, so that its pauses of seconds do not slow the tests. */
const WARP = 40;

export function warpedClock(): Pick<PoolOptions, "now" | "sleep"> {
  const start = Date.now();
  return {
    now: () => start + (Date.now() - start) * WARP,
    sleep: (milliseconds, signal) => sleep(milliseconds / WARP, signal),
  };
}

/** An emulated BMC, and a client that trusts its rack. */
export class Emulated {
  private readonly pools: BmcPool[] = [];
  private constructor(
    readonly rack: BmcRack,
    readonly bmc: Bmc,
  ) {}

  static async start(dialect: DialectName, spec: Partial<BmcSpec> = {}): Promise<Emulated> {
    const rack = await BmcRack.start([{ name: "bmc-1", address: "127.0.0.1", port: 0, dialect, credentials, ...spec }]);
    return new Emulated(rack, rack.bmc("bmc-1"));
  }

  connection(more: Partial<BmcConnection> = {}): BmcConnection {
    return { endpoint: this.bmc.url, ...credentials, caBundle: this.rack.caCertificate, ...more };
  }

  client(options: PoolOptions = {}, more: Partial<BmcConnection> = {}): BmcClient {
    const pool = new BmcPool({ ...warpedClock(), requestTimeoutSeconds: 1, ...options });
    this.pools.push(pool);
    return pool.get(this.connection(more));
  }

  /** Requests since the last call, without logins and logouts. */
  requests(): string[] {
    const lines = this.bmc.journal.entries().map(({ method, path, status }) => `${method} ${path} ${status}`);
    this.bmc.journal.clear();
    return lines.filter((line) => !/Sessions/.test(line));
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.close()));
    await this.rack.close();
  }
}
