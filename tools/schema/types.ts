import path from "node:path";
import ts from "typescript";
import { type Docs, docsOf } from "./docs";
import type { EnumSpec, ObjectSpec, PropertySpec, TypeSpec } from "./package-spec";

/** Where a type is used: in a component's arguments properties are plain unless they are `Input<T>`; elsewhere never. */
export interface Usage {
  module: "index" | "redfish";
  plainByDefault: boolean;
}

export interface Property {
  name: string;
  spec: PropertySpec;
  docs: Docs;
  optional: boolean;
  /** The declared type is `Input<T>` (or an Output). */
  eventual: boolean;
}

/** Turns TypeScript types into schema types, collecting the named ones as it goes. */
export class TypeMapper {
  readonly types: Record<string, ObjectSpec | EnumSpec> = {};
  private readonly owners = new Map<string, ts.Symbol>();
  private readonly usages = new Map<string, boolean>();

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly root: string,
  ) {}

  /** The properties of an interface, inherited ones included, in the order of declaration. */
  properties(type: ts.Type, usage: Usage, where: string, only?: Set<string>): Property[] {
    const symbols = this.checker.getPropertiesOfType(type).filter((symbol) => !only || only.has(symbol.name));
    return symbols.map((symbol) => {
      const at = `${where}.${symbol.name}`;
      const declaration = symbol.valueDeclaration ?? symbol.declarations?.[0];
      if (!declaration) throw new Error(`${at}: no declaration`);
      const docs = docsOf(symbol, this.checker, at);
      const declared = this.checker.getTypeOfSymbolAtLocation(symbol, declaration);
      const { type: inner, eventual } = this.unwrap(declared);
      const plain = usage.plainByDefault && !eventual && !docs.plan;
      const base = this.spec(inner, docs, { ...usage, plainByDefault: plain }, at);
      if (docs.secret && plain) throw new Error(`${at}: a secret cannot be plain; make it Input<…>`);
      return {
        name: symbol.name,
        docs,
        eventual,
        optional: (symbol.flags & ts.SymbolFlags.Optional) !== 0,
        spec: decorate(base, usage.plainByDefault ? told(docs) : docs),
      };
    });
  }

  private spec(type: ts.Type, docs: Docs, usage: Usage, where: string): TypeSpec {
    const plain = usage.plainByDefault ? { plain: true } : {};
    const narrowed = this.checker.getNonNullableType(type);
    const literals = stringLiterals(narrowed);
    if (literals) return { $ref: this.enumeration(narrowed, literals, usage, where), ...plain };
    if (narrowed.flags & ts.TypeFlags.String) return { type: "string", ...plain };
    if (narrowed.flags & ts.TypeFlags.Number) return { type: docs.integer ? "integer" : "number", ...plain };
    if (narrowed.flags & ts.TypeFlags.BooleanLike) return { type: "boolean", ...plain };
    if (narrowed.isUnion()) return { oneOf: this.union(narrowed, docs, usage, where), ...plain };
    if (this.checker.isArrayType(narrowed)) {
      const element = this.unwrap(this.checker.getTypeArguments(narrowed as ts.TypeReference)[0]);
      return { type: "array", items: this.element(element, docs, usage, where), ...plain };
    }
    const index = this.checker.getIndexInfoOfType(narrowed, ts.IndexKind.String);
    if (index) {
      return {
        type: "object",
        additionalProperties: this.element(this.unwrap(index.type), docs, usage, where),
        ...plain,
      };
    }
    if (narrowed.flags & ts.TypeFlags.Object) return { $ref: this.object(narrowed, usage, where), ...plain };
    throw new Error(`${where}: ${this.checker.typeToString(type)} has no form in a Pulumi schema`);
  }

  private element(element: { type: ts.Type; eventual: boolean }, docs: Docs, usage: Usage, where: string): TypeSpec {
    return this.spec(
      element.type,
      docs,
      { ...usage, plainByDefault: usage.plainByDefault && !element.eventual },
      where,
    );
  }

  private union(type: ts.UnionType, docs: Docs, usage: Usage, where: string): TypeSpec[] {
    const specs = type.types.map((member) => this.spec(member, docs, usage, where));
    const distinct = new Map(specs.map((spec) => [JSON.stringify(spec), spec]));
    return [...distinct.values()];
  }

  private object(type: ts.Type, usage: Usage, where: string): string {
    const symbol = type.aliasSymbol ?? type.getSymbol();
    if (!symbol || symbol.name.startsWith("__"))
      throw new Error(`${where}: give this object type a name (an exported interface)`);
    const token = this.claim(symbol, usage, where);
    // A type used both ways takes eventual members: a plain argument then refuses unknown leaves when it is constructed.
    if (this.usages.get(token) === true && !usage.plainByDefault) delete this.types[token];
    if (!(token in this.types)) this.usages.set(token, usage.plainByDefault);
    if (!(token in this.types)) {
      const spec: ObjectSpec = { type: "object", properties: {} };
      this.types[token] = spec;
      const docs = docsOf(symbol, this.checker, symbol.name);
      if (docs.description) spec.description = docs.description;
      const properties = this.properties(type, usage, symbol.name);
      spec.properties = Object.fromEntries(properties.map((property) => [property.name, property.spec]));
      const required = properties.filter((property) => !property.optional).map((property) => property.name);
      if (required.length > 0) spec.required = required.sort();
    }
    return `#/types/${token}`;
  }

  private enumeration(type: ts.Type, values: string[], usage: Usage, where: string): string {
    const symbol = type.aliasSymbol;
    const [owner, property] = where.split(".").slice(-2);
    const name = symbol?.name ?? `${owner}${property[0].toUpperCase()}${property.slice(1)}`;
    const token = symbol ? this.claim(symbol, usage, where) : `rackform:${usage.module}:${name}`;
    const docs = symbol ? docsOf(symbol, this.checker, symbol.name) : undefined;
    this.types[token] ??= {
      type: "string",
      ...(docs?.description ? { description: docs.description } : {}),
      enum: values.map((value) => ({ value })),
    };
    return `#/types/${token}`;
  }

  /** The token of a named type; two types of the same name in one module would overwrite each other. */
  private claim(symbol: ts.Symbol, usage: Usage, where: string): string {
    const file = symbol.declarations?.[0]?.getSourceFile().fileName ?? "";
    if (!file.startsWith(this.root) || file.includes(`${path.sep}node_modules${path.sep}`))
      throw new Error(`${where}: ${symbol.name} is not a type of this package`);
    const token = `rackform:${usage.module}:${symbol.name}`;
    const owner = this.owners.get(token) ?? symbol;
    if (owner !== symbol) throw new Error(`${where}: two types are called ${symbol.name} in module ${usage.module}`);
    this.owners.set(token, owner);
    return token;
  }

  /** Strips `Input<T>`, `Output<T>` and `undefined`. */
  private unwrap(type: ts.Type): { type: ts.Type; eventual: boolean } {
    const alias = type.aliasSymbol?.name;
    if ((alias === "Input" || alias === "Output") && type.aliasTypeArguments?.length)
      return { type: type.aliasTypeArguments[0], eventual: true };
    const members = type.isUnion() ? type.types : [type];
    const output = members.find((member) => isOutput(member));
    if (!output) return { type: this.checker.getNonNullableType(type), eventual: false };
    const argument = output.aliasTypeArguments?.[0] ?? outputArgument(output, this.checker);
    return { type: argument, eventual: true };
  }
}

function isOutput(type: ts.Type): boolean {
  if (type.aliasSymbol?.name === "Output") return true;
  const parts = type.isIntersection() ? type.types : [type];
  return parts.some((part) => part.getSymbol()?.name === "OutputInstance");
}

function outputArgument(type: ts.Type, checker: ts.TypeChecker): ts.Type {
  const parts = type.isIntersection() ? type.types : [type];
  const instance = parts.find((part) => part.getSymbol()?.name === "OutputInstance");
  const argument = instance && checker.getTypeArguments(instance as ts.TypeReference)[0];
  if (!argument) throw new Error(`cannot see into ${checker.typeToString(type)}`);
  return argument;
}

function stringLiterals(type: ts.Type): string[] | undefined {
  const members = type.isUnion() ? type.types : [type];
  if (!members.every((member) => member.isStringLiteral())) return undefined;
  return members.map((member) => (member as ts.StringLiteralType).value);
}

/**
 * The default in words. Generated SDKs send a schema's defaults as if they had been given, and a component has to tell what was
 * given from what was left out; it applies its own.
 */
function told(docs: Docs): Docs {
  if (docs.default === undefined) return docs;
  const words = `Default: \`${JSON.stringify(docs.default)}\``;
  return { ...docs, default: undefined, description: [docs.description, words].filter(Boolean).join("\n\n") };
}

function decorate(spec: TypeSpec, docs: Docs): PropertySpec {
  return {
    ...spec,
    ...(docs.description ? { description: docs.description } : {}),
    ...(docs.default !== undefined ? { default: docs.default } : {}),
    ...(docs.environment ? { defaultInfo: { environment: docs.environment } } : {}),
    ...(docs.secret ? { secret: true } : {}),
    ...(docs.deprecated ? { deprecationMessage: docs.deprecated } : {}),
    ...(docs.replaceOnChanges ? { replaceOnChanges: true } : {}),
  };
}
