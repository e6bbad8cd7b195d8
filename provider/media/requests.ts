import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { TLSSocket } from "node:tls";
import { pipeline } from "node:stream/promises";
import { Transform } from "node:stream";
import type { Bandwidth } from "./bandwidth";
import { read, sizeOf, type Content, type Layout } from "./layout";
import { networkBootScript } from "./network-boot";
import type { Shelf, Shelved } from "./shelf";

/** Largest report that is read. */
const LARGEST_REPORT = 64 * 1024;

/** A request that was answered; names no token. */
export interface AccessRecord {
  from: string;
  method: string;
  /** With `*` in place of a token. */
  path: string;
  status: number;
  /** Announced length of the answer. */
  bytes: number;
}

export interface RequestOptions {
  shelf: Shelf;
  /** Proves that this very server answered. */
  instance: string;
  bandwidth?: Bandwidth;
  log?: (record: AccessRecord) => void;
  /** What an administrator may do; undefined: nothing. */
  admin?: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<boolean>;
}

/**
 * Answers BMCs, firmware and installers: media under `/m/<nonce>/`, seeds under `/s/<token>/` over TLS only, boot scripts under `/pxe/<machine>`,
 * and `/ping` for the preflight. Everything else is not found, and so is a seed whose token is wrong, unknown or asked for without TLS.
 */
export function requestListener(options: RequestOptions): RequestListener {
  return (request, response) => {
    const from = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
    const path = (request.url ?? "/").split("?")[0];
    const finished = () => {
      options.log?.({
        from,
        method: request.method ?? "",
        path: path.replace(/^\/s\/[^/]*/, "/s/*").slice(0, 200),
        status: response.statusCode,
        bytes: Number(response.getHeader("content-length") ?? 0),
      });
    };
    response.once("close", finished);
    response.on("error", () => undefined);
    answer(options, request, response, path, from).catch(() => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500);
    });
  };
}

async function answer(
  options: RequestOptions,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  from: string,
): Promise<void> {
  const segments = path.split("/").slice(1);
  if (segments.some((segment) => !/^[A-Za-z0-9._:-]*$/.test(segment) || segment === ".." || segment === "."))
    return refuse(response, 404);
  const secure = (request.socket as TLSSocket).encrypted === true;
  const [area, key = "", ...rest] = segments;
  const name = rest.join("/");
  if (area === "s" && secure) return seed(options, request, response, key, name, from);
  if (area === "admin" && secure && (await options.admin?.(request, response, segments.slice(1).join("/")))) return;
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, area === "m" ? 405 : 404);
  if (area === "m") return media(options, request, response, key, name, from);
  if (area === "pxe" && rest.length === 0) return pxe(options, request, response, key);
  if (area === "ping" && key === "") return text(request, response, `rackform media server ${options.instance}\n`);
  return refuse(response, 404);
}

function media(
  options: RequestOptions,
  request: IncomingMessage,
  response: ServerResponse,
  nonce: string,
  name: string,
  from: string,
): Promise<void> | void {
  const shelved = options.shelf.get(nonce);
  const content = shelved && (isIso(shelved, name) ? shelved.iso : shelved.files.get(shortcut(name)));
  if (!shelved || !content) return refuse(response, 404);
  return send(options, shelved, request, response, content, from);
}

/** The medium under its host's name, and under one that never changes. */
function isIso(shelved: Shelved, name: string): boolean {
  return name === "boot.iso" || name === `${shelved.publication.hostname}.iso`;
}

/** Boot loaders lie where the firmware asks for them, too. */
function shortcut(name: string): string {
  return /^(BOOT|grub)[a-zA-Z0-9]+\.(EFI|efi)$/.test(name) || name === "grub.cfg" ? `EFI/BOOT/${name}` : name;
}

async function send(
  options: RequestOptions,
  shelved: Shelved,
  request: IncomingMessage,
  response: ServerResponse,
  content: Content,
  from: string,
): Promise<void> {
  const size = sizeOf(content);
  const range = rangeOf(request.headers.range, size);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("content-type", "application/octet-stream");
  response.setHeader("etag", `"${shelved.publication.nonce}-${size}"`);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${size}`);
    return refuse(response, 416);
  }
  const [start, end] = range ?? [0, size];
  response.statusCode = range ? 206 : 200;
  if (range) response.setHeader("content-range", `bytes ${start}-${end - 1}/${size}`);
  response.setHeader("content-length", end - start);
  if (request.method === "HEAD") return void response.end();
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      options.shelf.mediaRead(shelved, from, chunk.length, size);
      done(null, chunk);
    },
  });
  options.shelf.mediaRead(shelved, from, 0, size);
  const layout: Layout = Buffer.isBuffer(content)
    ? { size, parts: [{ offset: 0, length: size, data: content }] }
    : "file" in content
      ? { size, parts: [{ offset: 0, length: size, file: content.file }] }
      : content;
  const stages = options.bandwidth ? [options.bandwidth.throttle()] : [];
  await pipeline([read(layout, start, end), ...stages, meter, response]);
}

/** One range of bytes, end exclusive. Anything else that was asked for is answered with the whole file, as HTTP allows. */
function rangeOf(header: string | undefined, size: number): [number, number] | "unsatisfiable" | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return undefined;
  if (match[1] === "") {
    const length = Number(match[2]);
    return length === 0 ? "unsatisfiable" : [Math.max(0, size - length), size];
  }
  const [start, last] = [Number(match[1]), match[2] === "" ? size - 1 : Number(match[2])];
  if (match[2] !== "" && last < start) return undefined;
  return start >= size ? "unsatisfiable" : [start, Math.min(last + 1, size)];
}

async function seed(
  options: RequestOptions,
  request: IncomingMessage,
  response: ServerResponse,
  token: string,
  name: string,
  from: string,
): Promise<void> {
  const shelved = options.shelf.withToken(token);
  if (!shelved) return refuse(response, 404);
  if (shelved.used) return refuse(response, 410);
  if (request.method === "GET" || request.method === "HEAD") {
    const content = shelved.seed.get(name);
    if (content === undefined) return refuse(response, 404);
    if (request.method === "GET") options.shelf.seedRead(shelved, from, name);
    return text(request, response, content);
  }
  if (request.method !== "POST" || !isReport(name)) return refuse(response, 404);
  const body = await limited(request);
  if (body === undefined) return refuse(response, 413);
  // A second report may have overtaken this one while its body arrived.
  if (shelved.used) return refuse(response, 410);
  const wrong = options.shelf.report(shelved, name, body);
  if (wrong === undefined) response.writeHead(204).end();
  else response.writeHead(422, { "content-type": "text/plain" }).end(`${wrong}\n`);
}

function isReport(name: string): name is "progress" | "failed" | "phone-home" {
  return name === "progress" || name === "failed" || name === "phone-home";
}

function pxe(options: RequestOptions, request: IncomingMessage, response: ServerResponse, machine: string): void {
  const shelved = options.shelf.withMachine(machine);
  if (!shelved || shelved.used) return refuse(response, 404);
  const { encrypted } = request.socket as TLSSocket;
  const base = `${encrypted ? "https" : "http"}://${request.headers.host ?? ""}/m/${shelved.publication.nonce}`;
  return text(request, response, networkBootScript(shelved.publication, base));
}

/** The body, or undefined when it is too large; the rest of it is not read. */
export async function limited(request: IncomingMessage, largest = LARGEST_REPORT): Promise<string | undefined> {
  if (Number(request.headers["content-length"] ?? 0) > largest) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > largest) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function text(request: IncomingMessage, response: ServerResponse, content: string): void {
  const body = Buffer.from(content);
  response.setHeader("content-type", "text/plain; charset=utf-8");
  response.setHeader("content-length", body.length);
  response.setHeader("cache-control", "no-store");
  response.end(request.method === "HEAD" ? undefined : body);
}

/** Says no more than the status. */
export function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { "content-length": 0, ...(status === 413 ? { connection: "close" } : {}) }).end();
}
