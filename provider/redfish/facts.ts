import { attributesOf } from "./bios-names";
import type { BmcClient } from "./client";
import { canExpand } from "./collection";
import {
  type DriveSource,
  cpuFacts,
  driveFacts,
  memoryFacts,
  settingFacts,
  simpleDrives,
  tpmFacts,
  uuidFacts,
} from "./facts-parts";
import { type NicOptions, readNics } from "./nics";
import { members, optional } from "./optional";
import { systemVendor, traitsOf } from "./quirks";
import { isObject, link, links, list, str, at } from "./read";
import type { Body, DriveFacts, HardwareFacts, Known, RequestOptions, Resource, SystemRef } from "./types";

export interface FactsOptions extends NicOptions {
  systemId?: string;
  /** The system as just read, to save a request. */
  system?: SystemRef;
}

/** Who a server is: from its system resource alone. */
export type Identity = Pick<HardwareFacts, "manufacturer" | "model" | "serial" | "sku" | "uuid">;

/** Identity of a system that was read. On Dell `SerialNumber` is the board's and `SKU` the service tag (quirk 24). */
export function identityOf(system: SystemRef): Identity {
  const { body } = system.resource;
  const sku = str(body.SKU);
  const serial = traitsOf(systemVendor(body)).skuIsSerial ? (sku ?? str(body.SerialNumber)) : str(body.SerialNumber);
  return {
    manufacturer: str(body.Manufacturer) ?? "unknown",
    model: str(body.Model) ?? "unknown",
    serial: serial ?? "unknown",
    sku: sku ?? "unknown",
    uuid: uuidFacts(body.UUID),
  };
}

/**
 * All facts of a server. With `$expand` about nine requests after login, plus one a storage controller, plus one an adapter where a speed
 * is missing; a part that the BMC cannot tell is "unknown". Throws RedfishError only when the BMC itself cannot be read.
 */
export async function readFacts(client: BmcClient, given: FactsOptions = {}): Promise<HardwareFacts> {
  const system = given.system ?? (await client.system(given.systemId, given));
  const options = { ...given, attempts: given.attempts ?? 3 };
  const { body } = system.resource;
  const processors = await members(client, body.Processors, options);
  const hasMemory = at(body, "MemorySummary", "TotalSystemMemoryGiB");
  const modules = hasMemory ? undefined : await members(client, body.Memory, options);
  const bios = await optional(() => client.get(link(body.Bios) ?? `${system.path}/Bios`, options));
  const attributes = bios ? attributesOf(bios.body) : {};
  const manager = await optional(() => client.manager(system, options));
  return {
    ...identityOf(system),
    cpu: cpuFacts(body, processors),
    memoryGiB: memoryFacts(body, modules),
    drives: await drives(client, body, options),
    nics: await readNics(client, system, options),
    ...settingFacts(attributes),
    tpm: tpmFacts(body, attributes),
    firmware: {
      bios: str(body.BiosVersion) ?? "unknown",
      bmc: str(manager?.resource.body.FirmwareVersion) ?? "unknown",
    },
  };
}

async function drives(client: BmcClient, system: Body, options: RequestOptions): Promise<Known<DriveFacts[]>> {
  const controllers = await members(client, system.Storage, options);
  if (controllers) {
    const sources: DriveSource[] = [];
    for (const storage of controllers) sources.push({ storage, drives: await drivesOf(client, storage, options) });
    const found = driveFacts(sources);
    if (found.length > 0) return found;
  }
  const simple = await members(client, system.SimpleStorage, options);
  const found = simple ? simpleDrives(simple) : [];
  if (found.length > 0 || controllers || simple) return found;
  return "unknown";
}

/** Drives behind a controller: in one request where the BMC can expand them, else one by one. */
async function drivesOf(client: BmcClient, storage: Resource, options: RequestOptions): Promise<Resource[]> {
  const listed = list(storage.body.Drives);
  const whole = (entries: unknown[]) => entries.flatMap((entry) => expandedDrive(entry) ?? []);
  const inline = whole(listed);
  if (inline.length === listed.length) return inline;
  const { expand } = await client.root(options);
  if (expand !== "none" && canExpand(client) && listed.length > 1) {
    const answer = await client.peek(`${storage.path}?$expand=${expand}($levels=1)`, { ...options, attempts: 2 });
    const found = answer.status === 200 ? whole(list(answer.body.Drives)) : [];
    if (found.length === listed.length) return found;
  }
  const resources: Resource[] = [];
  for (const path of links(listed)) {
    const drive = await optional(() => client.get(path, options));
    if (drive) resources.push(drive);
  }
  return resources;
}

function expandedDrive(entry: unknown): Resource | undefined {
  const path = link(entry);
  if (path === undefined || !isObject(entry)) return undefined;
  return Object.keys(entry).some((key) => !key.startsWith("@odata.")) ? { path, body: entry } : undefined;
}
