import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { at, isObject, link, list, localPath, obj, str, strings } from "./read";
import type { Body, RequestOptions, Resource } from "./types";

/** An action as a resource offers it. */
export interface Action {
  target: string;
  /** Its member of `Actions`, with the allowable values that stand in it. */
  body: Body;
  actionInfo?: string;
}

/** The action of that name (`ComputerSystem.Reset`) wherever `Actions` has it, `Oem` included; `undefined` when it is not offered. */
export function actionOf(resource: Resource, name: string): Action | undefined {
  const actions = resource.body.Actions;
  const oem = Object.entries(obj(at(actions, "Oem"))).find(([key]) => key === name || key.endsWith(`#${name}`))?.[1];
  const found = at(actions, `#${name}`) ?? at(actions, name) ?? oem;
  if (!isObject(found)) return undefined;
  const target = str(found.target) ?? str(found.Target);
  const path = target === undefined ? undefined : localPath(target);
  if (path === undefined) return undefined;
  return { target: path, body: found, actionInfo: link(found["@Redfish.ActionInfo"]) };
}

/** Where an action is by the standard, for BMCs that offer it without saying so. */
export function usualTarget(resource: Resource, name: string): string {
  return `${resource.path.replace(/\/+$/, "")}/Actions/${name}`;
}

/** Parameters of one action that ActionInfo describes: name to allowable values, an empty list when any value goes. */
export type Parameters = ReadonlyMap<string, string[]>;

const known = new WeakMap<BmcClient, Map<string, Parameters>>();

/**
 * The values a parameter may have: those beside the action, else those of its ActionInfo (read once), else `undefined`: the BMC does not say.
 */
export async function allowableValues(
  client: BmcClient,
  action: Action,
  parameter: string,
  options: RequestOptions = {},
): Promise<string[] | undefined> {
  const inline = strings(action.body[`${parameter}@Redfish.AllowableValues`] ?? []);
  if (inline.length > 0) return inline;
  const described = (await parametersOf(client, action, options)).get(parameter);
  return described !== undefined && described.length > 0 ? described : undefined;
}

/** What ActionInfo says of an action; empty when there is none or it cannot be read. */
export async function parametersOf(
  client: BmcClient,
  action: Action,
  options: RequestOptions = {},
): Promise<Parameters> {
  if (action.actionInfo === undefined) return new Map();
  const cache = known.get(client) ?? new Map<string, Parameters>();
  known.set(client, cache);
  const cached = cache.get(action.actionInfo);
  if (cached) return cached;
  try {
    const info = await client.get(action.actionInfo, options);
    const parameters = new Map<string, string[]>();
    for (const parameter of list(info.body.Parameters)) {
      const name = str(at(parameter, "Name"));
      if (name !== undefined) parameters.set(name, strings(at(parameter, "AllowableValues") ?? []));
    }
    cache.set(action.actionInfo, parameters);
    return parameters;
  } catch (error) {
    if (error instanceof RedfishError && ["notFound", "refused", "protocol", "license"].includes(error.kind))
      return new Map();
    throw error;
  }
}
