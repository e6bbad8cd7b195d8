import { createServer, type Server as TcpServer, type Socket } from "node:net";
import { type AuthContext, type Connection, Server, utils } from "ssh2";

/** What an installed system answers. */
export interface System {
  hostKey: string;
  /** In authorized-keys form. */
  authorized: string[];
  /** Content of /etc/rackform/installation. */
  marker?: string;
  osRelease?: string;
  machineId?: string;
}

/** An address that answers SSH only while a system runs behind it; until then connections are cut. */
export class Node {
  system?: System;
  port = 0;
  logins = 0;
  private readonly clients = new Set<Connection>();
  private readonly sockets = new Set<Socket>();
  private readonly tcp: TcpServer;

  private constructor() {
    this.tcp = createServer((socket) => {
      this.sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => this.sockets.delete(socket));
      if (this.system) this.serve(this.system, socket);
      else socket.destroy();
    });
  }

  static async start(): Promise<Node> {
    const node = new Node();
    await new Promise<void>((resolve) => node.tcp.listen(0, "127.0.0.1", resolve));
    node.port = (node.tcp.address() as { port: number }).port;
    return node;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.end();
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.tcp.close(() => resolve()));
  }

  private serve(system: System, socket: Socket): void {
    const server = new Server({ hostKeys: [system.hostKey] }, (client) => {
      this.clients.add(client);
      client.on("error", () => undefined);
      client.on("close", () => this.clients.delete(client));
      client.on("authentication", (context) => authenticate(context, system));
      client.on("ready", () => (this.logins += 1));
      client.on("session", (accept) => {
        accept().on("exec", (accepted) => {
          const channel = accepted();
          const files = [system.marker, system.osRelease, system.machineId];
          channel.write(files.map((file) => `${file ?? ""}\n--rackform--\n`).join(""));
          channel.exit(0);
          channel.end();
        });
      });
    });
    server.injectSocket(socket);
  }
}

function authenticate(context: AuthContext, system: System): void {
  if (context.method !== "publickey") return context.reject(["publickey"]);
  const offered = `${context.key.algo} ${context.key.data.toString("base64")}`;
  if (!system.authorized.some((line) => line.startsWith(offered))) return context.reject(["publickey"]);
  if (!context.signature || !context.blob) return context.accept();
  const key = utils.parseKey(offered);
  const good = !(key instanceof Error) && key.verify(context.blob, context.signature, context.hashAlgo) === true;
  return good ? context.accept() : context.reject();
}
