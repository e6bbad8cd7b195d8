import { createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { request } from "undici";
import type { RemoteFile } from "../../resources/redfish/installation";
import type { FileContent } from "./layout";

/** The largest kernel, initrd or boot loader that is loaded. */
const LARGEST = 2 * 1024 ** 3;

/** How a URL without a digest was answered last. */
interface Answer {
  sha256: string;
  etag?: string;
  lastModified?: string;
}

/**
 * Files that users name by URL, kept by their SHA-256. One with a digest in its arguments is loaded once and for all; one without is asked for
 * again by each process, with the validators of the last answer. Files of this machine (`file:`) are read where they are.
 */
export class ArtifactCache {
  private readonly running = new Map<string, Promise<FileContent>>();

  constructor(
    readonly folder: string = path.join(
      process.env.RACKFORM_CACHE || path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), ".cache"), "rackform"),
      "artifacts",
    ),
    /** Whether `file:` URLs may be read: not where the URLs come from elsewhere. */
    private readonly files = true,
  ) {}

  /**
   * The file, whole and verified. Several that ask at once wait for the same download; one that stops waiting does not stop it.
   *
   * @throws Error naming the URL and what was wrong: not found, too large, another digest than the expected one
   */
  async get(file: RemoteFile, signal?: AbortSignal): Promise<FileContent> {
    signal?.throwIfAborted();
    const key = `${file.url} ${file.sha256 ?? ""}`;
    let running = this.running.get(key);
    if (!running) {
      running = this.load(file).catch((error: Error) => {
        this.running.delete(key);
        throw new Error(`${shown(file.url)}: ${reason(error)}`, { cause: error });
      });
      this.running.set(key, running);
    }
    return signal ? unlessAborted(running, signal) : running;
  }

  private async load(file: RemoteFile): Promise<FileContent> {
    const expected = file.sha256?.toLowerCase();
    if (file.url.startsWith("file:") && !this.files)
      throw new Error("names a file of another machine; give an http or https URL");
    if (file.url.startsWith("file:")) return this.local(fileURLToPath(file.url), expected);
    if (expected !== undefined) {
      const kept = await this.kept(expected);
      if (kept) return kept;
    }
    const remembered = expected === undefined ? await this.remembered(file.url) : undefined;
    const headers: Record<string, string> = { "accept-encoding": "identity" };
    if (remembered?.etag) headers["if-none-match"] = remembered.etag;
    else if (remembered?.lastModified) headers["if-modified-since"] = remembered.lastModified;
    const answer = await follow(file.url, headers);
    if (answer.status === 304 && remembered) {
      answer.body.resume();
      return (await this.kept(remembered.sha256))!;
    }
    if (answer.status !== 200) {
      answer.body.resume();
      throw new Error(`answered ${answer.status}, expected 200`);
    }
    return this.store(file.url, answer, expected);
  }

  private async store(url: string, answer: Downloaded, expected: string | undefined): Promise<FileContent> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const draft = path.join(this.folder, `draft-${process.pid}-${randomBytes(6).toString("hex")}`);
    const hash = createHash("sha256");
    let size = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        size += chunk.length;
        done(size > LARGEST ? new Error("is larger than 2 GiB") : null, chunk);
      },
    });
    try {
      await pipeline(answer.body, meter, createWriteStream(draft, { mode: 0o600 }));
      const announced = answer.headers["content-length"];
      if (announced !== undefined && Number(announced) !== size)
        throw new Error(`ended after ${size} of ${announced} bytes`);
      const sha256 = hash.digest("hex");
      verify(sha256, expected);
      await rename(draft, this.place(sha256));
      if (expected === undefined) await this.remember(url, { sha256, ...validators(answer.headers) });
      return { file: this.place(sha256), size };
    } finally {
      await rm(draft, { force: true });
    }
  }

  private async local(file: string, expected: string | undefined): Promise<FileContent> {
    const { size } = await stat(file);
    if (expected !== undefined) {
      const hash = createHash("sha256");
      for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
      verify(hash.digest("hex"), expected);
    }
    return { file, size };
  }

  private place(sha256: string): string {
    return path.join(this.folder, sha256);
  }

  private async kept(sha256: string): Promise<FileContent | undefined> {
    try {
      return { file: this.place(sha256), size: (await stat(this.place(sha256))).size };
    } catch {
      return undefined;
    }
  }

  private note(url: string): string {
    return path.join(this.folder, `${createHash("sha256").update(url).digest("hex")}.json`);
  }

  private async remembered(url: string): Promise<Answer | undefined> {
    try {
      const answer = JSON.parse(await readFile(this.note(url), "utf8")) as Answer;
      return (await this.kept(answer.sha256)) ? answer : undefined;
    } catch {
      return undefined;
    }
  }

  private async remember(url: string, answer: Answer): Promise<void> {
    const draft = `${this.note(url)}.${randomBytes(6).toString("hex")}`;
    await writeFile(draft, JSON.stringify(answer), { mode: 0o600 });
    await rename(draft, this.note(url));
  }
}

interface Downloaded {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Readable;
}

async function follow(url: string, headers: Record<string, string>): Promise<Downloaded> {
  let target = url;
  for (let hop = 0; hop < 6; hop++) {
    const {
      statusCode,
      headers: answered,
      body,
    } = await request(target, { headers, headersTimeout: 60_000, bodyTimeout: 60_000 });
    if (![301, 302, 303, 307, 308].includes(statusCode) || typeof answered.location !== "string") {
      return { status: statusCode, headers: answered, body };
    }
    body.resume();
    const next = new URL(answered.location, target);
    if (!["http:", "https:"].includes(next.protocol))
      throw new Error(`redirects to ${next.protocol}, which is not followed`);
    if (target.startsWith("https:") && next.protocol === "http:")
      throw new Error("redirects from https to http, which is not followed");
    target = next.href;
  }
  throw new Error("redirects more than five times");
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function validators(headers: Downloaded["headers"]): Pick<Answer, "etag" | "lastModified"> {
  const { etag, "last-modified": lastModified } = headers;
  return {
    ...(typeof etag === "string" ? { etag } : {}),
    ...(typeof lastModified === "string" ? { lastModified } : {}),
  };
}

function verify(found: string, expected: string | undefined): void {
  if (expected !== undefined && found !== expected) {
    throw new Error(`has the SHA-256 ${found}, expected ${expected}; correct sha256, or find out who changed the file`);
  }
}

/** A URL for messages: without a login. */
function shown(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^/@]*@/i, "$1");
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "is not there";
  if (error.code === "ECONNREFUSED") return "the server refused the connection";
  return error.message || error.code || "failed";
}
