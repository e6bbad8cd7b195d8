import { readFileSync } from "node:fs";
import path from "node:path";
import { choices } from "../private/mistakes";
import { readCsv } from "./inventory-csv";
import { type Field, FIELDS } from "./inventory-fields";
import type { ServerSpec, Sourced } from "./inventory";
import { readYaml } from "./inventory-yaml";

/** Account on one server's BMC. */
export interface BmcCredentials {
  /** Account name. Default: the fleet's `bmcUsername`. */
  username?: string;
  /**
   * Its password. Default: the fleet's `bmcPassword`.
   * @secret
   */
  password?: string;
}

/** Something wrong in a file, in the words of a user who has it open in an editor. */
export interface FileMistake {
  /** `rack.yaml line 7, servers[2].mac: …` */
  message: string;
}

/** What an inventory file holds. Credentials are kept apart: the servers are printed in plans, passwords never are. */
export interface Inventory {
  servers: Sourced[];
  credentials: Record<string, BmcCredentials>;
  mistakes: FileMistake[];
}

/** A raw value with the line that it stands on. */
export interface Located {
  value: unknown;
  line: number;
}

/** A server as read from a file, before its values are judged. */
export interface RawServer {
  line: number;
  fields: Map<string, Located>;
}

/** A file as read, before its values are judged. */
export interface RawInventory {
  servers: RawServer[];
  mistakes: { line?: number; message: string }[];
}

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads a YAML (`.yaml`, `.yml`, `.json`) or CSV (`.csv`) inventory. Never throws for what the file holds: every mistake is
 * listed with its line and field. Values of secret fields are not repeated.
 */
export function readInventoryFile(file: string): Inventory {
  const name = path.basename(file);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    return {
      servers: [],
      credentials: {},
      mistakes: [{ message: `${file}: ${reason}; paths are relative to the program's folder` }],
    };
  }
  return parseInventory(text, name);
}

/** The same for text that is at hand; `name` decides the format and appears in messages. */
export function parseInventory(text: string, name: string): Inventory {
  const failure = (message: string): Inventory => ({
    servers: [],
    credentials: {},
    mistakes: [{ message: `${name}: ${message}` }],
  });
  if (Buffer.byteLength(text) > MAX_BYTES)
    return failure("is larger than 16 MiB, which is no inventory of one stack; split it by rack");
  if (text.includes("\u0000")) return failure("holds NUL bytes; save it as UTF-8 text");
  const extension = path.extname(name).toLowerCase();
  if (extension === ".csv") return judge(readCsv(text), name);
  if ([".yaml", ".yml", ".json"].includes(extension)) return judge(readYaml(text), name);
  return failure(`the extension ${JSON.stringify(extension)} is unknown; allowed are .yaml, .yml, .json and .csv`);
}

function judge(raw: RawInventory, name: string): Inventory {
  const where = (line: number | undefined) => (line === undefined ? name : `${name} line ${line}`);
  const mistakes = raw.mistakes.map(({ line, message }) => ({ message: `${where(line)}: ${message}` }));
  const credentials = new Map<string, BmcCredentials>();
  const servers = raw.servers.map(({ line, fields }): Sourced => {
    const complain = (at: number, message: string) => mistakes.push({ message: `${where(at)}, ${message}` });
    const values: Record<string, unknown> = {};
    for (const [key, { value, line: at }] of fields) {
      const field = FIELDS.find((candidate) => candidate.name === key);
      if (!field)
        complain(
          at,
          `${key}: there is no such field; ${choices(
            key,
            FIELDS.map((one) => one.name),
          )}`,
        );
      else {
        const reason = misfit(field, value);
        if (reason) complain(at, `${key}: ${field.secret ? "" : `${shown(value)} `}${reason}`);
        else values[key] = value;
      }
    }
    if (values.name === undefined && !fields.has("name")) complain(line, "name: is missing; every server needs one");
    const { bmcUsername, bmcPassword, ...spec } = values as Record<string, unknown> & {
      bmcUsername?: string;
      bmcPassword?: string;
    };
    if (typeof spec.name === "string" && (bmcUsername !== undefined || bmcPassword !== undefined)) {
      credentials.set(spec.name, {
        ...(bmcUsername === undefined ? {} : { username: bmcUsername }),
        ...(bmcPassword === undefined ? {} : { password: bmcPassword }),
      });
    }
    return {
      spec: { name: "", ...spec } as ServerSpec,
      origin: {
        path: () => "inventoryFile",
        prefix: (field) =>
          `${where(fields.get(field.replace(/[[.].*$/, ""))?.line ?? line)}, ${field ? `${field}: ` : ""}`,
      },
    };
  });
  return { servers, credentials: Object.fromEntries(credentials), mistakes };
}

function misfit(field: Field, value: unknown): string | undefined {
  const record = typeof value === "object" && value !== null && !Array.isArray(value);
  switch (field.kind) {
    case "text":
      if (typeof value !== "string") return "is not text; put it in quotes";
      if (value.trim() === "") return "is empty; leave the field out instead";
      return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)
        ? "holds control characters; it must be one line of text"
        : undefined;
    case "integer": {
      const within =
        typeof value === "number" && Number.isInteger(value) && value >= field.minimum! && value <= field.maximum!;
      return within ? undefined : `is not an integer from ${field.minimum} to ${field.maximum}`;
    }
    case "map":
      if (!record) return "is not a mapping of names to texts";
      return Object.values(value).every((one) => typeof one === "string")
        ? undefined
        : "has a value that is not text; put it in quotes";
    case "texts":
      if (!record) return "is not a mapping of network names to lists of addresses";
      return Object.values(value).every((list) => Array.isArray(list) && list.every((one) => typeof one === "string"))
        ? undefined
        : "has a value that is not a list of texts; write storage: [10.1.0.5]";
    case "macs":
      return Array.isArray(value) && value.every(isNic)
        ? undefined
        : "is not a list of ports; write [{name: eno1, mac: aa:bb:cc:00:00:01}]";
  }
}

function isNic(value: unknown): boolean {
  const { name, mac, ...rest } = (value ?? {}) as Record<string, unknown>;
  return typeof name === "string" && typeof mac === "string" && Object.keys(rest).length === 0;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
