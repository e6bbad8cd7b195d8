import type { BmcClient } from "./client";
import { canExpand } from "./collection";
import { type PortSource, nicFacts } from "./facts-parts";
import { members, optional } from "./optional";
import { systemVendor, traitsOf } from "./quirks";
import { at, links, list, num, samePath } from "./read";
import type { Known, NicFacts, RequestOptions, Resource, SystemRef } from "./types";

export interface NicOptions extends RequestOptions {
  /**
   * Ask network adapters too: always, never, or only at vendors whose EthernetInterfaces are incomplete. One request, and one an adapter
   * where ports or speeds are missing. Default `always`.
   */
  adapters?: "always" | "never" | "vendor";
}

/** NICs of a system from EthernetInterfaces and network adapters; unknown when the BMC shows neither. */
export async function readNics(
  client: BmcClient,
  system: SystemRef,
  options: NicOptions = {},
): Promise<Known<NicFacts[]>> {
  const { body } = system.resource;
  const interfaces = await members(client, body.EthernetInterfaces, options);
  const first = nicFacts(interfaces ?? [], []);
  const asked = options.adapters ?? "always";
  const wanted = asked === "always" || (asked === "vendor" && traitsOf(systemVendor(body)).partialInterfaces);
  const adapters =
    wanted || (!interfaces && asked !== "never") ? await readAdapters(client, system, options) : undefined;
  if (!interfaces && !adapters) return "unknown";
  const whole = first.every((nic) => nic.mac !== "unknown" && (asked !== "always" || nic.speedMbps !== "unknown"));
  if (!adapters || (whole && portCount(adapters) === first.length)) return first;
  return nicFacts(interfaces ?? [], await readPorts(client, adapters, interfaces ?? [], options));
}

async function readAdapters(
  client: BmcClient,
  system: SystemRef,
  options: RequestOptions,
): Promise<Resource[] | undefined> {
  let adapters: Resource[] | undefined;
  for (const chassis of links(at(system.resource.body, "Links", "Chassis"))) {
    const found = await optional(() => client.collection(`${chassis.replace(/\/+$/, "")}/NetworkAdapters`, options));
    const fresh = found?.filter(({ path }) => !adapters?.some((known) => samePath(known.path, path)));
    if (fresh) adapters = [...(adapters ?? []), ...fresh];
  }
  return adapters;
}

/** Ports that the adapters say they have; undefined when one does not say. */
function portCount(adapters: Resource[]): number | undefined {
  let total = 0;
  for (const { body } of adapters) {
    const controllers = list(body.Controllers);
    const counts = controllers.map((controller) => num(at(controller, "ControllerCapabilities", "NetworkPortCount")));
    for (const count of counts.length > 0 ? counts : [undefined]) {
      if (count === undefined) return undefined;
      total += count;
    }
  }
  return total;
}

/**
 * Ports of all adapters. Where the BMC cannot expand this is a request a port, so it ends at the first adapter that tells nothing new.
 */
async function readPorts(
  client: BmcClient,
  adapters: Resource[],
  interfaces: Resource[],
  options: RequestOptions,
): Promise<PortSource[]> {
  const costly = !canExpand(client);
  const sources: PortSource[] = [];
  for (const adapter of adapters) {
    const before = JSON.stringify(nicFacts(interfaces, sources));
    const ports = (await members(client, adapter.body.Ports ?? adapter.body.NetworkPorts, options)) ?? [];
    sources.push(...ports.map((port) => ({ adapter, port })));
    if (costly && JSON.stringify(nicFacts(interfaces, sources)) === before) break;
  }
  return sources;
}
