import type { InstallationMethod } from "../../resources/redfish/installation";
import type { Bmc } from "../deps";
import {
  bootStateOf,
  clearBootOverride,
  ejectFrom,
  insertMedia,
  type MediaSlot,
  mediaSlots,
  RedfishError,
  setBootOverride,
  setHttpBoot,
  type SystemRef,
} from "../redfish";
import { systemOf } from "../handlers/operate";

/** Where the firmware finds the installer. */
export interface BootUrls {
  /** Read by the BMC. */
  iso: string;
  /** Read by the machine's firmware. */
  http: string;
}

/** Errors of a BMC that another method may get around. */
const avoidable = new Set(["refused", "notFound", "license", "conflict", "timeout", "protocol", "busy"]);

/** True for an error of a BMC that another method may get around. */
export function isAvoidable(error: unknown): error is RedfishError {
  return error instanceof RedfishError && avoidable.has(error.kind);
}

/** Makes the next boot of a machine that is off start the installer. */
export async function arm(
  bmc: Bmc,
  system: SystemRef,
  method: InstallationMethod,
  urls: BootUrls,
  mode: "UEFI" | "Legacy",
): Promise<void> {
  const { client, signal } = bmc;
  if (method === "virtualMedia") {
    await insertMedia(client, { image: urls.iso, writeProtected: true }, { system, signal });
    await setBootOverride(
      client,
      { target: "Cd", enabled: "Once", mode },
      { system: await again(bmc, system), signal },
    );
  } else if (method === "uefiHttp") {
    await setHttpBoot(client, urls.http, { system, signal });
  } else {
    await setBootOverride(client, { target: "Pxe", enabled: "Once", mode }, { system, signal });
  }
}

/** A medium or boot URI of ours that a machine holds. */
export interface Trace {
  method: InstallationMethod;
  url: string;
}

/** What of ours is in the machine's virtual drives and boot settings. Slots that cannot be read count as empty. */
export async function traces(
  bmc: Bmc,
  system: SystemRef,
  methods: InstallationMethod[],
  ours: (url: string | undefined) => boolean,
): Promise<Trace[]> {
  const slots = methods.includes("virtualMedia") ? await ownSlots(bmc, system, ours) : [];
  const uri = bootStateOf(system.resource).httpBootUri;
  return [
    ...slots.map(({ image }) => ({ method: "virtualMedia" as const, url: image ?? "" })),
    ...(uri !== undefined && ours(uri) ? [{ method: "uefiHttp" as const, url: uri }] : []),
  ];
}

const targets: Record<InstallationMethod, RegExp> = {
  virtualMedia: /^(Cd|UsbCd)$/,
  uefiHttp: /^UefiHttp$/,
  pxe: /^Pxe$/,
};

/**
 * Takes our media out, and the boot override back where it still stands, so that the machine does not start the installer again.
 * `method` undefined: it is not known how the machine was installed.
 */
export async function disarm(
  bmc: Bmc,
  system: SystemRef,
  method: InstallationMethod | undefined,
  ours: (url: string | undefined) => boolean,
): Promise<void> {
  const { client, signal } = bmc;
  const look = method === undefined || method === "virtualMedia";
  const slots = look ? await ownSlots(bmc, system, ours) : [];
  for (const slot of slots) await ejectFrom(client, slot, { signal });
  const now = await again(bmc, system);
  const { enabled = "Disabled", target = "None", httpBootUri } = bootStateOf(now.resource);
  if (enabled === "Disabled" || target === "None") return;
  const standing =
    method !== undefined
      ? targets[method].test(target)
      : (targets.virtualMedia.test(target) && slots.length > 0) || (targets.uefiHttp.test(target) && ours(httpBootUri));
  if (standing) await clearBootOverride(client, { system: now, signal });
}

/** The system, read now. */
export function again(bmc: Bmc, system: SystemRef): Promise<SystemRef> {
  return systemOf(bmc, { systemPath: system.path });
}

async function ownSlots(bmc: Bmc, system: SystemRef, ours: (url: string | undefined) => boolean): Promise<MediaSlot[]> {
  try {
    const slots = await mediaSlots(bmc.client, { system, signal: bmc.signal });
    return slots.filter((slot) => slot.inserted && ours(slot.image));
  } catch (error) {
    if (isAvoidable(error)) return [];
    throw error;
  }
}
