import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** A disk of a machine that exists in files only. */
export interface FakeDisk {
  name: string;
  /** Decimal gigabytes. */
  sizeGb: number;
  serial?: string;
  /** Where the serial number lies. Default `device/serial`. */
  serialFile?: "device/serial" | "serial" | "device/vpd_pg80";
  model?: string;
  wwid?: string;
  rotational?: boolean;
  removable?: boolean;
  /** Bytes somewhere on it. */
  content?: { offset: number; bytes: Buffer };
  partitions?: number;
}

export interface Outcome {
  code: number;
  output: string;
}

/** A folder with /sys and /dev of a machine, and a server that takes the scripts' reports. */
export class FakeMachine {
  readonly root = mkdtempSync(path.join(tmpdir(), "rackform-machine-"));
  readonly reports: { path: string; body: string }[] = [];
  /** Answers of the server; the last one stays. */
  statuses = [204];
  private server?: Server;

  at(...names: string[]): string {
    return path.join(this.root, ...names);
  }

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const status = this.statuses.length > 1 ? this.statuses.shift()! : this.statuses[0];
        if (status < 300) this.reports.push({ path: request.url!, body });
        response.writeHead(status).end();
      });
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/s/token`;
  }

  async close(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => (this.server ? this.server.close(resolve) : resolve(undefined)));
    rmSync(this.root, { recursive: true, force: true });
  }

  write(name: string, content: string | Buffer): void {
    mkdirSync(path.dirname(this.at(name)), { recursive: true });
    writeFileSync(this.at(name), content);
  }

  read(name: string): string {
    return readFileSync(this.at(name), "utf8");
  }

  identity(serial: string, uuid: string): void {
    this.write("sys/class/dmi/id/product_serial", `${serial}\n`);
    this.write("sys/class/dmi/id/product_uuid", `${uuid}\n`);
  }

  disk(disk: FakeDisk): void {
    const block = `sys/block/${disk.name}`;
    const sectors = Math.floor((disk.sizeGb * 1e9) / 512);
    this.write(`${block}/size`, `${sectors}\n`);
    this.write(`${block}/removable`, disk.removable ? "1\n" : "0\n");
    this.write(`${block}/ro`, "0\n");
    this.write(`${block}/queue/rotational`, disk.rotational ? "1\n" : "0\n");
    this.write(`${block}/device/model`, `${disk.model ?? "MODEL"}   \n`);
    if (disk.wwid) this.write(`${block}/wwid`, `${disk.wwid}\n`);
    const file = disk.serialFile ?? "device/serial";
    if (disk.serial) {
      const page = Buffer.concat([Buffer.from([0, 0x80, 0, disk.serial.length]), Buffer.from(disk.serial)]);
      this.write(`${block}/${file}`, file === "device/vpd_pg80" ? page : `  ${disk.serial}\n`);
    }
    for (let index = 1; index <= (disk.partitions ?? 0); index++)
      this.write(`${block}/${disk.name}${index}/partition`, `${index}\n`);
    this.write(`dev/${disk.name}`, "");
    truncateSync(this.at("dev", disk.name), sectors * 512);
    if (disk.content) {
      const handle = openSync(this.at("dev", disk.name), "r+");
      writeSync(handle, disk.content.bytes, 0, disk.content.bytes.length, disk.content.offset);
      closeSync(handle);
    }
  }

  /** Runs a script of the seed with /sys, /dev and the folder for results of this machine. */
  async run(shell: string, script: string, environment: string, extra: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    this.write("parameters.env", environment);
    const env = {
      PATH: process.env.PATH,
      SYS: this.at("sys"),
      DEV: this.at("dev"),
      RUN: this.at("run"),
      RF_REPORT_ATTEMPTS: "2",
      RF_REPORT_PAUSE: "0",
      ...extra,
    };
    const child = spawn(shell, [script, this.at("parameters.env")], { env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise<number>((resolve) => child.on("close", (value) => resolve(value ?? -1)));
    return { code, output };
  }
}
