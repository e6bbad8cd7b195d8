import { connect, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { Client, type ConnectConfig, utils } from "ssh2";
import type { Logger } from "../../../provider/kit/log";

/** One SSH endpoint, its defaults filled in by the check. */
export interface Endpoint {
  host: string;
  port?: number;
  user?: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  /** Failed attempts after which it gives up; -1 never does. */
  dialErrorLimit?: number;
  /** Seconds for one attempt; 0 has no limit. */
  perDialTimeout?: number;
  /** Authorized-keys form. Without it any host key is accepted. */
  hostKey?: string;
}

export interface Connection extends Endpoint {
  proxy?: Endpoint;
}

export interface Dialing {
  signal: AbortSignal;
  log: Logger;
}

/**
 * Opens an SSH connection, through the proxy if there is one, with the official plugin's retries and its words for what went
 * wrong. The caller ends the client; an abort destroys it.
 */
export async function dial(connection: Connection, { signal, log }: Dialing): Promise<Client> {
  const config = await sshConfig(connection);
  const tries = connection.dialErrorLimit ?? 10;
  if (!connection.proxy) return retrying("Dial", tries, { signal, log }, () => open(connection, config, signal));
  const { proxy } = connection;
  try {
    const proxyConfig = await sshConfig(proxy);
    const bastion = await retrying("Dial proxy", proxy.dialErrorLimit ?? 10, { signal, log }, () =>
      open(proxy, proxyConfig, signal),
    );
    return await retrying("Dial", tries, { signal, log }, async () => {
      const sock = await forwarded(bastion, connection);
      const client = await open(connection, { ...config, sock }, signal);
      client.once("close", () => bastion.end());
      return client;
    }).catch((error: unknown) => {
      bastion.end();
      throw error;
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Error(`proxy: ${(error as Error).message}`, { cause: error });
  }
}

async function retrying<T>(
  what: string,
  limit: number,
  { signal, log }: Dialing,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failed = 0, delay = 100; ; failed++, delay = Math.min(delay * 1.5, 5_000)) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (limit >= 0 && failed + 1 > limit) {
        throw new Error(`after ${failed} failed attempts: ${(error as Error).message}`, { cause: error });
      }
      log.status(`${what} ${failed + 1}/${limit < 0 ? "inf" : limit} failed: retrying`);
      await pause(delay, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}

function open(endpoint: Endpoint, config: ConnectConfig, signal: AbortSignal): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new Client();
    const abort = () => client.destroy();
    let hostKeyRefused = false;
    const verify = config.hostVerifier as ((key: Buffer) => boolean) | undefined;
    const settings: ConnectConfig = {
      ...config,
      ...(verify ? { hostVerifier: (key: Buffer) => verify(key) || !(hostKeyRefused = true) } : {}),
    };
    client.once("ready", () => {
      signal.removeEventListener("abort", abort);
      signal.addEventListener("abort", abort, { once: true });
      client.once("close", () => signal.removeEventListener("abort", abort));
      resolve(client);
    });
    client.on("error", (error: Error & { level?: string; code?: string }) => {
      reject(
        hostKeyRefused
          ? new Error("ssh: handshake failed: ssh: host key mismatch")
          : inGoWords(error, endpoint, config),
      );
      client.destroy();
    });
    client.once("close", () => reject((signal.reason as Error | undefined) ?? new Error("ssh: handshake failed: EOF")));
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) => {
      answer(prompts.map(() => endpoint.password ?? ""));
    });
    signal.addEventListener("abort", abort, { once: true });
    client.connect(settings);
  });
}

/** The official plugin is written in Go, and users search for its messages. */
function inGoWords(
  error: Error & { level?: string; code?: string },
  { host, port = 22 }: Endpoint,
  config: ConnectConfig,
): Error {
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const words: Record<string, string> = {
    ECONNREFUSED: `dial tcp ${address}: connect: connection refused`,
    EHOSTUNREACH: `dial tcp ${address}: connect: no route to host`,
    ENETUNREACH: `dial tcp ${address}: connect: network is unreachable`,
    ETIMEDOUT: `dial tcp ${address}: i/o timeout`,
    ENOTFOUND: `dial tcp: lookup ${host}: no such host`,
    EAI_AGAIN: `dial tcp: lookup ${host}: Temporary failure in name resolution`,
    ECONNRESET: "ssh: handshake failed: read: connection reset by peer",
  };
  if (error.code && words[error.code]) return new Error(words[error.code], { cause: error });
  if (error.level === "client-timeout") return new Error(`dial tcp ${address}: i/o timeout`, { cause: error });
  if (error.level === "client-authentication") {
    const methods = (config.authHandler as string[]).map((one) => (one === "agent" ? "publickey" : one));
    const attempted = [...new Set(["none", ...methods])].join(" ");
    return new Error(
      `ssh: handshake failed: ssh: unable to authenticate, attempted methods [${attempted}], no supported methods remain`,
      { cause: error },
    );
  }
  return new Error(`ssh: handshake failed: ${error.message}`, { cause: error });
}

async function sshConfig(endpoint: Endpoint): Promise<ConnectConfig> {
  const agent = endpoint.agentSocketPath ?? (process.env.SSH_AUTH_SOCK || undefined);
  if (agent !== undefined) await reach(agent);
  if (endpoint.privateKey !== undefined) readPrivateKey(endpoint.privateKey, endpoint.privateKeyPassword);
  const methods = [
    ...(endpoint.privateKey === undefined ? [] : (["publickey"] as const)),
    ...(endpoint.password === undefined ? [] : (["password", "keyboard-interactive"] as const)),
    ...(agent === undefined ? [] : (["agent"] as const)),
  ];
  return {
    host: endpoint.host,
    port: endpoint.port ?? 22,
    username: endpoint.user ?? "root",
    privateKey: endpoint.privateKey,
    passphrase: endpoint.privateKeyPassword,
    password: endpoint.password,
    agent,
    tryKeyboard: endpoint.password !== undefined,
    authHandler: methods.length > 0 ? methods : ["none"],
    readyTimeout: (endpoint.perDialTimeout ?? 15) * 1_000,
    ...hostKeyChecking(endpoint.hostKey),
  };
}

function readPrivateKey(key: string, password: string | undefined): void {
  const parsed = utils.parseKey(key, password);
  if (!(parsed instanceof Error)) return;
  if (/no passphrase|encrypted/i.test(parsed.message) && password === undefined) {
    throw new Error("ssh: this private key is passphrase protected");
  }
  throw new Error(password === undefined ? "ssh: no key found" : "x509: decryption password incorrect");
}

function hostKeyChecking(hostKey: string | undefined): Pick<ConnectConfig, "hostVerifier" | "algorithms"> {
  if (hostKey === undefined) return {};
  const [type, encoded] = hostKey.trim().split(/\s+/);
  const expected = Buffer.from(encoded ?? "", "base64");
  if (expected.length < 20 || !expected.subarray(4).toString("latin1").startsWith(type)) {
    throw new Error("failed to parse host key: ssh: no key found");
  }
  const algorithms = type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] : [type];
  return {
    hostVerifier: (key: Buffer) => key.equals(expected),
    algorithms: { serverHostKey: algorithms } as unknown as ConnectConfig["algorithms"],
  };
}

/** The official plugin fails at once when the agent's socket is not there. */
function reach(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "ENOENT"
          ? "no such file or directory"
          : error.code === "ECONNREFUSED"
            ? "connection refused"
            : error.message;
      reject(new Error(`dial unix ${path}: connect: ${why}`));
    });
  });
}

function forwarded(bastion: Client, { host, port = 22 }: Endpoint): Promise<NonNullable<ConnectConfig["sock"]>> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, stream) => {
      if (error) reject(new Error(`ssh: rejected: connect failed (${error.message})`));
      else resolve(stream);
    });
  });
}
