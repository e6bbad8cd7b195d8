import { parse } from "yaml";
import type { CommandLine } from "./command-line";
import { addressesIn, type FamilySeed, type SeedScript } from "./seed";

/** Sections of autoinstall (Ubuntu's autoinstall reference, version 1). */
const SECTIONS = new Set(
  (
    "version interactive-sections early-commands locale refresh-installer keyboard source network proxy apt storage identity " +
    "active-directory ubuntu-pro ssh codecs drivers oem snaps debconf-selections packages kernel kernel-crash-dumps timezone updates " +
    "shutdown late-commands error-commands reporting user-data zdevs"
  ).split(" "),
);

interface Storage {
  layout?: { name?: string; match?: Record<string, unknown> };
  config?: { type?: string; path?: string; serial?: string; match?: Record<string, unknown> }[];
}

interface Autoinstall {
  version?: unknown;
  "interactive-sections"?: unknown;
  "early-commands"?: unknown;
  "late-commands"?: unknown;
  identity?: { hostname?: string; username?: string; password?: string };
  "user-data"?: { hostname?: string };
  storage?: Storage;
  network?: unknown;
}

/** Where subiquity keeps the autoinstall configuration; early commands may change it. */
const CONFIGURATION = "/autoinstall.yaml";

/**
 * Understands NoCloud user-data: autoinstall for Ubuntu's installer, a cloud-config of commands for a live system.
 * @throws Error naming what cloud-init or subiquity would refuse
 */
export function readAutoinstall(
  family: "ubuntu" | "nocloud",
  metaData: string,
  userData: string,
  line: CommandLine,
): FamilySeed {
  const meta = mapping("meta-data", metaData) as { "instance-id"?: unknown; "local-hostname"?: string };
  if (typeof meta["instance-id"] !== "string") throw new Error("meta-data has no instance-id");
  if (!/^#cloud-config\s*$/m.test(userData.split("\n")[0])) {
    throw new Error("user-data does not begin with #cloud-config: cloud-init takes it for something else");
  }
  const config = mapping("user-data", userData) as {
    autoinstall?: Autoinstall;
    bootcmd?: unknown;
    runcmd?: unknown;
    hostname?: string;
  };
  if (family === "nocloud") {
    return {
      family,
      early: scripts("bootcmd", config.bootcmd),
      late: scripts("runcmd", config.runcmd),
      hostname: config.hostname ?? meta["local-hostname"],
      addresses: addressesIn(userData),
      diskFiles: [],
      files: [],
      needs: [],
    };
  }
  const { autoinstall } = config;
  if (autoinstall === undefined) throw new Error("user-data has no autoinstall section: the installer asks a person");
  check(autoinstall);
  const live = line.get("url") ?? line.get("iso-url");
  if (live === undefined)
    throw new Error("the kernel's arguments name no live image (url=): there is no root file system");
  return {
    family,
    early: scripts("early-commands", autoinstall["early-commands"]),
    late: scripts("late-commands", autoinstall["late-commands"]),
    hostname: autoinstall.identity?.hostname ?? autoinstall["user-data"]?.hostname ?? meta["local-hostname"],
    addresses: addressesIn(JSON.stringify(autoinstall.network ?? "")),
    disk: diskOf(autoinstall.storage),
    diskFiles: [{ path: CONFIGURATION, read: (text) => diskOf(autoinstallOf(text).storage) }],
    files: [{ path: CONFIGURATION, content: userData }],
    needs: [live],
  };
}

function check(autoinstall: Autoinstall): void {
  for (const key of Object.keys(autoinstall)) {
    if (!SECTIONS.has(key)) throw new Error(`autoinstall: "${key}" is no section`);
  }
  if (autoinstall.version !== 1)
    throw new Error(`autoinstall: version is ${JSON.stringify(autoinstall.version)}, it must be 1`);
  if (autoinstall["interactive-sections"] !== undefined)
    throw new Error("autoinstall: interactive-sections wait for a person");
  if (!autoinstall.identity && !autoinstall["user-data"])
    throw new Error("autoinstall: neither identity nor user-data is there");
  const { identity } = autoinstall;
  for (const key of ["hostname", "username", "password"] as const) {
    if (identity && typeof identity[key] !== "string") throw new Error(`autoinstall: identity has no ${key}`);
  }
}

/** Early commands may replace the file with the bare section or with the whole user-data. */
function autoinstallOf(text: string): Autoinstall {
  const config = mapping(CONFIGURATION, text) as { autoinstall?: Autoinstall };
  return config.autoinstall ?? (config as Autoinstall);
}

function diskOf(storage: Storage | undefined): string | undefined {
  const disk = storage?.config?.find((one) => one.type === "disk");
  const named = disk?.path ?? storage?.layout?.match?.path ?? disk?.match?.path;
  return typeof named === "string" ? named : undefined;
}

function scripts(name: string, value: unknown): SeedScript[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Error(`${name} is not a list`);
  return value.map((one: unknown, index) => {
    const command = Array.isArray(one)
      ? one.map((word) => `'${String(word).replaceAll("'", `'\\''`)}'`).join(" ")
      : one;
    if (typeof command !== "string") throw new Error(`${name}[${index}] is neither a text nor a list of texts`);
    return { name: `${name}[${index}]`, command, chroot: false };
  });
}

function mapping(what: string, text: string): object {
  let value: unknown;
  try {
    value = parse(text, { version: "1.1" });
  } catch (error) {
    throw new Error(`${what} is not YAML: ${(error as Error).message.split("\n")[0]}`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error(`${what} is not a mapping`);
  return value;
}
