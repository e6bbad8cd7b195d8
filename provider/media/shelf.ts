import { EventEmitter } from "node:events";
import type { BootImage } from "./boot-image";
import type { Content } from "./layout";
import { parseReport, type PhoneHome, type Progress, type Publication, sameSecret, tokenDigest } from "./publication";

/** A publication as it stands on the shelf: what is served, and what has been seen. */
export interface Shelved {
  publication: Publication;
  /** The ISO, and the files of the boot medium by path. */
  iso?: BootImage["iso"];
  files: Map<string, Content>;
  seed: Map<string, string>;
  progress: Progress;
  /** The installation has phoned home or failed: the token is worth nothing any more. */
  used: boolean;
}

/** All publications of a media server, and the news about them. */
export class Shelf {
  private readonly byNonce = new Map<string, Shelved>();
  private readonly byToken = new Map<string, Shelved>();
  private readonly byMachine = new Map<string, Shelved>();
  private readonly news = new EventEmitter().setMaxListeners(0);

  constructor(private readonly changed: (shelved: Shelved) => void = () => undefined) {}

  /** Puts a publication up. One that is there already keeps its progress; what it serves is replaced. */
  put(publication: Publication, image: Pick<BootImage, "files"> & Partial<BootImage>): Shelved {
    const before = this.byNonce.get(publication.nonce);
    const shelved: Shelved = {
      publication,
      iso: image.iso,
      files: image.files,
      seed: new Map(publication.seed.map(({ path, content }) => [path, content])),
      progress: before?.progress ?? { version: 0 },
      used: before?.used ?? false,
    };
    this.remove(publication.nonce);
    this.byNonce.set(publication.nonce, shelved);
    this.byToken.set(tokenDigest(publication.token), shelved);
    for (const key of machineKeys(publication)) this.byMachine.set(key, shelved);
    return shelved;
  }

  remove(nonce: string): void {
    const shelved = this.byNonce.get(nonce);
    if (!shelved) return;
    this.byNonce.delete(nonce);
    this.byToken.delete(tokenDigest(shelved.publication.token));
    for (const [key, value] of this.byMachine) if (value === shelved) this.byMachine.delete(key);
    this.news.emit(nonce);
  }

  get(nonce: string): Shelved | undefined {
    return this.byNonce.get(nonce);
  }

  /** By the secret of a seed's URL. */
  withToken(token: string): Shelved | undefined {
    const found = this.byToken.get(tokenDigest(token));
    return found && sameSecret(found.publication.token, token) ? found : undefined;
  }

  /** By a MAC address, UUID or serial number, however it is written. */
  withMachine(name: string): Shelved | undefined {
    return this.byMachine.get(plain(name));
  }

  get size(): number {
    return this.byNonce.size;
  }

  all(): Shelved[] {
    return [...this.byNonce.values()];
  }

  mediaRead(shelved: Shelved, from: string, bytes: number, size: number): void {
    const before = shelved.progress.media;
    const total = (before?.bytes ?? 0) + bytes;
    // A read is many pieces: only the first, and each further tenth of the medium, is news.
    const tenth = (value: number) => Math.floor((value * 10) / Math.max(1, size));
    const quiet = before !== undefined && tenth(before.bytes) === tenth(total);
    shelved.progress.media = {
      at: before?.at ?? Date.now(),
      from,
      bytes: total,
      size: Math.max(size, before?.size ?? 0),
    };
    if (!quiet) this.tell(shelved);
  }

  seedRead(shelved: Shelved, from: string, file: string): void {
    const before = shelved.progress.seed;
    const files = [...new Set([...(before?.files ?? []), file])];
    shelved.progress.seed = { at: before?.at ?? Date.now(), from, files };
    this.tell(shelved);
  }

  /** Takes a report; returns why it is refused. */
  report(shelved: Shelved, kind: "progress" | "failed" | "phone-home", text: string): string | undefined {
    const at = Date.now();
    if (kind === "progress") {
      const { phase } = parseReport(text, ["phase"]);
      if (!phase || !/^[a-z][a-z0-9-]{0,31}$/.test(phase)) return "phase is missing or no word";
      shelved.progress.phase = { at, name: phase };
    } else if (kind === "failed") {
      const { reason } = parseReport(text, ["reason"]);
      // The first reason is the cause; an installer that gives up afterwards says less.
      shelved.progress.failed ??= { at, reason: reason || "the installer gave no reason" };
    } else {
      const report = parseReport(text, ["installation", "hostname", "machineId", "os", "disk"]);
      if (report.installation !== shelved.publication.installationId) return "installation is another one";
      shelved.progress.home = { at, ...(report as unknown as PhoneHome) };
      shelved.used = true;
    }
    this.tell(shelved);
    return undefined;
  }

  /** The progress, as soon as it is newer than `version`, or after the time. Undefined: not published (any more). */
  async progress(
    nonce: string,
    version: number,
    milliseconds: number,
    signal?: AbortSignal,
  ): Promise<Progress | undefined> {
    const now = this.byNonce.get(nonce)?.progress;
    if (!now || now.version > version || milliseconds <= 0) return now && { ...now };
    signal?.throwIfAborted();
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.news.off(nonce, done);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.news.on(nonce, done);
      signal?.addEventListener("abort", done, { once: true });
    });
    signal?.throwIfAborted();
    const later = this.byNonce.get(nonce)?.progress;
    return later && { ...later };
  }

  private tell(shelved: Shelved): void {
    shelved.progress.version += 1;
    this.changed(shelved);
    this.news.emit(shelved.publication.nonce);
  }
}

function machineKeys({ machine }: Publication): string[] {
  if (!machine) return [];
  const { macs, uuid, serialNumber } = machine;
  const swapped = uuid?.replace(/^(..)(..)(..)(..)-(..)(..)-(..)(..)-/, "$4$3$2$1-$6$5-$8$7-");
  return [...macs, uuid, swapped, serialNumber].filter((key): key is string => Boolean(key)).map(plain);
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^0-9a-z]/g, "");
}
