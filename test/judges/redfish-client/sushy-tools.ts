import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { selfSigned, type TestCertificate } from "../../provider/redfish/certificates";

export const credentials = { username: "judge", password: "judge-secret-2" };

/** sushy-tools' emulator with its fake driver: HTTPS, Basic authentication, real delays. */
export class SushyTools {
  private constructor(
    readonly port: number,
    readonly certificate: TestCertificate,
    private readonly process: ChildProcess,
    private readonly directory: string,
  ) {}

  static async start(python: string): Promise<SushyTools> {
    const directory = mkdtempSync(join(tmpdir(), "rackform-sushy-"));
    const certificate = await selfSigned("sushy-tools");
    const port = await freePort();
    const write = (name: string, text: string) => {
      writeFileSync(join(directory, name), text, { mode: 0o600 });
      return JSON.stringify(join(directory, name));
    };
    const hash = execFileSync(
      python,
      ["-c", "import bcrypt, sys; print(bcrypt.hashpw(sys.stdin.buffer.read(), bcrypt.gensalt(4, b'2b')).decode())"],
      {
        input: credentials.password,
        encoding: "utf8",
      },
    );
    const settings = [
      "SUSHY_EMULATOR_FAKE_DRIVER = True",
      "SUSHY_EMULATOR_LISTEN_IP = '127.0.0.1'",
      `SUSHY_EMULATOR_LISTEN_PORT = ${port}`,
      `SUSHY_EMULATOR_STATE_DIR = ${JSON.stringify(directory)}`,
      `SUSHY_EMULATOR_SSL_CERT = ${write("cert.pem", certificate.cert)}`,
      `SUSHY_EMULATOR_SSL_KEY = ${write("key.pem", certificate.key)}`,
      `SUSHY_EMULATOR_AUTH_FILE = ${write("htpasswd", `${credentials.username}:${hash.trim()}\n`)}`,
    ];
    write("emulator.conf", `${settings.join("\n")}\n`);
    const child = spawn(join(dirname(python), "sushy-emulator"), ["--config", join(directory, "emulator.conf")], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { PATH: process.env.PATH, TMPDIR: directory },
    });
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
    const emulator = new SushyTools(port, certificate, child, directory);
    for (let attempt = 0; attempt < 150; attempt++) {
      if ((await emulator.ask("GET", "/redfish/v1/").catch(() => undefined)) !== undefined) return emulator;
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await emulator.stop();
    throw new Error(`sushy-emulator did not start: ${said}`);
  }

  get endpoint(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Asks the emulator past our client. */
  ask(method: string, path: string): Promise<Record<string, unknown>> {
    return new Promise((resolve, reject) => {
      const auth = `${credentials.username}:${credentials.password}`;
      const call = request(
        { host: "127.0.0.1", port: this.port, method, path, auth, rejectUnauthorized: false, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString();
            if (response.statusCode !== 200)
              reject(new Error(`${path} answered ${response.statusCode}: ${text.slice(0, 200)}`));
            else resolve(JSON.parse(text) as Record<string, unknown>);
          });
        },
      );
      call.on("error", reject);
      call.end();
    });
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null) {
      const ended = new Promise((resolve) => this.process.once("exit", resolve));
      this.process.kill("SIGKILL");
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
