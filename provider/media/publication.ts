import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { RemoteFile } from "../../resources/redfish/installation";
import type { Architecture, Ramdisk } from "./boot-image";

/** What is served for one attempt at one installation. JSON, so that it can be sent to a server that stands alone. */
export interface Publication {
  /** Public part of the medium's URL; new for each attempt. */
  nonce: string;
  /** Secret part of the seed's URL: whoever has it gets the seed. */
  token: string;
  installationId: string;
  hostname: string;
  /** Files of the seed. */
  seed: { path: string; content: string }[];
  boot: BootFiles;
  kernelArguments: string[];
  /** By what a network boot loader can name the machine: MAC addresses, UUID, serial number. Served for boot over PXE only. */
  machine?: { macs: string[]; uuid?: string; serialNumber?: string };
}

/** Where the files of the boot medium come from. */
export interface BootFiles {
  architecture: Architecture;
  ramdisk: Ramdisk;
  kernel: RemoteFile;
  initrd: RemoteFile;
  /** Needed for media and HTTP boot; a network boot loader brings its own. */
  bootloader?: { shim?: RemoteFile; grub: RemoteFile };
}

/** What has been seen of an attempt so far; members appear in about this order. Times are milliseconds since the epoch. */
export interface Progress {
  /** Grows with every change. */
  version: number;
  /** Reads of the boot medium or its files. */
  media?: { at: number; from: string; bytes: number; size: number };
  /** Reads of the seed. */
  seed?: { at: number; from: string; files: string[] };
  /** The installer's last word on where it is. */
  phase?: { at: number; name: string };
  failed?: { at: number; reason: string };
  home?: PhoneHome & { at: number };
}

/** The report with which an installation ends. */
export interface PhoneHome {
  installation: string;
  hostname?: string;
  machineId?: string;
  os?: string;
  disk?: string;
}

/** 192 bits in 32 characters that fit into a path. A new plugin process comes to the same token from the server's secret in state. */
export function seedToken(tokenSecret: string, installationId: string, nonce: string): string {
  return createHmac("sha256", tokenSecret)
    .update(`seed\0${installationId}\0${nonce}`)
    .digest()
    .subarray(0, 24)
    .toString("base64url");
}

/** What a publication is filed under, so that neither a look-up nor a log tells the token. */
export function tokenDigest(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Compares in a time that depends on neither. */
export function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(tokenDigest(one)), Buffer.from(tokenDigest(other)));
}

/** Reads a script's report: lines of `key=value`, or a JSON object of texts. Unknown keys are dropped, values are cut to one line. */
export function parseReport(text: string, keys: readonly string[]): Record<string, string> {
  const pairs = text.trimStart().startsWith("{") ? jsonPairs(text) : text.split("\n").map(splitPair);
  const known = pairs.filter(([key]) => keys.includes(key));
  return Object.fromEntries(known.map(([key, value]) => [key, printable(value).slice(0, 1000)]));
}

function splitPair(line: string): [string, string] {
  const at = line.indexOf("=");
  return at < 0 ? ["", ""] : [line.slice(0, at), line.slice(at + 1)];
}

function jsonPairs(text: string): [string, string][] {
  try {
    return Object.entries(JSON.parse(text) as object).map(([key, value]) => [key, String(value)]);
  } catch {
    return [];
  }
}

/** Reports come from machines that are not trusted yet: nothing in them may steer a terminal. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}
