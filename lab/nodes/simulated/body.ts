import type { InstallerSystem, NodeBody, NodeSpec } from "../backend";
import { SshEndpoint } from "./ssh-endpoint";
import { SimulatedSystem, type SystemIdentity } from "./system";

/** A server that runs nothing: an SSH endpoint plays the installed system. */
export class SimulatedBody implements NodeBody {
  #system?: SimulatedSystem;
  #disk?: string;
  #endpoint?: SshEndpoint;
  readonly #used = new Set<string>();
  readonly #exits: ((how: "reboot" | "off") => void)[] = [];

  constructor(readonly spec: NodeSpec) {}

  /** The installed system, for tests to look at. */
  get system(): SimulatedSystem | undefined {
    return this.#system;
  }

  installed(): boolean {
    return this.#system !== undefined;
  }

  usedDisks(): string[] {
    return this.spec.disks.map((disk) => disk.device).filter((device) => this.#used.has(device));
  }

  running(): boolean {
    return this.#endpoint !== undefined;
  }

  ssh(): { address: string; port: number } | undefined {
    return this.#system && { address: this.#system.identity.address, port: this.#system.identity.port };
  }

  onExit(listener: (how: "reboot" | "off") => void): void {
    this.#exits.push(listener);
  }

  async wipe(device?: string): Promise<void> {
    const { disks } = this.spec;
    if (device !== undefined && !disks.some((disk) => disk.device === device)) {
      throw new Error(`no disk "${device}"; this server has ${disks.map((disk) => disk.device).join(", ")}`);
    }
    for (const { device: one } of disks) {
      if (device !== undefined && one !== device) continue;
      this.#used.delete(one);
      if (this.#disk === one) this.#system = undefined;
    }
  }

  async soil(device: string): Promise<void> {
    await this.wipe(device);
    this.#used.add(device);
  }

  /** No script runs on a simulated server. @throws Error always; the installer asks `installed` of it instead */
  bootInstaller(): Promise<InstallerSystem> {
    return Promise.reject(new Error("a simulated server has no installer system; scripts are read, not run"));
  }

  /** What an installer would have put on the disk. */
  install(identity: SystemIdentity, disk: string): SimulatedSystem {
    const system = new SimulatedSystem(identity, this.spec);
    this.#system = system;
    this.#disk = disk;
    this.#used.add(disk);
    return system;
  }

  async boot(signal: AbortSignal): Promise<void> {
    if (!this.#system) throw new Error("no bootable device: the disks are empty");
    signal.throwIfAborted();
    this.#system.booted();
    this.#endpoint = await SshEndpoint.open(this.#system, (how) => {
      void this.stop().then(() => {
        for (const listener of this.#exits) listener(how);
      });
    });
  }

  async stop(): Promise<void> {
    const endpoint = this.#endpoint;
    this.#endpoint = undefined;
    await endpoint?.close();
  }
}
