import type { BmcConnection } from "../../resources/redfish/connection";
import { endpointOf } from "../deps";
import { read } from "../redfish";

/** What an id says: `https://bmc/redfish/v1/Systems/1#Boot`. */
export interface ParsedId {
  endpoint: string;
  path: string;
  fragment?: string;
}

/** The id of a thing at a BMC. */
export function idOf(connection: Pick<BmcConnection, "endpoint">, path: string, fragment?: string): string {
  return `${endpointOf(connection)}${path.replace(/\/+$/, "")}${fragment ? `#${fragment}` : ""}`;
}

/** Reads an id; throws with an example when it is none. */
export function parseId(id: string, example: string): ParsedId {
  const shown = id.replace(/\/\/[^/@]*@/, "//[redacted]@").slice(0, 300);
  const wrong = (why: string) => new Error(`"${shown}" is no id: ${why}; write it as ${example}`);
  if (!/^https?:\/\//.test(id) || !URL.canParse(id)) throw wrong("it does not begin with the URL of a BMC");
  const url = new URL(id);
  if (url.username || url.password) throw wrong("credentials belong into the provider's configuration");
  const path = read.localPath(url.pathname);
  if (path === undefined || !path.startsWith("/redfish/")) throw wrong("it has no path of a Redfish resource");
  return {
    endpoint: url.origin,
    path: path.replace(/\/+$/, ""),
    fragment: url.hash.slice(1) || undefined,
  };
}

/** Where a resource that is in state lives: the path of its id at the connection's endpoint, which may have moved. */
export function located(
  id: string,
  example: string,
  known: { inputs?: { connection: BmcConnection }; state?: { connection?: BmcConnection } },
): { connection: BmcConnection; path: string; fragment?: string } {
  const parsed = parseId(id, example);
  const connection = known.inputs?.connection ?? known.state?.connection ?? { endpoint: parsed.endpoint };
  return { connection, path: parsed.path, fragment: parsed.fragment };
}
