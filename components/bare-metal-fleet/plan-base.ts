import type { OsFamily } from "../../resources/redfish/installation-types";
import { type NetworkBackend, networkFiles } from "../topology/network-files";
import type { PlannedInterface } from "../topology/network-plan-interfaces";
import type { BareMetalFleetArgs } from "./args";
import type { PlannedClass } from "./plan-classes";

const BACKENDS: Record<OsFamily, NetworkBackend> = {
  ubuntu: "netplan",
  debian: "networkd",
  rhel: "networkmanager",
  nocloud: "netplan",
};

/** What base preparation is told about a server. */
export interface BaseSubject {
  hostname: string;
  joined: boolean;
  interfaces: readonly PlannedInterface[];
}

/** Parameters of `scripts/base-preparation.sh`: texts of lines, nothing secret, the same for the same arguments. */
export function baseParameters(
  args: BareMetalFleetArgs,
  planned: PlannedClass,
  subject: BaseSubject,
): Record<string, string> {
  const family = planned.osImage?.family;
  const backend = family && !subject.joined ? BACKENDS[family] : undefined;
  const resolver = { nameservers: args.nameservers ?? [], searchDomains: args.searchDomains ?? [] };
  const files = backend ? networkFiles(backend, subject.interfaces, resolver) : [];
  const gateways = subject.interfaces.flatMap(({ gateway, gateway6 }) =>
    [gateway, gateway6].flatMap((address) => address ?? []),
  );
  const users = args.users ?? [];
  const parameters: Record<string, string> = {
    HOSTNAME: subject.hostname,
    JOINED: subject.joined ? "yes" : "no",
    TIMEZONE: args.timezone ?? (subject.joined ? "" : "Etc/UTC"),
    NTP_SERVERS: lines(args.ntpServers ?? []),
    USERS: lines(users.map((user) => `${user.name} ${user.sudo ? "sudo" : "plain"}`)),
    AUTHORIZED_KEYS: lines(users.flatMap((user) => user.authorizedKeys.map((key) => `${user.name} ${key.trim()}`))),
    KERNEL_MODULES: lines(merge(args.kernelModules, planned.kernelModules)),
    KERNEL_PARAMETERS: lines(planned.kernelParameters ?? []),
    SYSCTLS: lines(
      Object.entries({ ...args.sysctls, ...planned.sysctls })
        .map(([key, value]) => `${key}=${value}`)
        .sort(),
    ),
    PACKAGES: lines(merge(args.packages, planned.packages)),
    REPOSITORIES: lines(
      (args.repositories ?? []).map(({ name, definition, key }) =>
        [name, base64(definition), base64(key ?? "")].join(" ").trim(),
      ),
    ),
    ALLOW_REBOOT: planned.allowReboot ? "yes" : "no",
    NETWORK_BACKEND: files.length > 0 ? backend! : "",
    NETWORK_FILES: lines(files.map((file) => `${file.path} ${base64(file.content)}`)),
    NAMESERVERS: lines(files.length > 0 ? resolver.nameservers : []),
    SEARCH_DOMAINS: lines(files.length > 0 ? resolver.searchDomains : []),
    NETWORK_GATEWAYS: lines(gateways),
    NETWORK_ADDRESSES: lines(files.length > 0 ? subject.interfaces.flatMap(({ addresses }) => addresses) : []),
  };
  const set = Object.entries(parameters).filter(([, value]) => value !== "");
  return Object.fromEntries(set.map(([name, value]) => [`RACKFORM_${name}`, value]));
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}

function merge(...lists: (readonly string[] | undefined)[]): string[] {
  return [...new Set(lists.flatMap((list) => list ?? []))].sort();
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}
