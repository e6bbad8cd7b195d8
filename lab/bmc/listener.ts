import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { Server as HttpsServer } from "node:https";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { Worker } from "node:worker_threads";
import type { KeyedCertificate } from "./certificates";

/**
 * How a dead BMC looks from outside: connections are refused, are accepted and never answered, or their packets are lost.
 */
export type Death = "refuse" | "hang" | "blackhole";

/** What a listener serves. */
export interface Served {
  address: string;
  port: number;
  certificate(): Promise<KeyedCertificate>;
  answer(request: IncomingMessage, response: ServerResponse): void;
  connected(): void;
}

/**
 * A BMC's HTTPS port. The TCP socket is opened at once, certificate and TLS are made at the first connection, so that a
 * thousand of them start quickly.
 */
export class Listener {
  #tcp?: Server;
  #https?: Promise<HttpsServer>;
  #hanging = false;
  #blackhole?: Blackhole;
  readonly #sockets = new Set<Socket>();
  /** The port in use, also when a free one was asked for. */
  port: number;

  constructor(readonly served: Served) {
    this.port = served.port;
  }

  /** Opens the port. @throws the system's error when the address is taken. */
  async open(): Promise<void> {
    if (this.#tcp) return;
    const server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
    this.#tcp = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host: this.served.address, port: this.port, exclusive: true }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    this.port = (server.address() as AddressInfo).port;
  }

  /** Breaks every connection; new ones are welcome. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Breaks every connection and refuses new ones. */
  async shut(): Promise<void> {
    this.#hanging = false;
    const server = this.#tcp;
    this.#tcp = undefined;
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()));
    this.disconnect();
    await closed;
    await this.#blackhole?.close();
    this.#blackhole = undefined;
  }

  /** Dies in the way given, until `open`. */
  async die(how: Death): Promise<void> {
    if (how === "hang") {
      this.#hanging = true;
      this.disconnect();
      return;
    }
    await this.shut();
    if (how === "blackhole") this.#blackhole = await Blackhole.open(this.served.address, this.port);
  }

  /** Answers again. */
  async revive(): Promise<void> {
    if (this.#hanging) {
      this.#hanging = false;
      this.disconnect();
    }
    if (this.#blackhole) await this.shut();
    await this.open();
  }

  /** The next connections see the certificate anew. */
  forgetCertificate(): void {
    this.#https = undefined;
    this.disconnect();
  }

  #accept(socket: Socket): void {
    this.served.connected();
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    if (this.#hanging) return;
    this.#https ??= this.#tls();
    this.#https.then(
      (server) => {
        if (!socket.destroyed) server.emit("connection", socket);
      },
      () => socket.destroy(),
    );
  }

  async #tls(): Promise<HttpsServer> {
    const { certificate, key } = await this.served.certificate();
    const server = createHttpsServer({ cert: certificate, key, minVersion: "TLSv1.2" }, (request, response) =>
      this.served.answer(request, response),
    );
    server.on("tlsClientError", (_error, socket) => socket.destroy());
    server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      if (!socket.writable) return;
      const status = error.code === "HPE_INVALID_METHOD" ? "501 Not Implemented" : "400 Bad Request";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
    return server;
  }
}

/**
 * A port that neither answers nor refuses: a thread listens and never accepts, and its queue is filled, so that the
 * kernel drops what comes after.
 */
class Blackhole {
  private constructor(
    readonly worker: Worker,
    readonly flag: Int32Array,
    readonly fillers: Socket[],
  ) {}

  static async open(address: string, port: number): Promise<Blackhole> {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const worker = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       const server = require("node:net").createServer();
       server.listen({ host: workerData.address, port: workerData.port, backlog: 1 }, () => {
         parentPort.postMessage("listening");
         setImmediate(() => { Atomics.wait(workerData.flag, 0, 0); process.exit(0); });
       });`,
      { eval: true, workerData: { address, port, flag } },
    );
    await new Promise<void>((resolve, reject) => {
      worker.once("message", () => resolve());
      worker.once("error", reject);
    });
    worker.unref();
    const fillers = [0, 1, 2, 3].map(() => {
      const socket = connect({ host: address, port });
      socket.on("error", () => socket.destroy());
      socket.unref();
      return socket;
    });
    // The queue holds two; the others show that it is full by not getting through.
    await Promise.all(fillers.slice(0, 2).map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
    return new Blackhole(worker, flag, fillers);
  }

  async close(): Promise<void> {
    for (const socket of this.fillers) socket.destroy();
    const gone = new Promise<void>((resolve) => this.worker.once("exit", () => resolve()));
    this.worker.ref();
    Atomics.store(this.flag, 0, 1);
    Atomics.notify(this.flag, 0);
    await gone;
  }
}
