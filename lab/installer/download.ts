import { Agent, request } from "undici";
import type { Stage } from "./failure";
import { BootFailure } from "./failure";

/** How a file is fetched. */
export interface DownloadOptions {
  stage: Stage;
  signal: AbortSignal;
  /** PEM certificates that may have signed an https server; nothing else is trusted, not even the system's. */
  trusted?: string[];
  /** Accept any certificate, as a BMC does that was told not to verify. */
  anyCertificate?: boolean;
  username?: string;
  password?: string;
  method?: "GET" | "POST";
  body?: string;
  headers?: Record<string, string>;
  /** Largest file taken, in bytes. Default 16 MiB. */
  limit?: number;
  /** Reads in pieces of this many bytes with Range requests, as a virtual drive does. Default: at once. */
  pieces?: number;
  onProgress?: (received: number, total: number) => void;
}

const TIMEOUT = 20_000;

/**
 * Fetches a file.
 * @throws BootFailure naming the URL and what is wrong: unreachable, not trusted, refused, too large
 */
export async function download(url: string, options: DownloadOptions): Promise<Buffer> {
  const parsed = parse(url, options.stage);
  const agent = new Agent({
    connect: {
      timeout: TIMEOUT,
      rejectUnauthorized: !options.anyCertificate,
      ca: options.trusted ?? [],
    },
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
  });
  try {
    if (options.pieces === undefined) return (await fetchRange(parsed, agent, options)).data;
    return await inPieces(parsed, agent, options, options.pieces);
  } finally {
    await agent.destroy();
  }
}

/** A URL without its path's secrets, fit for a console that anybody reads. */
export function shownUrl(url: string): string {
  return url.replace(/(\/s\/)[^/?#]{8,}/, "$1…").replace(/\/\/[^/@]*@/, "//");
}

function parse(url: string, stage: Stage): URL {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    throw new BootFailure(stage, `"${shownUrl(url)}" is not a URL`);
  }
  if (!["http:", "https:"].includes(parsed.protocol)) {
    throw new BootFailure(
      stage,
      `${shownUrl(url)}: the protocol ${parsed.protocol.slice(0, -1)} is not supported, only http and https`,
    );
  }
  return parsed;
}

async function inPieces(url: URL, agent: Agent, options: DownloadOptions, size: number): Promise<Buffer> {
  const first = await fetchRange(url, agent, options, [0, size - 1]);
  const parts = [first.data];
  let received = first.data.length;
  while (received < first.total) {
    const piece = await fetchRange(url, agent, options, [received, Math.min(received + size, first.total) - 1]);
    if (piece.data.length === 0)
      throw new BootFailure(options.stage, `${shownUrl(url.href)}: the server stopped sending`);
    parts.push(piece.data);
    received += piece.data.length;
    options.onProgress?.(received, first.total);
  }
  return Buffer.concat(parts);
}

async function fetchRange(
  url: URL,
  dispatcher: Agent,
  options: DownloadOptions,
  range?: [number, number],
): Promise<{ data: Buffer; total: number }> {
  const shown = shownUrl(url.href);
  const limit = options.limit ?? 16 * 1024 * 1024;
  const login = options.username === undefined ? undefined : `${options.username}:${options.password ?? ""}`;
  try {
    const response = await request(url, {
      dispatcher,
      method: options.method ?? "GET",
      body: options.body,
      signal: options.signal,
      headers: {
        ...options.headers,
        ...(range ? { range: `bytes=${range[0]}-${range[1]}` } : {}),
        ...(login === undefined ? {} : { authorization: `Basic ${Buffer.from(login).toString("base64")}` }),
      },
    });
    const { statusCode: status } = response;
    if (status < 200 || status > 299) {
      const text = (await response.body.text()).trim().split("\n")[0].slice(0, 200);
      throw new BootFailure(options.stage, `${shown}: the server answered ${status}${text === "" ? "" : `: ${text}`}`);
    }
    const total = totalOf(response.headers["content-range"]) ?? Number(response.headers["content-length"] ?? 0);
    if (total > limit)
      throw new BootFailure(options.stage, `${shown}: ${total} bytes are more than the ${limit} that fit`);
    const chunks: Buffer[] = [];
    let received = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      received += chunk.length;
      if (received > limit) throw new BootFailure(options.stage, `${shown}: more than the ${limit} bytes that fit`);
    }
    return { data: Buffer.concat(chunks), total: status === 206 ? total : received };
  } catch (error) {
    if (error instanceof BootFailure || options.signal.aborted) throw error;
    throw new BootFailure(options.stage, `${shown}: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

function totalOf(header: string | string[] | undefined): number | undefined {
  const total = /\/(\d+)$/.exec(String(header ?? ""))?.[1];
  return total === undefined ? undefined : Number(total);
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection was reset",
  EHOSTUNREACH: "no route to the host",
  ENETUNREACH: "the network is unreachable",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the host name cannot be looked up",
  UND_ERR_CONNECT_TIMEOUT: "no answer",
  UND_ERR_HEADERS_TIMEOUT: "no answer",
  UND_ERR_BODY_TIMEOUT: "the server stopped sending",
  UND_ERR_SOCKET: "the connection was cut",
  CERT_HAS_EXPIRED: "the server's certificate has expired",
  CERT_NOT_YET_VALID: "the server's certificate is not valid yet",
  ERR_TLS_CERT_ALTNAME_INVALID: "the server's certificate is for another name",
};

/** OpenSSL's names for a chain that does not end in a trusted authority. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|CERT_SIGNATURE|CERT_UNTRUSTED|INVALID_CA/;

function reason(error: NodeJS.ErrnoException): string {
  const inner = (error as { errors?: NodeJS.ErrnoException[] }).errors?.[0];
  const cause = (error.cause ?? inner ?? error) as NodeJS.ErrnoException;
  const code = cause.code ?? error.code ?? "";
  if (UNTRUSTED.test(code)) return "the server's certificate is not signed by an authority of the boot image";
  return REASONS[code] ?? `${code} ${cause.message}`.trim();
}
