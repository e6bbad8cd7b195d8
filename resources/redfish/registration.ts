import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as pulumi from "@pulumi/pulumi";

/** The properties of a resource class. */
export interface Properties {
  inputs: string[];
  outputs: string[];
  /** Inputs that are wrapped as secrets before they leave the program. */
  secretInputs?: string[];
  secretOutputs?: string[];
  /** Inputs besides `connection` that must be there. */
  required?: string[];
}

/**
 * What a CustomResource hands to `super`: its inputs with secrets wrapped, its outputs announced, and options that name this
 * package's version and download URL. Without those a child of our own components would get a second default provider, which
 * cannot be found.
 */
export function register(
  args: object,
  properties: Properties,
  opts: pulumi.CustomResourceOptions = {},
): { inputs: pulumi.Inputs; options: pulumi.CustomResourceOptions } {
  const given = args as pulumi.Inputs;
  const inputs: pulumi.Inputs = {};
  for (const name of [...properties.inputs, ...properties.outputs]) inputs[name] = undefined;
  if (opts.id === undefined) {
    for (const name of ["connection", ...(properties.required ?? [])]) {
      if (given[name] === undefined && !opts.urn) throw new Error(`missing required property '${name}'`);
    }
    for (const name of properties.inputs) inputs[name] = given[name];
    for (const name of properties.secretInputs ?? []) {
      if (given[name] !== undefined) inputs[name] = pulumi.secret(given[name]);
    }
    inputs.connection = withSecretPassword(given.connection);
  }
  const options = pulumi.mergeOptions(
    { ...packageOptions(), additionalSecretOutputs: properties.secretOutputs ?? [] },
    opts,
  );
  return { inputs, options };
}

/** `version` and `pluginDownloadURL` of this package, for resources and invokes. */
export function packageOptions(): { version: string; pluginDownloadURL: string } {
  cached ??= readManifest();
  return cached;
}

/** Whether a value is a resource of that type. */
export function isOf(value: unknown, type: string): boolean {
  return (value as { __pulumiType?: string } | null | undefined)?.__pulumiType === type;
}

let cached: { version: string; pluginDownloadURL: string } | undefined;

function readManifest(): { version: string; pluginDownloadURL: string } {
  for (let folder = __dirname; ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file)) {
      const manifest = JSON.parse(readFileSync(file, "utf8")) as {
        name?: string;
        version: string;
        pulumi?: { server: string };
      };
      if (manifest.name === "rackform" && manifest.pulumi)
        return { version: manifest.version, pluginDownloadURL: manifest.pulumi.server };
    }
    if (dirname(folder) === folder) throw new Error(`no package.json of rackform above ${__dirname}`);
  }
}

/** A password in a plain connection is wrapped; in an Output it is wrapped inside, so that the rest stays readable. */
function withSecretPassword(connection: unknown): unknown {
  if (connection === undefined || connection === null) return connection;
  if (pulumi.Output.isInstance(connection) || connection instanceof Promise) return connection;
  const { password } = connection as { password?: pulumi.Input<string> };
  return password === undefined ? connection : { ...connection, password: pulumi.secret(password) };
}
