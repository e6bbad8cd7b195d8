import { at, bool, list, num, str } from "./read";
import type { Body } from "./types";

export type BiosValue = string | number | boolean | null;
export type BiosAttributes = Record<string, BiosValue>;

/** An attribute as the registry describes it. */
export interface RegistryAttribute {
  name: string;
  displayName?: string;
  readOnly: boolean;
  /** Allowed values of an enumeration; empty for the other types. */
  values: string[];
  lower?: number;
  upper?: number;
}

/** Attributes of a `Bios` or settings resource; members that are no plain values are left out. */
export function attributesOf(body: Body): BiosAttributes {
  const attributes = at(body, "Attributes");
  return Object.fromEntries(
    Object.entries(typeof attributes === "object" && attributes !== null ? attributes : {}).filter(
      (entry): entry is [string, BiosValue] =>
        !entry[0].includes("@") && (entry[1] === null || ["string", "number", "boolean"].includes(typeof entry[1])),
    ),
  );
}

/** Reads an attribute registry; `Readonly` and bounds of −1 are normalised (quirk 20). */
export function registryOf(body: Body): RegistryAttribute[] {
  return list(at(body, "RegistryEntries", "Attributes")).flatMap((entry) => {
    const name = str(at(entry, "AttributeName"));
    if (name === undefined) return [];
    const bound = (key: string) => {
      const value = num(at(entry, key));
      return value === -1 ? undefined : value;
    };
    return [
      {
        name,
        displayName: str(at(entry, "DisplayName")),
        readOnly: (bool(at(entry, "ReadOnly")) ?? bool(at(entry, "Readonly"))) === true,
        values: list(at(entry, "Value")).flatMap((value) => str(at(value, "ValueName")) ?? []),
        lower: bound("LowerBound"),
        upper: bound("UpperBound"),
      },
    ];
  });
}

/** What a name in a program stands for at this BMC. */
export type Resolution = { name: string } | { ambiguous: string[] } | { unknown: string[] };

/**
 * Finds an attribute: exactly, by case, by the hash suffix that Supermicro adds (quirk 51), by letters and digits alone, by the registry's
 * display name. `unknown` carries names that look similar.
 */
export function resolveName(wanted: string, names: string[], registry: RegistryAttribute[] = []): Resolution {
  if (names.includes(wanted)) return { name: wanted };
  const steps: ((name: string) => boolean)[] = [
    (name) => name.toLowerCase() === wanted.toLowerCase(),
    (name) => withoutHash(name).toLowerCase() === wanted.toLowerCase(),
    (name) => bare(name) === bare(wanted),
    (name) => bare(withoutHash(name)) === bare(wanted),
    (name) =>
      registry.some((attribute) => attribute.name === name && bare(attribute.displayName ?? "") === bare(wanted)),
  ];
  for (const matches of steps) {
    const found = names.filter(matches);
    if (found.length === 1) return { name: found[0] };
    if (found.length > 1) return { ambiguous: found };
  }
  return { unknown: similar(wanted, names) };
}

/** `IntelVirtualizationTechnology_3C6F` without the suffix. */
export function withoutHash(name: string): string {
  return name.replace(/_+[0-9A-F]{4}$/, "");
}

function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

function similar(wanted: string, names: string[]): string[] {
  const needle = bare(wanted);
  const shared = (name: string) => {
    const hay = bare(name);
    let length = 0;
    for (let start = 0; start < needle.length; start++) {
      while (length < needle.length - start && hay.includes(needle.slice(start, start + length + 1))) length++;
    }
    return length;
  };
  return names
    .map((name) => ({ name, score: shared(name) }))
    .filter(({ score }) => score >= Math.max(4, needle.length / 2))
    .sort((left, right) => right.score - left.score)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Whether two values mean the same: `Enable` and `Enabled`, "5" and 5, "true" and true, case. */
export function sameValue(left: BiosValue | undefined, right: BiosValue | undefined): boolean {
  return left === right || meaning(left) === meaning(right);
}

function meaning(value: BiosValue | undefined): string {
  const text = String(value ?? "")
    .trim()
    .toLowerCase();
  if (text === "enable") return "enabled";
  if (text === "disable") return "disabled";
  return /^-?\d+\.0+$/.test(text) ? text.replace(/\.0+$/, "") : text;
}

/** The wanted value as this BMC spells it: an allowed value of the registry, else in the manner of the current one. */
export function spell(wanted: BiosValue, current: BiosValue | undefined, allowed: string[] = []): BiosValue {
  const match = allowed.find((value) => value === wanted) ?? allowed.find((value) => sameValue(value, wanted));
  if (match !== undefined) return match;
  if (typeof current === "number" && typeof wanted === "string") return num(wanted) ?? wanted;
  if (typeof current === "boolean" && typeof wanted === "string") return bool(wanted) ?? wanted;
  if (typeof current !== "string" || typeof wanted !== "string")
    return typeof current === "string" && wanted !== null ? String(wanted) : wanted;
  if (sameValue(current, wanted)) return current;
  const short = /^(enable|disable)$/i.test(current);
  const long = /^(enabled|disabled)$/i.test(current);
  if (short && /^(enable|disable)d$/i.test(wanted)) return wanted.slice(0, -1);
  if (long && /^(enable|disable)$/i.test(wanted)) return `${wanted}d`;
  return wanted;
}
