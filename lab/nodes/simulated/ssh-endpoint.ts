import { timingSafeEqual } from "node:crypto";
import type { AuthContext, Connection, ParsedKey, ServerChannel, Session } from "ssh2";
import { Server, utils } from "ssh2";
import { serveSftp } from "./sftp";
import type { SimulatedSystem } from "./system";

const NO_INPUT_MS = 20;
const STEP_INPUT_MS = 3_000;

/** An SSH server that stands for a node: the seed's host key, the seed's users with their keys, nothing else. */
export class SshEndpoint {
  readonly #connections = new Set<Connection>();

  private constructor(
    private readonly system: SimulatedSystem,
    private readonly server: Server,
    private readonly left: (how: "reboot" | "off") => void,
  ) {}

  /** @param left called when a command made the system go away */
  static async open(system: SimulatedSystem, left: (how: "reboot" | "off") => void): Promise<SshEndpoint> {
    const { address, port, hostKey } = system.identity;
    const server = new Server({ hostKeys: [hostKey], ident: "OpenSSH_9.2p1 Debian-2+lab" });
    const endpoint = new SshEndpoint(system, server, left);
    server.on("connection", (connection) => endpoint.#accept(connection));
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) =>
        reject(
          new Error(
            `the SSH server of ${system.identity.hostname} cannot listen on ${address}:${port}: ${error.message}`,
          ),
        ),
      );
      server.listen(port, address, () => resolve());
    });
    return endpoint;
  }

  /** Cuts every connection and closes the port. */
  close(): Promise<void> {
    for (const connection of this.#connections) connection.end();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      // A client that does not answer the end must not keep a machine from switching off.
      setTimeout(() => this.#drop(), 200).unref();
    });
  }

  #drop(): void {
    for (const connection of this.#connections)
      (connection as unknown as { _sock?: { destroy(): void } })._sock?.destroy();
  }

  #accept(connection: Connection): void {
    this.#connections.add(connection);
    let user = "";
    connection.on("error", () => undefined);
    connection.on("close", () => void this.#connections.delete(connection));
    connection.on("authentication", (context) => {
      if (this.#admits(context)) {
        user = context.username;
        context.accept();
      } else {
        context.reject(["publickey"]);
      }
    });
    connection.on("ready", () => {
      connection.on("session", (accept) => this.#session(accept(), user));
    });
  }

  #admits(context: AuthContext): boolean {
    const user = this.system.identity.users.find(({ name }) => name === context.username);
    if (!user || context.method !== "publickey") return false;
    const keys = user.authorizedKeys.map((line) => utils.parseKey(line.trim()));
    const key = keys.find((one): one is ParsedKey => {
      if (one instanceof Error || Array.isArray(one) || one.type !== context.key.algo) return false;
      const blob = one.getPublicSSH();
      return blob.length === context.key.data.length && timingSafeEqual(blob, context.key.data);
    });
    if (!key) return false;
    return context.signature === undefined || key.verify(context.blob!, context.signature, context.hashAlgo) === true;
  }

  #session(session: Session, user: string): void {
    session.on("pty", (accept) => accept?.());
    session.on("env", (accept) => accept?.());
    session.on("exec", (accept, _reject, { command }) => this.#exec(accept(), user, command));
    session.on("shell", (accept) => {
      const channel = accept();
      channel.write("this node is simulated: it has no shell, only answers to commands\r\n");
      finish(channel, 1);
    });
    session.on("sftp", (accept) => serveSftp(accept(), this.system.files, this.system.home(user)));
  }

  #exec(channel: ServerChannel, user: string, command: string): void {
    const chunks: Buffer[] = [];
    channel.on("error", () => undefined);
    channel.on("data", (chunk: Buffer) => chunks.push(chunk));
    let answered = false;
    const answer = () => {
      if (answered || !channel.writable) return;
      answered = true;
      const { code, stdout, stderr, exit } = this.system.answer(user, command, Buffer.concat(chunks).toString("utf8"));
      if (stdout !== "") channel.write(stdout);
      if (stderr !== "") channel.stderr.write(stderr);
      finish(channel, code);
      if (exit) setTimeout(() => this.left(exit), 50);
    };
    channel.on("end", answer);
    // A client that sends no input may never say so; a step gets its parameters that way.
    setTimeout(answer, /^(sudo -n )?(ba)?sh /.test(command) ? STEP_INPUT_MS : NO_INPUT_MS).unref();
  }
}

function finish(channel: ServerChannel, code: number): void {
  channel.exit(code);
  channel.end();
}
