import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { utils } from "ssh2";
import { efiStandIn, initrdStandIn, kernelStandIn } from "../../lab/mirror/stand-ins";
import { Authority, subjectHash } from "../../provider/media/authority";
import { cpioArchive } from "../../provider/media/cpio";
import { fatImage } from "../../provider/media/fat";
import { isoImage } from "../../provider/media/iso9660";
import type { Entry } from "../../provider/media/layout";
import { renderSeed } from "../../provider/seed";
import type { SeedInput } from "../../provider/seed/input";

/** A key pair for SSH, OpenSSH format. */
export interface SshKeys {
  publicKey: string;
  privateKey: string;
}

export function sshKeys(): SshKeys {
  const { private: privateKey, public: publicKey } = utils.generateKeyPairSync("ed25519");
  return { publicKey, privateKey };
}

/** What goes into a medium; each part can be replaced by a wrong one, or left out with null. */
export interface MediumParts {
  loaderName?: string;
  loader?: Buffer | null;
  grub?: string | null;
  kernel?: Buffer | null;
  initrd?: Buffer | null;
  /** PEM that the appended archive carries. */
  ca?: string | null;
  arguments?: string;
  /** Leave El Torito's UEFI entry out. */
  noEfi?: boolean;
}

/** A seed's input, and what the seed server says. */
export interface Site {
  /** By path, on the HTTP server. */
  media: Map<string, Buffer>;
  /** By path, on the HTTPS server; a number is a status. */
  seed: Map<string, string | number>;
  posts: { path: string; body: string }[];
  requests: string[];
}

/** An HTTP server for media and an HTTPS server for seeds, as an installation has them, on an address of this machine. */
export class BootSite implements Site {
  readonly media = new Map<string, Buffer>();
  readonly seed = new Map<string, string | number>();
  readonly posts: { path: string; body: string }[] = [];
  readonly requests: string[] = [];

  private constructor(
    private readonly folder: string,
    readonly authority: Authority,
    private readonly http: Server,
    private readonly https: Server,
    private readonly address: string,
  ) {}

  static async open(address = "127.0.0.1"): Promise<BootSite> {
    const folder = mkdtempSync(path.join(tmpdir(), "rackform-site-"));
    const authority = await Authority.open(folder);
    const identity = await authority.issue([address]);
    const http = createHttp();
    const https = createHttps({ key: identity.key, cert: identity.certificates });
    const site = new BootSite(folder, authority, http, https, address);
    http.on("request", (request: IncomingMessage, response: ServerResponse) => site.#serveMedia(request, response));
    https.on(
      "request",
      (request: IncomingMessage, response: ServerResponse) => void site.#serveSeed(request, response),
    );
    for (const server of [http, https]) await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return site;
  }

  async close(): Promise<void> {
    for (const server of [this.http, this.https]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  get mediaUrl(): string {
    return `http://${this.address}:${(this.http.address() as AddressInfo).port}`;
  }

  get seedUrl(): string {
    return `https://${this.address}:${(this.https.address() as AddressInfo).port}`;
  }

  /** A complete seed under `/s/<token>`, of any family. */
  input(given: Partial<SeedInput> & Pick<SeedInput, "hostname">, token = "token-0123456789"): SeedInput {
    return {
      installationId: createHash("sha256").update(given.hostname).digest("hex").slice(0, 16),
      image: {
        family: "debian",
        version: "12",
        architecture: "x86_64",
        kernel: { url: `${this.mediaUrl}/linux` },
        initrd: { url: `${this.mediaUrl}/initrd` },
        mirror: `${this.mediaUrl}/debian`,
      },
      hostKey: sshKeys(),
      wipe: false,
      network: { interfaces: [{ name: "eno1", addresses: ["127.78.0.9/16"] }], nameservers: [] },
      users: [],
      seedUrl: `${this.seedUrl}/s/${token}`,
      caPem: this.authority.pem,
      ...given,
    };
  }

  /** Renders a seed, publishes it and a medium that leads to it. Returns the medium's URL. */
  publish(input: SeedInput, parts: MediumParts = {}): string {
    const seed = renderSeed(input);
    for (const { path: file, content } of seed.files)
      this.seed.set(`${new URL(input.seedUrl).pathname}/${file}`, content);
    this.media.set("/debian/dists/bookworm/Release", Buffer.from("Suite: stable\n"));
    return this.publishMedium(`/m/${input.hostname}.iso`, { arguments: quoted(seed.kernelArguments), ...parts });
  }

  /** Publishes a medium. */
  publishMedium(name: string, parts: MediumParts): string {
    this.media.set(name, medium(parts, this.authority.pem));
    return this.mediaUrl + name;
  }

  #serveMedia(request: IncomingMessage, response: ServerResponse): void {
    this.requests.push(`${request.method} ${request.url}`);
    const body = this.media.get(request.url ?? "");
    if (!body) return void response.writeHead(404).end("not found");
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
    if (!range) return void response.writeHead(200, { "content-length": body.length }).end(body);
    const part = body.subarray(Number(range[1]), Number(range[2]) + 1);
    const headers = { "content-range": `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${body.length}` };
    response.writeHead(206, headers).end(part);
  }

  async #serveSeed(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    if (request.method === "POST") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      this.posts.push({ path: request.url ?? "", body: Buffer.concat(chunks).toString() });
      return void response.writeHead(204).end();
    }
    const found = this.seed.get(request.url ?? "") ?? 404;
    if (typeof found === "number") return void response.writeHead(found).end("the token was used");
    response.writeHead(200).end(found);
  }
}

function quoted(words: string[]): string {
  return words.map((word) => `'${word}'`).join(" ");
}

/** Builds a medium of parts. */
export function medium(parts: MediumParts, ca: string): Buffer {
  const given = <K extends keyof MediumParts>(key: K, fallback: NonNullable<MediumParts[K]>) =>
    parts[key] === undefined ? fallback : (parts[key] as NonNullable<MediumParts[K]> | null);
  const name = parts.loaderName ?? "BOOTX64.EFI";
  const archive = parts.ca === null ? Buffer.alloc(0) : trust(parts.ca ?? ca);
  const menu = [
    "set default=0",
    "set timeout=0",
    "menuentry 'install' {",
    `  linux /rackform/vmlinuz ${parts.arguments ?? ""}`,
    "  initrd /rackform/initrd /rackform/ca.cpio",
    "}",
  ];
  const files: [string, Buffer | string | null][] = [
    [`EFI/BOOT/${name}`, given("loader", efiStandIn("x86_64"))],
    ["EFI/BOOT/grub.cfg", given("grub", `${menu.join("\n")}\n`)],
    ["rackform/vmlinuz", given("kernel", kernelStandIn("x86_64"))],
    ["rackform/initrd", given("initrd", initrdStandIn())],
    ["rackform/ca.cpio", archive],
  ];
  const entries = files.flatMap(([file, content]): Entry[] =>
    content === null ? [] : [{ path: file, content: Buffer.from(content) }],
  );
  const esp = fatImage(
    entries.filter((entry) => entry.path.startsWith("EFI/")),
    { label: "RACKFORM-EF", serial: 1 },
  );
  const layout = isoImage([...entries, { path: "boot/efi.img", content: esp }], {
    label: "RACKFORM",
    efiImage: "boot/efi.img",
  });
  const image = Buffer.concat([...chunks(layout)]);
  if (parts.noEfi) image.fill(0, image.indexOf("EL TORITO"), image.indexOf("EL TORITO") + 9);
  return image;
}

/** For scripts that are told a file, and for the Debian installer, which looks in OpenSSL's folder. */
function trust(pem: string): Buffer {
  return cpioArchive([
    { path: "rackform/ca.pem", content: pem },
    { path: `etc/ssl/certs/${subjectHash(pem)}.0`, content: pem },
  ]);
}

function* chunks(image: ReturnType<typeof isoImage>): Generator<Buffer> {
  let at = 0;
  for (const part of image.parts) {
    if (!("data" in part)) throw new Error("a medium of a test has no files on disk");
    yield Buffer.alloc(part.offset - at);
    yield part.data;
    at = part.offset + part.length;
  }
  yield Buffer.alloc(image.size - at);
}
