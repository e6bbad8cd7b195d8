import type { Json, JsonObject } from "../json";
import { isObject } from "../json";
import { routerFor } from "../resources";
import { refuse } from "./errors";
import type { Exchange } from "./exchange";

const SUPPORTED = new Set(["$expand", "$select", "$top", "$skip"]);

/** Refuses queries that the service or the resource does not have. */
export function checkQuery(x: Exchange, resource: JsonObject): void {
  for (const [key, value] of x.query) {
    if (key === "only") {
      if (value !== "") throw refuse(400, "QueryParameterValueTypeError", value, key);
      if (!Array.isArray(resource.Members)) throw refuse(400, "QueryNotSupportedOnResource");
      continue;
    }
    if (!key.startsWith("$")) continue;
    if (!SUPPORTED.has(key) || (key === "$expand" && x.bmc.dialect.expandLevels === 0))
      throw refuse(501, "QueryNotSupported");
    if (key === "$top" || key === "$skip") {
      if (!Array.isArray(resource.Members)) throw refuse(400, "QueryNotSupportedOnResource");
      if (!/^-?\d+$/.test(value)) throw refuse(400, "QueryParameterValueTypeError", value, key);
      if (Number(value) < 0) throw refuse(400, "QueryParameterOutOfRange", value, key, "0 and up");
    }
  }
}

/** The resource as the query asks for it: a page of its members, with links replaced by what they lead to, or a few properties. */
export async function shape(x: Exchange, resource: JsonObject): Promise<JsonObject> {
  let shaped = page(x, resource);
  if (x.query.has("only") && Array.isArray(shaped.Members) && shaped.Members.length === 1) {
    shaped = (await fetch(x, shaped.Members[0] ?? null)) ?? shaped;
  }
  const expand = x.query.get("$expand");
  if (expand !== null) {
    const parsed = /^([.*~])(?:\(\$levels=(\d+)\))?$/.exec(expand);
    if (!parsed) throw refuse(400, "QueryParameterValueTypeError", expand, "$expand");
    const levels = Number(parsed[2] ?? 1);
    if (levels < 1 || levels > x.bmc.dialect.expandLevels) {
      throw refuse(400, "QueryParameterOutOfRange", String(levels), "$levels", `1 to ${x.bmc.dialect.expandLevels}`);
    }
    shaped = (await expanded(x, shaped, parsed[1] ?? ".", levels, false)) as JsonObject;
  }
  const select = x.query.get("$select");
  return select === null ? shaped : selected(shaped, select.split(","));
}

function page(x: Exchange, resource: JsonObject): JsonObject {
  if (!Array.isArray(resource.Members)) return resource;
  const skip = Number(x.query.get("$skip") ?? 0);
  const top = x.query.get("$top");
  const size = Math.min(top === null ? Infinity : Number(top), x.bmc.spec.pageSize ?? Infinity);
  if (skip === 0 && size >= resource.Members.length) return resource;
  const members = resource.Members.slice(skip, skip + size);
  const next = skip + members.length;
  const more = next < resource.Members.length && members.length > 0;
  return {
    ...resource,
    Members: members,
    ...(more ? { "Members@odata.nextLink": `${x.path}?$skip=${next}${top === null ? "" : `&$top=${top}`}` } : {}),
  };
}

/** `.` follows links outside Links, `~` those inside, `*` all. */
async function expanded(x: Exchange, value: Json, which: string, levels: number, inLinks: boolean): Promise<Json> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => expanded(x, item, which, levels, inLinks)));
  if (!isObject(value)) return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && keys[0] === "@odata.id") {
    if (which !== "*" && inLinks !== (which === "~")) return value;
    const target = await fetch(x, value);
    if (!target) return value;
    return levels > 1 ? expanded(x, target, which, levels - 1, false) : target;
  }
  const result: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    const skipped = key === "Actions" || key === "Oem" || key.startsWith("@");
    result[key] = skipped ? member : await expanded(x, member ?? null, which, levels, inLinks || key === "Links");
  }
  return result;
}

async function fetch(x: Exchange, reference: Json): Promise<JsonObject | undefined> {
  const path = isObject(reference) ? reference["@odata.id"] : undefined;
  if (typeof path !== "string" || path.includes("#")) return undefined;
  const found = routerFor(x.bmc.dialect).find(path);
  return found?.route.get?.({ ...x, path, params: found.params, query: new URLSearchParams() });
}

function selected(resource: JsonObject, names: string[]): JsonObject {
  const wanted = new Set(names.map((name) => name.split("/")[0]));
  const entries = Object.entries(resource).filter(
    ([key]) => key.startsWith("@odata.") || wanted.has(key.split("@")[0] ?? key),
  );
  return Object.fromEntries(entries);
}
