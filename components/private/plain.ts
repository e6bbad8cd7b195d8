import * as pulumi from "@pulumi/pulumi";

/** Path of the first Output or Promise inside a value, or nothing. */
export function findEventual(value: unknown, path: string, depth = 0): string | undefined {
  if (pulumi.Output.isInstance(value) || value instanceof Promise) return path;
  if (typeof value !== "object" || value === null || depth > 12) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const found = findEventual(
      inner,
      Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key,
      depth + 1,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Throws when a plain argument holds an Output: it decides which resources there are, so it must be known when the program runs. */
export function refuseEventual(component: string, args: object, values: readonly string[]): void {
  for (const [name, value] of Object.entries(args)) {
    if (values.includes(name)) continue;
    const path = findEventual(value, name);
    if (path === undefined) continue;
    throw new pulumi.InputPropertyError({
      propertyPath: name,
      reason: `${component}: ${path} is an Output or Promise, but ${name} decides which resources there are; give a plain value (await a promise before, read another stack with getOutputDetails)`,
    });
  }
}
