import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { bogusSystems, oemKeys, traitsOf, vendorOf } from "./quirks";
import { at, bool, idOf, lastSegment, link, links, num, str } from "./read";
import type { ManagerRef, RequestOptions, Resource, ServiceRoot, SystemRef } from "./types";

/** What one client has found out about its BMC. */
export interface Resolved {
  root?: ServiceRoot;
  systemPaths?: string[];
  onlySystem?: string;
}

export async function readRoot(client: BmcClient, options: RequestOptions): Promise<ServiceRoot> {
  return rootOf(await client.getAnonymously("/redfish/v1/", options));
}

/** Reads a service root, which may lack anything (quirk 66). */
export function rootOf(resource: Resource): ServiceRoot {
  const { body } = resource;
  const oem = oemKeys(body);
  const vendor = str(body.Vendor) ?? oem[0];
  const query = at(body, "ProtocolFeaturesSupported", "ExpandQuery");
  const levels = bool(at(query, "Levels")) !== false && (num(at(query, "MaxLevels")) ?? 1) >= 1;
  const usable = levels && !traitsOf(vendorOf(vendor, ...oem)).noExpand;
  const word = bool(at(query, "NoLinks")) ? "." : bool(at(query, "ExpandAll")) ? "*" : "none";
  return {
    resource,
    redfishVersion: str(body.RedfishVersion),
    uuid: str(body.UUID),
    vendor,
    product: str(body.Product),
    expand: usable ? word : "none",
  };
}

/** Where the services are: the usual place first, because it saves a request; the root's word when it is not there. */
async function servicePath(
  client: BmcClient,
  name: "Systems" | "Managers",
  options: RequestOptions,
): Promise<Resource> {
  const usual = `/redfish/v1/${name}`;
  try {
    return await client.get(usual, options);
  } catch (error) {
    if (!(error instanceof RedfishError) || error.kind !== "notFound") throw error;
    const root = await client.root(options);
    const path = link(root.resource.body[name]);
    if (path === undefined || path === usual) throw error;
    return client.get(path, options);
  }
}

export async function findSystem(
  client: BmcClient,
  resolved: Resolved,
  id: string | undefined,
  options: RequestOptions,
): Promise<SystemRef> {
  const known = id === undefined ? resolved.onlySystem : resolved.systemPaths?.find((path) => lastSegment(path) === id);
  if (known !== undefined) return systemAt(client, known, options);
  const paths = resolved.systemPaths ?? links((await servicePath(client, "Systems", options)).body.Members);
  if (paths.length === 0)
    throw noSystem(client, "lists no systems; if it was just switched on, try again in a few minutes");
  // A BMC that has just started lists none yet: only an answer that says something is kept.
  resolved.systemPaths = paths;
  if (id !== undefined) return systemById(client, paths, id, options);
  const plausible = paths.filter((path) => !bogusSystems.test(lastSegment(path)));
  const system = await onlySystem(client, plausible.length > 0 ? plausible : paths, options);
  resolved.onlySystem = system.path;
  return system;
}

async function systemAt(client: BmcClient, path: string, options: RequestOptions): Promise<SystemRef> {
  const resource = await client.get(path, options);
  return { id: idOf(resource), path: resource.path, resource };
}

async function systemById(client: BmcClient, paths: string[], id: string, options: RequestOptions): Promise<SystemRef> {
  const direct = paths.find((path) => lastSegment(path) === id || path === id);
  if (direct !== undefined) return systemAt(client, direct, options);
  for (const path of paths) {
    const system = await systemAt(client, path, options);
    if (system.id === id) return system;
  }
  throw noSystem(client, `has no system "${id}"; it has ${paths.map((path) => `"${lastSegment(path)}"`).join(", ")}`);
}

/** Among several, the one that is a physical server and can boot. */
async function onlySystem(client: BmcClient, paths: string[], options: RequestOptions): Promise<SystemRef> {
  if (paths.length === 1) return systemAt(client, paths[0], options);
  const systems: SystemRef[] = [];
  for (const path of paths) {
    try {
      systems.push(await systemAt(client, path, options));
    } catch (error) {
      if (!(error instanceof RedfishError) || error.kind !== "notFound") throw error;
    }
  }
  const bootable = systems.filter(
    ({ resource: { body } }) => body.Boot !== undefined && (str(body.SystemType) ?? "Physical") === "Physical",
  );
  const candidates = bootable.length > 0 ? bootable : systems;
  if (candidates.length === 1) return candidates[0];
  const ids = candidates.map((system) => `"${system.id}"`).join(", ");
  throw noSystem(
    client,
    candidates.length === 0
      ? "lists only systems that are not there"
      : `has several systems: choose one of ${ids} as systemId`,
  );
}

function noSystem(client: BmcClient, text: string): RedfishError {
  return new RedfishError("notFound", `${client.endpoint} ${text}`, {
    endpoint: client.endpoint,
    path: "/redfish/v1/Systems",
  });
}

export async function findManager(
  client: BmcClient,
  system: SystemRef | undefined,
  options: RequestOptions,
): Promise<ManagerRef> {
  const named = links(at(system?.resource.body, "Links", "ManagedBy"));
  const paths = named.length > 0 ? named : links((await servicePath(client, "Managers", options)).body.Members);
  const first = paths.find((path) => !bogusSystems.test(lastSegment(path))) ?? paths[0];
  if (first === undefined) {
    throw new RedfishError("notFound", `${client.endpoint} lists no managers`, {
      endpoint: client.endpoint,
      path: "/redfish/v1/Managers",
    });
  }
  const resource = await client.get(first, options);
  return { id: idOf(resource), path: resource.path, resource };
}
