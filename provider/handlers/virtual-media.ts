import type { VirtualMediaArgs, VirtualMediaState } from "../../resources/redfish/virtual-media";
import type { Configuration } from "../config";
import { type Bmc, bmcAccess, type BmcAccess, type Context, endpointOf, isNotFound } from "../deps";
import type { Change, HandlerFactory, ResourceHandler } from "../kit/handler";
import {
  ejectFrom,
  insertMedia,
  type MediaSlot,
  mediaSlots,
  read,
  readSlot,
  RedfishError,
  sameImage,
  type SystemRef,
} from "../redfish";
import { Checker, checkConnection, checkSystemId, isUnknown, notAllowed } from "./check";
import { idOf, located } from "./ids";
import { machineOf } from "./identity";
import { known, merged, partial, systemOf, undeletable, verifyMove } from "./operate";

const EXAMPLE = "https://bmc1.example.com/redfish/v1/Managers/1/VirtualMedia/CD";
const INPUTS: (keyof VirtualMediaArgs)[] = [
  ...(["connection", "systemId", "image", "slot", "writeProtected"] as const),
  ...(["transferMethod", "transferProtocol", "username", "password"] as const),
];
/** What makes it another medium; the rest is how to get there. */
const MEDIUM = ["image", "writeProtected", "transferMethod", "transferProtocol", "username", "password"] as const;

/** `rackform:redfish:VirtualMedia`. */
export const handler: HandlerFactory<Configuration, VirtualMediaArgs, VirtualMediaState> = (deps) =>
  new VirtualMediaHandler(bmcAccess(deps));

class VirtualMediaHandler implements ResourceHandler<VirtualMediaArgs, VirtualMediaState, Configuration> {
  readonly token = "rackform:redfish:VirtualMedia";
  /** Many BMCs cannot hold two media at once. */
  readonly deleteBeforeReplace = true;

  constructor(private readonly access: BmcAccess) {}

  check(_ctx: Context, news: VirtualMediaArgs) {
    const checker = new Checker();
    checkConnection(checker, news.connection);
    checkSystemId(checker, news.systemId);
    checkMedium(checker, news);
    return { inputs: news, failures: checker.failures };
  }

  diff(
    _ctx: Context,
    {
      olds,
      oldInputs,
      news,
      changes,
    }: { olds: VirtualMediaState; oldInputs: VirtualMediaArgs; news: VirtualMediaArgs; changes: Change[] },
  ): Change[] {
    const here = (path: string) =>
      (path === "slot" && (news.slot === undefined || news.slot === olds.slotId)) ||
      (path === "systemId" && (news.systemId === undefined || oldInputs.systemId === undefined));
    const kept = changes.filter(({ path }) => !here(path));
    if (olds.inserted === false && !kept.some(({ path }) => path === "image")) {
      kept.push({ path: "image", kind: "update", replace: false, against: "state" });
    }
    return kept;
  }

  async create(ctx: Context, inputs: VirtualMediaArgs, { preview }: { preview: boolean }) {
    if (preview) return { id: "", state: known(inputs) as Partial<VirtualMediaState> };
    return this.access.write(ctx, inputs.connection, "create of VirtualMedia", async (bmc) => {
      const system = await systemOf(bmc, { systemId: inputs.systemId });
      const slot = await chooseSlot(bmc, system, inputs);
      const id = idOf(inputs.connection, slot.path);
      const state: Partial<VirtualMediaState> = {
        ...(known(inputs) as Partial<VirtualMediaState>),
        ...slotState(slot),
        server: machineOf(system),
      };
      return { id, state: await this.insert(ctx, bmc, id, system, slot, inputs, state) };
    });
  }

  async read(ctx: Context, id: string, old: { inputs?: VirtualMediaArgs; state?: VirtualMediaState }) {
    const { connection, path } = located(id, EXAMPLE, old);
    return this.access.read(ctx, connection, async (bmc) => {
      let slot: MediaSlot;
      try {
        slot = await readSlot(bmc.client, path, { signal: ctx.signal });
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
      const importing = old.inputs === undefined;
      // An empty slot is no medium: there is nothing to import.
      if (importing && !slot.inserted) return undefined;
      const shown = slot.inserted ? (slot.image ?? "") : "";
      const inputs: VirtualMediaArgs = old.inputs
        ? { ...old.inputs, image: slot.inserted && holds(slot, old.inputs.image) ? old.inputs.image : shown }
        : { connection, image: shown, slot: slot.id };
      const server = old.state?.server ?? (await machineAt(bmc, old.inputs?.systemId));
      return { id, inputs, state: { ...inputs, ...slotState(slot), server } };
    });
  }

  async update(
    ctx: Context,
    id: string,
    args: { olds: VirtualMediaState; oldInputs: VirtualMediaArgs; news: VirtualMediaArgs; preview: boolean },
  ): Promise<Partial<VirtualMediaState>> {
    const { olds, oldInputs, news } = args;
    const state: Partial<VirtualMediaState> = merged(olds, news, INPUTS);
    if (args.preview) return { ...state, inserted: true };
    const again = MEDIUM.some((name) => oldInputs[name] !== news[name]) || olds.inserted !== true;
    const work = async (bmc: Bmc) => {
      const system = await systemOf(bmc, { systemId: news.systemId });
      verifyMove(system, oldInputs.connection, news.connection, olds.server);
      if (!again) return state;
      const slot = await readSlot(bmc.client, olds.slotPath, { signal: ctx.signal });
      const same = oldInputs.image === news.image && slot.inserted && holds(slot, news.image);
      // The same image with another password or protection has to go in anew.
      if (same && olds.inserted) await ejectFrom(bmc.client, slot, { signal: ctx.signal });
      return this.insert(ctx, bmc, id, system, slot, news, state);
    };
    if (!again) return this.access.read(ctx, news.connection, work);
    return this.access.write(ctx, news.connection, "update of VirtualMedia", work);
  }

  async delete(ctx: Context, id: string, state: VirtualMediaState): Promise<void> {
    const { connection, path } = located(id, EXAMPLE, { state });
    try {
      await this.access.write(ctx, connection, "delete of VirtualMedia", async (bmc) => {
        const slot = await readSlot(bmc.client, path, { signal: ctx.signal });
        if (!slot.inserted || !holds(slot, state.image)) return;
        await ejectFrom(bmc.client, slot, { signal: ctx.signal });
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw undeletable(endpointOf(connection), "the virtual medium", error);
    }
  }

  private async insert(
    ctx: Context,
    bmc: Bmc,
    id: string,
    system: SystemRef,
    slot: MediaSlot,
    inputs: VirtualMediaArgs,
    state: Partial<VirtualMediaState>,
  ): Promise<Partial<VirtualMediaState>> {
    const { image, username, password, writeProtected, transferMethod, transferProtocol } = inputs;
    try {
      const medium = { image, username, password, writeProtected, transferMethod, transferProtocol };
      const result = await insertMedia(bmc.client, medium, { system, slot: slot.path, signal: ctx.signal });
      return { ...state, ...slotState(result.slot) };
    } catch (error) {
      const now = ctx.signal.aborted ? slot : await readSlot(bmc.client, slot.path).catch(() => slot);
      const touched = ctx.signal.aborted || now.inserted !== slot.inserted || now.image !== slot.image;
      throw touched ? partial<VirtualMediaState>(id, { ...state, ...slotState(now), inserted: false }, error) : error;
    }
  }
}

/**
 * The slot that is named; else one that holds the image already; else an empty one that takes CDs. A medium of somebody else is
 * put out only of a slot that is named.
 */
async function chooseSlot(bmc: Bmc, system: SystemRef, inputs: VirtualMediaArgs): Promise<MediaSlot> {
  const { endpoint } = bmc.client;
  const slots = await mediaSlots(bmc.client, { system, signal: bmc.signal });
  const list = (some: MediaSlot[]) =>
    some.map(({ id, image }) => `"${id}"${image ? ` (holds ${image})` : ""}`).join(", ");
  if (slots.length === 0) {
    throw new Error(
      `${endpoint}: the BMC lists no virtual media; enable them in the BMC (some list them only when they are configured, or with a licence)`,
    );
  }
  if (inputs.slot !== undefined) {
    const named = slots.find(({ id }) => id === inputs.slot);
    if (named) return named;
    throw new Error(`${endpoint}: slot "${inputs.slot}" is not there; the BMC has ${list(slots)}`);
  }
  const fitting = slots.filter(
    ({ usable, mediaTypes }) =>
      usable && (mediaTypes.length === 0 || mediaTypes.some((type) => type === "CD" || type === "DVD")),
  );
  const found =
    fitting.find((slot) => slot.inserted && holds(slot, inputs.image)) ?? fitting.find(({ inserted }) => !inserted);
  if (found) return found;
  if (fitting.length === 0) throw new Error(`${endpoint}: no slot takes CDs; the BMC has ${list(slots)}`);
  throw new Error(
    `${endpoint}: every slot for CDs is taken: ${list(fitting)}; eject one, or name it as slot to replace what it holds`,
  );
}

/** Nothing when the BMC has several systems and none is chosen. */
async function machineAt(bmc: Bmc, systemId: string | undefined): Promise<VirtualMediaState["server"]> {
  try {
    return machineOf(await systemOf(bmc, { systemId }));
  } catch (error) {
    if (error instanceof RedfishError && error.kind === "notFound") return {};
    throw error;
  }
}

function checkMedium(checker: Checker, args: VirtualMediaArgs): void {
  checker.judge("image", args.image, (image) => {
    const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(\/.*)?$/i.exec(image);
    const share = /^\/\/[^/]+\/.+|^[^/:]+:\/.+/.test(image);
    if (match && /@/.test(match[2])) return "holds credentials; they belong into username and password";
    if (!match && !share) return notAllowed(image, "it is a URL such as https://images.example.com/rescue.iso");
    if (match && !/^(https?|nfs|cifs|smb|ftp|sftp|scp|tftp)$/i.test(match[1])) {
      return notAllowed(image, "a BMC fetches over http, https, nfs, cifs, smb, ftp, sftp, scp or tftp");
    }
    if (match && (match[2] === "" || (match[3] ?? "/") === "/")) return notAllowed(image, "it names a host and a file");
    return /\s/.test(image) ? notAllowed(image, "blanks are written as %20") : undefined;
  });
  checker.judge("slot", args.slot, (slot) =>
    /^[^/?#\s]+$/.test(slot)
      ? undefined
      : notAllowed(slot, 'it is the Id of a VirtualMedia, such as "CD" or "1", without a path'),
  );
  if (args.password !== undefined && args.username === undefined && !isUnknown(args.password)) {
    checker.fail("username", "is missing, but password is given; name the account at the image's server");
  }
  checker.judge("username", args.username, (name) =>
    name.trim() === "" ? "is empty; name an account, or leave it out" : undefined,
  );
}

/** Some BMCs show only the file's name, or nothing at all, of a medium that is in. */
function holds(slot: MediaSlot, image: string): boolean {
  const shown = slot.image ?? read.str(slot.resource.body.ImageName);
  return shown === undefined || sameImage(shown, image);
}

function slotState(
  slot: MediaSlot,
): Pick<VirtualMediaState, "slotPath" | "slotId" | "mediaTypes" | "inserted" | "connectedVia"> {
  const via = read.str(slot.resource.body.ConnectedVia);
  return {
    slotPath: slot.path,
    slotId: slot.id,
    mediaTypes: slot.mediaTypes,
    inserted: slot.inserted,
    ...(via === undefined ? {} : { connectedVia: via }),
  };
}
