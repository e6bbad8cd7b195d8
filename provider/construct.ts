import * as pulumi from "@pulumi/pulumi";
import type { ComponentFactory } from "./kit/host";
import { formatPath, type PropertyPath } from "./kit/paths";
import type { Schema, TypeSpec } from "./kit/schema";
import { isObject } from "./kit/values";

/** How each argument of a component is treated: generated from the JSDoc tags, see design §2. */
export type ArgumentKind = "plain" | "plan" | "value";

/** Component to argument to kind. */
export type ConstructTags = Readonly<Record<string, Readonly<Record<string, ArgumentKind>>>>;

/** A component class, as every one of ours is. */
export type ComponentClass = new (
  name: string,
  args: never,
  options?: pulumi.ComponentResourceOptions,
) => pulumi.ComponentResource;

/**
 * Makes the factory that serves a component to programs in other languages: it awaits the arguments that decide which
 * children there are, calls the same constructor as a TypeScript program would, and returns the class's outputs.
 *
 * A plan or plain argument that is unknown in a preview is an InputPropertyError that names it and the way out. One that
 * another component computed and that is missing outside of a preview, or that is secret, is a ResourceError (which prints no
 * value): nothing is ever planned for zero nodes.
 */
export function componentFactory(
  Component: ComponentClass,
  kinds: Readonly<Record<string, ArgumentKind>>,
  schema: Schema,
): ComponentFactory {
  return async (name, token, inputs, options) => {
    const spec = schema.resource(token);
    const declared = spec.inputProperties ?? {};
    const args: pulumi.Inputs = {};
    const dependencies = new Set<pulumi.Resource>();
    for (const key of new Set([...Object.keys(inputs), ...(spec.requiredInputs ?? [])])) {
      const kind = kinds[key] ?? "plain";
      const argument = new Argument(schema, { token, name, kind, dependencies });
      const value = kind === "value" ? inputs[key] : await argument.settled(inputs[key], declared[key] ?? {}, key);
      const required = spec.requiredInputs?.includes(key) === true;
      if (kind === "plan" && (required || key in inputs) && hasHole(value)) throw argument.missing([key]);
      if (value !== undefined && value !== null) args[key] = value;
    }
    const merged = pulumi.mergeOptions(options, { dependsOn: [...dependencies] });
    const component = new Component(name, args as never, merged as pulumi.ComponentResourceOptions);
    const outputs = component as unknown as pulumi.Inputs;
    const state = Object.keys(spec.properties ?? {}).map((key) => [key, outputs[key] as unknown]);
    return { urn: component.urn, state: Object.fromEntries(state) as pulumi.Inputs };
  };
}

interface Place {
  token: string;
  name: string;
  kind: ArgumentKind;
  /** Filled with what the argument came from: the children wait for it. */
  dependencies: Set<pulumi.Resource>;
}

/** The members of an Output that the SDK keeps to itself, though every copy of it has them. */
interface Inspectable {
  isKnown: Promise<boolean>;
  isSecret: Promise<boolean>;
  promise(withUnknowns: true): Promise<unknown>;
  allResources(): Promise<Set<pulumi.Resource>>;
}

/** Turns one plan or plain argument into plain values. */
class Argument {
  constructor(
    private readonly schema: Schema,
    private readonly place: Place,
  ) {}

  settled(input: unknown, type: TypeSpec, key: string): Promise<unknown> {
    return this.value(input, type, [key], true);
  }

  /** `pinned` values have to be known and not secret; others (`Input`s inside of a plain argument) stay Outputs if they are. */
  private async value(input: unknown, type: TypeSpec, path: PropertyPath, pinned: boolean): Promise<unknown> {
    if (pulumi.Output.isInstance(input) || input instanceof Promise) return this.output(input, path, pinned);
    if (pulumi.Resource.isInstance(input)) return input;
    if (pulumi.isUnknown(input)) throw this.unknown(path);
    const shape = this.schema.shape(type);
    if (Array.isArray(input)) {
      const items = shape.kind === "array" ? shape.items : {};
      return Promise.all(input.map((item, index) => this.value(item, items, [...path, index], this.isPinned(items))));
    }
    if (!isObject(input)) return input;
    const entries = Object.entries(input).map(async ([key, member]) => {
      const inner: TypeSpec =
        shape.kind === "object" ? (shape.properties[key] ?? {}) : shape.kind === "map" ? shape.members : {};
      return [key, await this.value(member, inner, [...path, key], this.isPinned(inner))] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  private isPinned(type: TypeSpec): boolean {
    return this.place.kind === "plan" || type.plain === true;
  }

  private async output(input: unknown, path: PropertyPath, pinned: boolean): Promise<unknown> {
    const output = pulumi.output(input) as unknown as Inspectable;
    const value = await output.promise(true);
    const known = (await output.isKnown) && !pulumi.containsUnknowns(value);
    const secret = await output.isSecret;
    if (!pinned && (secret || !known)) return input;
    // First: a value that is both must not be pointed at, because the engine would print it.
    if (secret) throw this.secret(path);
    if (!known) throw pulumi.runtime.isDryRun() ? this.unknown(path) : this.missing(path);
    for (const resource of await output.allResources()) this.place.dependencies.add(resource);
    return value;
  }

  missing(path: PropertyPath): Error {
    return this.refusal(
      path,
      "is missing, so what computes it has failed; nothing is planned without it, and nothing that exists is touched: " +
        "mend what failed and run again",
    );
  }

  private secret(path: PropertyPath): Error {
    return this.refusal(
      path,
      "is secret, but it decides which resources there are and would be stored in clear; pass it without its secret parts, " +
        "or through unsecret if nothing in it is secret",
    );
  }

  private unknown(path: PropertyPath): Error {
    const where = formatPath(path);
    return new pulumi.InputPropertyError({
      propertyPath: where,
      reason:
        `${where} decides which resources there are, but is not known in this preview; pass a plain list, or what ` +
        `"await ref.getOutputDetails("${String(path[0])}")" gives for a stack reference`,
    });
  }

  private refusal(path: PropertyPath, reason: string): Error {
    const { token, name } = this.place;
    return new pulumi.ResourceError(`${token} ${name}: argument ${formatPath(path)} ${reason}`, undefined);
  }
}

/** Null, or a list with a null in it: under `--continue-on-error` that is how another component's failure arrives. */
function hasHole(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.some(hasHole));
}
