import { type Action, actionOf, allowableValues, parametersOf, usualTarget } from "./actions";
import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { type Payload, firstPayload, nextPayload } from "./media-payload";
import { systemVendor, traitsOf } from "./quirks";
import { at, bool, idOf, link, links, str, strings } from "./read";
import type { ErrorKind, RequestOptions, Resource, SystemRef } from "./types";

export interface MediaOptions extends RequestOptions {
  systemId?: string;
  /** The system as just read, to save a request. */
  system?: SystemRef;
  /** Id or path of the slot. Default: the first that takes the kind of medium. */
  slot?: string;
  /** How long the medium may take to appear. Default 60. */
  verifySeconds?: number;
}

export interface MediaImage {
  /** URL the BMC can reach, with a plain name that ends in `.iso` or `.img` (quirk 44). */
  image: string;
  /** Default `CD`. */
  kind?: "CD" | "USBStick" | "Floppy";
  /** For the server of the image. */
  username?: string;
  password?: string;
  /** Default true. */
  writeProtected?: boolean;
  /** `Stream` or `Upload`. Default: what the BMC asks for. */
  transferMethod?: string;
  /** `HTTP`, `HTTPS`, `NFS`, `CIFS` … Default: what the URL says, where the BMC asks for it. */
  transferProtocol?: string;
}

/** A slot as the BMC shows it. */
export interface MediaSlot {
  id: string;
  path: string;
  resource: Resource;
  mediaTypes: string[];
  /** The BMC says so and names an image; some forget to clear the one or the other (quirks 10, 47). */
  inserted: boolean;
  image?: string;
  /** False: neither an action nor a member to write to. */
  usable: boolean;
}

export interface MediaResult {
  slot: MediaSlot;
  /** False when the image was in already. */
  changed: boolean;
}

const EJECT_RETRIES = 3;
const EJECT_PAUSE = 3_000;

/** Errors after which the image may be in nevertheless: a first answer was lost, and the second says that the slot is taken. */
const unclear = new Set<ErrorKind>(["busy", "conflict", "timeout", "unreachable", "refused", "notFound"]);

/** The slots of a server: under the system, and under its manager on BMCs that have them there (quirk 8). */
export async function mediaSlots(client: BmcClient, options: MediaOptions = {}): Promise<MediaSlot[]> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const { unusableSlots } = traitsOf(systemVendor(system.resource.body));
  const own = link(system.resource.body.VirtualMedia);
  const found = own === undefined ? [] : await slotsAt(client, own, options, unusableSlots);
  if (found.some((slot) => slot.usable)) return found;
  const managers = links(at(system.resource.body, "Links", "ManagedBy"));
  for (const path of managers.length > 0 ? managers : [(await client.manager(system, options)).path]) {
    const theirs = link((await client.get(path, options)).body.VirtualMedia);
    if (theirs === undefined || theirs === own) continue;
    found.push(...(await slotsAt(client, theirs, options, unusableSlots)));
  }
  return found;
}

/** One slot, read again. */
export async function readSlot(client: BmcClient, path: string, options: RequestOptions = {}): Promise<MediaSlot> {
  return slotOf(await client.get(path, options), undefined);
}

/**
 * Puts an image into a slot and sees that it is in. What was in it is ejected. Tries the next slot when one takes no payload at all
 * (quirk 70). Throws RedfishError: `notFound` without a slot, else what the BMC said last.
 */
export async function insertMedia(
  client: BmcClient,
  medium: MediaImage,
  options: MediaOptions = {},
): Promise<MediaResult> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const slots = choose(client, await mediaSlots(client, { ...options, system }), medium, options.slot);
  const present = slots.find((slot) => slot.inserted && sameImage(slot.image, medium.image));
  if (present) return { slot: present, changed: false };
  let last: RedfishError | undefined;
  for (const slot of slots) {
    try {
      return { slot: await insertInto(client, system, slot, medium, options), changed: true };
    } catch (error) {
      if (!(error instanceof RedfishError) || !["refused", "notFound"].includes(error.kind)) throw error;
      last = error;
    }
  }
  throw last ?? noSlot(client, system.path, "has no slot for it");
}

/** Empties a slot, or all that hold the image. Empty slots are left alone. Returns the slots that were emptied. */
export async function ejectMedia(
  client: BmcClient,
  options: MediaOptions & { image?: string } = {},
): Promise<MediaSlot[]> {
  const slots = (await mediaSlots(client, options)).filter(
    (slot) => (options.slot === undefined || isSlot(slot, options.slot)) && (slot.inserted || slot.image !== undefined),
  );
  const emptied: MediaSlot[] = [];
  for (const slot of slots.filter(({ image, inserted }) =>
    options.image === undefined ? inserted : sameImage(image, options.image),
  )) {
    emptied.push(await ejectFrom(client, slot, options));
  }
  return emptied;
}

/** Empties one slot and waits until it shows. */
export async function ejectFrom(client: BmcClient, slot: MediaSlot, options: MediaOptions = {}): Promise<MediaSlot> {
  const half = { ...options, verifySeconds: (options.verifySeconds ?? 60) / 2 };
  try {
    await eject(client, slot, options);
    return await settled(client, slot, (now) => !now.inserted, "still holds its medium after the eject", half);
  } catch (error) {
    if (!(error instanceof RedfishError) || !unclear.has(error.kind) || options.signal?.aborted) throw error;
  }
  await eject(client, slot, options);
  return settled(client, slot, (now) => !now.inserted, "still holds its medium after the eject", half);
}

/** Whether two image URLs mean the same. BMCs drop the scheme, the case of the host or all but the name when they read back (quirk 28). */
export function sameImage(shown: string | undefined, wanted: string): boolean {
  if (shown === undefined) return false;
  const bare = (url: string) =>
    url.replace(/^[a-z]+:\/\//i, "").replace(/^([^/:]+)(:(443|80))?\//, (_, host: string) => `${host.toLowerCase()}/`);
  const name = wanted.split("/").pop() ?? wanted;
  return (
    bare(shown) === bare(wanted) ||
    shown === name ||
    (wanted.endsWith(shown) && shown.includes("/") && shown.length >= name.length)
  );
}

async function slotsAt(
  client: BmcClient,
  path: string,
  options: MediaOptions,
  unusable: RegExp | undefined,
): Promise<MediaSlot[]> {
  try {
    return (await client.collection(path, options)).map((resource) => slotOf(resource, unusable));
  } catch (error) {
    if (error instanceof RedfishError && (error.kind === "notFound" || error.kind === "refused")) return [];
    throw error;
  }
}

function slotOf(resource: Resource, unusable: RegExp | undefined): MediaSlot {
  const { body } = resource;
  const image = str(body.Image);
  const id = idOf(resource);
  const patchable =
    "Image" in body && !("Actions" in body && actionOf(resource, "VirtualMedia.EjectMedia") !== undefined);
  return {
    id,
    path: resource.path,
    resource,
    mediaTypes: strings(body.MediaTypes ?? []),
    inserted: bool(body.Inserted) ?? (image !== undefined && str(body.ConnectedVia) !== "NotConnected"),
    image,
    usable: (actionOf(resource, "VirtualMedia.InsertMedia") !== undefined || patchable) && !unusable?.test(id),
  };
}

/** The slots to try, best first: those that take the kind of medium, empty ones before full ones only when the image is nowhere. */
function choose(client: BmcClient, slots: MediaSlot[], medium: MediaImage, wanted: string | undefined): MediaSlot[] {
  const kind = medium.kind ?? "CD";
  const kinds = kind === "CD" ? ["CD", "DVD"] : [kind, "USBStick", "Floppy"];
  if (slots.length === 0) {
    throw noSlot(
      client,
      "/redfish/v1/Managers",
      "lists no virtual media; enable them in the BMC (some list them only when configured, or with a licence)",
    );
  }
  if (wanted !== undefined) {
    const slot = slots.find((candidate) => isSlot(candidate, wanted));
    if (slot) return [slot];
    throw noSlot(
      client,
      slots[0].path,
      `has no virtual media slot "${wanted}"; it has ${slots.map(({ id }) => `"${id}"`).join(", ")}`,
    );
  }
  const takes = (slot: MediaSlot) =>
    slot.mediaTypes.length === 0 || slot.mediaTypes.some((type) => kinds.includes(type));
  const fitting = slots.filter((slot) => slot.usable && takes(slot));
  if (fitting.length > 0) return fitting;
  throw noSlot(
    client,
    slots[0].path,
    `has no virtual media slot for ${kind}; it has ${slots.map(({ id, mediaTypes }) => `"${id}" (${mediaTypes.join(", ")})`).join(", ")}`,
  );
}

function isSlot(slot: MediaSlot, wanted: string): boolean {
  return slot.id === wanted || slot.path === wanted || slot.path === wanted.replace(/\/+$/, "");
}

async function insertInto(
  client: BmcClient,
  system: SystemRef,
  slot: MediaSlot,
  medium: MediaImage,
  options: MediaOptions,
): Promise<MediaSlot> {
  if (slot.inserted) await ejectFrom(client, slot, options);
  for (let round = 0; ; round++) {
    try {
      await climb(client, system, slot, medium, options);
      return await settled(
        client,
        slot,
        (now) => now.inserted && holds(now, medium.image),
        "does not show the image after the insert",
        options,
      );
    } catch (error) {
      if (!(error instanceof RedfishError) || !unclear.has(error.kind)) throw error;
      const now = await readSlot(client, slot.path, options);
      if (now.inserted && sameImage(now.image, medium.image)) return now;
      if (error.kind === "refused" || round >= EJECT_RETRIES) throw error;
      await eject(client, slot, options).catch((failed: unknown) => {
        if (!(failed instanceof RedfishError) || failed.kind === "cancelled") throw failed;
      });
      await client.pause(EJECT_PAUSE, options.signal);
    }
  }
}

/** Some BMCs show only the file's name, or no image at all, for a medium that is in. */
function holds(slot: MediaSlot, image: string): boolean {
  const shown = slot.image ?? str(slot.resource.body.ImageName);
  return shown === undefined || sameImage(shown, image);
}

/** Payload after payload until one is taken; the BMC's words choose the next. */
async function climb(
  client: BmcClient,
  system: SystemRef,
  slot: MediaSlot,
  medium: MediaImage,
  options: MediaOptions,
): Promise<void> {
  const action = actionOf(slot.resource, "VirtualMedia.InsertMedia");
  const traits = traitsOf(systemVendor(system.resource.body));
  let payload: Payload | undefined = firstPayload(medium, {
    traits,
    parameters: action && [...(await parametersOf(client, action, options)).keys()],
    methods: action && (await inlineValues(client, action, "TransferMethod", options)),
    protocols: action && (await inlineValues(client, action, "TransferProtocolType", options)),
    patch: action === undefined,
  });
  const tried = new Set<string>();
  let first: RedfishError | undefined;
  while (payload) {
    tried.add(JSON.stringify(payload));
    try {
      await send(client, slot, action, payload, options);
      return;
    } catch (error) {
      if (!(error instanceof RedfishError) || error.kind !== "refused") throw error;
      first ??= error;
      payload = nextPayload(payload, medium, error, tried);
    }
  }
  throw first ?? noSlot(client, slot.path, "takes no payload");
}

async function inlineValues(
  client: BmcClient,
  action: Action,
  name: string,
  options: RequestOptions,
): Promise<string[]> {
  return (await allowableValues(client, action, name, options)) ?? [];
}

/** The action; PATCH where there is none (Lenovo, quirk 56). */
async function send(
  client: BmcClient,
  slot: MediaSlot,
  action: Action | undefined,
  payload: Payload,
  options: RequestOptions,
): Promise<void> {
  const result = action
    ? await client.post(action.target, payload, { signal: options.signal, idempotent: true })
    : await client.patch(slot.path, payload, { signal: options.signal, etag: slot.resource.etag });
  if (result.task) await client.task(result.task, { signal: options.signal, waitSeconds: 300 });
}

async function eject(client: BmcClient, slot: MediaSlot, options: RequestOptions): Promise<void> {
  const action = actionOf(slot.resource, "VirtualMedia.EjectMedia");
  const insert = actionOf(slot.resource, "VirtualMedia.InsertMedia");
  if (!action && !insert) {
    await client.patch(
      slot.path,
      { Image: null, Inserted: false },
      { signal: options.signal, etag: slot.resource.etag },
    );
    return;
  }
  const target = action?.target ?? usualTarget(slot.resource, "VirtualMedia.EjectMedia");
  try {
    const result = await client.post(target, {}, { signal: options.signal, idempotent: true });
    if (result.task) await client.task(result.task, { signal: options.signal, waitSeconds: 300 });
  } catch (error) {
    if (!(error instanceof RedfishError) || !["refused", "conflict", "notFound"].includes(error.kind)) throw error;
    if ((await readSlot(client, slot.path, options)).inserted) throw error;
  }
}

async function settled(
  client: BmcClient,
  slot: MediaSlot,
  done: (now: MediaSlot) => boolean,
  complaint: string,
  options: MediaOptions,
): Promise<MediaSlot> {
  const seconds = options.verifySeconds ?? 60;
  const deadline = client.clock.now() + seconds * 1000;
  for (;;) {
    const now = await readSlot(client, slot.path, options);
    if (done(now)) return now;
    if (client.clock.now() >= deadline) {
      throw new RedfishError("timeout", `${client.endpoint}: ${slot.path} ${complaint} (${seconds} s)`, {
        endpoint: client.endpoint,
        path: slot.path,
      });
    }
    await client.pause(1_000, options.signal);
  }
}

function noSlot(client: BmcClient, path: string, text: string): RedfishError {
  return new RedfishError("notFound", `${client.endpoint} ${text}`, { endpoint: client.endpoint, path });
}
