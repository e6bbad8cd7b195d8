import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import { connect } from "node:net";
import { type AuthContext, type Connection, Server, type ServerChannel, type SFTPWrapper, utils } from "ssh2";

export interface KeyPair {
  private: string;
  /** Authorized-keys form, without a comment. */
  public: string;
}

/** An Ed25519 key. ssh2 now and then makes one that it cannot read itself, so it is asked until it can. */
export function keyPair(passphrase?: string): KeyPair {
  for (;;) {
    const keys = passphrase
      ? utils.generateKeyPairSync("ed25519", { passphrase, cipher: "aes256-ctr", rounds: 16 })
      : utils.generateKeyPairSync("ed25519");
    if (utils.parseKey(keys.private, passphrase) instanceof Error) continue;
    return { private: keys.private, public: keys.public.trim().split(" ").slice(0, 2).join(" ") };
  }
}

export interface SshServerOptions {
  hostKey?: KeyPair;
  /** Accepted public keys, in authorized-keys form. */
  authorized?: string[];
  password?: string;
  /** Whether `setenv` of this variable is accepted. @default all are */
  acceptEnv?: (name: string) => boolean;
  /** Handshakes to drop before the first is served. */
  dropFirst?: number;
}

/**
 * An SSH server on loopback for tests: runs commands with sh as this user, in a folder of its own; SFTP for writing; forwards
 * TCP, as a bastion does.
 */
export class SshServer {
  readonly commands: string[] = [];
  readonly forwarded: string[] = [];
  /** Connections that got as far as a TCP connection. */
  connections = 0;
  port = 0;
  readonly hostKey: KeyPair;
  private readonly server: Server;
  private readonly clients = new Set<Connection>();
  private readonly children = new Set<ChildProcess>();

  private constructor(
    readonly folder: string,
    private readonly options: SshServerOptions,
  ) {
    this.hostKey = options.hostKey ?? keyPair();
    this.server = new Server({ hostKeys: [this.hostKey.private] }, (client) => this.serve(client));
  }

  static async start(folder: string, options: SshServerOptions = {}): Promise<SshServer> {
    const server = new SshServer(folder, options);
    await new Promise<void>((resolve) => server.server.listen(0, "127.0.0.1", resolve));
    server.port = (server.server.address() as { port: number }).port;
    return server;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.end();
    for (const child of this.children) kill(child);
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private serve(client: Connection): void {
    this.connections += 1;
    this.clients.add(client);
    client.on("error", () => undefined);
    client.on("close", () => this.clients.delete(client));
    if (this.connections <= (this.options.dropFirst ?? 0)) {
      client.end();
      return;
    }
    client.on("authentication", (context) => this.authenticate(context));
    client.on("tcpip", (accept, reject, info) => {
      this.forwarded.push(`${info.destIP}:${info.destPort}`);
      const socket = connect(info.destPort, info.destIP);
      socket.once("connect", () => {
        const channel = accept();
        channel.pipe(socket).pipe(channel);
        channel.on("close", () => socket.destroy());
        channel.on("error", () => socket.destroy());
      });
      socket.once("error", () => reject());
    });
    client.on("session", (accept) => {
      const session = accept();
      const env: Record<string, string> = {};
      session.on("env", (accepted, rejected, { key, val }) => {
        if (this.options.acceptEnv && !this.options.acceptEnv(key)) return rejected?.();
        env[key] = val;
        accepted?.();
      });
      session.on("exec", (accepted, _rejected, { command }) => this.run(accepted(), command, env));
      session.on("sftp", (accepted) => serveSftp(accepted()));
    });
  }

  private authenticate(context: AuthContext): void {
    const { authorized = [], password } = this.options;
    if (context.method === "publickey") {
      const offered = `${context.key.algo} ${context.key.data.toString("base64")}`;
      if (!authorized.includes(offered)) return context.reject(["publickey", "password"]);
      if (!context.signature || !context.blob) return context.accept();
      const key = utils.parseKey(offered);
      if (key instanceof Error || key.verify(context.blob, context.signature, context.hashAlgo) !== true)
        return context.reject();
      return context.accept();
    }
    if (context.method === "password" && password !== undefined && context.password === password)
      return context.accept();
    context.reject(["publickey", "password"]);
  }

  private run(channel: ServerChannel, command: string, env: Record<string, string>): void {
    this.commands.push(command);
    const child = spawn("/bin/sh", ["-c", command], {
      cwd: this.folder,
      env: { ...process.env, ...env },
      detached: true,
    });
    this.children.add(child);
    child.stdin.on("error", () => undefined);
    channel.on("error", () => undefined);
    channel.pipe(child.stdin);
    child.stdout.on("data", (data: Buffer) => channel.write(data));
    child.stderr.on("data", (data: Buffer) => channel.stderr.write(data));
    child.once("close", (code, signal) => {
      this.children.delete(child);
      if (code !== null) channel.exit(code);
      else channel.exit((signal ?? "SIGKILL").replace(/^SIG/, ""), false, "");
      channel.end();
    });
    channel.on("close", () => kill(child));
  }
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It is gone already.
  }
}

/** What writing needs: stat, mkdir, open, write, close, setstat. */
function serveSftp(sftp: SFTPWrapper): void {
  const { STATUS_CODE, OPEN_MODE } = utils.sftp;
  const handles = new Map<number, fs.FileHandle>();
  let last = 0;
  const answer = (id: number, work: Promise<unknown>) => {
    work.then(
      () => sftp.status(id, STATUS_CODE.OK),
      (error: NodeJS.ErrnoException) =>
        sftp.status(id, error.code === "ENOENT" ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, error.message),
    );
  };
  const handle = (buffer: Buffer) => handles.get(buffer.readUInt32BE(0))!;
  const stats = (id: number, path: string) => {
    fs.stat(path).then(
      ({ mode, uid, gid, size, atimeMs, mtimeMs }) =>
        sftp.attrs(id, { mode, uid, gid, size, atime: Math.floor(atimeMs / 1000), mtime: Math.floor(mtimeMs / 1000) }),
      (error: NodeJS.ErrnoException) =>
        sftp.status(id, error.code === "ENOENT" ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, error.message),
    );
  };
  sftp.on("STAT", stats);
  sftp.on("LSTAT", stats);
  sftp.on("MKDIR", (id, path) => answer(id, fs.mkdir(path)));
  sftp.on("SETSTAT", (id) => sftp.status(id, STATUS_CODE.OK));
  sftp.on("FSETSTAT", (id) => sftp.status(id, STATUS_CODE.OK));
  sftp.on("FSTAT", (id, buffer) => {
    void handle(buffer)
      .stat()
      .then(({ mode, uid, gid, size }) => sftp.attrs(id, { mode, uid, gid, size, atime: 0, mtime: 0 }));
  });
  sftp.on("OPEN", (id, path, flags) => {
    const truncate = flags & OPEN_MODE.TRUNC ? constants.O_TRUNC : 0;
    fs.open(path, constants.O_RDWR | constants.O_CREAT | truncate).then(
      (opened) => {
        handles.set(++last, opened);
        const name = Buffer.alloc(4);
        name.writeUInt32BE(last);
        sftp.handle(id, name);
      },
      (error: NodeJS.ErrnoException) =>
        sftp.status(id, error.code === "ENOENT" ? STATUS_CODE.NO_SUCH_FILE : STATUS_CODE.FAILURE, error.message),
    );
  });
  sftp.on("WRITE", (id, buffer, offset, data) => answer(id, handle(buffer).write(data, 0, data.length, offset)));
  sftp.on("CLOSE", (id, buffer) => {
    const number = buffer.readUInt32BE(0);
    answer(id, handle(buffer).close());
    handles.delete(number);
  });
}
