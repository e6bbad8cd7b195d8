import type { CheckFailure } from "./handler";
import { UNKNOWN } from "./handler";
import type { PropertyPath } from "./paths";
import { formatPath } from "./paths";
import type { Properties, Schema, Shape, TypeSpec } from "./schema";
import { looksLike } from "./schema";
import type { Marks, Plain, PlainObject } from "./values";
import { ArchiveValue, AssetValue, isObject, ReferenceValue, touchesSecret } from "./values";

/** Which members are allowed beside the schema's: the engine's own begin with two underscores. */
export interface CheckOptions {
  required?: readonly string[];
  /** Values at or near these marks are never printed. */
  marks?: Marks;
  /** Names that are allowed although the schema has not got them. */
  allow?: readonly string[];
}

/**
 * Judges a property map by the schema: unknown properties, missing ones, wrong types, values outside an enum, each with its
 * path, all at once. Unknown values (previews) are never judged.
 */
export function checkAgainstSchema(
  schema: Schema,
  properties: Properties,
  value: PlainObject,
  options: CheckOptions = {},
): CheckFailure[] {
  const judge = new Judge(schema, options.marks ?? {});
  judge.object(properties, options.required ?? [], value, [], new Set(options.allow));
  return judge.failures;
}

/**
 * A failure as the engine may print it. It prints the value of the top-level property that a failure names, so one that holds
 * a secret is not named there but in the reason.
 */
export function discreet(failure: CheckFailure, marks: Marks): CheckFailure {
  if (failure.property === "" || !touchesSecret(marks, [failure.property])) return failure;
  return { property: "", reason: `${failure.property}: ${failure.reason}` };
}

class Judge {
  readonly failures: CheckFailure[] = [];

  constructor(
    private readonly schema: Schema,
    private readonly marks: Marks,
  ) {}

  object(
    properties: Properties,
    required: readonly string[],
    value: PlainObject,
    path: PropertyPath,
    allow: ReadonlySet<string> = new Set(),
  ): void {
    for (const [key, member] of Object.entries(value)) {
      if (member === null || member === undefined || key.startsWith("__") || allow.has(key)) continue;
      const property = properties[key];
      if (!property) this.fail([...path, key], unknownProperty(key, Object.keys(properties)));
      else this.value(property, member, [...path, key], property.const);
    }
    for (const key of required) {
      if (value[key] === undefined || value[key] === null) this.fail([...path, key], "is required, but is missing");
    }
  }

  private value(type: TypeSpec, value: Plain, path: PropertyPath, constant?: string | number | boolean): void {
    if (value === UNKNOWN) return;
    if (constant !== undefined && value !== constant) {
      this.fail(path, `${this.shown(value, path)} is not allowed; it has to be ${JSON.stringify(constant)}`);
      return;
    }
    const shape = this.schema.shape(type);
    switch (shape.kind) {
      case "union":
        this.union(shape.alternatives, value, path);
        return;
      case "enum":
        if (!shape.values.includes(value as string)) {
          const allowed = shape.values.map((one) => JSON.stringify(one)).join(", ");
          this.fail(path, `${this.shown(value, path)} is not allowed; it is one of ${allowed}`);
        }
        return;
      case "array":
        if (Array.isArray(value)) value.forEach((item, index) => this.item(shape.items, item, [...path, index]));
        else this.wrongType(shape, value, path);
        return;
      case "map":
        if (isObject(value)) {
          for (const [key, member] of Object.entries(value)) this.item(shape.members, member, [...path, key]);
        } else this.wrongType(shape, value, path);
        return;
      case "object":
        if (isObject(value)) this.object(shape.properties, shape.required, value, path);
        else this.wrongType(shape, value, path);
        return;
      default:
        if (!looksLike(shape.kind, value)) this.wrongType(shape, value, path);
    }
  }

  private item(type: TypeSpec, value: Plain, path: PropertyPath): void {
    if (value !== null) this.value(type, value, path);
    else if (this.schema.shape(type).kind !== "any") this.fail(path, "is null; give a value or leave the element out");
  }

  private union(alternatives: TypeSpec[], value: Plain, path: PropertyPath): void {
    const attempts = alternatives.map((type) => {
      const judge = new Judge(this.schema, this.marks);
      judge.value(type, value, path);
      return judge.failures;
    });
    if (attempts.some((failures) => failures.length === 0)) return;
    const closest = this.schema.alternative(alternatives, value);
    const sameShape = alternatives.filter((type) => looksLike(this.schema.shape(type).kind, value));
    if (sameShape.length === 1) this.failures.push(...attempts[alternatives.indexOf(closest)]);
    else {
      const expected = alternatives.map((type) => described(this.schema.shape(type))).join(" or ");
      this.fail(path, `has to be ${expected}, not ${this.shown(value, path)}`);
    }
  }

  private wrongType(shape: Shape, value: Plain, path: PropertyPath): void {
    this.fail(path, `has to be ${described(shape)}, not ${this.shown(value, path)}`);
  }

  private fail(path: PropertyPath, reason: string): void {
    this.failures.push({ property: formatPath(path), reason });
  }

  /** The value for a message; only its type when it is secret, long or has parts. */
  private shown(value: Plain, path: PropertyPath): string {
    if (touchesSecret(this.marks, path)) return `${typeName(value)} (secret)`;
    const text = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
    return text && String(value).length <= 80 ? `${JSON.stringify(value)} (${typeName(value)})` : typeName(value);
  }
}

function described(shape: Shape): string {
  switch (shape.kind) {
    case "enum":
      return `one of ${shape.values.map((one) => JSON.stringify(one)).join(", ")}`;
    case "integer":
      return "a whole number";
    case "array":
      return "a list";
    case "map":
      return "a map";
    case "object":
      return "an object";
    case "asset":
    case "archive":
      return `an ${shape.kind}`;
    default:
      return `a ${shape.kind}`;
  }
}

function typeName(value: Plain): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (value instanceof AssetValue) return "an asset";
  if (value instanceof ArchiveValue) return "an archive";
  if (value instanceof ReferenceValue) return "a resource";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function unknownProperty(key: string, known: string[]): string {
  const close = known.find((one) => one.toLowerCase() === key.toLowerCase() || distance(one, key) <= 2);
  const hint = close ? `; did you mean "${close}"?` : known.length > 0 ? `; known are ${known.sort().join(", ")}` : "";
  return `is not a property here${hint}`;
}

/** Edits between two names (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}
