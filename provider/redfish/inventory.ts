import type { BmcClient } from "./client";
import { type Identity, identityOf } from "./facts";
import { readNics } from "./nics";
import { powerStateOf } from "./power";
import { at, num, str } from "./read";
import type { Known, PowerState, RequestOptions, SystemRef } from "./types";

/** What an inventory lists of a server. */
export interface InventoryEntry extends Identity {
  systemId: string;
  /** Path of the ComputerSystem. */
  systemPath: string;
  hostName: Known<string>;
  powerState: PowerState;
  biosVersion: Known<string>;
  memoryGiB: Known<number>;
  processors: Known<number>;
  processorModel: Known<string>;
  /** Lower case with colons; only when asked for. */
  macs?: string[];
}

export interface InventoryOptions extends RequestOptions {
  systemId?: string;
  system?: SystemRef;
  /** Read the network interfaces too. Default false. */
  macs?: boolean;
}

/** Two requests after login, the MACs one more where the BMC can expand. Throws RedfishError. */
export async function readInventory(client: BmcClient, options: InventoryOptions = {}): Promise<InventoryEntry> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const entry = inventoryOf(system);
  return options.macs ? { ...entry, macs: await readMacs(client, system, options) } : entry;
}

/** The entry of a system that was read. */
export function inventoryOf(system: SystemRef): InventoryEntry {
  const { body } = system.resource;
  const memory = num(at(body, "MemorySummary", "TotalSystemMemoryGiB"));
  const processors = num(at(body, "ProcessorSummary", "Count"));
  return {
    ...identityOf(system),
    systemId: system.id,
    systemPath: system.path,
    hostName: str(body.HostName) ?? "unknown",
    powerState: powerStateOf(system.resource),
    biosVersion: str(body.BiosVersion) ?? "unknown",
    memoryGiB: memory !== undefined && memory > 0 ? memory : "unknown",
    processors: processors !== undefined && processors > 0 ? processors : "unknown",
    processorModel: str(at(body, "ProcessorSummary", "Model")) ?? "unknown",
  };
}

/** As far as EthernetInterfaces tell, and the adapters at vendors where those are incomplete. */
async function readMacs(client: BmcClient, system: SystemRef, options: RequestOptions): Promise<string[]> {
  const nics = await readNics(client, system, { ...options, adapters: "vendor" });
  return nics === "unknown" ? [] : nics.flatMap(({ mac }) => (mac === "unknown" ? [] : [mac]));
}
