import { join } from "node:path";
import type { InstallerSystem, NodeBody, NodeNetwork, NodeSpec, RootRequest } from "../backend";
import { Disks } from "../disks";
import { sshAnswers } from "../ssh";
import type { HostTraits } from "./host";
import { systemdOptions } from "./host";
import { ContainerInstaller } from "./installer-system";
import { contains, networkOption } from "./network";
import type { Podman } from "./podman";
import { NODE_IMAGE } from "./root-filesystem";

/** What the bodies of one rack share. */
export interface ContainerRack {
  readonly name: string;
  readonly folder: string;
  readonly podman: Podman;
  readonly traits: HostTraits;
  readonly network: NodeNetwork;
  readonly networkName: string;
}

/** Capabilities that reach past the container: devices, the clock, modules. */
const LOST = "-mknod,-sys_time,-sys_module,-sys_rawio";

/** Before init: podman's own files give way to the disk's, and no block device of this machine can be reached. */
const START = [
  "umount /etc/hostname /etc/hosts /etc/resolv.conf /run/.containerenv 2>/dev/null",
  "find /dev -xdev -type b -delete",
  // Or udev would replay this machine's devices at every start.
  "mount -o remount,bind,ro /sys",
  "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys",
  "mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,rw /proc/sys/net",
  "[ -s /etc/hostname ] && hostname -F /etc/hostname",
  `exec setpriv --bounding-set=${LOST} --inh-caps=${LOST} /sbin/init`,
].join("; ");

const SSH_PORT = 22;
const BOOT_SECONDS = 90;
const STOP_SECONDS = 60;

/** A server whose installed system is a container with systemd and OpenSSH. Its root stays when it is switched off. */
export class ContainerBody implements NodeBody {
  #installed?: RootRequest;
  #running = false;
  #stopping = false;
  #id?: string;
  readonly #exits: ((how: "reboot" | "off") => void)[] = [];

  private constructor(
    private readonly rack: ContainerRack,
    readonly spec: NodeSpec,
    private readonly disks: Disks,
  ) {}

  static async create(rack: ContainerRack, spec: NodeSpec): Promise<ContainerBody> {
    const disks = await Disks.create(join(rack.folder, "servers", spec.name, "disks"), spec.disks);
    return new ContainerBody(rack, spec, disks);
  }

  get container(): string {
    return `rackform-${this.rack.name}-${this.spec.name}`;
  }

  installed(): boolean {
    return this.#installed !== undefined;
  }

  usedDisks(): string[] {
    return this.disks.notBlank();
  }

  running(): boolean {
    return this.#running;
  }

  ssh(): { address: string; port: number } | undefined {
    return this.#installed && { address: this.#installed.address, port: SSH_PORT };
  }

  onExit(listener: (how: "reboot" | "off") => void): void {
    this.#exits.push(listener);
  }

  async wipe(device?: string): Promise<void> {
    const devices = device === undefined ? this.spec.disks.map((disk) => disk.device) : [device];
    for (const one of devices) {
      await this.disks.wipe(one);
      if (this.#installed?.disk === one) await this.#remove();
    }
  }

  async soil(device: string): Promise<void> {
    this.disks.find(device);
    if (this.#installed?.disk === device) await this.#remove();
    await this.disks.partition(device);
  }

  async bootInstaller(address: string | undefined): Promise<InstallerSystem> {
    let made: RootRequest | undefined;
    return ContainerInstaller.boot(this.rack, this.spec, this.disks, address, {
      make: async (request) => {
        const root = await this.#unpack(request);
        made = request;
        return root;
      },
      complete: () => {
        this.#installed = made;
      },
    });
  }

  async boot(signal: AbortSignal): Promise<void> {
    const root = this.#installed;
    if (!root) throw new Error("no bootable device: the disks are empty");
    signal.throwIfAborted();
    this.#stopping = false;
    await this.rack.podman.must(["start", this.container]);
    this.#running = true;
    const until = Date.now() + BOOT_SECONDS * 1000;
    while (!(await sshAnswers(root.address, SSH_PORT))) {
      signal.throwIfAborted();
      if (!this.#running) throw new Error("the system stopped while it started");
      if (Date.now() > until) {
        throw new Error(`the system started, but no SSH server answers on ${root.address} after ${BOOT_SECONDS} s`);
      }
      await pause(100);
    }
  }

  async stop(graceful: boolean): Promise<void> {
    this.#stopping = true;
    const seconds = graceful ? STOP_SECONDS : 0;
    if (this.#installed) await this.rack.podman.run(["stop", "-t", String(seconds), this.container]);
    this.#running = false;
  }

  /** The container ended, as podman's monitor wrote down. */
  exited(id: string, code: number): void {
    if (id !== this.#id) return;
    this.#running = false;
    if (this.#stopping) return;
    // The kernel ends a container's init with SIGHUP for a restart and SIGINT for power-off.
    const how = code === 129 ? "reboot" : "off";
    for (const listener of this.#exits) listener(how);
  }

  async remove(): Promise<void> {
    await this.#remove();
  }

  async #unpack(request: RootRequest): Promise<string> {
    if (!contains(this.rack.network.subnet, request.address)) {
      const { subnet } = this.rack.network;
      throw new Error(`network unreachable: ${request.address} is not in ${subnet}, the network of the rack's nodes`);
    }
    this.disks.find(request.disk);
    await this.#remove();
    const { podman, traits, networkName, name } = this.rack;
    this.#id = await podman.must([
      "create",
      `--name=${this.container}`,
      `--label=rackform.rack=${name}`,
      `--hostname=localhost`,
      networkOption(networkName, this.spec, request.address),
      ...systemdOptions(traits),
      "--systemd=always",
      "--no-hosts",
      "--dns=none",
      "--stop-signal=SIGRTMIN+3",
      NODE_IMAGE,
      "/bin/sh",
      "-c",
      START,
    ]);
    await this.disks.partition(request.disk);
    return podman.must(["mount", this.container]);
  }

  async #remove(): Promise<void> {
    if (this.#id === undefined) return;
    this.#stopping = true;
    this.#installed = undefined;
    this.#running = false;
    await this.rack.podman.must(["rm", "-f", "-t", "0", this.container]);
    this.#id = undefined;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
