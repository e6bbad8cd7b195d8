import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type Bmc, BmcRack, type BmcSpec, type DialectName } from "../../../lab/bmc";
import { configCodec, type Configuration } from "../../../provider/config";
import { BmcAccess, shareBmcAccess } from "../../../provider/deps";
import * as account from "../../../provider/handlers/account";
import * as biosSettings from "../../../provider/handlers/bios-settings";
import * as bootOverride from "../../../provider/handlers/boot-override";
import * as discover from "../../../provider/handlers/discover";
import * as getInventory from "../../../provider/handlers/get-inventory";
import * as getServer from "../../../provider/handlers/get-server";
import * as server from "../../../provider/handlers/server";
import * as virtualMedia from "../../../provider/handlers/virtual-media";
import type { FunctionFactory, HandlerFactory } from "../../../provider/kit/handler";
import type { PluginSpec } from "../../../provider/kit/host";
import type { PackageSchema } from "../../../provider/kit/schema";
import type { RequestEvent } from "../../../provider/redfish";
import { sleep } from "../../../provider/redfish/limits";
import { generate } from "../../../tools/schema/generate";
import { surface } from "../../../tools/schema/surface";
import {
  Deployed,
  FakeEngine,
  type PluginClient,
  Secret,
  secret,
  startInProcess,
  type Values,
} from "../../setup/plugin-client";

export const dialects: DialectName[] = ["generic", "dell", "supermicro"];
export const credentials = { username: "admin", password: "hush-admin-pass-1" };

const root = path.resolve(__dirname, "../../..");
/** Time for the client runs so much faster than for the emulator, so that its pauses of seconds do not slow the tests. */
const WARP = 40;

let schema: PackageSchema | undefined;

/** The schema of the resources and functions, from the interfaces as they are now. */
export function resourceSchema(): PackageSchema {
  schema ??= generate(root, { ...surface, components: [] }).schema as unknown as PackageSchema;
  return schema;
}

const handlers = {
  ...{ Server: server, BootOverride: bootOverride, VirtualMedia: virtualMedia },
  BiosSettings: biosSettings,
  Account: account,
};
const functions = { getServer, getInventory, discover };

function table<T>(modules: Record<string, { handler: unknown }>): ReadonlyMap<string, () => T> {
  return new Map(
    Object.entries(modules).map(([name, module]) => [`rackform:redfish:${name}`, () => module.handler as T]),
  );
}

/** The plugin as it is served to engines, without components and the installer. */
export const spec: PluginSpec<Configuration> = {
  name: "rackform",
  version: "0.1.0",
  schema: resourceSchema,
  config: configCodec,
  handlers: table<HandlerFactory<Configuration>>(handlers),
  functions: table<FunctionFactory<Configuration>>(functions),
};

/** A rack, the plugin in this process, an engine that listens. */
export class World {
  /** Every HTTP exchange of the plugin. */
  readonly exchanges: RequestEvent[] = [];
  private constructor(
    readonly rack: BmcRack,
    readonly engine: FakeEngine,
    readonly plugin: Awaited<ReturnType<typeof startInProcess<Configuration>>>,
    readonly leases: string,
    readonly access: BmcAccess,
  ) {}

  static async start(
    bmcs: (Partial<BmcSpec> & { name: string; dialect: DialectName })[],
    config: Values = {},
  ): Promise<World> {
    const leases = mkdtempSync(path.join(tmpdir(), "rackform-leases-"));
    const rack = await BmcRack.start(bmcs.map((bmc) => ({ address: "127.0.0.1", port: 0, credentials, ...bmc })));
    const engine = await FakeEngine.start();
    const exchanges: RequestEvent[] = [];
    const begun = Date.now();
    const access = new BmcAccess({
      now: () => begun + (Date.now() - begun) * WARP,
      sleep: (milliseconds, signal) => sleep(milliseconds / WARP, signal),
      onRequest: (event) => exchanges.push(event),
    });
    shareBmcAccess(access);
    const plugin = await startInProcess(spec, { engine });
    const world = new World(rack, engine, plugin, leases, access);
    world.exchanges.push(...exchanges);
    Object.assign(world, { exchanges });
    await plugin.client.configure({
      caBundle: rack.caCertificate,
      leaseDirectory: leases,
      requestTimeoutSeconds: 5,
      ...config,
    });
    return world;
  }

  get client(): PluginClient {
    return this.plugin.client;
  }

  bmc(name: string): Bmc {
    return this.rack.bmc(name);
  }

  connection(bmc: Bmc, more: Values = {}): Values {
    return { endpoint: bmc.url, ...bmc.spec.credentials, password: secret(bmc.spec.credentials.password), ...more };
  }

  deployed(type: string, name = "it"): Deployed {
    return new Deployed(this.client, `rackform:redfish:${type}`, name);
  }

  async stop(): Promise<void> {
    await this.plugin.stop();
    shareBmcAccess(undefined);
    this.engine.stop();
    await this.rack.close();
    rmSync(this.leases, { recursive: true, force: true });
  }
}

/** A value as somebody reads it in a state file who has no key. */
export function withoutSecrets(value: unknown): unknown {
  if (value instanceof Secret) return undefined;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withoutSecrets(member)]));
}

/** Requests of a BMC that would have changed something, without logins and logouts. */
export function writes(bmc: Bmc): string[] {
  return bmc.journal
    .entries()
    .filter(({ method, path }) => method !== "GET" && method !== "HEAD" && !/Sessions/.test(path))
    .map(({ method, path }) => `${method} ${path}`);
}
