import { constants, createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { Duplex } from "node:stream";
import { Pool } from "undici";
import { connector, type Trust } from "./trust";
import type { Method } from "./types";

/** One HTTP request to one BMC; no retry, no authentication, no redirect. */
export interface Exchange {
  method: Method;
  path: string;
  headers: Record<string, string>;
  body?: string;
  timeoutMilliseconds: number;
  signal?: AbortSignal;
}

export interface RawAnswer {
  status: number;
  /** Lower-case names; repeated headers joined by a comma. */
  headers: Record<string, string>;
  bytes: Buffer;
}

/** The answer is larger than allowed; nothing of it was kept. */
export class BodyTooLargeError extends Error {
  constructor(limit: number) {
    super(`the answer is larger than ${limit} bytes`);
    this.name = "BodyTooLargeError";
  }
}

/** Connected, but the answer was not complete in time. */
export class AnswerTimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`no complete answer within ${milliseconds / 1000} s`);
    this.name = "AnswerTimeoutError";
  }
}

export interface WireOptions extends Trust {
  connections: number;
  connectTimeoutMilliseconds: number;
  maxBodyBytes: number;
}

/** The connections to one BMC. */
export class Wire {
  private readonly pool: Pool;
  private readonly connector: ReturnType<typeof connector>;
  /** Quirk 33: some BMCs reset connections that are used again; found out by meeting it. */
  private closeAfterUse = false;

  constructor(
    origin: string,
    private readonly options: WireOptions,
  ) {
    this.connector = connector(options, options.connectTimeoutMilliseconds);
    this.pool = new Pool(origin, {
      connections: options.connections,
      connect: this.connector.connect,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 10_000,
      keepAliveMaxTimeout: 60_000,
      pipelining: 1,
    });
  }

  /** SHA-256 of the certificate presented last. */
  get fingerprint(): string | undefined {
    return this.connector.presented();
  }

  /** From now on one connection a request. */
  distrustKeepAlive(): void {
    this.closeAfterUse = true;
  }

  /** Sends and reads to the end. Throws what the connection threw, BodyTooLargeError, AnswerTimeoutError or the signal's reason. */
  async send(exchange: Exchange): Promise<RawAnswer> {
    exchange.signal?.throwIfAborted();
    const control = new AbortController();
    const cancel = () => control.abort(exchange.signal?.reason);
    exchange.signal?.addEventListener("abort", cancel, { once: true });
    const timer = setTimeout(
      () => control.abort(new AnswerTimeoutError(exchange.timeoutMilliseconds)),
      exchange.timeoutMilliseconds,
    );
    try {
      const response = await this.pool.request({
        method: exchange.method,
        path: exchange.path,
        headers: exchange.headers,
        body: exchange.body,
        signal: control.signal,
        reset: this.closeAfterUse,
      });
      const headers = flatten(response.headers);
      const bytes = await this.read(response.body, headers["content-encoding"]);
      return { status: response.statusCode, headers, bytes };
    } catch (error) {
      throw control.signal.aborted ? control.signal.reason : error;
    } finally {
      clearTimeout(timer);
      exchange.signal?.removeEventListener("abort", cancel);
    }
  }

  async close(): Promise<void> {
    this.connector.close();
    await this.pool.destroy();
  }

  private async read(
    body: AsyncIterable<Buffer> & { destroy(): unknown },
    encoding: string | undefined,
  ): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    const limit = this.options.maxBodyBytes;
    for await (const chunk of body) {
      size += chunk.length;
      if (size > limit) {
        body.destroy();
        throw new BodyTooLargeError(limit);
      }
      chunks.push(chunk);
    }
    const bytes = Buffer.concat(chunks, size);
    const decoder = bytes.length > 0 ? decoderFor(encoding, bytes) : undefined;
    return decoder ? inflate(decoder, bytes, limit) : bytes;
  }
}

function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, [value].flat().join(", ")]],
    ),
  );
}

/** By the header; gzip also by its magic number, because some BMCs serve stored gzip without saying so (quirk 32). */
function decoderFor(encoding: string | undefined, bytes: Buffer): Duplex | undefined {
  const name = encoding?.trim().toLowerCase() ?? "";
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
  if (name === "br") return createBrotliDecompress();
  if (name === "deflate") return (bytes[0] & 0x0f) === 8 ? createInflate() : createInflateRaw();
  return undefined;
}

async function inflate(decoder: Duplex, bytes: Buffer, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  decoder.end(bytes);
  for await (const chunk of decoder as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) {
      decoder.destroy();
      throw new BodyTooLargeError(limit);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
