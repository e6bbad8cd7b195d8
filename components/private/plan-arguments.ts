import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../node/node";

/**
 * The nodes of a component's `nodes` argument, or an error that says what to do. A plan argument that is missing or unknown
 * must never be taken for "no nodes": the engine would delete every node's steps.
 */
export function requireNodes(component: string, argument: string, value: unknown): Node[] {
  const fail = (reason: string): never => {
    throw new pulumi.InputPropertyError({ propertyPath: argument, reason: `${component}: ${argument} ${reason}` });
  };
  if (pulumi.Output.isInstance(value) || value instanceof Promise) {
    fail(`is an Output, but it decides which resources there are; ${WAY_OUT}`);
  }
  if (value === undefined || value === null) {
    fail(
      `is missing; either it was not given, or what computes it has failed, and nothing is planned for zero nodes; ${WAY_OUT}`,
    );
  }
  if (!Array.isArray(value)) return fail(`is ${describe(value)}, not a list of nodes; ${WAY_OUT}`);
  if (value.length === 0) fail("is an empty list; give at least one node, or remove the component");
  const names = new Set<string>();
  return value.map((node: Partial<Node> | null | undefined, index) => {
    for (const field of ["name", "address", "user", "role", "installationId"] as const) {
      const given: unknown = node?.[field];
      if (pulumi.Output.isInstance(given)) fail(`has an Output at [${index}].${field}; ${WAY_OUT}`);
      if (typeof given !== "string" || given === "") fail(`has no text at [${index}].${field}; ${WAY_OUT}`);
    }
    const { name, port, labels } = node as Node;
    if (names.has(name)) fail(`names ${name} twice; node names are unique`);
    names.add(name);
    if (port !== undefined && (!Number.isInteger(port) || port < 1 || port > 65535))
      fail(`has ${String(port)} at [${index}].port; allowed is 1 to 65535`);
    return { ...(node as Node), port: port ?? 22, labels: labels ?? {} };
  });
}

const WAY_OUT =
  'pass a plain list such as fleet.nodes, or (await reference.getOutputDetails("nodes")).value from another stack';

function describe(value: unknown): string {
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
