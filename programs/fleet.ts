import type * as pulumi from "@pulumi/pulumi";
import { BareMetalFleet, type BareMetalFleetArgs } from "../components";

/**
 * The foundation alone: servers become nodes. Settings: `fleet`, an object with any plain argument of BareMetalFleet (`inventoryFile`
 * is the usual one), and the secrets `bmcPassword` and `accessKey`.
 */
export function deploy(config: pulumi.Config): Record<string, unknown> {
  const settings = config.getObject<BareMetalFleetArgs>("fleet") ?? { inventoryFile: "inventory.yaml" };
  const fleet = new BareMetalFleet(config.get("name") ?? "rack1", {
    ...settings,
    bmcUsername: config.get("bmcUsername"),
    bmcPassword: config.getSecret("bmcPassword"),
    accessKey: config.getSecret("accessKey"),
  });
  return { nodes: fleet.nodes, access: fleet.access };
}
