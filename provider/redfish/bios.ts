import { actionOf } from "./actions";
import { deleteScheduledBiosJobs, isCommitted } from "./bios-jobs";
import {
  type BiosAttributes,
  type BiosValue,
  type RegistryAttribute,
  attributesOf,
  registryOf,
  resolveName,
  sameValue,
  spell,
} from "./bios-names";
import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { systemVendor, traitsOf } from "./quirks";
import { at, lastSegment, link, links, list, str, strings } from "./read";
import type { ActionResult, Body, RequestOptions, Resource, SystemRef, TaskRef } from "./types";

export interface BiosOptions extends RequestOptions {
  systemId?: string;
  /** The system as just read, to save a request. */
  system?: SystemRef;
  /** The settings as just read, to save two. */
  state?: BiosState;
  /** How long written settings may take to show as pending. Default 30. */
  verifySeconds?: number;
}

export interface BiosState {
  path: string;
  resource: Resource;
  /** In force now. */
  attributes: BiosAttributes;
  settingsPath?: string;
  settings?: Resource;
  /** Written but not in force: what differs from `attributes`, because some BMCs list only changes and some everything (quirk 12). */
  pending: BiosAttributes;
  registryName?: string;
}

export interface BiosResult {
  /** The BMC's name for each requested attribute. */
  names: Record<string, string>;
  /** Sent now, by the BMC's names. */
  written: BiosAttributes;
  /** Of the requested attributes, what waits for a reset, by the BMC's names. Empty when all are in force. */
  pending: BiosAttributes;
  task?: TaskRef;
}

/** Current and pending settings: two requests, three when the system was not read yet. */
export async function readBios(client: BmcClient, options: BiosOptions = {}): Promise<BiosState> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const path = link(system.resource.body.Bios) ?? `${system.path.replace(/\/+$/, "")}/Bios`;
  const resource = await client.get(path, options);
  const attributes = attributesOf(resource.body);
  const settingsPath = link(at(resource.body, "@Redfish.Settings", "SettingsObject"));
  const settings = settingsPath === undefined ? undefined : await readSettings(client, settingsPath, options);
  return {
    path,
    resource,
    attributes,
    settingsPath,
    settings,
    pending: pendingOf(attributes, settings),
    registryName: str(resource.body.AttributeRegistry),
  };
}

/**
 * Writes settings for the next reset, all in one request, and sees that they are pending; sends nothing when they are in force or pending
 * already. Throws RedfishError `refused` naming every attribute that is unknown, ambiguous or read-only, or what the BMC refused.
 */
export async function setBios(
  client: BmcClient,
  wanted: BiosAttributes,
  options: BiosOptions = {},
): Promise<BiosResult> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const state = options.state ?? (await readBios(client, { ...options, system }));
  const goal = await resolve(client, state, wanted, options);
  const differs = (have: BiosAttributes) =>
    Object.fromEntries(Object.entries(goal.values).filter(([name, value]) => !sameValue(have[name], value)));
  const written = differs({ ...state.attributes, ...state.pending });
  if (Object.keys(written).length === 0) return { names: goal.names, written, pending: differs(state.attributes) };
  let result = await write(client, system, state, written, options);
  if (!(await isPending(client, state, written, options))) {
    result = await write(client, system, state, written, options);
    if (!(await isPending(client, state, written, options))) throw notPending(client, state, written);
  }
  return { names: goal.names, written, pending: differs(state.attributes), task: result.task };
}

/** Of the wanted attributes, those not in force, as the BMC spells them, with what is. Empty when all are. */
export async function biosDrift(
  client: BmcClient,
  wanted: BiosAttributes,
  state: BiosState,
  options: RequestOptions = {},
): Promise<BiosAttributes> {
  const goal = await resolve(client, state, wanted, options);
  const entries = Object.entries(goal.values).filter(([name, value]) => !sameValue(state.attributes[name], value));
  return Object.fromEntries(entries.map(([name]) => [name, state.attributes[name] ?? null]));
}

/** Takes back what is pending: by deleting Dell's job and by its action, else by writing the current values. */
export async function clearPendingBios(client: BmcClient, options: BiosOptions = {}): Promise<void> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const state = options.state ?? (await readBios(client, { ...options, system }));
  if (!state.settings || Object.keys(state.pending).length === 0) return;
  const action = actionOf(state.settings, "DellManager.ClearPending");
  if (action) {
    const clear = () => client.post(action.target, {}, { signal: options.signal, idempotent: true });
    await clear().catch(async (error: unknown) => {
      if (!(error instanceof RedfishError) || !isCommitted(error)) throw error;
      if (await deleteScheduledBiosJobs(client, system, state.settings, options)) await clear();
    });
    return;
  }
  const back = Object.fromEntries(Object.keys(state.pending).map((name) => [name, state.attributes[name] ?? null]));
  await write(client, system, state, back, options);
}

/** The attribute registry of a BIOS; empty when the BMC does not have it. One to three requests and up to megabytes: only when needed. */
export async function biosRegistry(
  client: BmcClient,
  state: BiosState,
  options: RequestOptions = {},
): Promise<RegistryAttribute[]> {
  const name = state.registryName;
  if (name === undefined) return [];
  try {
    const file = await registryFile(client, name, options);
    if (file === undefined) return [];
    const uri = list(file.body.Location).flatMap((location) => link(at(location, "Uri")) ?? [])[0];
    return registryOf(uri === undefined ? file.body : (await client.get(uri, options)).body);
  } catch (error) {
    if (error instanceof RedfishError && !["cancelled", "auth", "tls"].includes(error.kind)) return [];
    throw error;
  }
}

async function registryFile(client: BmcClient, name: string, options: RequestOptions): Promise<Resource | undefined> {
  try {
    return await client.get(`/redfish/v1/Registries/${encodeURIComponent(name)}`, options);
  } catch (error) {
    if (!(error instanceof RedfishError) || error.kind !== "notFound") throw error;
  }
  const registries = await client.get("/redfish/v1/Registries", options);
  const stem = (text: string) => text.replace(/\.v?\d+[._]\d+([._]\d+)?$/, "").toLowerCase();
  const path = links(registries.body.Members).find((member) => stem(lastSegment(member)) === stem(name));
  return path === undefined ? undefined : client.get(path, options);
}

async function readSettings(client: BmcClient, path: string, options: RequestOptions): Promise<Resource | undefined> {
  try {
    return await client.get(path, options);
  } catch (error) {
    if (error instanceof RedfishError && ["notFound", "refused", "protocol"].includes(error.kind)) return undefined;
    throw error;
  }
}

function pendingOf(attributes: BiosAttributes, settings: Resource | undefined): BiosAttributes {
  const entries = Object.entries(settings ? attributesOf(settings.body) : {});
  return Object.fromEntries(entries.filter(([name, value]) => value !== null && !sameValue(attributes[name], value)));
}

/** Names and values as the BMC spells them; every mistake at once. */
async function resolve(
  client: BmcClient,
  state: BiosState,
  wanted: BiosAttributes,
  options: RequestOptions,
): Promise<{ names: Record<string, string>; values: BiosAttributes }> {
  const known = Object.keys(state.attributes);
  const unresolved = Object.keys(wanted).some((name) => !("name" in resolveName(name, known)));
  const registry = unresolved ? await biosRegistry(client, state, options) : [];
  const names: Record<string, string> = {};
  const mistakes: string[] = [];
  for (const name of Object.keys(wanted)) {
    const found = resolveName(name, known, registry);
    if ("name" in found) names[name] = found.name;
    else if ("ambiguous" in found)
      mistakes.push(`"${name}" could be ${found.ambiguous.join(" or ")}: write the full name`);
    else
      mistakes.push(
        `"${name}" is unknown${found.unknown.length > 0 ? `; similar are ${found.unknown.join(", ")}` : ""}`,
      );
  }
  const readOnly = registry.filter((attribute) => attribute.readOnly && Object.values(names).includes(attribute.name));
  mistakes.push(...readOnly.map(({ name }) => `"${name}" is read-only`));
  if (mistakes.length > 0) throw biosError(client, state, "notFound", mistakes);
  const allowed = (name: string) => registry.find((attribute) => attribute.name === name)?.values;
  const values = Object.entries(wanted).map(([name, value]): [string, BiosValue] => [
    names[name],
    spell(value, state.attributes[names[name]], allowed(names[name])),
  ]);
  return { names, values: Object.fromEntries(values) };
}

/** With the apply time where Dell or the BMC itself wants it (quirk 11); the other way round when that is refused. */
async function write(
  client: BmcClient,
  system: SystemRef,
  state: BiosState,
  attributes: BiosAttributes,
  options: BiosOptions,
): Promise<ActionResult> {
  const path = state.settingsPath ?? state.path;
  const plain: Body = { Attributes: attributes };
  const timed: Body = { ...plain, "@Redfish.SettingsApplyTime": { ApplyTime: "OnReset" } };
  const times = [state.resource, ...(state.settings ? [state.settings] : [])].flatMap(({ body }) => [
    ...strings(at(body, "@Redfish.Settings", "SupportedApplyTimes") ?? []),
    ...strings(at(body, "@Redfish.SettingsApplyTime", "ApplyTime@Redfish.AllowableValues") ?? []),
  ]);
  const wantsTime = times.includes("OnReset") || traitsOf(systemVendor(system.resource.body)).applyTime === true;
  const etag = (state.settings ?? state.resource).etag;
  const send = (body: Body) => client.patch(path, body, { signal: options.signal, etag });
  try {
    return await send(wantsTime ? timed : plain);
  } catch (error) {
    if (!(error instanceof RedfishError) || (error.kind !== "refused" && error.kind !== "conflict")) throw error;
    if (isCommitted(error) && (await deleteScheduledBiosJobs(client, system, state.settings, options))) {
      const all = { ...plain, Attributes: { ...state.pending, ...attributes } };
      return client.patch(path, wantsTime ? { ...timed, ...all } : all, { signal: options.signal });
    }
    const aboutTime = error.namedProperties.some((name) => /ApplyTime/.test(name)) || /ApplyTime/.test(error.message);
    if (!aboutTime) throw await explained(client, state, attributes, error, options);
    return send(wantsTime ? plain : timed);
  }
}

/** Adds what the registry allows to a refusal. */
async function explained(
  client: BmcClient,
  state: BiosState,
  attributes: BiosAttributes,
  error: RedfishError,
  options: RequestOptions,
): Promise<RedfishError> {
  const registry = await biosRegistry(client, state, options);
  const hints = Object.entries(attributes).flatMap(([name, value]) => {
    const attribute = registry.find((candidate) => candidate.name === name);
    if (!attribute) return [];
    if (attribute.readOnly) return [`${name} is read-only`];
    if (attribute.values.length > 0 && !attribute.values.some((allowed) => allowed === value))
      return [`${name} can be ${attribute.values.join(", ")}`];
    return [];
  });
  return hints.length === 0 ? error : new RedfishError(error.kind, `${error.message}; ${hints.join("; ")}`, error);
}

/** Looks until what was written shows as pending, or is in force already. */
async function isPending(
  client: BmcClient,
  state: BiosState,
  written: BiosAttributes,
  options: BiosOptions,
): Promise<boolean> {
  const deadline = client.clock.now() + (options.verifySeconds ?? 30) * 1000;
  for (;;) {
    const settings =
      state.settingsPath === undefined ? undefined : await readSettings(client, state.settingsPath, options);
    const shown = settings ? attributesOf(settings.body) : {};
    const missing = Object.entries(written).filter(([name, value]) => !sameValue(shown[name], value));
    if (missing.length === 0) return true;
    const current = attributesOf((await client.get(state.path, options)).body);
    if (missing.every(([name, value]) => sameValue(current[name], value))) return true;
    if (client.clock.now() >= deadline) return false;
    await client.pause(2_000, options.signal);
  }
}

function notPending(client: BmcClient, state: BiosState, written: BiosAttributes): RedfishError {
  const values = Object.entries(written).map(([name, value]) => `${name} = ${String(value)}`);
  return biosError(client, state, "conflict", [`${values.join(", ")} was accepted but is not pending`]);
}

function biosError(client: BmcClient, state: BiosState, kind: RedfishError["kind"], mistakes: string[]): RedfishError {
  const text = `${client.endpoint}: BIOS attributes of ${state.path}: ${mistakes.join("; ")}`;
  return new RedfishError(kind, text, { endpoint: client.endpoint, path: state.path, method: "PATCH" });
}
