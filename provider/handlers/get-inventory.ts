import type { GetInventoryArgs, GetInventoryResult, ManagerInfo } from "../../resources/redfish/functions";
import type { Configuration } from "../config";
import { type Bmc, bmcAccess } from "../deps";
import type { FunctionFactory } from "../kit/handler";
import {
  bootStateOf,
  listAccounts,
  mediaSlots,
  powerStateOf,
  read,
  readBios,
  readFacts,
  RedfishError,
  type SystemRef,
  systemVendor,
} from "../redfish";
import { factsOf } from "./facts";
import { idOf } from "./ids";
import { systemOf } from "./operate";
import { settledPower } from "./power-state";

/** `rackform:redfish:getInventory`. */
export const handler: FunctionFactory<Configuration, GetInventoryArgs, GetInventoryResult> = (deps) => {
  const access = bmcAccess(deps);
  return {
    token: "rackform:redfish:getInventory",
    call: (ctx, args) => access.read(ctx, args.connection, (bmc) => inventory(bmc, args)),
  };
};

async function inventory(bmc: Bmc, args: GetInventoryArgs): Promise<GetInventoryResult> {
  const { client, signal } = bmc;
  const system = await systemOf(bmc, { systemId: args.systemId });
  const warnings: string[] = [];
  const optional = async <T>(what: string, fallback: T, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RedfishError) || ["cancelled", "unreachable", "tls"].includes(error.kind)) throw error;
      warnings.push(`${what}: ${error.message}`);
      return fallback;
    }
  };
  const root = await client.root({ signal });
  const boot = bootStateOf(system.resource);
  const powerState = settledPower(powerStateOf(system.resource));
  const vendor = root.vendor ?? systemVendor(system.resource.body);
  return {
    id: idOf(args.connection, system.path),
    systemPath: system.path,
    ...(powerState ? { powerState } : {}),
    facts: factsOf(await readFacts(client, { system, signal })),
    ...(root.redfishVersion === undefined ? {} : { redfishVersion: root.redfishVersion }),
    ...(vendor === "other" ? {} : { vendor }),
    managers: await optional("managers", [], () => managers(bmc, system)),
    boot: {
      ...defined({ target: boot.target, enabled: boot.enabled, mode: boot.mode }),
      allowedTargets: boot.targets,
      order: boot.bootOrder,
    },
    virtualMedia: await optional("virtual media", [], async () =>
      (await mediaSlots(client, { system, signal })).map(({ path, id, mediaTypes, inserted, image }) => ({
        path,
        id,
        mediaTypes,
        inserted,
        ...defined({ image }),
      })),
    ),
    biosAttributes: await optional("BIOS attributes", {}, async () => {
      const { attributes } = await readBios(client, { system, signal });
      return Object.fromEntries(
        Object.entries(attributes).filter((entry): entry is [string, string | number | boolean] => entry[1] !== null),
      );
    }),
    accounts: await optional("accounts", [], async () =>
      (await listAccounts(client, { signal })).map(({ username }) => username),
    ),
    warnings,
  };
}

async function managers(bmc: Bmc, system: SystemRef): Promise<ManagerInfo[]> {
  const { path, resource } = await bmc.client.manager(system, { signal: bmc.signal });
  const { body } = resource;
  return [{ path, ...defined({ model: read.str(body.Model), firmwareVersion: read.str(body.FirmwareVersion) }) }];
}

function defined<T extends object>(values: T): T {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;
}
