import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { at, isObject, link, list, localPath, samePath, str } from "./read";
import type { Body, CollectionOptions, Resource } from "./types";

/** More pages or members than any server has: the BMC leads us in circles. */
const MAX_PAGES = 200;
const MAX_MEMBERS = 2_000;

/** BMCs whose `$expand` turned out to be unusable. */
const cannotExpand = new WeakSet<BmcClient>();

/** False once the BMC has refused to expand, or where its root does not offer it; true before anything was tried. */
export function canExpand(client: BmcClient): boolean {
  return !cannotExpand.has(client);
}

/** See BmcClient.collection. */
export async function collection(client: BmcClient, path: string, options: CollectionOptions): Promise<Resource[]> {
  const wanted = options.filter ?? (() => true);
  const members = new Map<string, Resource | undefined>();
  for await (const page of pages(client, path, options)) {
    for (const member of list(page.Members)) {
      const id = link(member);
      if (id === undefined || !wanted(id) || members.has(id.replace(/\/+$/, ""))) continue;
      members.set(id.replace(/\/+$/, ""), expanded(member, id));
      if (members.size > MAX_MEMBERS) throw endless(client, path, `more than ${MAX_MEMBERS} members`);
    }
  }
  const resources: Resource[] = [];
  for (const [id, resource] of members) {
    const found = resource ?? (await memberAt(client, id, options));
    if (found) resources.push(found);
  }
  return resources;
}

async function* pages(client: BmcClient, path: string, options: CollectionOptions): AsyncGenerator<Body> {
  const seen = new Set<string>();
  let page: Resource | undefined = await firstPage(client, path, options);
  let next: string | undefined = path;
  while (page && next !== undefined) {
    seen.add(next);
    if (seen.size > MAX_PAGES) throw endless(client, path, `more than ${MAX_PAGES} pages`);
    yield page.body;
    next = nextLink(client, page);
    if (next === undefined || seen.has(next)) return;
    page = await client.get(next, options);
  }
}

/** The next page; a link that leads elsewhere is an error rather than a silently short list. */
function nextLink(client: BmcClient, page: Resource): string | undefined {
  const raw = page.body["Members@odata.nextLink"] ?? page.body["@odata.nextLink"];
  const text = str(raw) ?? str(at(raw, "@odata.id"));
  if (text === undefined) return undefined;
  const path = localPath(text);
  if (path !== undefined) return path;
  throw new RedfishError(
    "protocol",
    `${client.endpoint}: the next page of ${page.path} is not on this BMC ("${text.slice(0, 200)}")`,
    {
      endpoint: client.endpoint,
      path: page.path,
      method: "GET",
    },
  );
}

async function firstPage(client: BmcClient, path: string, options: CollectionOptions): Promise<Resource> {
  const query = options.expand === false || cannotExpand.has(client) ? undefined : await expandQuery(client, options);
  if (query === undefined) return client.get(path, options);
  try {
    const page = await client.get(`${path}?${query}`, { ...options, attempts: 2 });
    if (Array.isArray(page.body.Members)) return page;
    cannotExpand.add(client);
  } catch (error) {
    if (!(error instanceof RedfishError) || !["notFound", "refused", "protocol", "busy"].includes(error.kind))
      throw error;
    if (error.kind === "notFound" && error.messageId !== undefined) throw error;
    if (error.status !== 503 && error.status !== 429) cannotExpand.add(client);
  }
  return client.get(path, options);
}

async function expandQuery(client: BmcClient, options: CollectionOptions): Promise<string | undefined> {
  const { expand } = await client.root(options);
  if (expand !== "none") return `$expand=${expand}($levels=1)`;
  cannotExpand.add(client);
  return undefined;
}

/** A member that came whole: more than a reference. */
function expanded(member: unknown, path: string): Resource | undefined {
  if (!isObject(member) || Object.keys(member).filter((key) => !key.startsWith("@odata.")).length === 0)
    return undefined;
  return { path, body: member, etag: str(member["@odata.etag"]) };
}

async function memberAt(client: BmcClient, path: string, options: CollectionOptions): Promise<Resource | undefined> {
  try {
    const resource = await client.get(path, options);
    return samePath(resource.path, path) ? { ...resource, path } : resource;
  } catch (error) {
    if (error instanceof RedfishError && error.kind === "notFound") return undefined;
    throw error;
  }
}

function endless(client: BmcClient, path: string, what: string): RedfishError {
  return new RedfishError(
    "protocol",
    `${client.endpoint}: the collection ${path} has ${what}; the BMC repeats itself`,
    {
      endpoint: client.endpoint,
      path,
      method: "GET",
    },
  );
}
