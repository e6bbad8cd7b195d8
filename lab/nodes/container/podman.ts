import { createHash } from "node:crypto";
import type { ChildProcess } from "node:child_process";
import { spawn } from "node:child_process";
import { mkdir, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Outcome, RunOptions } from "../../process";
import { lastWords, run } from "../../process";
import type { HostTraits } from "./host";

const RUN = "/run/rackform";

/** Where a podman with this folder keeps what goes with a restart of the machine. */
export function runFolder(folder: string): string {
  return join(RUN, createHash("sha256").update(folder).digest("hex").slice(0, 12));
}

/** Folders of a podman of its own. */
export interface PodmanPlaces {
  /** Everything that podman keeps lies below. */
  folder: string;
  /** A storage whose images may be used, read-only. */
  images?: string;
}

/**
 * Podman with a storage, locks and networks of its own, so that the user's podman is not touched, run in the mount namespace of a
 * holder process: bridges and mounts can only be taken down from the namespace that they were made in.
 */
export class Podman {
  #holder?: ChildProcess;
  #namespace?: number;

  constructor(
    private readonly places: PodmanPlaces,
    private readonly traits: HostTraits,
  ) {}

  /** Pid of a process in the mount namespace. */
  get namespace(): number {
    if (this.#namespace === undefined) throw new Error("podman was not opened");
    return this.#namespace;
  }

  /** Podman wants its run-time folder's path short. */
  get runFolder(): string {
    return runFolder(this.places.folder);
  }

  get networkFolder(): string {
    return join(this.places.folder, "networks");
  }

  /**
   * Starts the holder, or joins the namespace of a process given. The holder ends when this process does, however it ends; the
   * namespace lives on as long as a container does.
   */
  async open(join?: number): Promise<void> {
    await this.#configure();
    if (join !== undefined) {
      this.#namespace = join;
      return;
    }
    const mounts = [
      "mount --make-rprivate /",
      ...(this.traits.remountCgroup ? ["mount -t cgroup2 cgroup2 /sys/fs/cgroup"] : []),
    ];
    // It reads until its input ends, which the kernel sees to even when this process is killed.
    const script = `set -e; ${mounts.join("; ")}; echo ready; read -r _ || true`;
    const holder = spawn("unshare", ["-m", "sh", "-c", script, `rackform-holder:${this.places.folder}`], {
      stdio: ["pipe", "pipe", "pipe"],
      cwd: "/",
    });
    this.#holder = holder;
    await new Promise<void>((resolve, reject) => {
      let said = "";
      const hear = (text: Buffer) => {
        said += text.toString();
        if (said.startsWith("ready")) resolve();
      };
      holder.stdout.on("data", hear);
      holder.stderr.on("data", hear);
      holder.on("error", reject);
      holder.on("exit", () => reject(new Error(`no mount namespace of our own can be made: ${said.trim()}`)));
    });
    holder.unref();
    for (const stream of [holder.stdin, holder.stdout, holder.stderr]) (stream as unknown as { unref(): void }).unref();
    this.#namespace = holder.pid;
  }

  /** Runs podman. */
  run(args: string[], options: RunOptions = {}): Promise<Outcome> {
    return run("nsenter", ["-t", String(this.namespace), "-m", "podman", ...this.#globals(), ...args], {
      ...options,
      env: { ...(options.env ?? process.env), CONTAINERS_CONF: this.#file("containers.conf") },
    });
  }

  /** Runs podman; a failure is an error. */
  async must(args: string[], options: RunOptions = {}): Promise<string> {
    const outcome = await this.run(args, options);
    if (outcome.code !== 0) {
      throw new Error(`podman ${args[0]} ${args[1] ?? ""} failed (exit ${outcome.code}): ${lastWords(outcome)}`);
    }
    return outcome.stdout.trim();
  }

  /** Removes the run-time folder; nothing may run any more. */
  async forget(): Promise<void> {
    await rm(this.runFolder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    await rmdir(RUN).catch(() => undefined);
  }

  /** Ends the holder. */
  async close(): Promise<void> {
    const holder = this.#holder;
    this.#holder = undefined;
    if (!holder || holder.exitCode !== null || holder.signalCode !== null) return;
    const ended = new Promise((resolve) => holder.once("exit", resolve));
    holder.ref();
    holder.kill("SIGKILL");
    await ended;
  }

  #file(name: string): string {
    return join(this.places.folder, name);
  }

  #globals(): string[] {
    const images =
      this.places.images === undefined ? [] : ["--storage-opt", `additionalimagestore=${this.places.images}`];
    return ["--root", this.#file("storage"), "--runroot", this.runFolder, "--storage-driver", "overlay", ...images];
  }

  async #configure(): Promise<void> {
    await mkdir(this.networkFolder, { recursive: true });
    const value = JSON.stringify;
    // Locks in files: the default ones lie in shared memory and belong to the user's podman.
    const text = [
      "[engine]",
      'lock_type = "file"',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "none"',
      `tmp_dir = ${value(this.#file("tmp"))}`,
      `static_dir = ${value(this.#file("storage/libpod"))}`,
      `volume_path = ${value(this.#file("storage/volumes"))}`,
      "[network]",
      `network_config_dir = ${value(this.networkFolder)}`,
      "[containers]",
      'log_driver = "none"',
      "",
    ];
    await writeFile(this.#file("containers.conf"), text.join("\n"));
  }
}
