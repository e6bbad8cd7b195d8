import type { Body, Resource } from "./types";

/**
 * Readers for what a BMC sent: wrong types, nulls and missing members become `undefined`, an empty list or an empty object.
 */

/** A string with something in it, trimmed; firmware pads with spaces and sends "" for "not set". */
export function str(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  return trimmed === "" ? undefined : trimmed;
}

/** A finite number, or a string that is one. */
export function num(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value)) return Number(value);
  return undefined;
}

/** A boolean, or the words `true` and `false`. */
export function bool(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (typeof value === "string" && /^(true|false)$/i.test(value.trim())) return value.trim().toLowerCase() === "true";
  return undefined;
}

/** The object itself, else an empty one. */
export function obj(value: unknown): Body {
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The list itself; a single object as a list of one; else an empty list. */
export function list(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? [value] : [];
}

/** The strings of a list; a single string as a list of one. */
export function strings(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((item) => str(item) ?? []);
}

/** Follows members, each of which may be missing: `at(body, "Boot", "BootOrder")`. */
export function at(value: unknown, ...keys: string[]): unknown {
  return keys.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);
}

/** The `@odata.id` of a reference as a path on this BMC, or `undefined` when there is none or it leads elsewhere. */
export function link(value: unknown): string | undefined {
  const id = typeof value === "string" ? value : at(value, "@odata.id");
  return typeof id === "string" ? localPath(id) : undefined;
}

/** The paths of a list of references, hostile and broken ones left out. */
export function links(value: unknown): string[] {
  return list(value).flatMap((item) => link(item) ?? []);
}

/**
 * A link as an absolute path on the BMC itself, without fragment; `undefined` for everything that could lead elsewhere: other schemes and
 * hosts, protocol-relative links, backslashes, control characters, dot segments, absurd lengths.
 */
export function localPath(value: string): string | undefined {
  const path = value.trim().replace(/#.*$/, "");
  if (path.length > 2048 || !path.startsWith("/") || path.startsWith("//")) return undefined;

  if (/[\u0000-\u001f\u007f\\]/.test(path)) return undefined;
  if (/(^|\/)(\.|%2e){1,2}(\/|\?|$)/i.test(path)) return undefined;
  return path.replace(/[^\u0021-\u007e]/g, (character) => encodeURIComponent(character));
}

/** Last segment of a path: what most BMCs use as `Id`. */
export function lastSegment(path: string): string {
  const segment =
    path
      .replace(/[?#].*$/, "")
      .replace(/\/+$/, "")
      .split("/")
      .pop() ?? "";
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Two paths that mean the same resource: trailing slashes, and nothing else, are ignored. */
export function samePath(left: string, right: string): boolean {
  return left.replace(/\/+$/, "") === right.replace(/\/+$/, "");
}

/** `Id`, else the last segment of the path. */
export function idOf(resource: Resource): string {
  return str(resource.body.Id) ?? lastSegment(resource.path);
}

/**
 * A date as BMCs write it, in milliseconds since the epoch: zones such as `-0600` and none at all (UTC) are read, all-zero and impossible
 * dates are `undefined` (quirk 19).
 */
export function date(value: unknown): number | undefined {
  const text = str(value);
  const match =
    text === undefined
      ? null
      : /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2})[:.](\d{2})(?:[:.](\d{2})(?:\.(\d+))?)?\s*(Z|[+-]\d{2}:?\d{2})?$/i.exec(
          text,
        );
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) => Number(part ?? 0));
  if (year < 1971 || month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(match[8] ?? "");
  const offset = zone ? (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) : 0;
  const fraction = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
  return Date.UTC(year, month - 1, day, hour, minute, second, fraction) - offset * 60_000;
}

/** A MAC address in lower case with colons, or `undefined` for anything else, all zeros and all ones included. */
export function mac(value: unknown): string | undefined {
  const hex = str(value)
    ?.replace(/[:\-.]/g, "")
    .toLowerCase();
  if (hex === undefined || !/^[0-9a-f]{12}$/.test(hex) || /^(0{12}|f{12})$/.test(hex)) return undefined;
  return hex.match(/../g)?.join(":");
}
