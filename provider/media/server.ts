import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";
import { Agent, request as fetch } from "undici";
import type { MediaServerConfig } from "../config";
import { type Advertised, advertisedFor, authority, type LocalNetwork, thisMachine } from "./address";
import { ArtifactCache } from "./artifacts";
import { Attempts } from "./attempts";
import { Authority } from "./authority";
import { Bandwidth } from "./bandwidth";
import { bootFiles, bootImage } from "./boot-image";
import { Port, portsOf } from "./port";
import type { Progress, Publication } from "./publication";
import { type AccessRecord, requestListener, type RequestOptions } from "./requests";
import type { Attempt, MediaService, Place, PlaceRequest } from "./service";
import { Shelf, type Shelved } from "./shelf";

/** How a media server is set up; everything has a default. */
export interface MediaServerOptions extends Omit<MediaServerConfig, "url"> {
  /** Where the authority and the attempts are kept. Default: `$XDG_STATE_HOME/rackform/media`, else below `~/.local/state`. */
  stateDirectory?: string;
  /** Where downloads are kept. */
  artifacts?: ArtifactCache;
  log?: (record: AccessRecord) => void;
  admin?: RequestOptions["admin"];
  local?: LocalNetwork;
}

/**
 * The media and seed server of this process. It binds when a place is first asked for, never before, and keeps what another process needs to go
 * on after this one was killed: the authority's key, and the attempts.
 */
export class MediaServer implements MediaService {
  private readonly instance = randomBytes(8).toString("hex");
  private readonly artifacts: ArtifactCache;
  private readonly attempts: Attempts;
  private readonly running = new Map<string, { installationId: string; attempt: Attempt }>();
  private readonly shelf = new Shelf((shelved) => this.changed(shelved));
  private readonly bandwidth?: Bandwidth;
  private readonly stateDirectory: string;
  private readonly local: LocalNetwork;
  private opened?: Promise<Opened>;
  private readonly extraPorts = new Map<number, Promise<Port>>();
  private closed = false;

  constructor(private readonly options: MediaServerOptions = {}) {
    this.stateDirectory = options.stateDirectory ?? defaultStateDirectory();
    this.artifacts = options.artifacts ?? new ArtifactCache();
    this.attempts = new Attempts(path.join(this.stateDirectory, "attempts"));
    this.local = options.local ?? thisMachine;
    const rate = options.bandwidthMegabytesPerSecond;
    if (rate !== undefined) this.bandwidth = new Bandwidth(rate * 1e6);
  }

  async place({ bmc, machine, port: before }: PlaceRequest, signal: AbortSignal): Promise<Place> {
    const { ports, ca } = await this.open();
    const port = before === undefined ? ports.number : await this.portOf(before);
    const advertise = this.options.advertise ?? [];
    const forBmc = await advertisedFor(bmc, advertise, this.local);
    const forMachine = await advertisedFor(machine, advertise, this.local);
    await this.present([forBmc.host, forMachine.host]);
    const scheme = this.options.scheme ?? "http";
    for (const [advertised, peer] of [
      [forBmc, bmc.host],
      [forMachine, machine.network ?? machine.host],
    ] as const) {
      await this.prove(advertised, port, peer ?? "the machines", signal);
    }
    return {
      mediaUrl: `${scheme}://${authority(forBmc.host, port)}/m`,
      httpBootUrl: `${scheme}://${authority(forMachine.host, port)}/m`,
      seedUrl: `https://${authority(forMachine.host, port)}/s`,
      caPem: ca.pem,
      port,
    };
  }

  async publish(
    publication: Publication,
    attempt: Omit<Attempt, "nonce" | "progress">,
    signal: AbortSignal,
  ): Promise<{ isoBytes?: number }> {
    const { ca } = await this.open();
    const { boot } = publication;
    const { grub: grubFile, shim: shimFile } = boot.bootloader ?? {};
    const [kernel, initrd, grub, shim] = await Promise.all([
      this.artifacts.get(boot.kernel, signal),
      this.artifacts.get(boot.initrd, signal),
      grubFile ? this.artifacts.get(grubFile, signal) : Promise.resolve(undefined),
      shimFile ? this.artifacts.get(shimFile, signal) : Promise.resolve(undefined),
    ]);
    const input = {
      ...publication,
      architecture: boot.architecture,
      ramdisk: boot.ramdisk,
      caPem: ca.pem,
      kernel,
      initrd,
    };
    const image = grub ? bootImage({ ...input, grub, shim }) : { files: bootFiles(input) };
    const { nonce, installationId } = publication;
    const shelved = this.shelf.put(publication, image);
    const before = this.attempts.load(installationId);
    // What a killed process had seen is as good as seen here.
    if (before?.nonce === nonce && shelved.progress.version === 0) shelved.progress = before.progress;
    this.running.set(nonce, { installationId, attempt: { ...attempt, nonce, progress: shelved.progress } });
    this.changed(shelved);
    return { isoBytes: "iso" in image ? image.iso.size : undefined };
  }

  async progress(nonce: string, version: number, milliseconds: number, signal: AbortSignal): Promise<Progress> {
    const progress = await this.shelf.progress(nonce, version, milliseconds, signal);
    if (!progress) throw new Error("this attempt is not served any more");
    return progress;
  }

  recall(installationId: string): Promise<Attempt | undefined> {
    return Promise.resolve(this.attempts.load(installationId));
  }

  withdraw(nonce: string, over: boolean): Promise<void> {
    this.shelf.remove(nonce);
    const found = this.running.get(nonce);
    if (found && over) this.attempts.remove(found.installationId);
    this.running.delete(nonce);
    return Promise.resolve();
  }

  /** Certificate of the authority, PEM. */
  async caPem(): Promise<string> {
    return (await this.open()).ca.pem;
  }

  /** The port it listens on. */
  async port(): Promise<number> {
    return (await this.open()).ports.number;
  }

  /** Stops serving. Attempts that are under way stay known to the next process. */
  async close(): Promise<void> {
    this.closed = true;
    const opened = await this.opened?.catch(() => undefined);
    const extra = await Promise.all([...this.extraPorts.values()].map((port) => port.catch(() => undefined)));
    await Promise.all([opened?.ports.close(), ...extra.map((port) => port?.close())]);
    for (const { publication } of this.shelf.all()) this.shelf.remove(publication.nonce);
  }

  private open(): Promise<Opened> {
    if (this.closed) return Promise.reject(new Error("the media server is closed"));
    this.opened ??= this.bind().catch((error: unknown) => {
      this.opened = undefined;
      throw error;
    });
    return this.opened;
  }

  private async bind(): Promise<Opened> {
    const ca = await Authority.open(this.stateDirectory);
    const hosts = new Set([
      "localhost",
      ...this.local.addresses().map((address) => address.split("/")[0].split("%")[0]),
    ]);
    for (const { address } of this.options.advertise ?? []) hosts.add(address.replace(/^\[(.*)\]$/, "$1"));
    const ports = await this.listen(ca, hosts, portsOf(this.options.portRange ?? "8620-8629"));
    return { ca, hosts, ports };
  }

  private async listen(ca: Authority, hosts: Set<string>, ports: number[]): Promise<Port> {
    const { log, admin } = this.options;
    const handle = requestListener({
      shelf: this.shelf,
      instance: this.instance,
      bandwidth: this.bandwidth,
      log,
      admin,
    });
    return Port.open(this.options.listenAddress ?? "::", ports, await ca.issue([...hosts]), handle);
  }

  /** The port on which an installer of a killed process still looks for its seed. */
  private async portOf(number: number): Promise<number> {
    const { ca, hosts, ports } = await this.open();
    if (number === ports.number) return number;
    let extra = this.extraPorts.get(number);
    if (!extra) {
      extra = this.listen(ca, hosts, [number]);
      this.extraPorts.set(number, extra);
      extra.catch(() => this.extraPorts.delete(number));
    }
    return (await extra).number;
  }

  private async present(names: string[]): Promise<void> {
    const { ca, hosts, ports } = await this.open();
    const added = names.filter((name) => !hosts.has(name));
    if (added.length === 0) return;
    added.forEach((name) => hosts.add(name));
    const identity = await ca.issue([...hosts]);
    for (const port of [ports, ...(await Promise.all(this.extraPorts.values()))]) port.renew(identity);
  }

  /** Asks itself by the way that others will take. */
  private async prove(advertised: Advertised, port: number, peer: string, signal: AbortSignal): Promise<void> {
    const where = authority(advertised.host, port);
    const { ca } = await this.open();
    const agent = new Agent({ connect: { ca: ca.pem, timeout: 5_000 }, headersTimeout: 5_000, bodyTimeout: 5_000 });
    let found: string;
    try {
      const answer = await fetch(`https://${where}/ping`, {
        dispatcher: agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
      });
      const body = await answer.body.text();
      if (body.trim() === `rackform media server ${this.instance}`) return;
      found = "another server answered";
    } catch (error) {
      signal.throwIfAborted();
      found = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    } finally {
      await agent.destroy();
    }
    const hint = advertised.mapped
      ? `let tcp port ${port} through from ${peer} and from this machine to ${advertised.host} and forward it to this machine, or correct mediaServer.advertise`
      : `let tcp port ${port} through from ${peer} to ${advertised.host}, or set mediaServer.listenAddress and mediaServer.advertise`;
    throw new Error(
      `the media server cannot be reached at ${where} (${found}); ${hint}. Nothing has been changed on the machine`,
    );
  }

  private changed({ publication, progress }: Shelved): void {
    const found = this.running.get(publication.nonce);
    if (!found) return;
    found.attempt = { ...found.attempt, progress };
    this.attempts.save(found.installationId, found.attempt);
  }
}

interface Opened {
  ca: Authority;
  /** Names that the certificate is for. */
  hosts: Set<string>;
  ports: Port;
}

function defaultStateDirectory(): string {
  return path.join(process.env.XDG_STATE_HOME || path.join(homedir(), ".local", "state"), "rackform", "media");
}
