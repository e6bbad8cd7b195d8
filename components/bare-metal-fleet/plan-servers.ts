import { choices, type Mistakes } from "../private/mistakes";
import { isPublicKey, NAME, NAME_RULE, parseEndpoint, parseMac } from "../topology/format";
import type { ServerSpec, Sourced } from "../topology/inventory";
import { parseAddress } from "../topology/ip";
import { MAX_SLOT } from "../topology/network-plan-addresses";
import type { BareMetalFleetArgs } from "./args";
import { rolesOf } from "./plan-classes";

/** A server whose fields are well formed (what was not is reported and left out). */
export interface ServerEntry {
  spec: ServerSpec;
  role: string;
  /** Already running: rackform does not install it. */
  joined: boolean;
  /** Normalised base URL of the BMC. */
  endpoint?: string;
  /** Property path for a mistake in one of its fields. */
  at(field: string): string;
  /** Reports a mistake in one of its fields. */
  complain(field: string, reason: string, rule?: number): void;
}

/** Checks every server by itself and against all others: names, BMC and MAC addresses and serial numbers are unique [rule 92]. */
export function planServers(args: BareMetalFleetArgs, sourced: readonly Sourced[], mistakes: Mistakes): ServerEntry[] {
  const entries = sourced.map((one) => readServer(args, one, mistakes));
  refuseTwins(entries);
  return entries;
}

function readServer(args: BareMetalFleetArgs, { spec: given, origin }: Sourced, mistakes: Mistakes): ServerEntry {
  const spec = { ...given, name: typeof given.name === "string" ? given.name : "" };
  const complain = (field: string, reason: string, rule?: number) =>
    mistakes.error(origin.path(field), `${origin.prefix(field)}${reason}`, rule);
  const reported = spec.name === "" && origin.prefix("") !== "";
  if (!NAME.test(spec.name) && !reported)
    complain("name", `${JSON.stringify(given.name)} is no server name; ${NAME_RULE}`);
  const role = spec.role ?? "compute";
  const roles = rolesOf(args);
  if (!roles.includes(role))
    complain("role", `there is no class ${JSON.stringify(role)}; ${choices(role, roles)}; add your own to classes`);
  const endpoint = spec.bmc === undefined ? undefined : parseEndpoint(spec.bmc);
  if (spec.bmc?.includes("@")) {
    mistakes.sensitive(
      origin.path("bmc"),
      `${origin.prefix("bmc")}holds a user or password; give the base URL alone and the account in bmcUsername, bmcPassword or bmcCredentials`,
    );
  } else if (spec.bmc !== undefined && !endpoint) {
    complain(
      "bmc",
      `${JSON.stringify(spec.bmc)} is no base URL of a BMC; write https://10.0.0.11, https://bmc1.example.com:8443 or an address, without a path`,
    );
  }
  const joined = spec.bmc === undefined;
  if (joined) checkJoined(spec, complain);
  else checkInstalled(args, spec, role, complain);
  checkFormats(spec, complain);
  return { spec, role, joined, ...(endpoint ? { endpoint } : {}), at: origin.path, complain };
}

type Complain = ServerEntry["complain"];

function checkJoined(spec: ServerSpec, complain: Complain): void {
  if (spec.hostKey === undefined) {
    complain(
      "",
      `server ${spec.name} has neither bmc nor hostKey; give bmc to have it installed, or address and hostKey when it is already running`,
    );
    return;
  }
  if (spec.address === undefined)
    complain("address", `is missing; server ${spec.name} is already running (hostKey), so its address is needed`);
  for (const field of ["bmcFingerprint", "systemId", "serialNumber", "sku", "uuid"] as const) {
    if (spec[field] !== undefined)
      complain(field, `needs bmc; server ${spec.name} joins by address and hostKey, and nothing is asked of its BMC`);
  }
}

function checkInstalled(args: BareMetalFleetArgs, spec: ServerSpec, role: string, complain: Complain): void {
  for (const field of ["hostKey", "user", "port"] as const) {
    if (spec[field] !== undefined)
      complain(
        field,
        `is for servers that are already running; server ${spec.name} has a bmc and is installed by rackform: remove ${field}${field === "user" ? " (the fleet has one)" : ""}`,
      );
  }
  const own = args.classes && Object.hasOwn(args.classes, role) ? args.classes[role] : undefined;
  if (own?.methods?.includes("pxe") && spec.mac === undefined && !spec.nics?.length) {
    complain(
      "mac",
      `is missing; class ${role} may install by PXE, which finds server ${spec.name} by its MAC address`,
      93,
    );
  }
  if (!own?.interfaces?.length && spec.mac === undefined && !spec.nics?.length) {
    complain(
      "mac",
      `is missing; without it (or nics, or classes.${role}.interfaces) the installer cannot tell which port of server ${spec.name} carries the management network`,
    );
  }
}

function checkFormats(spec: ServerSpec, complain: Complain): void {
  if (spec.mac !== undefined && !parseMac(spec.mac))
    complain("mac", `${JSON.stringify(spec.mac)} is no unicast MAC address; write it like aa:bb:cc:00:00:01`);
  spec.nics?.forEach((nic, index) => {
    if (!parseMac(nic.mac))
      complain(
        `nics[${index}].mac`,
        `${JSON.stringify(nic.mac)} is no unicast MAC address; write it like aa:bb:cc:00:00:01`,
      );
    if (!/^[a-zA-Z0-9_.-]{1,15}$/.test(nic.name))
      complain(
        `nics[${index}].name`,
        `${JSON.stringify(nic.name)} is no interface name; use 1 to 15 letters, digits, dots, hyphens or underscores`,
      );
    if (spec.nics!.findIndex((other) => other.name === nic.name) !== index)
      complain(`nics[${index}].name`, `${nic.name} is there twice`);
  });
  if (spec.address !== undefined && !parseAddress(spec.address))
    complain("address", `${JSON.stringify(spec.address)} is not an IP address (without prefix length)`);
  if (spec.slot !== undefined && (!Number.isInteger(spec.slot) || spec.slot < 0 || spec.slot > MAX_SLOT))
    complain("slot", `${spec.slot} is no slot; use an integer from 0 to ${MAX_SLOT}`);
  if (spec.position !== undefined && (!Number.isInteger(spec.position) || spec.position < 1 || spec.position > 100))
    complain("position", `${spec.position} is no rack unit; use an integer from 1 to 100`);
  if (spec.port !== undefined && (!Number.isInteger(spec.port) || spec.port < 1 || spec.port > 65_535))
    complain("port", `${spec.port} is no TCP port; use 1 to 65535`);
  if (spec.user !== undefined && !/^[a-z_][a-z0-9_-]{0,31}$/.test(spec.user))
    complain("user", `${JSON.stringify(spec.user)} is no login name`);
  if (spec.hostKey !== undefined && !isPublicKey(spec.hostKey))
    complain("hostKey", "is no SSH public key; copy the line from /etc/ssh/ssh_host_ed25519_key.pub");
  if (spec.bmcFingerprint !== undefined && !/^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i.test(spec.bmcFingerprint)) {
    complain(
      "bmcFingerprint",
      `${JSON.stringify(spec.bmcFingerprint)} is no SHA-256 fingerprint; it has 64 hexadecimal digits, colons allowed`,
    );
  }
  if (spec.uuid !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(spec.uuid))
    complain("uuid", `${JSON.stringify(spec.uuid)} is no UUID`);
  for (const field of ["serialNumber", "sku", "systemId"] as const) {
    if (spec[field]?.trim() === "") complain(field, "is empty; leave it out when it is not known");
  }
  for (const field of ["rack", "zone"] as const) {
    if (spec[field] !== undefined && !NAME.test(spec[field]))
      complain(field, `${JSON.stringify(spec[field])} is not allowed; ${NAME_RULE}`);
  }
  for (const [key, value] of Object.entries(spec.labels ?? {}))
    checkLabel(key, value, (reason) => complain("labels", reason));
}

/** Labels follow Kubernetes, which will get them: at most 63 characters of a restricted alphabet. */
export function checkLabel(key: string, value: string, complain: (reason: string) => void): void {
  const name = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
  if (!name.test(key))
    complain(
      `${JSON.stringify(key)} is no label name; use letters, digits, dots, hyphens and underscores, at most 63, with an optional domain and slash before`,
    );
  if (typeof value !== "string" || !/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/.test(value)) {
    complain(
      `${JSON.stringify(value)} is no value for label ${key}; use letters, digits, dots, hyphens and underscores, at most 63`,
    );
  }
}

interface Claim {
  field: string;
  what: string;
  key: string | undefined;
  rule?: number;
}

function refuseTwins(entries: readonly ServerEntry[]): void {
  const seen = new Map<string, ServerEntry>();
  const positions = new Map<string, ServerEntry>();
  for (const entry of entries) {
    const { spec, endpoint } = entry;
    const macs = [
      ...new Set([spec.mac, ...(spec.nics ?? []).map((nic) => nic.mac)].flatMap((mac) => (mac && parseMac(mac)) || [])),
    ];
    const claims: Claim[] = [
      { field: "name", what: "name", key: spec.name || undefined },
      { field: "bmc", what: "BMC", key: endpoint && `${endpoint} ${spec.systemId ?? ""}`.trim(), rule: 92 },
      { field: "serialNumber", what: "serial number", key: spec.serialNumber?.trim().toLowerCase() },
      { field: "uuid", what: "UUID", key: spec.uuid?.toLowerCase() },
      { field: "hostKey", what: "host key", key: spec.hostKey?.trim().split(/[ \t]+/)[1] },
      ...macs.map((key): Claim => ({
        field: spec.mac && parseMac(spec.mac) === key ? "mac" : "nics",
        what: "MAC address",
        key,
        rule: 92,
      })),
    ];
    for (const { field, what, key, rule } of claims) {
      if (key === undefined || key === "") continue;
      const other = seen.get(`${what} ${key}`);
      if (!other) seen.set(`${what} ${key}`, entry);
      else if (what === "name") entry.complain(field, `${key} is there twice; server names are unique in a fleet`);
      else
        entry.complain(
          field,
          `server ${spec.name} has the same ${what} as ${other.spec.name}${what === "host key" ? "" : ` (${key})`}; each server has its own`,
          rule,
        );
    }
    if (spec.rack === undefined || spec.position === undefined) continue;
    const place = `${spec.rack} ${spec.position}`;
    const neighbour = positions.get(place);
    if (neighbour)
      entry.complain("position", `unit ${spec.position} of rack ${spec.rack} is taken by ${neighbour.spec.name}`);
    else positions.set(place, entry);
  }
}
