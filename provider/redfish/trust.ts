import net from "node:net";
import tls from "node:tls";
import type { buildConnector } from "undici";

/** How the certificate of one BMC is judged. */
export interface Trust {
  caBundle?: string;
  /** Hexadecimal, any case, with or without colons. */
  fingerprint?: string;
  insecure?: boolean;
}

/** The certificate is not trusted; carries what was presented, so that an operator can compare and pin it. */
export class UntrustedError extends Error {
  constructor(
    readonly reason: string,
    readonly presented: string | undefined,
  ) {
    super(reason);
    this.name = "UntrustedError";
  }
}

/** No TCP or TLS connection within the time allowed. */
export class ConnectTimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`no connection within ${milliseconds / 1000} s`);
    this.name = "ConnectTimeoutError";
  }
}

/** Lower-case hexadecimal without colons; `undefined` when it is not a SHA-256. */
export function normalizeFingerprint(fingerprint: string): string | undefined {
  const hex = fingerprint
    .replace(/^sha-?256[:=]/i, "")
    .replace(/[:\s]/g, "")
    .toLowerCase();
  return /^[0-9a-f]{64}$/.test(hex) ? hex : undefined;
}

export interface Connector {
  connect: buildConnector.connector;
  /** SHA-256 of the leaf certificate presented last, upper case with colons. */
  presented(): string | undefined;
  /** Drops connections that are still being set up. */
  close(): void;
}

/**
 * Connects with a time limit over TCP and TLS together and judges the certificate before a byte of HTTP is sent: pin first, then
 * `insecure`, then the authorities and the host name. TLS sessions are only resumed with a peer that passed.
 */
export function connector(trust: Trust, timeoutMilliseconds: number): Connector {
  const pin = trust.fingerprint === undefined ? undefined : (normalizeFingerprint(trust.fingerprint) ?? "");
  const context = contextFor(trust.caBundle);
  const opening = new Set<net.Socket>();
  let session: Buffer | undefined;
  let presented: string | undefined;

  const connect: buildConnector.connector = (options, callback) => {
    const secure = options.protocol === "https:";
    const host = options.hostname.replace(/^\[(.*)\]$/, "$1");
    const port = Number(options.port || (secure ? 443 : 80));
    const socket = secure
      ? tls.connect({
          host,
          port,
          servername: net.isIP(host) ? "" : host,
          secureContext: context,
          rejectUnauthorized: false,
          session,
        })
      : net.connect({ host, port });
    opening.add(socket);
    const timer = setTimeout(() => socket.destroy(new ConnectTimeoutError(timeoutMilliseconds)), timeoutMilliseconds);
    const failed = (error: Error) => {
      settle();
      const reset = "code" in error && (error.code === "ECONNRESET" || error.code === "EPIPE");
      callback(reset ? notConnected() : error, null);
    };
    const hungUp = () => failed(notConnected());
    const settle = () => {
      clearTimeout(timer);
      opening.delete(socket);
      socket.off("error", failed).off("close", hungUp).on("error", ignore);
    };
    socket.once("error", failed);
    socket.once("close", hungUp);
    socket.once(secure ? "secureConnect" : "connect", () => {
      if (socket instanceof tls.TLSSocket) {
        const certificate = socket.getPeerCertificate();
        presented = certificate.fingerprint256 ?? presented;
        // A resumed session was set up with a peer that passed, and shows no certificate again.
        const reason = socket.isSessionReused() ? undefined : distrust(socket, certificate, host, trust, pin);
        if (reason !== undefined) return void socket.destroy(new UntrustedError(reason, certificate.fingerprint256));
        if (socket.getProtocol() === "TLSv1.2") session = socket.getSession();
        socket.on("session", (ticket) => (session = ticket));
      }
      settle();
      socket.setNoDelay(true);
      callback(null, socket);
    });
  };
  return {
    connect,
    presented: () => presented,
    close: () => opening.forEach((socket) => socket.destroy(new Error("closed"))),
  };
}

/** Undici has its own listener; this one is for the moment before it, and for errors after a failure. */
const ignore = () => undefined;

/** Broken before it was a connection: nothing was sent. */
function notConnected(): Error {
  return Object.assign(new Error("the connection was closed during its set-up"), { code: "ENOTCONN" });
}

const contexts = new Map<string, tls.SecureContext>();

/** One context a bundle: thousands of BMCs share a few bundles, and parsing them costs. */
function contextFor(caBundle: string | undefined): tls.SecureContext {
  const key = caBundle ?? "";
  const known = contexts.get(key);
  if (known) return known;
  const ca = caBundle === undefined ? undefined : [caBundle, ...tls.rootCertificates];
  const made = tls.createSecureContext({ ca, minVersion: "TLSv1.2" });
  contexts.set(key, made);
  return made;
}

function distrust(
  socket: tls.TLSSocket,
  certificate: tls.PeerCertificate,
  host: string,
  trust: Trust,
  pin: string | undefined,
): string | undefined {
  const shown = certificate.fingerprint256;
  if (pin !== undefined) {
    if (shown !== undefined && shown.replace(/:/g, "").toLowerCase() === pin) return undefined;
    return "the certificate is not the pinned one";
  }
  if (trust.insecure) return undefined;
  if (socket.authorized) return undefined;
  const code = String(socket.authorizationError);
  const names = (certificate.subjectaltname ?? certificate.subject?.CN ?? "no name").slice(0, 200);
  return code === "ERR_TLS_CERT_ALTNAME_INVALID"
    ? `the certificate is for another name than ${host} (${names})`
    : `the certificate is not trusted (${code})`;
}
