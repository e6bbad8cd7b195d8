import { randomBytes, randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { NodeSpec } from "../backend";

/** A user who may log in. */
export interface SystemUser {
  name: string;
  /** Lines of authorized_keys. */
  authorizedKeys: string[];
  sudo: boolean;
}

/** What a seed's finish parameters make of a server. */
export interface SystemIdentity {
  hostname: string;
  address: string;
  port: number;
  installationId: string;
  /** OpenSSH private key. */
  hostKey: string;
  users: SystemUser[];
}

/** The answer to a command. */
export interface CommandAnswer {
  code: number;
  stdout: string;
  stderr: string;
  /** The system goes away once the answer is out. */
  exit?: "reboot" | "off";
}

/** A command that was run. */
export interface CommandRecord {
  user: string;
  command: string;
  stdin: string;
}

const LEAST_RECORDS = 200;

/** The installed system of a simulated server: files in memory, and answers to the few commands that are asked of it. */
export class SimulatedSystem {
  readonly files = new Map<string, Buffer>();
  readonly machineId = randomBytes(16).toString("hex");
  /** The last commands, oldest first. */
  readonly records: CommandRecord[] = [];
  bootId = randomUUID();

  constructor(
    readonly identity: SystemIdentity,
    spec: NodeSpec,
  ) {
    const { hostname, installationId } = identity;
    const installedAt = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    this.#put(
      "/etc/rackform/installation",
      `{"installationId": "${installationId}", "hostname": "${hostname}", "installedAt": "${installedAt}"}\n`,
    );
    this.#put("/etc/hostname", `${hostname}\n`);
    this.#put("/etc/machine-id", `${this.machineId}\n`);
    this.#put("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n');
    this.#put("/sys/class/dmi/id/product_serial", `${spec.serialNumber}\n`);
    this.#put("/sys/class/dmi/id/product_uuid", `${spec.uuid}\n`);
  }

  /** Another start of the kernel. */
  booted(): void {
    this.bootId = randomUUID();
    this.#put("/proc/sys/kernel/random/boot_id", `${this.bootId}\n`);
  }

  /** Answers a command. Reads of files give what is there; steps are recorded and are fine; the rest is recorded and succeeds. */
  answer(user: string, command: string, stdin: string): CommandAnswer {
    this.records.push({ user, command, stdin });
    if (this.records.length > LEAST_RECORDS) this.records.shift();
    const ok = (stdout = ""): CommandAnswer => ({ code: 0, stdout, stderr: "" });
    const words = command.trim().replace(/^sudo (-n )?/, "");
    const read = /^(?:cat|test -[ef]) (?:-- )?(['"]?)(\/[^'";|&<> ]+)\1( 2>\/dev\/null)?( \|\| true)?$/.exec(words);
    if (read) return this.#read(read[2], words.startsWith("test"), read[4] !== undefined);
    if (/^hostname( -s)?$/.test(words)) return ok(`${this.identity.hostname}\n`);
    if (words === "uname -m") return ok("x86_64\n");
    if (words === "id -un") return ok(`${user}\n`);
    if (/^(systemctl |\/sbin\/|\/usr\/sbin\/)?reboot\b/.test(words)) return { ...ok(), exit: "reboot" };
    if (/^(systemctl |\/sbin\/|\/usr\/sbin\/)?(poweroff|shutdown\b)/.test(words)) return { ...ok(), exit: "off" };
    if (/(^|[;&| ])cat \/etc\/rackform\/installation\b/.test(words))
      return this.#read("/etc/rackform/installation", false, false);
    if (words === "true" || words === ":") return ok();
    return ok(/\.sh\b|rackform/.test(words) ? "ok\n" : "");
  }

  #read(path: string, test: boolean, forgiving: boolean): CommandAnswer {
    const content = this.files.get(path);
    if (content) return { code: 0, stdout: test ? "" : content.toString("utf8"), stderr: "" };
    if (forgiving) return { code: 0, stdout: "", stderr: "" };
    return { code: 1, stdout: "", stderr: test ? "" : `cat: ${path}: No such file or directory\n` };
  }

  #put(path: string, content: string): void {
    this.files.set(path, Buffer.from(content));
  }
}

/** Everything a stream gives, as text. */
export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
