import { spawn } from "node:child_process";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hostTraits } from "../nodes/container/host";
import { sweepContainers } from "../nodes/container/sweep";
import { SocketClient } from "./client";
import type { DaemonMessage } from "./daemon";
import { holder, makeFolder, rackFolder, rackFolders, readRecord, socketPath, writeRecord } from "./folder";
import { checkRack, newPassword, type RackSpec } from "./spec";
import type { RackClient } from "./types";

export { rackFolder } from "./folder";
export { LabRack, type Member, type RackPlaces } from "./rack";
export { checkRack, defaultRack, type RackServer, type RackSpec } from "./spec";
export type { RackClient, RackServerStatus, RackStatus } from "./types";

/** How long a rack may take to go away in order, in ms. */
const PATIENCE = 60_000;

/**
 * Starts a rack in a process of its own, which lives on when this one ends. What killed racks have left is removed first. The first
 * container rack on a machine builds the nodes' root file system, which takes about a minute.
 *
 * @param report gets a line for every step
 * @throws Error saying what lacks or what is wrong with the spec; nothing stays then
 */
export async function startRack(spec: RackSpec, report: (line: string) => void): Promise<RackClient> {
  checkRack(spec);
  const folder = rackFolder(spec.name);
  if (holder(folder) !== undefined)
    throw new Error(`the rack ${spec.name} is running; take it down first with npx rackform lab down`);
  await sweepDead(report);
  await makeFolder(folder);
  const before = readRecord(folder);
  const credentials = spec.credentials ?? before?.spec.credentials ?? { username: "admin", password: newPassword() };
  await writeRecord(folder, { pid: 0, spec: { ...spec, credentials }, authority: before?.authority });
  await runDaemon(folder, report);
  return new SocketClient(spec.name, folder);
}

/** The rack of that name, if it is running. */
export async function connectRack(name: string): Promise<RackClient | undefined> {
  const folder = rackFolder(name);
  if (holder(folder) === undefined || !existsSync(socketPath(folder, "control"))) return undefined;
  const client = new SocketClient(name, folder);
  return client.status().then(
    () => client,
    () => undefined,
  );
}

/**
 * Takes a rack down and removes everything of it, its state folder included, whoever was killed before. Nothing happens when there
 * is none.
 */
export async function removeRack(name: string, report: (line: string) => void): Promise<void> {
  const folder = rackFolder(name);
  if (!existsSync(folder)) return;
  const pid = holder(folder);
  if (pid !== undefined) {
    report(`stopping the rack ${name}`);
    await new SocketClient(name, folder).down().catch(() => undefined);
    await ended(folder, pid);
  }
  await sweepRack(folder);
  await rm(folder, { recursive: true, force: true });
  for (const parent of [dirname(folder), dirname(dirname(folder))]) await rmdir(parent).catch(() => undefined);
  report(`the rack ${name} is gone`);
}

/** Folders of racks whose process was killed: their containers and networks are removed, their records stay. */
async function sweepDead(report: (line: string) => void): Promise<void> {
  for (const folder of rackFolders()) {
    const record = readRecord(folder);
    if (!record || record.pid === 0 || holder(folder) !== undefined) continue;
    report(`removing what the killed rack ${record.spec.name} has left`);
    await sweepRack(folder);
    await writeRecord(folder, { ...record, pid: 0 });
  }
}

async function sweepRack(folder: string): Promise<void> {
  if (process.platform === "linux") await sweepContainers(folder, hostTraits());
  for (const kind of ["control", "bmc"] as const) rmSync(socketPath(folder, kind), { force: true });
}

async function ended(folder: string, pid: number): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (holder(folder) === pid) {
    if (Date.now() > end) {
      process.kill(pid, "SIGKILL");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The compiled daemon, or its source where the caller's own process runs sources. */
function daemonFile(): string {
  const compiled = join(__dirname, "daemon.js");
  return existsSync(compiled) ? compiled : join(__dirname, "daemon.ts");
}

function lastLine(file: string): string {
  return readFileSync(file, "utf8").trim().split("\n").at(-1) ?? "";
}

function runDaemon(folder: string, report: (line: string) => void): Promise<void> {
  const log = openSync(join(folder, "daemon.log"), "a", 0o600);
  const daemon = spawn(process.execPath, [...process.execArgv, daemonFile(), folder], {
    cwd: "/",
    detached: true,
    env: process.env,
    stdio: ["ignore", log, log, "ipc"],
  });
  return new Promise<void>((resolve, reject) => {
    let told: string | undefined;
    daemon.on("message", (message: DaemonMessage) => {
      if ("progress" in message) report(message.progress);
      if ("failed" in message) told = message.failed;
      if ("ready" in message) {
        daemon.removeAllListeners();
        daemon.unref();
        resolve();
      }
    });
    daemon.on("error", reject);
    daemon.on("exit", (code) =>
      reject(new Error(told ?? `the rack's process ended with ${code}: ${lastLine(join(folder, "daemon.log"))}`)),
    );
  });
}
