import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { Agent, request } from "undici";
import { debianArchive } from "./archive";
import { efiStandIn, initrdStandIn, kernelStandIn, STAND_IN, type StandInArchitecture } from "./stand-ins";

/** How the mirror is set up. */
export interface MirrorOptions {
  address: string;
  /** 0 takes a free one. */
  port: number;
  /** Where Debian's package archive is got from; null serves the stand-ins only. Default: {@link debianArchive}. */
  debianUpstream?: string | null;
}

/** A file that was asked for. */
export interface MirrorRequest {
  path: string;
  status: number;
  from: string;
}

const KEPT_REQUESTS = 1000;
/** An installer looks here to see whether a mirror is one; without the real archive, packages cannot be had, but nodes can. */
const RELEASE = /^\/debian\/dists\/[a-z]+\/Release$/;
const ARCHITECTURES: Record<string, StandInArchitecture> = {
  amd64: "x86_64",
  x64: "x86_64",
  x86_64: "x86_64",
  arm64: "aarch64",
  aa64: "aarch64",
  aarch64: "aarch64",
};

/**
 * The lab's artifact mirror: trees as the distributions lay them out. Boot files are stand-ins with the right headers; Debian's packages are
 * passed on from the real archive.
 */
export class Mirror {
  /** What was asked for last, oldest first. */
  readonly requests: MirrorRequest[] = [];
  readonly #agent = new Agent({ connections: 8 });

  private constructor(
    private readonly server: Server,
    private readonly upstream: string | null,
  ) {
    server.on("request", (message: IncomingMessage, response: ServerResponse) => {
      this.#answer(message, response).catch((error: unknown) => {
        const path = message.url ?? "/";
        if (response.headersSent) response.destroy();
        else if (RELEASE.test(path)) this.#send(message, response, 200, Buffer.from(`Label: ${STAND_IN}\n`));
        else
          this.#send(
            message,
            response,
            502,
            Buffer.from(`the archive cannot be reached: ${(error as Error).message}\n`),
          );
      });
    });
  }

  /** @throws the system's error when the address cannot be had */
  static async open(options: MirrorOptions): Promise<Mirror> {
    const server = createServer();
    const upstream = options.debianUpstream === undefined ? debianArchive() : options.debianUpstream;
    const mirror = new Mirror(server, upstream);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(options.port, options.address, () => resolve());
    });
    return mirror;
  }

  /** Base URL: what `mirror` of a fleet is set to. */
  get url(): string {
    const { address, port } = this.server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
    await this.#agent.destroy();
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(message.url ?? "/", "http://mirror").pathname);
    if (message.method !== "GET" && message.method !== "HEAD")
      return this.#send(message, response, 405, Buffer.from("only GET\n"));
    const made = standIn(path);
    if (made) return this.#send(message, response, 200, made);
    if (this.upstream !== null && path.startsWith("/debian/") && !path.includes(".."))
      return this.#pass(message, response, path);
    if (RELEASE.test(path)) return this.#send(message, response, 200, Buffer.from(`Label: ${STAND_IN}\n`));
    this.#send(message, response, 404, Buffer.from(`the lab's mirror has no ${path}\n`));
  }

  async #pass(message: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const headers: Record<string, string> = {};
    for (const name of ["range", "if-modified-since", "if-range", "user-agent"]) {
      const value = message.headers[name];
      if (typeof value === "string") headers[name] = value;
    }
    const url = `${this.upstream}${encodeURI(path.slice("/debian".length))}`;
    const answer = await request(url, {
      dispatcher: this.#agent,
      method: message.method === "HEAD" ? "HEAD" : "GET",
      headers,
    });
    this.#note(message, path, answer.statusCode);
    const passed = [
      "content-length",
      "content-type",
      "content-range",
      "last-modified",
      "etag",
      "accept-ranges",
      "location",
    ];
    for (const name of passed) {
      const value = answer.headers[name];
      if (value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(answer.statusCode);
    // Whichever side goes away, the other one is let go, too.
    await pipeline(answer.body, response).catch(() => undefined);
  }

  #send(message: IncomingMessage, response: ServerResponse, status: number, body: Buffer): void {
    this.#note(message, message.url ?? "/", status);
    response.writeHead(status, { "content-length": body.length, "content-type": "application/octet-stream" });
    response.end(message.method === "HEAD" ? undefined : body);
  }

  #note(message: IncomingMessage, path: string, status: number): void {
    this.requests.push({ path, status, from: message.socket.remoteAddress ?? "" });
    if (this.requests.length > KEPT_REQUESTS) this.requests.shift();
  }
}

/** What a distribution's tree would have at this path, as far as a boot needs it. */
function standIn(path: string): Buffer | undefined {
  const name = path.split("/").at(-1)!;
  const word = path.split(/[/.-]/).find((part) => part in ARCHITECTURES) ?? "x86_64";
  const architecture = ARCHITECTURES[word];
  const installer = /\/(netboot|pxeboot|EFI\/BOOT)\//.test(path);
  const efi = /^(?:boot|bootnet|grub|grubnet|shim)(x64|aa64)\.efi$/i.exec(name);
  if (installer && efi) return efiStandIn(ARCHITECTURES[efi[1].toLowerCase()]);
  if (installer && /^(linux|vmlinuz)$/.test(name)) return kernelStandIn(architecture);
  if (installer && /^initrd(\.gz|\.img)?$/.test(name)) return initrdStandIn();
  if (/^\/ubuntu-releases\/.*\.iso$/.test(path) || /\/images\/install\.img$/.test(path))
    return Buffer.from(`${STAND_IN}\n`);
  if (name === ".treeinfo" && /\/BaseOS\//.test(path))
    return Buffer.from(`[general]\nname = ${STAND_IN}\narch = ${word}\n`);
  return undefined;
}
