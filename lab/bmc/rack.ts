import { Bmc } from "./bmc";
import type { KeyedCertificate } from "./certificates";
import { RackAuthority } from "./certificates";
import { RackLoad } from "./journal";
import type { BmcSpec } from "./spec";

/** Options of a rack. */
export interface RackOptions {
  tls?: {
    /** An authority that was kept from an earlier start, PEM. Default: a new one. */
    authority?: Pick<KeyedCertificate, "certificate" | "key">;
  };
  /** Requests that each BMC's journal keeps. Default: 500. */
  journalSize?: number;
  /** Seed of everything random (faults' chances, jitter). Default: 1. */
  seed?: number;
}

/** BMCs opened at a time when a rack starts. */
const OPENED_AT_ONCE = 64;

/** A rack of emulated BMCs in this process. */
export class BmcRack {
  readonly #bmcs = new Map<string, Bmc>();
  /** Requests of all BMCs together. */
  readonly load = new RackLoad();

  private constructor(readonly authority: RackAuthority) {}

  /**
   * Starts a BMC for each spec.
   * @throws Error when a name occurs twice; the system's error when an address cannot be had. Nothing stays open then.
   */
  static async start(specs: BmcSpec[], options: RackOptions = {}): Promise<BmcRack> {
    const rack = new BmcRack(await RackAuthority.create(options.tls?.authority));
    for (const spec of specs) rack.#make(spec, options);
    const bmcs = rack.bmcs();
    try {
      for (let at = 0; at < bmcs.length; at += OPENED_AT_ONCE) {
        await Promise.all(bmcs.slice(at, at + OPENED_AT_ONCE).map((bmc) => bmc.listener.open()));
      }
    } catch (error) {
      await rack.close();
      throw error;
    }
    return rack;
  }

  /** PEM of the authority that signed every BMC's certificate. */
  get caCertificate(): string {
    return this.authority.certificate;
  }

  /** @throws Error when there is no BMC of that name. */
  bmc(name: string): Bmc {
    const bmc = this.#bmcs.get(name);
    if (!bmc) throw new Error(`there is no BMC "${name}" in this rack; it has ${[...this.#bmcs.keys()].join(", ")}`);
    return bmc;
  }

  bmcs(): Bmc[] {
    return [...this.#bmcs.values()];
  }

  /** Adds a BMC to a running rack. */
  async add(spec: BmcSpec, options: RackOptions = {}): Promise<Bmc> {
    const bmc = this.#make(spec, options);
    await bmc.listener.open();
    return bmc;
  }

  /** Takes a BMC out of the rack. */
  async remove(name: string): Promise<void> {
    await this.bmc(name).close();
    this.#bmcs.delete(name);
  }

  /** Closes every port and ends everything under way. */
  async close(): Promise<void> {
    await Promise.all(this.bmcs().map((bmc) => bmc.close()));
  }

  #make(spec: BmcSpec, options: RackOptions): Bmc {
    if (this.#bmcs.has(spec.name))
      throw new Error(`the name "${spec.name}" occurs twice in the rack; names must differ`);
    const bmc = new Bmc(spec, this.authority, {
      journalSize: options.journalSize ?? 500,
      seed: options.seed ?? 1,
      load: this.load,
    });
    this.#bmcs.set(spec.name, bmc);
    return bmc;
  }
}
