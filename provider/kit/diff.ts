import type { Change } from "./handler";
import { UNKNOWN } from "./handler";
import type { PropertyPath } from "./paths";
import { formatPath, isWithin, parsePath, topLevel } from "./paths";
import type { Properties, PropertySpec, Schema, TypeSpec } from "./schema";
import type { Plain, PlainObject } from "./values";
import { ArchiveValue, AssetValue, isObject, ReferenceValue } from "./values";

/**
 * What differs between the inputs of the last deployment and the new ones, by path, with what the schema replaces on. An
 * unknown differs from everything. A property that is absent on one side and has its default on the other is no change, so
 * that a release that adds a default does not touch what exists.
 */
export function compareInputs(schema: Schema, properties: Properties, olds: PlainObject, news: PlainObject): Change[] {
  const comparison = new Comparison(schema);
  comparison.object(properties, olds, news, [], false);
  return comparison.changes;
}

/** Without those that the user told the engine to ignore (`ignoreChanges`). */
export function withoutIgnored(changes: Change[], ignored: readonly string[]): Change[] {
  const prefixes = ignored.map(parsePath);
  return changes.filter(({ path }) => {
    const parsed = parsePath(path);
    return !prefixes.some((prefix) => isWithin(parsed, prefix));
  });
}

/** The parts of a DiffResponse. Every top-level key in `diffs` has a detailed path, and the reverse; nothing comes twice. */
export interface DiffAnswer {
  diffs: string[];
  replaces: string[];
  detailed: Map<string, Change>;
}

/** Where two changes share a path, one that replaces wins, then the later one. */
export function answer(changes: Change[]): DiffAnswer {
  const detailed = new Map<string, Change>();
  for (const change of changes) {
    const path = formatPath(parsePath(change.path));
    const earlier = detailed.get(path);
    detailed.set(path, earlier?.replace ? { ...change, path, replace: true } : { ...change, path });
  }
  const all = [...detailed.values()];
  return {
    detailed,
    diffs: unique(all.map((change) => topLevel(parsePath(change.path)))),
    replaces: unique(all.filter((change) => change.replace).map((change) => topLevel(parsePath(change.path)))),
  };
}

class Comparison {
  readonly changes: Change[] = [];

  constructor(private readonly schema: Schema) {}

  object(properties: Properties, olds: PlainObject, news: PlainObject, path: PropertyPath, replace: boolean): void {
    for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
      if (key.startsWith("__")) continue;
      const property = properties[key] ?? {};
      this.value(
        property,
        orDefault(olds[key], news[key], property),
        orDefault(news[key], olds[key], property),
        [...path, key],
        replace || replaces(property),
      );
    }
  }

  private value(type: TypeSpec, old: Plain, now: Plain, path: PropertyPath, replace: boolean): void {
    if (old === null || now === null) {
      if (old !== now) this.change(old === null ? "add" : "delete", path, replace);
      return;
    }
    if (old === UNKNOWN || now === UNKNOWN) return this.change("update", path, replace);
    const shape = this.schema.shape(type);
    if (shape.kind === "union")
      return this.value(this.schema.alternative(shape.alternatives, now), old, now, path, replace);
    if (Array.isArray(old) && Array.isArray(now)) {
      const items = shape.kind === "array" ? shape.items : {};
      for (let i = 0; i < Math.max(old.length, now.length); i++) {
        this.element(items, old, now, i, [...path, i], replace);
      }
    } else if (isObject(old) && isObject(now)) {
      if (shape.kind === "object") return this.object(shape.properties, old, now, path, replace);
      const members = shape.kind === "map" ? shape.members : {};
      for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
        this.value(members, old[key] ?? null, now[key] ?? null, [...path, key], replace);
      }
    } else if (!same(old, now)) this.change("update", path, replace);
  }

  /** A list element: unlike a member, null is a value and only a missing one is added or deleted. */
  private element(
    type: TypeSpec,
    old: Plain[],
    now: Plain[],
    index: number,
    path: PropertyPath,
    replace: boolean,
  ): void {
    if (index >= old.length) this.change("add", path, replace);
    else if (index >= now.length) this.change("delete", path, replace);
    else if (old[index] === null || now[index] === null) {
      if (old[index] !== now[index]) this.change("update", path, replace);
    } else this.value(type, old[index], now[index], path, replace);
  }

  private change(kind: Change["kind"], path: PropertyPath, replace: boolean): void {
    this.changes.push({ path: formatPath(path), kind, replace, against: "inputs" });
  }
}

function orDefault(value: Plain | undefined, other: Plain | undefined, property: PropertySpec): Plain {
  const absent = value === undefined || value === null;
  return absent && property.default !== undefined && property.default === other ? property.default : (value ?? null);
}

function replaces(property: PropertySpec): boolean {
  return property.replaceOnChanges === true || property.willReplaceOnChanges === true;
}

function same(old: Plain, now: Plain): boolean {
  if (old instanceof ReferenceValue && now instanceof ReferenceValue) return old.urn === now.urn && old.id === now.id;
  const file = (value: Plain): value is AssetValue | ArchiveValue =>
    value instanceof AssetValue || value instanceof ArchiveValue;
  if (!file(old) || !file(now)) return old === now;
  if (old.constructor !== now.constructor) return false;
  if (old.hash !== undefined && now.hash !== undefined) return old.hash === now.hash;
  return JSON.stringify(old.source) === JSON.stringify(now.source);
}

function unique(values: string[]): string[] {
  return [...new Set(values)];
}
