import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { quirksOf, systemVendor, traitsOf } from "./quirks";
import { at, link, obj, str, strings } from "./read";
import type { Body, RequestOptions, Resource, SystemRef } from "./types";

/** Names of the standard; BMCs have more. */
export type BootTarget =
  "None" | "Pxe" | "Cd" | "Usb" | "Hdd" | "UefiHttp" | "UefiTarget" | "BiosSetup" | "Diags" | "SDCard" | (string & {});
export type BootEnabled = "Once" | "Continuous" | "Disabled";
export type BootMode = "UEFI" | "Legacy";

export interface BootOverride {
  target: BootTarget;
  /** Default `Once`. */
  enabled?: BootEnabled;
  /** Default: as it is. */
  mode?: BootMode;
  /** For `UefiHttp`. */
  httpBootUri?: string;
  /** UEFI device path, for `UefiTarget`. */
  uefiTarget?: string;
}

/** The override as the BMC shows it; undefined where it does not say. */
export interface BootState {
  target?: string;
  enabled?: string;
  mode?: string;
  httpBootUri?: string;
  uefiTarget?: string;
  /** Targets it offers; empty when it does not say. */
  targets: string[];
  enabledValues: string[];
  /** UEFI boot options in their order; the order of the BootOptions collection means nothing (quirk 17). */
  bootOrder: string[];
}

export interface BootOptions extends RequestOptions {
  systemId?: string;
  /** The system as just read, to save a request. */
  system?: SystemRef;
  /** How long the override may take to show up. Default 30. */
  verifySeconds?: number;
}

export interface BootResult {
  state: BootState;
  /** False when it was set already. */
  changed: boolean;
  /** `Continuous` was asked for, the BMC can only do `Once`: set it again before each boot (quirk 57). */
  onceOnly: boolean;
  /** `Once` was asked for, the BMC can only do `Continuous`: clear it after the boot. */
  continuousOnly: boolean;
}

/** The override in a system, or in its settings resource. */
export function bootStateOf(resource: Resource): BootState {
  const boot = obj(resource.body.Boot);
  return {
    target: str(boot.BootSourceOverrideTarget),
    enabled: str(boot.BootSourceOverrideEnabled),
    mode: str(boot.BootSourceOverrideMode),
    httpBootUri: str(boot.HttpBootUri),
    uefiTarget: str(boot.UefiTargetBootSourceOverride),
    targets: strings(
      boot["BootSourceOverrideTarget@Redfish.AllowableValues"] ?? boot.BootSourceOverrideSupported ?? [],
    ),
    enabledValues: strings(boot["BootSourceOverrideEnabled@Redfish.AllowableValues"] ?? []),
    bootOrder: strings(boot.BootOrder ?? []),
  };
}

export async function readBoot(client: BmcClient, options: BootOptions = {}): Promise<BootState> {
  return bootStateOf((await client.system(options.systemId, options)).resource);
}

/** True when the BMC can be told the URI to boot from; Dell cannot, see `boot-http.ts`. */
export function canHttpBoot(system: SystemRef): boolean {
  const boot = obj(system.resource.body.Boot);
  return "HttpBootUri" in boot;
}

/**
 * Sets the override and reads it back. Nothing is sent when it stands already; the mode only when it differs (quirk 18). Throws
 * RedfishError `refused` when every way was refused, `conflict` when the BMC accepts and does not do it.
 */
export async function setBootOverride(
  client: BmcClient,
  wanted: BootOverride,
  options: BootOptions = {},
): Promise<BootResult> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const before = bootStateOf(system.resource);
  const goal = goalOf(wanted, before, system.resource);
  const changed = match(goal, before) !== "exact";
  const state = changed ? await write(client, system, goal, before, options) : before;
  const asked = wanted.enabled ?? "Once";
  return {
    state,
    changed,
    onceOnly: asked === "Continuous" && state.enabled === "Once",
    continuousOnly: asked === "Once" && state.enabled === "Continuous",
  };
}

/** Removes the override; the server boots by its boot order. */
export async function clearBootOverride(client: BmcClient, options: BootOptions = {}): Promise<BootResult> {
  return setBootOverride(client, { target: "None", enabled: "Disabled" }, options);
}

interface Goal {
  target: string;
  enabled: BootEnabled;
  mode?: BootMode;
  httpBootUri?: string;
  uefiTarget?: string;
}

function goalOf(wanted: BootOverride, state: BootState, system: Resource): Goal {
  const enabled = wanted.enabled ?? "Once";
  const lacks =
    enabled === "Continuous" && state.enabledValues.length > 0 && !state.enabledValues.includes("Continuous");
  const target = wanted.target === "Cd" ? cdTarget(state, system) : wanted.target;
  return { ...wanted, target, enabled: lacks ? "Once" : enabled };
}

/** Virtual CDs are `UsbCd` at Supermicro (quirk 42), and wherever only that is offered. */
function cdTarget(state: BootState, system: Resource): string {
  if (!state.targets.includes("UsbCd")) return "Cd";
  return traitsOf(systemVendor(system.body)).usbCd || !state.targets.includes("Cd") ? "UsbCd" : "Cd";
}

/** `similar`: all is as it should be, except that it holds once instead of for ever or the other way round. */
function match(goal: Goal, state: BootState): "exact" | "similar" | "different" {
  const none = state.enabled === "Disabled" || (state.target ?? "None") === "None";
  if (goal.enabled === "Disabled") return none ? "exact" : "different";
  const same =
    !none &&
    state.target === goal.target &&
    (goal.mode === undefined || state.mode === undefined || state.mode === goal.mode) &&
    (goal.httpBootUri === undefined || state.httpBootUri === goal.httpBootUri) &&
    (goal.uefiTarget === undefined || state.uefiTarget === goal.uefiTarget);
  if (!same) return "different";
  return state.enabled === goal.enabled ? "exact" : "similar";
}

/** One way to write it: where, and what. */
interface Attempt {
  path: string;
  etag?: string;
  bodies: Body[];
}

async function write(
  client: BmcClient,
  system: SystemRef,
  goal: Goal,
  before: BootState,
  options: BootOptions,
): Promise<BootState> {
  const bodies = bodiesFor(goal, before, system.resource);
  const errors: RedfishError[] = [];
  let patience = options.verifySeconds ?? 30;
  for await (const attempt of attempts(client, system, bodies, errors, options)) {
    for (const body of attempt.bodies) {
      const written = await tryWrite(client, attempt, body, errors, options);
      if (!written) continue;
      const state = await verify(
        client,
        system,
        attempt.path,
        goal,
        before,
        written === "sure" ? patience : 0,
        options,
      );
      if (state) return state;
      if (written === "sure") patience = Math.min(patience, 10);
    }
  }
  throw notSet(client, system, goal, errors);
}

/** The bodies to try, from what the standard asks to what particular BMCs want. */
export function bodiesFor(goal: Goal, state: BootState, system: Resource): Body[] {
  const base: Body = { BootSourceOverrideEnabled: goal.enabled, BootSourceOverrideTarget: goal.target };
  const extras: Body = {
    ...(goal.httpBootUri === undefined ? {} : { HttpBootUri: goal.httpBootUri }),
    ...(goal.uefiTarget === undefined ? {} : { UefiTargetBootSourceOverride: goal.uefiTarget }),
  };
  const modeDiffers = goal.mode !== undefined && state.mode !== goal.mode;
  const boot = obj(system.body.Boot);
  const modeKnown = "BootSourceOverrideMode" in boot;
  const needed = modeDiffers && modeKnown ? { BootSourceOverrideMode: goal.mode } : {};
  const full = { ...base, ...extras, BootSourceOverrideMode: goal.mode ?? state.mode ?? "UEFI" };
  const plain = { ...base, ...extras, ...needed };
  const disabledOnly = goal.enabled === "Disabled" ? [{ BootSourceOverrideEnabled: "Disabled" }] : [];
  const withoutEnabled = Object.keys(extras).length > 0 ? [{ BootSourceOverrideTarget: goal.target, ...extras }] : [];
  const first = traitsOf(systemVendor(system.body)).fullBoot ? [full, plain] : [plain, full];
  const unique = new Map([...first, ...disabledOnly, ...withoutEnabled].map((body) => [JSON.stringify(body), body]));
  return [...unique.values()].map((body) => ({ Boot: body }));
}

/** The system itself, then its settings resource if that holds Boot (quirks 1, 2), then AMI's `SD` (quirk 63). */
async function* attempts(
  client: BmcClient,
  system: SystemRef,
  bodies: Body[],
  errors: RedfishError[],
  options: RequestOptions,
): AsyncGenerator<Attempt> {
  const named = link(at(system.resource.body, "@Redfish.Settings", "SettingsObject"));
  yield { path: system.path, etag: system.resource.etag, bodies };
  const future = errors.some(({ messages }) =>
    messages.some(({ messageId }) => /OperationSupportedInFutureStateURI$/.test(messageId)),
  );
  const candidates = named !== undefined ? [named] : errors.length > 0 ? [`${system.path.replace(/\/+$/, "")}/SD`] : [];
  for (const path of candidates) {
    const settings = await client.get(path, options).catch((error: unknown) => {
      if (error instanceof RedfishError && ["notFound", "refused", "protocol", "conflict"].includes(error.kind))
        return undefined;
      throw error;
    });
    if (settings && (settings.body.Boot !== undefined || future)) yield { path, etag: settings.etag, bodies };
  }
}

/** `sure`: accepted; `doubtful`: refused with 400, which 13G answers although it applied it (quirk 27); undefined: refused. */
async function tryWrite(
  client: BmcClient,
  attempt: Attempt,
  body: Body,
  errors: RedfishError[],
  options: BootOptions,
): Promise<"sure" | "doubtful" | undefined> {
  try {
    const result = await client.patch(attempt.path, body, { signal: options.signal, etag: attempt.etag });
    if (result.task && result.status === 202)
      await client.task(result.task, { signal: options.signal, until: ["Scheduled"] });
    return "sure";
  } catch (error) {
    if (!(error instanceof RedfishError) || !["refused", "conflict", "notFound", "auth"].includes(error.kind))
      throw error;
    if (error.kind === "auth" && !error.messages.some(({ messageId }) => quirksOf(messageId, "elsewhere"))) throw error;
    errors.push(error);
    return error.status === 400 ? "doubtful" : undefined;
  }
}

/**
 * Reads until the override shows: where it was written, because a settings resource only takes effect at the next boot, and in the system.
 * A BMC that keeps another `enabled` with the new target can do no better; with the old target it is given time.
 */
async function verify(
  client: BmcClient,
  system: SystemRef,
  path: string,
  goal: Goal,
  before: BootState,
  seconds: number,
  options: BootOptions,
): Promise<BootState | undefined> {
  const deadline = client.clock.now() + seconds * 1000;
  for (;;) {
    const over = client.clock.now() >= deadline;
    for (const place of new Set([path, system.path])) {
      const state = bootStateOf(await client.get(place, options));
      const found = match(goal, state);
      const settled = goal.target !== before.target || goal.enabled === "Continuous" || (over && seconds > 0);
      if (found === "exact" || (found === "similar" && settled)) return state;
    }
    if (over) return undefined;
    await client.pause(2_000, options.signal);
  }
}

function notSet(client: BmcClient, system: SystemRef, goal: Goal, errors: RedfishError[]): RedfishError {
  const what = `boot override ${goal.target} (${goal.enabled}${goal.mode ? `, ${goal.mode}` : ""})`;
  const first = errors[0];
  if (first) {
    const offered = bootStateOf(system.resource).targets;
    const hint = offered.length > 0 && !offered.includes(goal.target) ? `; the BMC offers ${offered.join(", ")}` : "";
    return new RedfishError(first.kind, `${what} was refused: ${first.message}${hint}`, first);
  }
  const text = `${client.endpoint}: ${system.path} accepted the ${what} but does not show it`;
  return new RedfishError("conflict", text, { endpoint: client.endpoint, path: system.path });
}
