import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import type { Configuration } from "./config";
import type { FunctionFactory, HandlerFactory } from "./kit/handler";
import type { ComponentFactory } from "./kit/host";
import { type PackageSchema, Schema } from "./kit/schema";
import type * as construct from "./construct";

/** Loads when it is first asked for: a preview of ten servers does not load the installer. */
const load = createRequire(__filename);

/** Resource to the module in handlers/ that exports its `handler`. */
const resources = {
  "rackform:redfish:Server": "server",
  "rackform:redfish:BootOverride": "boot-override",
  "rackform:redfish:VirtualMedia": "virtual-media",
  "rackform:redfish:BiosSettings": "bios-settings",
  "rackform:redfish:Account": "account",
  "rackform:redfish:Installation": "installation",
  "rackform:index:SshKey": "ssh-key",
} as const;

/** Function to the module in handlers/ that exports its `handler`. */
const functions = {
  "rackform:redfish:getServer": "get-server",
  "rackform:redfish:getInventory": "get-inventory",
  "rackform:redfish:discover": "discover",
} as const;

/** Component to the module that exports its class. */
const components = {
  "rackform:index:BareMetalFleet": "../components/bare-metal-fleet/fleet",
  "rackform:index:NodeStep": "../components/node/node-step",
} as const;

/** Everything that the plugin serves, by token; each entry loads its module. */
export const registry = {
  handlers: table(resources, (module) => exported<HandlerFactory<Configuration>>(`./handlers/${module}`, "handler")),
  functions: table(functions, (module) => exported<FunctionFactory<Configuration>>(`./handlers/${module}`, "handler")),
  components: table(components, component),
};

/** The committed schema, read at first use. */
export function schema(): PackageSchema {
  return json("schema.json") as PackageSchema;
}

/** Name and version of this package. */
export function manifest(): { name: string; version: string } {
  return json("package.json") as { name: string; version: string };
}

function component(module: string, token: string): ComponentFactory {
  const Component = exported<construct.ComponentClass>(module, token.split(":")[2]);
  const { componentFactory } = load("./construct") as typeof construct;
  const tags = load("./construct-tags.json") as construct.ConstructTags;
  return componentFactory(Component, tags[token] ?? {}, new Schema(schema()));
}

function table<T>(
  modules: Readonly<Record<string, string>>,
  load: (module: string, token: string) => T,
): ReadonlyMap<string, () => T> {
  return new Map(Object.entries(modules).map(([token, module]) => [token, () => load(module, token)]));
}

function exported<T>(module: string, name: string): T {
  return (load(module) as Record<string, T>)[name];
}

/** A file of the package, found from the sources and from the compiled files in bin/ alike. */
function json(name: string): unknown {
  for (let folder = path.dirname(__dirname); ; folder = path.dirname(folder)) {
    const file = path.join(folder, name);
    if (existsSync(path.join(folder, "package.json")) && existsSync(file)) {
      return JSON.parse(readFileSync(file, "utf8"));
    }
    if (path.dirname(folder) === folder) throw new Error(`${name} is not in this package; run "npm run build"`);
  }
}
