import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http";
import { createServer as createHttpsServer, type Server as HttpsServer } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Identity } from "./authority";

/**
 * One TCP port that speaks HTTP and HTTPS, told apart by the first byte, so that one firewall rule serves media that BMCs can only read over
 * HTTP and seeds that must not travel without TLS.
 */
export class Port {
  private readonly sockets = new Set<Socket>();

  private constructor(
    readonly number: number,
    private readonly server: Server,
    private readonly http: HttpServer,
    private readonly https: HttpsServer,
  ) {
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
    });
  }

  /** Takes the first free one of the ports; 0 is any. @throws Error naming them all when none is free */
  static async open(host: string, ports: number[], identity: Identity, handle: RequestListener): Promise<Port> {
    const http = createHttpServer(
      { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 15_000, maxHeaderSize: 16 * 1024 },
      handle,
    );
    const https = createHttpsServer(
      {
        key: identity.key,
        cert: identity.certificates,
        minVersion: "TLSv1.2",
        requestTimeout: 60_000,
        headersTimeout: 20_000,
        handshakeTimeout: 20_000,
      },
      handle,
    );
    https.on("tlsClientError", () => undefined);
    for (const server of [http, https]) server.on("clientError", (_error, socket) => socket.destroy());
    const problems: string[] = [];
    for (const port of ports) {
      const server = createServer({ pauseOnConnect: false }, (socket) => sort(socket, http, https));
      const failure = await listen(server, host, port);
      if (failure === undefined) return new Port((server.address() as AddressInfo).port, server, http, https);
      problems.push(`${port}: ${failure}`);
    }
    const range = ports.length === 1 ? `${ports[0]}` : `${ports[0]}-${ports[ports.length - 1]}`;
    throw new Error(
      `the media server could not listen on ${host}, port ${range} (${problems[0]}); free one of these ports, or set mediaServer.listenAddress and mediaServer.portRange`,
    );
  }

  /** Presents another certificate from the next connection on. */
  renew(identity: Identity): void {
    this.https.setSecureContext({ key: identity.key, cert: identity.certificates });
  }

  /** Stops listening, lets answers that are under way end for up to `graceMilliseconds`, then cuts them. */
  async close(graceMilliseconds = 2_000): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.http.closeIdleConnections();
    this.https.closeIdleConnections();
    const deadline = setTimeout(() => this.cut(), graceMilliseconds);
    const idle = setInterval(() => {
      this.http.closeIdleConnections();
      this.https.closeIdleConnections();
    }, 50);
    await closed;
    clearTimeout(deadline);
    clearInterval(idle);
    this.http.close();
    this.https.close();
    this.cut();
  }

  private cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

/** A TLS handshake begins with the byte 22; nothing in HTTP does. */
function sort(socket: Socket, http: HttpServer, https: HttpsServer): void {
  const tooSlow = setTimeout(() => socket.destroy(), 20_000);
  socket.on("error", () => socket.destroy());
  socket.once("close", () => clearTimeout(tooSlow));
  socket.once("data", (first: Buffer) => {
    clearTimeout(tooSlow);
    socket.pause();
    socket.unshift(first);
    (first[0] === 22 ? https : http).emit("connection", socket);
    process.nextTick(() => socket.resume());
  });
}

function listen(server: Server, host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => {
      server.removeAllListeners("error");
      server.on("error", () => undefined);
      resolve(undefined);
    });
  });
}

/** The ports of `8620` or `8620-8629`. @throws Error with an example */
export function portsOf(range: string): number[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range.trim());
  const [first, last] = match ? [Number(match[1]), Number(match[2] ?? match[1])] : [1, 0];
  if (last < first || last > 65535 || last - first > 1000)
    throw new Error(`"${range}" is no range of ports; write it as 8620-8629`);
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
