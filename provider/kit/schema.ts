import type { Marks, Plain, PlainObject } from "./values";
import { ArchiveValue, AssetValue, isObject, mergeMarks } from "./values";

/** The parts of Pulumi's package schema that the kit reads. */
export interface TypeSpec {
  type?: string;
  $ref?: string;
  items?: TypeSpec;
  additionalProperties?: TypeSpec;
  oneOf?: TypeSpec[];
  plain?: boolean;
}

export interface PropertySpec extends TypeSpec {
  default?: string | number | boolean;
  defaultInfo?: { environment?: string[] };
  const?: string | number | boolean;
  secret?: boolean;
  replaceOnChanges?: boolean;
  willReplaceOnChanges?: boolean;
}

export type Properties = Readonly<Record<string, PropertySpec>>;

export interface ObjectSpec {
  type?: string;
  properties?: Properties;
  required?: string[];
  enum?: { value: string | number | boolean }[];
}

export interface ResourceSpec {
  properties?: Properties;
  required?: string[];
  inputProperties?: Properties;
  requiredInputs?: string[];
  isComponent?: boolean;
}

export interface PackageSchema {
  name: string;
  version?: string;
  types?: Record<string, ObjectSpec>;
  resources?: Record<string, ResourceSpec>;
  functions?: Record<string, { inputs?: ObjectSpec; outputs?: ObjectSpec }>;
  config?: { variables?: Properties };
  provider?: ResourceSpec;
}

/** What a value has to look like, references followed. */
export type Shape =
  | { kind: "string" | "number" | "integer" | "boolean" | "any" | "asset" | "archive" | "resource" }
  | { kind: "enum"; base: string; values: (string | number | boolean)[] }
  | { kind: "array"; items: TypeSpec }
  | { kind: "map"; members: TypeSpec }
  | { kind: "object"; properties: Properties; required: string[] }
  | { kind: "union"; alternatives: TypeSpec[] };

/** Looks things up in a package schema. */
export class Schema {
  constructor(readonly spec: PackageSchema) {}

  /** Throws on a token that the schema has not. */
  resource(token: string): ResourceSpec {
    const found = this.spec.resources?.[token];
    if (!found) throw new Error(`the schema of ${this.spec.name} has no resource "${token}"`);
    return found;
  }

  /** Throws on a token that the schema has not. */
  function(token: string): { inputs?: ObjectSpec; outputs?: ObjectSpec } {
    const found = this.spec.functions?.[token];
    if (!found) throw new Error(`the schema of ${this.spec.name} has no function "${token}"`);
    return found;
  }

  /** The provider's own arguments. */
  get config(): Properties {
    return this.spec.provider?.inputProperties ?? this.spec.config?.variables ?? {};
  }

  /** Follows references; what it does not know (other packages' types) is any. */
  shape(type: TypeSpec): Shape {
    if (type.oneOf) return { kind: "union", alternatives: type.oneOf };
    if (type.$ref) return this.referenced(type.$ref);
    switch (type.type) {
      case "string":
      case "number":
      case "integer":
      case "boolean":
        return { kind: type.type };
      case "array":
        return { kind: "array", items: type.items ?? {} };
      case "object":
        return { kind: "map", members: type.additionalProperties ?? {} };
      default:
        return { kind: "any" };
    }
  }

  private referenced(ref: string): Shape {
    const builtin = builtins[ref];
    if (builtin) return { kind: builtin };
    if (ref.startsWith("#/resources/") || ref.startsWith("#/provider")) return { kind: "resource" };
    const prefix = "#/types/";
    const spec = ref.startsWith(prefix) ? this.spec.types?.[decodeURIComponent(ref.slice(prefix.length))] : undefined;
    if (!spec) return { kind: "any" };
    if (spec.enum) return { kind: "enum", base: spec.type ?? "string", values: spec.enum.map(({ value }) => value) };
    return { kind: "object", properties: spec.properties ?? {}, required: spec.required ?? [] };
  }

  /** The alternative that the value looks like; the first, when none fits better. */
  alternative(alternatives: TypeSpec[], value: Plain): TypeSpec {
    return alternatives.find((type) => this.fits(this.shape(type), value)) ?? alternatives[0] ?? {};
  }

  private fits(shape: Shape, value: Plain): boolean {
    switch (shape.kind) {
      case "object": {
        if (!isObject(value)) return false;
        const known = Object.keys(value).every((key) => key in shape.properties);
        const constant = Object.entries(shape.properties).every(
          ([key, property]) => property.const === undefined || value[key] === property.const,
        );
        return known && constant && shape.required.every((key) => value[key] !== undefined);
      }
      case "union":
        return shape.alternatives.some((type) => this.fits(this.shape(type), value));
      case "enum":
        return shape.values.includes(value as string);
      default:
        return looksLike(shape.kind, value);
    }
  }

  /** What the schema says is secret in this value. */
  marks(properties: Properties, value: object): Marks {
    const at = Object.entries(properties).flatMap(([key, property]): [string, Marks][] => {
      const member = (value as Record<string, Plain | undefined>)[key];
      if (member === undefined) return [];
      const inner = this.typeMarks(property, member);
      const marks = property.secret ? mergeMarks(inner, { secret: true }) : inner;
      return marks.secret || marks.at ? [[key, marks]] : [];
    });
    return at.length > 0 ? { at: new Map(at) } : {};
  }

  private typeMarks(type: TypeSpec, value: Plain): Marks {
    const shape = this.shape(type);
    if (shape.kind === "union") return this.typeMarks(this.alternative(shape.alternatives, value), value);
    if (shape.kind === "object") return isObject(value) ? this.marks(shape.properties, value) : {};
    if (shape.kind === "array" && Array.isArray(value)) {
      return each(value.map((item, index) => [String(index), this.typeMarks(shape.items, item)]));
    }
    if (shape.kind === "map" && isObject(value)) {
      return each(Object.entries(value).map(([key, member]) => [key, this.typeMarks(shape.members, member)]));
    }
    return {};
  }

  /**
   * Every secret text in a value, for taking them out of messages. A secret object of which the schema says which members are
   * secret counts as those members alone: a BMC's address may be printed, although the whole connection is a secret.
   */
  secretStrings(properties: Properties, value: PlainObject, marks: Marks): string[] {
    return Object.entries(value).flatMap(([key, member]) => {
      const property = properties[key] ?? {};
      return this.secretsIn(property, member, marks.at?.get(key) ?? {}, property.secret === true);
    });
  }

  private secretsIn(type: TypeSpec, value: Plain, marks: Marks, above: boolean): string[] {
    const secret = above || marks.secret === true;
    if (typeof value === "string") return secret ? [value] : [];
    const shape = this.shape(type);
    if (shape.kind === "union") return this.secretsIn(this.alternative(shape.alternatives, value), value, marks, above);
    if (Array.isArray(value)) {
      const items = shape.kind === "array" ? shape.items : {};
      return value.flatMap((item, index) => this.secretsIn(items, item, marks.at?.get(String(index)) ?? {}, secret));
    }
    if (!isObject(value)) return [];
    const declared = shape.kind === "object" ? shape.properties : undefined;
    const inherited = secret && !Object.values(declared ?? {}).some((property) => property.secret);
    return Object.entries(value).flatMap(([key, member]) => {
      const inner: PropertySpec = declared?.[key] ?? (shape.kind === "map" ? shape.members : {});
      return this.secretsIn(inner, member, marks.at?.get(key) ?? {}, inherited || inner.secret === true);
    });
  }

  /**
   * Fills in what is missing, nested objects too (the Node and Go SDKs leave those out, pulumi#6025): first from the
   * environment variables that the schema names, then the default itself. A null member counts as missing and is dropped.
   */
  withDefaults(properties: Properties, value: PlainObject, environment: NodeJS.ProcessEnv = process.env): PlainObject {
    const filled: PlainObject = {};
    for (const [key, member] of Object.entries(value)) {
      if (member === null || member === undefined) continue;
      const property = properties[key];
      filled[key] = property ? this.fill(property, member, environment) : member;
    }
    for (const [key, property] of Object.entries(properties)) {
      if (filled[key] !== undefined) continue;
      const value = this.fromEnvironment(property, environment) ?? property.const ?? property.default;
      if (value !== undefined) filled[key] = value;
    }
    return filled;
  }

  private fill(type: TypeSpec, value: Plain, environment: NodeJS.ProcessEnv): Plain {
    const shape = this.shape(type);
    if (shape.kind === "union") return this.fill(this.alternative(shape.alternatives, value), value, environment);
    if (shape.kind === "object" && isObject(value)) return this.withDefaults(shape.properties, value, environment);
    if (shape.kind === "array" && Array.isArray(value)) {
      return value.map((item) => this.fill(shape.items, item, environment));
    }
    if (shape.kind === "map" && isObject(value)) {
      const members = Object.entries(value).filter(([, member]) => member !== null);
      return Object.fromEntries(members.map(([key, member]) => [key, this.fill(shape.members, member, environment)]));
    }
    return value;
  }

  private fromEnvironment(property: PropertySpec, environment: NodeJS.ProcessEnv): Plain | undefined {
    for (const name of property.defaultInfo?.environment ?? []) {
      const text = environment[name];
      if (text !== undefined && text !== "") return this.fromText(property, text);
    }
    return undefined;
  }

  /**
   * Reads a value that came as text: from the environment, or from provider configuration, where the engine passes
   * everything but strings JSON-encoded. Text that cannot be read is returned as it is, for the check to refuse.
   */
  fromText(type: TypeSpec, text: string): Plain {
    const { kind } = this.shape(type);
    if (kind === "string" || kind === "enum") return text;
    try {
      return JSON.parse(text) as Plain;
    } catch {
      return text;
    }
  }
}

const builtins: Record<string, "any" | "asset" | "archive"> = {
  "pulumi.json#/Any": "any",
  "pulumi.json#/Json": "any",
  "pulumi.json#/Asset": "asset",
  "pulumi.json#/Archive": "archive",
};

/** Whether a value is of a kind that has no parts to look into. */
export function looksLike(kind: Shape["kind"], value: Plain): boolean {
  switch (kind) {
    case "string":
    case "boolean":
      return typeof value === kind;
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "asset":
      return value instanceof AssetValue || value instanceof ArchiveValue;
    case "archive":
      return value instanceof ArchiveValue;
    case "array":
      return Array.isArray(value);
    case "map":
    case "object":
      return isObject(value);
    default:
      return true;
  }
}

function each(entries: [string, Marks][]): Marks {
  const marked = entries.filter(([, marks]) => marks.secret || marks.at);
  return marked.length > 0 ? { at: new Map(marked) } : {};
}
