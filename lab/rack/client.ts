import { request } from "node:http";
import { type BmcSnapshot, controlRequest, type Death, type Fault, type FaultRule } from "../bmc";
import type { Drift } from "../bmc/control";
import { socketPath } from "./folder";
import type { RackServer } from "./spec";
import type { RackClient, RackStatus } from "./types";

/** Talks to a rack's process through its sockets. */
export class SocketClient implements RackClient {
  constructor(
    readonly name: string,
    private readonly folder: string,
  ) {}

  status(): Promise<RackStatus> {
    return this.#ask("GET", "/status") as Promise<RackStatus>;
  }

  bmc(name: string): Promise<BmcSnapshot> {
    return this.#bmc("GET", name, "") as Promise<BmcSnapshot>;
  }

  fault(bmc: string, rule: FaultRule | Fault): Promise<unknown> {
    return this.#bmc("POST", bmc, "/fault", "fault" in rule ? rule : { fault: rule });
  }

  async clearFaults(bmc: string): Promise<void> {
    await this.#bmc("DELETE", bmc, "/fault");
  }

  async drift(bmc: string, drift: Drift): Promise<void> {
    await this.#bmc("POST", bmc, "/drift", drift);
  }

  async dead(bmc: string, how: Death = "refuse"): Promise<void> {
    await this.#bmc("POST", bmc, "/dead", { how });
  }

  async revive(bmc: string): Promise<void> {
    await this.#bmc("POST", bmc, "/revive");
  }

  async console(server: string): Promise<string[]> {
    return ((await this.#ask("GET", `/console/${encodeURIComponent(server)}`)) as { lines: string[] }).lines;
  }

  async addServer(server: RackServer): Promise<void> {
    await this.#ask("POST", "/servers", server);
  }

  async removeServer(name: string): Promise<void> {
    await this.#ask("DELETE", `/servers/${encodeURIComponent(name)}`);
  }

  async replaceServer(name: string): Promise<void> {
    await this.#ask("POST", `/servers/${encodeURIComponent(name)}/replace`);
  }

  async soil(server: string, device: string): Promise<void> {
    await this.#ask("POST", `/servers/${encodeURIComponent(server)}/soil`, { device });
  }

  async wipe(server: string, device?: string): Promise<void> {
    await this.#ask("POST", `/servers/${encodeURIComponent(server)}/wipe`, { device });
  }

  /** Asks the rack to end; it does so after it has answered. */
  async down(): Promise<void> {
    await this.#ask("POST", "/down");
  }

  #bmc(method: string, name: string, path: string, body?: unknown): Promise<unknown> {
    return controlRequest(socketPath(this.folder, "bmc"), method, `/bmc/${encodeURIComponent(name)}${path}`, body);
  }

  #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const asking = request(
        { socketPath: socketPath(this.folder, "control"), method, path, agent: false },
        (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (part: string) => (text += part));
          response.on("error", reject);
          response.on("end", () => {
            const value = JSON.parse(text || "{}") as { error?: string };
            if (response.statusCode === 200) resolve(value);
            else reject(new Error(value.error ?? `the rack answered ${response.statusCode}`));
          });
        },
      );
      asking.on("error", reject);
      asking.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
}
