import path from "node:path";
import ts from "typescript";
import { docsOf } from "./docs";
import { metadata } from "./metadata";
import type { ArgumentKind, FunctionSpec, ObjectSpec, PackageSpec, PropertySpec, ResourceSpec } from "./package-spec";
import { type Surface, surface } from "./surface";
import { type Property, TypeMapper } from "./types";

export interface Generated {
  schema: PackageSpec;
  /** For the plugin's construct: how each argument of each component is to be treated. */
  kinds: Record<string, Record<string, ArgumentKind>>;
}

/**
 * Reads the TypeScript interfaces and their JSDoc tags and makes the package's schema of them, without a version.
 * Throws, naming the place, on what a Pulumi schema cannot say and on tags that contradict the type: a plan argument that
 * is an Input or holds a secret, a plain argument that is secret.
 */
export function generate(root: string, offered: Surface = surface): Generated {
  const files = [...offered.resources, ...offered.components, ...offered.functions, offered.config].map(({ file }) =>
    path.join(root, file),
  );
  const program = ts.createProgram([...new Set(files)], compilerOptions(root));
  const reader = new Reader(program, root);
  const kinds: Generated["kinds"] = {};
  const resources: Record<string, ResourceSpec> = {};
  const functions: Record<string, FunctionSpec> = {};
  for (const { name, file, module } of offered.resources)
    resources[`rackform:${module}:${name}`] = reader.resource(name, file, module);
  for (const { name, file } of offered.components) {
    const token = `rackform:index:${name}`;
    const component = reader.component(name, file);
    resources[token] = component.spec;
    kinds[token] = component.kinds;
  }
  for (const { name, file } of offered.functions) functions[`rackform:redfish:${name}`] = reader.fn(name, file);
  const config = reader.config(offered.config.name, offered.config.file);
  return {
    kinds,
    schema: {
      ...metadata,
      config: { variables: config },
      provider: {
        description: "Defaults for every BMC, and the media server of installations.",
        inputProperties: config,
      },
      types: sorted(reader.mapper.types),
      resources: sorted(resources),
      functions: sorted(functions),
    },
  };
}

class Reader {
  readonly mapper: TypeMapper;
  private readonly checker: ts.TypeChecker;

  constructor(
    private readonly program: ts.Program,
    private readonly root: string,
  ) {
    this.checker = program.getTypeChecker();
    this.mapper = new TypeMapper(this.checker, root);
  }

  resource(name: string, file: string, module: "index" | "redfish"): ResourceSpec {
    const inputs = this.interface(`${name}Args`, file, { module, plainByDefault: false });
    const state = this.interface(`${name}State`, file, { module, plainByDefault: false });
    return {
      ...this.described(name, file),
      inputProperties: specs(inputs),
      requiredInputs: required(inputs),
      properties: specs(state, { withoutDefaults: true }),
      required: required(state),
    };
  }

  component(name: string, file: string): { spec: ResourceSpec; kinds: Record<string, ArgumentKind> } {
    const inputs = this.interface(`${name}Args`, file, { module: "index", plainByDefault: true });
    const outputs = this.outputs(name, file);
    for (const input of inputs) if (input.docs.plan) this.judgePlan(input, `${name}Args.${input.name}`);
    return {
      kinds: Object.fromEntries(inputs.map((input) => [input.name, kindOf(input)])),
      spec: {
        ...this.described(name, file),
        isComponent: true,
        inputProperties: specs(inputs),
        requiredInputs: required(inputs),
        properties: specs(outputs),
        required: required(outputs),
      },
    };
  }

  fn(name: string, file: string): FunctionSpec {
    const title = `${name[0].toUpperCase()}${name.slice(1)}`;
    const usage = { module: "redfish", plainByDefault: false } as const;
    return {
      ...this.described(name, file),
      inputs: objectOf(this.interface(`${title}Args`, file, usage)),
      outputs: objectOf(this.interface(`${title}Result`, file, usage)),
    };
  }

  config(name: string, file: string): Record<string, PropertySpec> {
    return specs(this.interface(name, file, { module: "index", plainByDefault: false }));
  }

  /** A component's outputs are the public readonly properties that its own class declares. */
  private outputs(name: string, file: string): Property[] {
    const declaration = this.exported(name, file).valueDeclaration;
    if (!declaration || !ts.isClassDeclaration(declaration)) throw new Error(`${file}: ${name} is not a class`);
    const own = declaration.members.filter((member): member is ts.PropertyDeclaration => {
      const flags = ts.getCombinedModifierFlags(member);
      return ts.isPropertyDeclaration(member) && (flags & hidden) === 0;
    });
    const names = new Set(own.map((member) => member.name.getText()));
    const instance = this.checker.getDeclaredTypeOfSymbol(this.exported(name, file));
    return this.mapper.properties(instance, { module: "index", plainByDefault: false }, name, names);
  }

  private judgePlan(input: Property, where: string): void {
    if (input.eventual) throw new Error(`${where}: a @plan argument is a plain value in TypeScript, never an Input`);
    const secret = this.secretIn(input.spec, new Set());
    if (secret)
      throw new Error(`${where}: a @plan argument holds no secret, but ${secret} is one; hand it through as a value`);
  }

  private secretIn(spec: PropertySpec, seen: Set<string>): string | undefined {
    if (spec.secret) return "itself";
    const inner = spec.items ?? spec.additionalProperties;
    if (inner) return this.secretIn(inner, seen);
    const token = spec.$ref?.replace("#/types/", "");
    if (!token || seen.has(token)) return undefined;
    seen.add(token);
    const type = this.mapper.types[token];
    if (!type || !("properties" in type)) return undefined;
    for (const [name, property] of Object.entries(type.properties)) {
      if (this.secretIn(property, seen)) return `${token}.${name}`;
    }
    return undefined;
  }

  private interface(name: string, file: string, usage: Parameters<TypeMapper["properties"]>[1]): Property[] {
    return this.mapper.properties(this.checker.getDeclaredTypeOfSymbol(this.exported(name, file)), usage, name);
  }

  private described(name: string, file: string): { description: string; deprecationMessage?: string } {
    const docs = docsOf(this.exported(name, file), this.checker, name);
    if (!docs.description) throw new Error(`${file}: ${name} has no description`);
    return { description: docs.description, ...(docs.deprecated ? { deprecationMessage: docs.deprecated } : {}) };
  }

  private exported(name: string, file: string): ts.Symbol {
    const source = this.program.getSourceFile(path.join(this.root, file));
    const module = source && this.checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`${file}: cannot be read`);
    const symbol = this.checker.getExportsOfModule(module).find((candidate) => candidate.name === name);
    if (!symbol) throw new Error(`${file}: exports no ${name}`);
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }
}

const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected | ts.ModifierFlags.Static;

function kindOf(input: Property): ArgumentKind {
  if (input.docs.plan) return "plan";
  return input.eventual ? "value" : "plain";
}

function specs(properties: Property[], options: { withoutDefaults?: boolean } = {}): Record<string, PropertySpec> {
  return Object.fromEntries(
    properties.map(({ name, spec }) => {
      if (!options.withoutDefaults) return [name, spec];
      const { default: _default, defaultInfo: _info, ...rest } = spec;
      return [name, rest];
    }),
  );
}

function required(properties: Property[]): string[] {
  return properties
    .filter((property) => !property.optional)
    .map((property) => property.name)
    .sort();
}

function objectOf(properties: Property[]): Omit<ObjectSpec, "description"> {
  return { type: "object", properties: specs(properties), required: required(properties) };
}

function sorted<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function compilerOptions(root: string): ts.CompilerOptions {
  const file = path.join(root, "tsconfig.json");
  const { config } = ts.readConfigFile(file, (name) => ts.sys.readFile(name)) as { config: object };
  return { ...ts.parseJsonConfigFileContent(config, ts.sys, root).options, noEmit: true };
}
