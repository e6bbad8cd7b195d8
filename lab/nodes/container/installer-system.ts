import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { must, run } from "../../process";
import type { InstallerSystem, NodeSpec, RootRequest, ScriptOptions, ScriptResult } from "../backend";
import type { Disks } from "../disks";
import type { ContainerRack } from "./body";
import { systemdOptions } from "./host";
import { contains, networkOption } from "./network";
import { NODE_IMAGE } from "./root-filesystem";
import { HARDWARE, writeHardware } from "./shims";

/** Where an installed root comes from. */
export interface RootPlace {
  /** Makes a new root and returns where it lies. */
  make(request: RootRequest): Promise<string>;
  /** The root made last is whole. */
  complete(): void;
}

/** An installer's ram disk as a container: the base root, the emulated hardware, and the installed root at /target. */
export class ContainerInstaller implements InstallerSystem {
  #unpacked = false;

  private constructor(
    private readonly rack: ContainerRack,
    private readonly spec: NodeSpec,
    private readonly disks: Disks,
    private readonly target: string,
    private readonly root: RootPlace,
  ) {}

  static async boot(
    rack: ContainerRack,
    spec: NodeSpec,
    disks: Disks,
    address: string | undefined,
    place: RootPlace,
  ): Promise<ContainerInstaller> {
    const folder = join(rack.folder, "servers", spec.name);
    const installer = new ContainerInstaller(rack, spec, disks, join(folder, "target"), place);
    await installer.close();
    await mkdir(installer.target, { recursive: true });
    const hardware = join(folder, "hardware");
    await writeHardware(hardware, spec);
    await installer.#enter(["mount", "--bind", installer.target, installer.target]);
    await installer.#enter(["mount", "--make-shared", installer.target]);
    await rack.podman.must([
      "run",
      "-d",
      `--name=${installer.container}`,
      `--label=rackform.rack=${rack.name}`,
      "--hostname=installer",
      networkOption(
        rack.networkName,
        spec,
        address !== undefined && contains(rack.network.subnet, address) ? address : undefined,
      ),
      ...systemdOptions(rack.traits),
      `--volume=${installer.target}:/target:rslave`,
      ...["bin", "sys", "dev"].map((part) => `--volume=${join(hardware, part)}:/lab/${part}:ro`),
      `--volume=${disks.folder}:/lab/disks`,
      NODE_IMAGE,
      "/bin/sh",
      "-c",
      "find /dev -xdev -type b -delete; exec sleep infinity",
    ]);
    return installer;
  }

  get container(): string {
    return `rackform-${this.rack.name}-${this.spec.name}-installer`;
  }

  async write(path: string, content: Buffer, mode = 0o644): Promise<void> {
    const script = 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"';
    const args = ["exec", "-i", this.container, "sh", "-c", script, "sh", path, mode.toString(8)];
    await this.rack.podman.must(args, { input: content });
  }

  async read(path: string): Promise<string | undefined> {
    const outcome = await this.rack.podman.run(["exec", this.container, "cat", path]);
    return outcome.code === 0 ? outcome.stdout : undefined;
  }

  async run(command: string, options: ScriptOptions = {}): Promise<ScriptResult> {
    const { interpreter = "/bin/sh", chroot, signal, onLine } = options;
    const env = { PATH: "/lab/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", ...HARDWARE, ...options.env };
    const given = Object.entries(env).map(([name, value]) => `--env=${name}=${value}`);
    // The command goes in as a file, never on a command line that others on this machine can read.
    const script = chroot ? "/target/tmp/installer-script" : "/lab/command";
    await this.write(script, Buffer.from(command), 0o700);
    const reader = chroot ? `chroot /target ${interpreter} /tmp/installer-script` : `${interpreter} ${script}`;
    const run = `exec setpriv --bounding-set=-mknod,-sys_time,-sys_module --inh-caps=-mknod,-sys_time,-sys_module ${reader} 2>&1`;
    const outcome = await this.rack.podman.run(["exec", "--workdir=/", ...given, this.container, "sh", "-c", run], {
      signal,
      onLine,
    });
    await this.disks.look();
    return { code: outcome.code, output: outcome.stdout + outcome.stderr };
  }

  async unpack(request: RootRequest): Promise<void> {
    const root = await this.root.make(request);
    await this.#enter(["mount", "--bind", root, this.target]);
    this.#unpacked = true;
    // What a distribution's installer has done before it hands over to the late commands.
    const made = await this.run(
      [
        "set -e",
        "mkdir -p /mnt && ln -sfn /target /mnt/sysroot",
        "for d in proc sys dev run; do mount --rbind /$d /target/$d; mount --make-rslave /target/$d; done",
        "cp /etc/resolv.conf /target/etc/resolv.conf",
        "chroot /target ssh-keygen -q -A",
        "chroot /target systemd-machine-id-setup >/dev/null",
      ].join("\n"),
    );
    if (made.code !== 0) throw new Error(`the base root could not be prepared: ${made.output.trim()}`);
  }

  complete(): Promise<void> {
    this.root.complete();
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.rack.podman.run(["rm", "-f", "-t", "0", this.container]);
    if (this.#unpacked) await this.rack.podman.run(["umount", "-f", this.container.replace(/-installer$/, "")]);
    this.#unpacked = false;
    // The target, and what the installer mounted over it.
    for (let layers = 0; layers < 4; layers++) {
      const outcome = await run("nsenter", [...this.#inside(), "umount", "-l", this.target]);
      if (outcome.code !== 0) break;
    }
  }

  #inside(): string[] {
    return ["-t", String(this.rack.podman.namespace), "-m"];
  }

  async #enter(command: string[]): Promise<void> {
    await must(`${command.join(" ")} in ${dirname(this.target)}`, "nsenter", [...this.#inside(), ...command]);
  }
}
