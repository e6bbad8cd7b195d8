import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { link } from "./read";
import type { ErrorKind, RequestOptions, Resource } from "./types";

const excused = new Set<ErrorKind>(["notFound", "refused", "protocol", "license", "conflict", "busy"]);

/**
 * Undefined on errors that mean "this BMC does not have it or cannot tell now" (quirk 34). A BMC that is gone, or too busy to say
 * anything (503, 429), is an error: nothing can be concluded from it.
 */
export async function optional<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    const overloaded = error instanceof RedfishError && (error.status === 503 || error.status === 429);
    if (error instanceof RedfishError && excused.has(error.kind) && !overloaded) return undefined;
    throw error;
  }
}

/** Members of the collection that a reference leads to. */
export async function members(
  client: BmcClient,
  reference: unknown,
  options: RequestOptions,
): Promise<Resource[] | undefined> {
  const path = link(reference);
  return path === undefined ? undefined : optional(() => client.collection(path, options));
}
