import type { GetServerArgs, GetServerResult } from "../../resources/redfish/functions";
import type { Configuration } from "../config";
import { bmcAccess } from "../deps";
import type { FunctionFactory } from "../kit/handler";
import { powerStateOf, readFacts } from "../redfish";
import { factsOf } from "./facts";
import { idOf } from "./ids";
import { systemOf } from "./operate";
import { settledPower } from "./power-state";

/** `rackform:redfish:getServer`. */
export const handler: FunctionFactory<Configuration, GetServerArgs, GetServerResult> = (deps) => {
  const access = bmcAccess(deps);
  return {
    token: "rackform:redfish:getServer",
    call: (ctx, { connection, systemId }) =>
      access.read(ctx, connection, async (bmc) => {
        const system = await systemOf(bmc, { systemId });
        const facts = factsOf(await readFacts(bmc.client, { system, signal: ctx.signal }));
        const powerState = settledPower(powerStateOf(system.resource));
        return {
          id: idOf(connection, system.path),
          systemPath: system.path,
          ...(powerState ? { powerState } : {}),
          facts,
        };
      }),
  };
};
