import { chmodSync, rmSync } from "node:fs";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, request as httpRequest } from "node:http";
import type { BiosValue } from "./bios";
import type { Bmc } from "./bmc";
import type { BootSettings } from "./boot";
import type { FaultRule } from "./faults";
import type { Death } from "./listener";
import type { BmcRack } from "./rack";
import type { HardwareSpec } from "./spec";

/** What someone at the console changes, through `POST /bmc/<name>/drift`. */
export interface Drift {
  power?: "On" | "Off";
  boot?: Partial<Omit<BootSettings, "certificates">>;
  bios?: Record<string, BiosValue>;
  hardware?: Partial<HardwareSpec>;
  /** Slot of a medium to take out; true for all of them. */
  eject?: string | true;
  /** Answer graceful shutdowns with silence. */
  ignoresGraceful?: boolean;
}

/**
 * Lets other processes drive a running rack: JSON over HTTP on a Unix socket that only this user can open.
 *
 * - `GET /bmc`: names and addresses; `GET /bmc/<name>`: the state and the journal; `GET /ca`: the rack's authority
 * - `POST /bmc/<name>/fault` with a FaultRule, answers its id; `DELETE /bmc/<name>/fault` clears them all
 * - `POST /bmc/<name>/drift` with a Drift
 * - `POST /bmc/<name>/dead` with `{ "how": "refuse" | "hang" | "blackhole" }`; `POST /bmc/<name>/revive`
 * - `POST /bmc/<name>/reboot`; `POST /bmc/<name>/certificate`; `DELETE /bmc/<name>/journal`
 */
export class BmcControl {
  private constructor(
    readonly rack: BmcRack,
    readonly socketPath: string,
    readonly server: Server,
  ) {}

  /** Opens the socket; one that an earlier process left is removed. @throws the system's error. */
  static async open(rack: BmcRack, socketPath: string): Promise<BmcControl> {
    rmSync(socketPath, { force: true });
    const server = createServer((request, response) => void answer(rack, request, response));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socketPath, () => resolve());
    });
    chmodSync(socketPath, 0o600);
    return new BmcControl(rack, socketPath, server);
  }

  /** Closes and removes the socket. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
    rmSync(this.socketPath, { force: true });
  }
}

/** Sends a request to a rack's control socket; returns the answer's JSON. @throws Error with the rack's own words. */
export function controlRequest(socketPath: string, method: string, path: string, body?: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, agent: false }, (response) => {
      collect(response).then((text) => {
        const value = JSON.parse(text) as unknown;
        if (response.statusCode === 200) resolve(value);
        else reject(new Error((value as { error: string }).error));
      }, reject);
    });
    request.on("error", reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function answer(rack: BmcRack, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let status = 200;
  let result: unknown;
  try {
    const text = await collect(request);
    result = await handle(rack, request.method ?? "GET", request.url ?? "/", text === "" ? {} : JSON.parse(text));
  } catch (error) {
    status = 400;
    result = { error: error instanceof Error ? error.message : String(error) };
  }
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(JSON.stringify(result ?? {}));
}

async function handle(rack: BmcRack, method: string, url: string, body: unknown): Promise<unknown> {
  const [, what, name, action = ""] = url.split("/").map(decodeURIComponent);
  if (method === "GET" && what === "ca") return { certificate: rack.caCertificate };
  if (what !== "bmc") throw new Error(`there is nothing at ${url}`);
  if (name === undefined) {
    return rack
      .bmcs()
      .map((bmc) => ({ name: bmc.name, url: bmc.url, dialect: bmc.spec.dialect, power: bmc.power.state }));
  }
  const bmc = rack.bmc(name);
  switch (`${method} ${action}`) {
    case "GET ":
      return bmc.snapshot();
    case "POST fault":
      return { id: bmc.faults.add(body as FaultRule) };
    case "GET fault":
      return bmc.faults.list();
    case "DELETE fault":
      return bmc.faults.clear();
    case "POST drift":
      return drift(bmc, body as Drift);
    case "POST dead":
      return bmc.dead((body as { how?: Death }).how);
    case "POST revive":
      return bmc.revive();
    case "POST reboot":
      return bmc.reboot();
    case "POST certificate":
      return { fingerprint256: (await bmc.replaceCertificate()).fingerprint256 };
    case "DELETE journal":
      return bmc.journal.clear();
    default:
      throw new Error(`${method} ${url} is not understood; see the list in lab/bmc/control.ts`);
  }
}

function drift(bmc: Bmc, wanted: Drift): void {
  if (wanted.boot) bmc.setBootOverride(wanted.boot);
  if (wanted.bios) bmc.setBios(wanted.bios);
  if (wanted.hardware) bmc.setHardware(wanted.hardware);
  if (wanted.ignoresGraceful !== undefined) bmc.power.ignoresGraceful = wanted.ignoresGraceful;
  if (wanted.eject !== undefined) {
    const slots = wanted.eject === true ? [...bmc.media.drives.keys()] : [wanted.eject];
    for (const slot of slots) bmc.media.eject(slot);
  }
  if (wanted.power) bmc.setPower(wanted.power);
}

async function collect(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
