import { actionOf, allowableValues, usualTarget } from "./actions";
import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { systemVendor, traitsOf } from "./quirks";
import { str } from "./read";
import type { ErrorKind, PowerState, RequestOptions, Resource, SystemRef } from "./types";

export type ResetType =
  | "On"
  | "ForceOn"
  | "ForceOff"
  | "GracefulShutdown"
  | "GracefulRestart"
  | "ForceRestart"
  | "PowerCycle"
  | "PushPowerButton"
  | "Nmi";

export interface PowerOptions extends RequestOptions {
  systemId?: string;
  /** The system as just read, to save a request. */
  system?: SystemRef;
  /** Ask the operating system first when switching off. Default false. */
  graceful?: boolean;
  /** How long it may take to obey before it is forced. Default 180. */
  gracefulSeconds?: number;
  /** How long the power state may take to change. Default 120. */
  waitSeconds?: number;
  /** Between two looks. Default 2. */
  pollSeconds?: number;
}

export interface PowerResult {
  powerState: PowerState;
  /** What was sent, in order; empty when the state was there already. */
  resets: ResetType[];
}

/** How to get there, best first. */
const ladders: Readonly<Record<"On" | "Off" | "Graceful" | "Restart", ResetType[]>> = {
  On: ["On", "ForceOn", "PushPowerButton"],
  Off: ["ForceOff", "PushPowerButton"],
  Graceful: ["GracefulShutdown"],
  Restart: ["ForceRestart", "PowerCycle"],
};

/** Repeats of a reset that the BMC refuses with 409, 10 s apart: iDRAC10 refuses "On" for a minute after "Off" (quirk 4). */
const CONFLICT_RETRIES = 6;
const CONFLICT_PAUSE = 10_000;

/** Errors after which the server may have done as told nevertheless. */
const doubtful = new Set<ErrorKind>(["conflict", "refused", "busy", "unreachable", "timeout"]);

/** Power state of a system as read. */
export function powerStateOf(resource: Resource): PowerState {
  const state = str(resource.body.PowerState)?.toLowerCase();
  const states: PowerState[] = ["On", "Off", "PoweringOn", "PoweringOff", "Paused"];
  return states.find((known) => known.toLowerCase() === state) ?? "unknown";
}

export async function readPower(client: BmcClient, options: PowerOptions = {}): Promise<PowerState> {
  return powerStateOf((await client.system(options.systemId, options)).resource);
}

/**
 * Switches a server on or off and waits until the BMC shows it. A BMC that says 400 or 409 because it is there already has succeeded
 * (quirk 26); one that accepts and does nothing is asked once more. Throws RedfishError `timeout` when the state does not come.
 */
export async function setPower(
  client: BmcClient,
  target: "On" | "Off",
  options: PowerOptions = {},
): Promise<PowerResult> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const resets: ResetType[] = [];
  const state = powerStateOf(system.resource);
  if (state === target) return { powerState: target, resets };
  if (state === "PoweringOn" || state === "PoweringOff") {
    const settled = await waitForPower(client, system, target, options, state);
    if (settled === target) return { powerState: target, resets };
  }
  if (target === "Off" && options.graceful && (await shutDown(client, system, options, resets)))
    return { powerState: target, resets };
  const half = { ...options, waitSeconds: (options.waitSeconds ?? 120) / 2 };
  for (let round = 0; round < 2; round++) {
    if (resets.at(-1) !== "PushPowerButton" && (await reset(client, system, target, options, resets)) === "there")
      break;
    if ((await waitForPower(client, system, target, half)) === target) return { powerState: target, resets };
  }
  if ((await waitForPower(client, system, target, { ...options, waitSeconds: 0 })) === target)
    return { powerState: target, resets };
  throw notReached(client, system, target, options, resets);
}

/** Restarts a running server, or switches it on. Off, wait, on where a restart is unreliable (quirk 61) or not offered. */
export async function restart(client: BmcClient, options: PowerOptions = {}): Promise<PowerResult> {
  const system = options.system ?? (await client.system(options.systemId, options));
  if (powerStateOf(system.resource) === "Off") return setPower(client, "On", { ...options, system });
  const type = traitsOf(systemVendor(system.resource.body)).restartByOffOn
    ? undefined
    : await chooseReset(client, system, ladders.Restart, options);
  if (type === undefined || options.graceful) {
    const off = await setPower(client, "Off", { ...options, system });
    const on = await setPower(client, "On", { ...options, system: undefined });
    return { powerState: on.powerState, resets: [...off.resets, ...on.resets] };
  }
  await send(client, system, type, options);
  const after = await waitForPower(client, system, "On", options);
  if (after !== "On") throw notReached(client, system, "On", options, [type]);
  return { powerState: "On", resets: [type] };
}

/** True when the operating system obeyed; false sends the caller to force. */
async function shutDown(
  client: BmcClient,
  system: SystemRef,
  options: PowerOptions,
  resets: ResetType[],
): Promise<boolean> {
  const type = await chooseReset(client, system, ladders.Graceful, options);
  if (type === undefined) return false;
  try {
    await send(client, system, type, options);
  } catch (error) {
    if (error instanceof RedfishError && ["refused", "conflict", "notFound"].includes(error.kind)) return false;
    throw error;
  }
  resets.push(type);
  return (
    (await waitForPower(client, system, "Off", { ...options, waitSeconds: options.gracefulSeconds ?? 180 })) === "Off"
  );
}

/** Sends the best reset; `there` when the BMC refuses because the state is reached. */
async function reset(
  client: BmcClient,
  system: SystemRef,
  target: "On" | "Off",
  options: PowerOptions,
  resets: ResetType[],
): Promise<"sent" | "there"> {
  const type = await chooseReset(client, system, ladders[target], options);
  if (type === undefined) {
    throw new RedfishError("refused", `${client.endpoint}: ${system.path} offers no reset that leads to ${target}`, {
      endpoint: client.endpoint,
      path: system.path,
    });
  }
  for (let attempt = 0; ; attempt++) {
    try {
      await send(client, system, type, options);
      resets.push(type);
      return "sent";
    } catch (error) {
      if (!(error instanceof RedfishError) || !doubtful.has(error.kind)) throw error;
      if (powerStateOf(await client.get(system.path, options)) === target) return "there";
      if (error.kind !== "conflict" || attempt >= CONFLICT_RETRIES) throw error;
      await client.pause(CONFLICT_PAUSE, options.signal);
    }
  }
}

/** The first reset of a ladder that the BMC offers; the first at all when it does not say. */
async function chooseReset(
  client: BmcClient,
  system: SystemRef,
  ladder: ResetType[],
  options: RequestOptions,
): Promise<ResetType | undefined> {
  const action = actionOf(system.resource, "ComputerSystem.Reset");
  const offered = action && (await allowableValues(client, action, "ResetType", options));
  return offered ? ladder.find((type) => offered.includes(type)) : ladder[0];
}

async function send(client: BmcClient, system: SystemRef, type: ResetType, options: RequestOptions): Promise<void> {
  const target =
    actionOf(system.resource, "ComputerSystem.Reset")?.target ?? usualTarget(system.resource, "ComputerSystem.Reset");
  const idempotent = ["On", "ForceOn", "ForceOff", "GracefulShutdown"].includes(type);
  await client.post(target, { ResetType: type }, { signal: options.signal, idempotent });
}

/** Looks until the state is reached, or has left `from`, or time is up; returns the last state seen. */
async function waitForPower(
  client: BmcClient,
  system: SystemRef,
  target: "On" | "Off",
  options: PowerOptions,
  from?: PowerState,
): Promise<PowerState> {
  const { now } = client.clock;
  const poll = (options.pollSeconds ?? 2) * 1000;
  const deadline = now() + (options.waitSeconds ?? 120) * 1000;
  for (let look = 0; ; look++) {
    const state = powerStateOf(await client.get(system.path, options));
    const settled = from !== undefined && state !== from;
    if (state === target || settled || now() >= deadline) return state;
    await client.pause(look === 0 ? Math.min(500, poll) : poll, options.signal);
  }
}

function notReached(
  client: BmcClient,
  system: SystemRef,
  target: string,
  options: PowerOptions,
  resets: ResetType[],
): RedfishError {
  const seconds = options.waitSeconds ?? 120;
  const text = `${client.endpoint}: ${system.path} did not become ${target} within ${seconds} s after ${resets.join(", ")}`;
  return new RedfishError("timeout", text, { endpoint: client.endpoint, path: system.path });
}
