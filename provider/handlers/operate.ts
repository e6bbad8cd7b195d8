import type { BmcConnection } from "../../resources/redfish/connection";
import type { HardwareIdentity } from "../../resources/redfish/facts";
import { endpointOf, isNotFound, isUnreachable, type Bmc } from "../deps";
import { PartialFailure, UNKNOWN } from "../kit/handler";
import { messageOf } from "../kit/errors";
import { read, RedfishError, type SystemRef } from "../redfish";
import { verifyIdentity, WrongMachine } from "./identity";

/** The system that a resource is about: by path when it is known, else by id, else the only one. */
export async function systemOf(bmc: Bmc, where: { systemId?: string; systemPath?: string }): Promise<SystemRef> {
  if (where.systemPath === undefined) return bmc.client.system(where.systemId, { signal: bmc.signal });
  const resource = await bmc.client.get(where.systemPath, { signal: bmc.signal });
  return { id: read.idOf(resource), path: resource.path, resource };
}

/**
 * True when a system is certainly gone: its path answers 404 while the BMC lists others. A BMC that has just started lists none
 * yet, and then nothing is known.
 */
export async function systemIsGone(bmc: Bmc, error: unknown): Promise<boolean> {
  if (!isNotFound(error)) return false;
  const systems = await bmc.client.get("/redfish/v1/Systems", { signal: bmc.signal });
  if (read.links(systems.body.Members).length > 0) return true;
  throw new Error(
    `${bmc.client.endpoint}: the BMC lists no systems at the moment, so it is not known whether this one is gone; try again in a few minutes`,
  );
}

/** When a connection points to another endpoint than before, the machine there must be the one that was known. */
export function verifyMove(
  system: SystemRef,
  before: BmcConnection | undefined,
  now: BmcConnection,
  known: HardwareIdentity | undefined,
): void {
  if (!before || !known || endpointOf(before) === endpointOf(now)) return;
  try {
    verifyIdentity(endpointOf(now), system, known);
  } catch (error) {
    if (!(error instanceof WrongMachine)) throw error;
    throw new WrongMachine(
      `${error.message.replace(/, or correct identity$/, "")} (connection.endpoint was ${endpointOf(before)})`,
    );
  }
}

/** Inputs without what is not known yet, and without members that are not set. */
export function known<T extends object>(inputs: T): Partial<T> {
  const entries = Object.entries(inputs).filter(
    ([, value]) => value !== undefined && value !== null && value !== UNKNOWN,
  );
  return Object.fromEntries(entries) as Partial<T>;
}

/** Only those members of a state that are inputs are replaced by the new ones; what was dropped from the inputs goes. */
export function merged<A extends object, S extends A>(olds: S, news: A, names: readonly (keyof A)[]): Partial<S> {
  const rest = Object.entries(olds).filter(([name]) => !(names as readonly string[]).includes(name));
  return { ...Object.fromEntries(rest), ...known(news) } as Partial<S>;
}

/** The failure of an operation that has changed something: what is known so far is kept. */
export function partial<S extends object>(id: string, state: Partial<S>, error: unknown): PartialFailure<S> {
  if (error instanceof PartialFailure) return error as PartialFailure<S>;
  return new PartialFailure<S>(id, state, [messageOf(error)]);
}

/** Says how to go on without the BMC. */
export function undeletable(endpoint: string, what: string, error: unknown): unknown {
  if (!isUnreachable(error) && !(error instanceof RedfishError && error.kind === "auth")) return error;
  return new Error(
    `${messageOf(error)}; ${what} at ${endpoint} could not be undone. If this BMC is gone for good, drop the resource with ` +
      "`pulumi state delete <urn>`",
  );
}
