import { randomBytes, randomUUID } from "node:crypto";
import { posix } from "node:path";
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

const KEPT_RECORDS = 200;

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

  /** The folder that relative paths of a login start in. */
  home(user: string): string {
    return user === "root" ? "/root" : `/home/${user}`;
  }

  /**
   * Answers a command line: simple commands one after the other. Files can be read, steps run when their script was uploaded; what
   * else is asked is recorded and succeeds without a word.
   */
  answer(user: string, command: string, stdin: string): CommandAnswer {
    this.records.push({ user, command, stdin });
    if (this.records.length > KEPT_RECORDS) this.records.shift();
    const total: CommandAnswer = { code: 0, stdout: "", stderr: "" };
    for (const [, joint, simple] of command.matchAll(
      /(^|;|&&|\|\|)\s*((?:[^;&|'"]|&(?!&)|\|(?!\|)|'[^']*'|"[^"]*")+)/g,
    )) {
      if ((joint === "&&" && total.code !== 0) || (joint === "||" && total.code === 0)) continue;
      const one = this.#simple(user, simple.trim());
      total.code = one.code;
      total.stdout += one.stdout;
      if (!simple.includes("2>/dev/null")) total.stderr += one.stderr;
      total.exit ??= one.exit;
    }
    return total;
  }

  #simple(user: string, command: string): CommandAnswer {
    const words = (command.match(/'[^']*'|"[^"]*"|[^\s]+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/, "$2"));
    while (words[0] === "sudo" || words[0] === "-n" || words[0] === "env") words.shift();
    const [name = "", ...rest] = words.filter((word) => !/^\d?>/.test(word));
    const ok = (stdout = ""): CommandAnswer => ({ code: 0, stdout, stderr: "" });
    const file = rest.find((word) => !word.startsWith("-"));
    const path = file === undefined ? "" : posix.resolve(this.home(user), file);
    const missing = (code: number): CommandAnswer => ({
      code,
      stdout: "",
      stderr: `${name}: ${file}: No such file or directory\n`,
    });
    switch (posix.basename(name)) {
      case "cat":
        return this.files.has(path) ? ok(this.files.get(path)!.toString("utf8")) : missing(1);
      case "test":
        return { ...ok(), code: this.files.has(path) ? 0 : 1 };
      case "echo":
        return ok(`${rest.join(" ")}\n`);
      case "hostname":
        return ok(`${this.identity.hostname}\n`);
      case "uname":
        return ok(rest[0] === "-m" ? "x86_64\n" : "Linux\n");
      case "id":
      case "whoami":
        return ok(`${user}\n`);
      case "sh":
      case "bash":
        if (rest[0] === "-c") return ok();
        return this.files.has(path) ? ok("ok\n") : missing(127);
      case "reboot":
        return { ...ok(), exit: "reboot" };
      case "poweroff":
      case "shutdown":
        return { ...ok(), exit: "off" };
      case "systemctl":
        return { ...ok(), exit: rest[0] === "reboot" ? "reboot" : rest[0] === "poweroff" ? "off" : undefined };
      default:
        return ok();
    }
  }

  #put(path: string, content: string): void {
    this.files.set(path, Buffer.from(content));
  }
}
