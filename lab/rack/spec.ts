import { randomBytes } from "node:crypto";
import type { BmcSpec, Credentials, DialectName, HardwareSpec } from "../bmc";
import type { Architecture } from "../installer/executable";

/** One server of a rack. */
export interface RackServer {
  /** Name of the server, of its BMC and, by the inventory, of the node: a lowercase RFC 1123 label. */
  name: string;
  dialect: DialectName;
  /** Class in the inventory. Default: the fleet's own. */
  role?: string;
  /** Hardware that differs from the dialect's. */
  hardware?: Partial<HardwareSpec>;
  /** Default: x86_64. */
  architecture?: Architecture;
  /** Devices with somebody's data on them when the rack starts, such as `nvme0n1`. */
  usedDisks?: string[];
  /** How its BMC differs from the rack's other BMCs: latency, limits, factory password. */
  bmc?: Partial<Omit<BmcSpec, "name" | "address" | "port" | "dialect" | "hardware">>;
}

/** A rack of emulated servers. */
export interface RackSpec {
  /** At most 16 lowercase letters, digits and hyphens. */
  name: string;
  backend: "container" | "simulated";
  servers: RackServer[];
  /** The BMCs' administrator. Default: `admin` with a password made for this rack. */
  credentials?: Credentials;
  /** Milliseconds each BMC request takes. Default: 0. */
  latencyMs?: number | [number, number];
  /** How long BMCs take; what is left out comes from the emulator's defaults. */
  timings?: BmcSpec["timings"];
  /** Milliseconds that an installation takes beside what it really takes. Default: 0. */
  installMs?: number;
  /** IPv4 CIDR of the container backend's nodes. Default: a free one. */
  subnet?: string;
  /** Where the mirror gets Debian packages; null: nowhere. Default: where this machine's apt gets them. */
  debianUpstream?: string | null;
  /** Seed of everything random in the BMCs. Default: 1. */
  seed?: number;
}

/** Servers that one rack can have. */
export const MOST_SERVERS = 5000;

const DIALECTS: DialectName[] = ["generic", "dell", "supermicro"];

/** A rack of `count` servers named `node-1` and so on, of every dialect in turn. */
export function defaultRack(name: string, backend: RackSpec["backend"], count = 3): RackSpec {
  const servers = Array.from({ length: count }, (_, index): RackServer => ({
    name: `node-${index + 1}`,
    dialect: DIALECTS[index % DIALECTS.length],
  }));
  return { name, backend, servers };
}

/** @throws Error naming every member that is wrong, its value and what is allowed */
export function checkRack(spec: RackSpec): void {
  const mistakes: string[] = [];
  if (!/^[a-z0-9]([a-z0-9-]{0,14}[a-z0-9])?$/.test(spec.name)) {
    mistakes.push(`name "${spec.name}" must be 1 to 16 lowercase letters, digits and hyphens`);
  }
  if (!["container", "simulated"].includes(spec.backend))
    mistakes.push(`backend "${spec.backend}" must be container or simulated`);
  if (spec.servers.length > MOST_SERVERS) mistakes.push(`${spec.servers.length} servers are more than ${MOST_SERVERS}`);
  if (spec.backend === "container" && spec.servers.length > 200)
    mistakes.push("servers: at most 200 with the container backend");
  const seen = new Set<string>();
  for (const { name, dialect } of spec.servers) {
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
      mistakes.push(`server name "${name}" is no lowercase RFC 1123 label`);
    if (seen.has(name)) mistakes.push(`server name "${name}" occurs twice`);
    seen.add(name);
    if (!DIALECTS.includes(dialect))
      mistakes.push(`dialect "${dialect}" of ${name} must be one of ${DIALECTS.join(", ")}`);
  }
  if (mistakes.length > 0) throw new Error(`the rack cannot be built: ${mistakes.join("; ")}`);
}

/** A password nobody else knows, in characters that every BMC takes. */
export function newPassword(): string {
  return `Lab-${randomBytes(9).toString("base64url").replace(/[-_]/g, "7")}`;
}
