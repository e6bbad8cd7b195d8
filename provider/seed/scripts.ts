import { readFileSync } from "node:fs";
import path from "node:path";
import { marker, type SeedFile, type SeedInput } from "./input";
import { shellFile } from "./quote";

/** A file that is put into the installed system. */
export interface TargetFile {
  path: string;
  content: string;
  /** Octal. Default `0644`. */
  mode?: string;
}

/** The guard and the last act, with their parameters: the same in every family. */
export function commonFiles(input: SeedInput, files: TargetFile[] = []): SeedFile[] {
  return [
    { path: "guard.sh", content: script("guard.sh") },
    { path: "guard.env", content: guardEnvironment(input) },
    { path: "finish.sh", content: script("finish.sh") },
    { path: "finish.env", content: finishEnvironment(input, files) },
  ];
}

/** A script of this package. */
export function script(name: string): string {
  return readFileSync(path.join(__dirname, "scripts", name), "utf8");
}

function guardEnvironment(input: SeedInput): string {
  const { rootDisk = {}, identity = {} } = input;
  const serials = [identity.serialNumber, identity.sku].filter((text): text is string => text !== undefined);
  return `${marker(input)}\n${shellFile({
    RF_SEED_URL: input.seedUrl,
    RF_CA: input.caPem.trim(),
    RF_CONSENT: input.wipe ? "wipe" : "none",
    // Dell's service tag is the SKU in Redfish and the serial number in SMBIOS.
    RF_SERIALS: identity.serialNumber === undefined ? [] : serials,
    RF_UUID: identity.uuid ?? "",
    RF_KEEP_DISKS: input.keepDisks ?? [],
    RF_DISK_NAME: rootDisk.deviceName ?? "",
    RF_DISK_SERIAL: rootDisk.serialNumber ?? "",
    RF_DISK_MODEL: rootDisk.model ?? "",
    RF_DISK_WWN: rootDisk.wwn ?? "",
    RF_DISK_TYPE: rootDisk.type ?? "",
    RF_DISK_MIN_GB: rootDisk.minSizeGb === undefined ? "" : Math.ceil(rootDisk.minSizeGb),
    RF_DISK_MAX_GB: rootDisk.maxSizeGb === undefined ? "" : Math.floor(rootDisk.maxSizeGb),
  })}`;
}

function finishEnvironment(input: SeedInput, files: TargetFile[]): string {
  const users = input.users.flatMap((user, index) => [
    [`RF_USER_${index + 1}_NAME`, user.name],
    [`RF_USER_${index + 1}_SUDO`, user.sudo === true && user.name !== "root"],
    [`RF_USER_${index + 1}_KEYS`, `${user.authorizedKeys.map((key) => key.trim()).join("\n")}\n`],
  ]);
  const placed = files.flatMap((file, index) => [
    [`RF_FILE_${index + 1}_PATH`, file.path],
    [`RF_FILE_${index + 1}_MODE`, file.mode ?? "0644"],
    [`RF_FILE_${index + 1}_CONTENT`, file.content],
  ]);
  return `${marker(input)}\n${shellFile({
    RF_SEED_URL: input.seedUrl,
    RF_CA: input.caPem.trim(),
    RF_INSTALLATION_ID: input.installationId,
    RF_HOSTNAME: input.hostname,
    RF_HOST_KEY_PRIVATE: input.hostKey.privateKey.trim(),
    RF_HOST_KEY_PUBLIC: input.hostKey.publicKey.trim(),
    RF_TIMEZONE: input.timezone ?? "UTC",
    RF_SSH_PORT: input.sshPort ?? 22,
    RF_ROOT_LOGIN: input.users.some(({ name }) => name === "root") ? "prohibit-password" : "no",
    RF_USERS: input.users.length,
    ...Object.fromEntries(users),
    RF_FILES: files.length,
    ...Object.fromEntries(placed),
  })}`;
}
