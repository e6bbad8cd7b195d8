import type { Client, ConnectConfig } from "ssh2";

/** How to log in, and which host key must answer. */
export interface SshTarget {
  host: string;
  port: number;
  user: string;
  /** Private key, OpenSSH format. */
  privateKey: string;
  /** The pinned host key, as a line for `known_hosts` without the host: `ssh-ed25519 AAAA…`. */
  hostKey: string;
}

/** What `/etc/rackform/installation` of an installed system says. */
export interface Marker {
  installationId: string;
  hostname?: string;
  /** ISO 8601. */
  installedAt?: string;
}

/** What was found at the address. Reasons hold no secret. */
export type SshObservation =
  | { state: "unreachable"; reason: string }
  /** Another system, or another machine. */
  | { state: "wrongHostKey" }
  /** The pinned host key answers, but the login is refused. */
  | { state: "authFailed"; reason: string }
  /** `marker` is absent on a system that rackform did not install. */
  | { state: "reachable"; marker?: Marker; osRelease?: string; machineId?: string };

const FILES = { marker: "/etc/rackform/installation", os: "/etc/os-release", machine: "/etc/machine-id" } as const;
const RULE = "--rackform--";
const LARGEST = 64 * 1024;

/**
 * Asks a system by SSH who it is, trusting only the pinned host key. Never throws but for the signal's reason; takes at most
 * `timeoutSeconds` (default 15).
 */
export async function probeSsh(
  target: SshTarget,
  signal: AbortSignal,
  options: { timeoutSeconds?: number } = {},
): Promise<SshObservation> {
  signal.throwIfAborted();
  const { Client: SshClient } = await import("ssh2");
  const client = new SshClient();
  const seconds = options.timeoutSeconds ?? 15;
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  try {
    return await new Promise<SshObservation>((resolve, reject) => {
      timer = setTimeout(
        () => resolve({ state: "unreachable", reason: `no answer within ${seconds} s` }),
        seconds * 1000,
      );
      onAbort = () => reject(signal.reason as Error);
      signal.addEventListener("abort", onAbort, { once: true });
      ask(client, target, seconds).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    client.on("error", () => undefined);
    client.destroy();
  }
}

function ask(client: Client, target: SshTarget, seconds: number): Promise<SshObservation> {
  let stranger = false;
  let trusted = false;
  const pinned = target.hostKey.trim().split(/\s+/)[1] ?? "";
  return new Promise((resolve) => {
    const unreachable = (reason: string) =>
      resolve(stranger ? { state: "wrongHostKey" } : { state: "unreachable", reason });
    client.on("error", (error: Error & { level?: string; code?: string }) => {
      if (error.level === "client-authentication" && trusted)
        resolve({ state: "authFailed", reason: "the login was refused" });
      else unreachable(error.code ?? error.message);
    });
    client.on("close", () => unreachable("the connection was closed"));
    client.on("ready", () => {
      run(client, command).then(
        (output) => resolve({ state: "reachable", ...parse(output) }),
        (error: Error) => unreachable(error.message),
      );
    });
    const config: ConnectConfig = {
      host: target.host,
      port: target.port,
      username: target.user,
      privateKey: target.privateKey,
      readyTimeout: seconds * 1000,
      hostVerifier: (key: Buffer) => {
        trusted = key.toString("base64") === pinned;
        stranger = !trusted;
        return trusted;
      },
    };
    try {
      client.connect(config);
    } catch {
      // The library's message quotes what it was given.
      resolve({ state: "authFailed", reason: "loginKey cannot be read as a private key" });
    }
  });
}

const command = Object.values(FILES)
  .map((file) => `cat ${file} 2>/dev/null; echo; echo ${RULE}`)
  .join("; ");

function run(client: Client, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client.exec(text, (error, channel) => {
      if (error) return reject(new Error("the system runs no commands"));
      let output = "";
      channel.on("data", (data: Buffer) => {
        if (output.length < LARGEST) output += data.toString("utf8");
      });
      channel.stderr.resume();
      channel.on("close", () => resolve(output));
    });
  });
}

function parse(output: string): { marker?: Marker; osRelease?: string; machineId?: string } {
  const [marker = "", os = "", machine = ""] = output.split(`${RULE}\n`).map((part) => part.trim());
  const osRelease = /^PRETTY_NAME=(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*))$/m.exec(os);
  const machineId = /^[0-9a-f]{32}$/.exec(machine)?.[0];
  return {
    ...markerOf(marker),
    ...(osRelease ? { osRelease: printable(osRelease[1] ?? osRelease[2] ?? osRelease[3]) } : {}),
    ...(machineId ? { machineId } : {}),
  };
}

function markerOf(text: string): { marker?: Marker } {
  try {
    const { installationId, hostname, installedAt } = JSON.parse(text) as Partial<Record<keyof Marker, unknown>>;
    if (typeof installationId !== "string") return {};
    const dated = typeof installedAt === "string" && !Number.isNaN(Date.parse(installedAt));
    return {
      marker: {
        installationId: printable(installationId),
        ...(typeof hostname === "string" ? { hostname: printable(hostname) } : {}),
        ...(dated ? { installedAt: new Date(installedAt).toISOString() } : {}),
      },
    };
  } catch {
    return {};
  }
}

function printable(text: string): string {
  return text
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, " ")
    .trim()
    .slice(0, 200);
}
