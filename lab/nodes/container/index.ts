import type { FSWatcher } from "node:fs";
import { existsSync, watch } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome } from "../../process";
import type { NodeBackend, NodeBody, NodeNetwork, NodeSpec } from "../backend";
import { ContainerBody } from "./body";
import type { HostTraits } from "./host";
import { hostTraits, systemdOptions } from "./host";
import { bridgeName, createNetwork, hostOf, SubnetReservation } from "./network";
import { Podman } from "./podman";
import { NODE_IMAGE, nodeImageStore } from "./root-filesystem";
import { sweepContainers } from "./sweep";

/** How a container backend is set up. */
export interface ContainerBackendOptions {
  /** The rack's name; containers and the network are called `rackform-<name>…`. */
  name: string;
  /** The rack's state folder; everything of the backend lies below and goes with `close`. */
  folder: string;
  /** Where the root file system is kept between racks. */
  cache: string;
  /** IPv4 CIDR of the nodes' network. Default: a free one. */
  subnet?: string;
}

/** Nodes as podman containers with Debian, systemd and OpenSSH. Needs root. */
export class ContainerBackend implements NodeBackend {
  readonly name = "container";
  readonly #bodies = new Map<string, ContainerBody>();
  readonly #traits: HostTraits = hostTraits();
  #subnet?: SubnetReservation;
  #podman?: Podman;
  #watcher?: FSWatcher;
  #images = "";

  constructor(private readonly options: ContainerBackendOptions) {}

  get network(): NodeNetwork {
    if (!this.#subnet) throw new Error("the container backend was not prepared");
    return this.#subnet.network;
  }

  get networkName(): string {
    return `rackform-${this.options.name}`;
  }

  async prepare(progress: (text: string) => void): Promise<void> {
    const { folder, cache } = this.options;
    this.#images = (await nodeImageStore(cache, this.#traits, progress)).storage;
    await sweepContainers(folder, this.#traits);
    this.#subnet = await SubnetReservation.take(folder, this.options.subnet);
    const places = { folder: join(folder, "podman"), images: this.#images };
    this.#podman = new Podman(places, this.#traits);
    await this.#podman.open();
    const bridge = bridgeName(folder);
    await createNetwork(this.#podman, this.networkName, this.network, bridge);
    const record = { images: this.#images, bridge, subnet: this.network.subnet, network: this.networkName };
    await writeFile(join(folder, "podman.json"), JSON.stringify(record));
    await this.#watchExits(join(folder, "podman/tmp/exits"));
    await this.#anchor();
    progress(`nodes are on ${this.network.subnet}`);
  }

  async add(spec: NodeSpec): Promise<NodeBody> {
    const podman = this.#opened();
    const { name, folder } = this.options;
    const { networkName, network } = this;
    const body = await ContainerBody.create({ name, folder, podman, traits: this.#traits, network, networkName }, spec);
    this.#bodies.set(spec.name, body);
    return body;
  }

  async remove(name: string): Promise<void> {
    const body = this.#bodies.get(name);
    this.#bodies.delete(name);
    await body?.remove();
    await rm(join(this.options.folder, "servers", name), { recursive: true, force: true });
  }

  /** Runs a program in a running node, past SSH, for those who look at it from outside. */
  inside(node: string, words: string[]): Promise<Outcome> {
    return this.#opened().run(["exec", `rackform-${this.options.name}-${node}`, ...words]);
  }

  async close(): Promise<void> {
    this.#watcher?.close();
    this.#bodies.clear();
    const namespace = this.#podman?.namespace;
    await sweepContainers(this.options.folder, this.#traits, namespace);
    await this.#podman?.close();
    this.#podman = undefined;
    this.#subnet?.release();
  }

  #opened(): Podman {
    if (!this.#podman) throw new Error("the container backend was not prepared");
    return this.#podman;
  }

  /** A bridge goes with its last container; this one keeps the gateway's address there while all nodes are off. */
  async #anchor(): Promise<void> {
    await this.#opened().must([
      "run",
      "-d",
      `--name=rackform-${this.options.name}-anchor`,
      `--label=rackform.rack=${this.options.name}`,
      `--network=${this.networkName}`,
      `--ip=${hostOf(this.network.subnet, 254)}`,
      ...systemdOptions(this.#traits),
      NODE_IMAGE,
      "sleep",
      "infinity",
    ]);
  }

  /** Podman's monitors leave a file with the exit code here. */
  async #watchExits(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    this.#watcher = watch(folder, { persistent: false }, (_, id) => {
      const file = id === null ? "" : join(folder, id);
      if (id === null || !existsSync(file)) return;
      void readFile(file, "utf8")
        .catch(() => "")
        .then((text) => {
          if (text === "") return;
          for (const body of this.#bodies.values()) body.exited(id, Number(text));
        });
    });
  }
}
