import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bmc, BmcRack, type BmcSpec, type Credentials } from "../bmc";
import { LabMachine } from "../installer";
import { Mirror } from "../mirror";
import type { NodeBackend } from "../nodes/backend";
import { ContainerBackend } from "../nodes/container";
import { hostOf } from "../nodes/container/network";
import { SimulatedBackend } from "../nodes/simulated";
import { labCache } from "../places";
import { AddressBlocks, BMC_PORT, MIRROR_PORT, NODE_PORT } from "./addresses";
import { Consoles } from "./console";
import { nodeSpec } from "./hardware";
import { serverStatus } from "./status";
import type { RackServerStatus } from "./types";
import { checkRack, newPassword, type RackServer, type RackSpec } from "./spec";

/** Where a rack keeps things. */
export interface RackPlaces {
  /** State folder. Default: a temporary one that goes when the rack closes. */
  folder?: string;
  /** Cache for the root file system. Default: {@link labCache}. */
  cache?: string;
  /** Authority that was kept from an earlier start, PEM. Default: a new one. */
  authority?: { certificate: string; key: string };
  /** Gets a line for every step of starting. */
  progress?: (text: string) => void;
}

/** A server in a running rack. */
export interface Member {
  server: RackServer;
  bmc: Bmc;
  machine: LabMachine;
  /** Address that the inventory gives its node. */
  address: string;
}

/** First host number of nodes in a container rack's subnet; those below are for the rack itself. */
const FIRST_HOST = 11;

/** A running rack in this process: BMCs, machines, mirror. */
export class LabRack {
  readonly consoles: Consoles;
  readonly credentials: Credentials;
  readonly #members = new Map<string, Member>();
  #next = 0;

  private constructor(
    readonly spec: RackSpec,
    readonly folder: string,
    private readonly temporary: boolean,
    readonly backend: NodeBackend,
    private readonly blocks: AddressBlocks,
    readonly bmcs: BmcRack,
    readonly mirror: Mirror,
  ) {
    this.consoles = new Consoles(temporary ? undefined : join(folder, "console"));
    this.credentials = spec.credentials!;
  }

  /** Builds a rack. When that fails nothing stays. @throws Error saying what lacks */
  static async start(given: RackSpec, places: RackPlaces = {}): Promise<LabRack> {
    checkRack(given);
    const spec = { ...given, credentials: given.credentials ?? { username: "admin", password: newPassword() } };
    const { progress = () => undefined, cache = labCache() } = places;
    const folder = places.folder ?? (await mkdtemp(join(tmpdir(), "rackform-lab-")));
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const backend: NodeBackend =
      spec.backend === "container"
        ? new ContainerBackend({ name: spec.name, folder, cache, subnet: spec.subnet })
        : new SimulatedBackend();
    const undo: (() => unknown)[] = [() => backend.close()];
    if (places.folder === undefined) undo.unshift(() => rm(folder, { recursive: true, force: true }));
    try {
      await backend.prepare(progress);
      const blocks = await AddressBlocks.take(spec.servers.length);
      undo.push(() => blocks.release());
      const address = backend.name === "container" ? backend.network.gateway : blocks.mirror;
      const mirror = await Mirror.open({ address, port: MIRROR_PORT, debianUpstream: spec.debianUpstream });
      undo.push(() => mirror.close());
      const bmcs = await BmcRack.start([], { seed: spec.seed, tls: { authority: places.authority } });
      undo.push(() => bmcs.close());
      const rack = new LabRack(spec, folder, places.folder === undefined, backend, blocks, bmcs, mirror);
      for (let at = 0; at < spec.servers.length; at += 32) {
        await Promise.all(spec.servers.slice(at, at + 32).map((server, offset) => rack.#place(server, at + offset)));
      }
      rack.#next = spec.servers.length;
      progress(`${spec.servers.length} servers are in the rack`);
      return rack;
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  /** Authority that signed the BMCs' certificates, PEM. */
  get caCertificate(): string {
    return this.bmcs.caCertificate;
  }

  /** SSH port of its nodes. */
  get nodePort(): number {
    return this.backend.name === "container" ? 22 : NODE_PORT;
  }

  members(): Member[] {
    return [...this.#members.values()];
  }

  /** @throws Error when there is no server of that name */
  member(name: string): Member {
    const found = this.#members.get(name);
    if (found) return found;
    throw new Error(`there is no server "${name}" in this rack; it has ${[...this.#members.keys()].join(", ")}`);
  }

  /** Looks at every server. */
  status(): Promise<RackServerStatus[]> {
    return Promise.all(this.members().map((member) => serverStatus(member, this.nodePort)));
  }

  /** Puts another server into the rack. */
  async add(server: RackServer): Promise<Member> {
    checkRack({ ...this.spec, servers: [...this.spec.servers, server] });
    const member = await this.#place(server, this.#next++);
    this.spec.servers.push(server);
    return member;
  }

  /** Takes a server out; its disks are gone. */
  async remove(name: string): Promise<void> {
    const { machine } = this.member(name);
    await this.bmcs.remove(name);
    await machine.powerOff(false);
    await this.backend.remove(name);
    this.#members.delete(name);
    this.consoles.forget(name);
    this.spec.servers = this.spec.servers.filter((server) => server.name !== name);
  }

  /** Another machine in the same place, on the same cables: BMC and node keep their addresses, serials, MACs and disks are new. */
  async replace(name: string, hardware: RackServer["hardware"] = {}): Promise<Member> {
    const old = this.member(name);
    const index = this.#indexOf(old);
    const { server } = old;
    await this.remove(name);
    const generation = Date.now().toString(36).toUpperCase();
    const present = old.bmc.hardware;
    const drives = present.drives.map((drive, at) => ({ ...drive, serial: `${generation}${at}` }));
    const nics = present.nics.map((nic, at) => ({ ...nic, mac: newMac(generation, at) }));
    const fresh = { serialNumber: `R${generation}`, sku: `K${generation}`, uuid: crypto.randomUUID(), drives, nics };
    const next = { ...server, usedDisks: undefined, hardware: { ...server.hardware, ...fresh, ...hardware } };
    const member = await this.#place(next, index);
    this.spec.servers.push(next);
    return member;
  }

  async close(): Promise<void> {
    await Promise.all([this.bmcs.close(), this.mirror.close()]);
    await Promise.all(this.members().map(({ machine }) => machine.abandon()));
    await this.backend.close();
    this.blocks.release();
    if (this.temporary) await rm(this.folder, { recursive: true, force: true });
  }

  #indexOf(member: Member): number {
    for (let index = 0; ; index++) if (this.blocks.bmc(index) === member.bmc.spec.address) return index;
  }

  async #place(server: RackServer, index: number): Promise<Member> {
    const bmc = await this.bmcs.add(this.#bmcSpec(server, index), { seed: this.spec.seed });
    const body = await this.backend.add(nodeSpec(bmc));
    for (const disk of server.usedDisks ?? []) await body.soil(disk);
    const machine = new LabMachine(body, {
      architecture: server.architecture ?? "x86_64",
      network: () => this.backend.network,
      console: (line) => this.consoles.write(server.name, line),
      installMs: this.spec.installMs,
    });
    machine.connect(bmc.onPower(machine));
    const container = this.backend.name === "container";
    const address = container ? hostOf(this.backend.network.subnet, FIRST_HOST + index) : this.blocks.node(index);
    const member = { server, bmc, machine, address };
    this.#members.set(server.name, member);
    return member;
  }

  #bmcSpec(server: RackServer, index: number): BmcSpec {
    const { latencyMs, timings } = this.spec;
    return {
      credentials: this.credentials,
      latencyMs,
      timings,
      ...server.bmc,
      name: server.name,
      address: this.blocks.bmc(index),
      port: BMC_PORT,
      dialect: server.dialect,
      hardware: server.hardware,
    };
  }
}

function newMac(generation: string, index: number): string {
  const digits = Buffer.from(generation.slice(-4)).toString("hex").slice(-8);
  return `02:${digits.match(/../g)!.join(":")}:${index.toString(16).padStart(2, "0")}`;
}
