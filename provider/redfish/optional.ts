import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { link } from "./read";
import type { RequestOptions, Resource } from "./types";

/** Errors that mean "this BMC does not have it or cannot tell now" (quirk 34), and not that it is gone. */
export async function optional<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (
      error instanceof RedfishError &&
      ["notFound", "refused", "protocol", "license", "conflict", "busy"].includes(error.kind)
    )
      return undefined;
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
