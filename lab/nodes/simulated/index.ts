import type { InstallerSystem, NodeBackend, NodeBody, NodeNetwork, NodeSpec } from "../backend";
import { SimulatedBody } from "./body";

export { SimulatedBody } from "./body";
export type { SimulatedSystem } from "./system";

/** Nodes as SSH endpoints in this process, each on a loopback address of its own: thousands on one machine, no root needed. */
export class SimulatedBackend implements NodeBackend {
  readonly name = "simulated";
  readonly network: NodeNetwork = { subnet: "127.78.0.0/16", gateway: "127.0.0.1" };
  readonly #bodies = new Map<string, SimulatedBody>();

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  add(spec: NodeSpec): Promise<NodeBody> {
    const body = new SimulatedBody(spec);
    this.#bodies.set(spec.name, body);
    return Promise.resolve(body);
  }

  async remove(name: string): Promise<void> {
    const body = this.#bodies.get(name);
    this.#bodies.delete(name);
    await body?.stop();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#bodies.values()].map((body) => body.stop()));
    this.#bodies.clear();
  }
}

export type { InstallerSystem };
