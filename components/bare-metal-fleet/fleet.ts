import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Node, NodeAccess } from "../node/node";
import { report } from "../private/mistakes";
import { refuseEventual } from "../private/plain";
import { readInventoryFile } from "../topology/inventory-file";
import type { BareMetalFleetArgs } from "./args";
import { planFleet } from "./plan";
import { wireFleet } from "./wire";

export type { BareMetalFleetArgs } from "./args";

/** What became of a server in the plan. */
export type ServerStatus = "installed" | "joined" | "quarantined";

/** One line of a fleet's summary. */
export interface ServerSummary {
  /** Host name. */
  name: string;
  /** Class. */
  role: string;
  /** `installed` by rackform, `joined` as it was, or `quarantined`. */
  status: ServerStatus;
  /** Address in the management network. */
  address: string;
  /** Image that is installed. */
  image?: string;
}

/**
 * Servers from power-off to nodes: identity and hardware are checked, BIOS settings applied, an operating system installed through the BMC, the
 * login verified by host key, and the base prepared by SSH. Servers that are already running join by address and host key.
 *
 * Every mistake in the arguments is reported at once, before a server is touched. A server's resources depend on nothing but its own arguments:
 * adding one changes no other, and one that fails (with `--continue-on-error`) holds up no other.
 *
 * @example
 * ```typescript
 * const fleet = new rackform.BareMetalFleet("rack1", {
 *   servers: [
 *     { name: "control-1", role: "control", bmc: "https://10.0.0.11", serialNumber: "7XK2Q13", mac: "aa:bb:cc:00:00:01" },
 *     { name: "compute-1", bmc: "https://10.0.0.12", serialNumber: "7XK2Q14", mac: "aa:bb:cc:00:00:02" },
 *   ],
 *   networks: { management: { cidr: "10.0.1.0/24", gateway: "10.0.1.1" } },
 *   nameservers: ["10.0.1.1"],
 *   image: "debian-13",
 *   bmcUsername: "root",
 *   bmcPassword: config.requireSecret("bmcPassword"),
 * });
 * ```
 */
export class BareMetalFleet extends pulumi.ComponentResource {
  /** The nodes that are in service, in alphabetical order: a plain list, known in the first preview. */
  declare readonly nodes: Node[];
  /** Key, host keys and bastion; secret. Whoever uses it waits until every server is prepared. */
  declare readonly access: pulumi.Output<NodeAccess>;
  /** One line a server, the quarantined included. */
  declare readonly servers: ServerSummary[];

  /** @internal */
  static readonly __pulumiType = "rackform:index:BareMetalFleet";

  constructor(name: string, args: BareMetalFleetArgs, opts?: pulumi.ComponentResourceOptions) {
    super(
      BareMetalFleet.__pulumiType,
      name,
      opts?.urn ? { nodes: undefined, access: undefined, servers: undefined } : {},
      opts,
    );
    if (opts?.urn) return;
    refuseEventual(`BareMetalFleet ${name}`, args, VALUES);
    const inventory =
      args.inventoryFile === undefined ? undefined : readInventoryFile(path.resolve(args.inventoryFile));
    const plan = planFleet(args, inventory);
    report(`BareMetalFleet ${name}`, plan, this);
    const values = { ...args, inventoryCredentials: inventory?.credentials ?? {} };
    const { access } = wireFleet(name, plan, values, this);
    const servers = Object.values(plan.servers).map(
      ({ name: server, role, node, quarantined, machine }): ServerSummary => ({
        name: server,
        role,
        status: quarantined ? "quarantined" : machine ? "installed" : "joined",
        address: node.address,
        ...(machine ? { image: `${machine.installation.image.family} ${machine.installation.image.version}` } : {}),
      }),
    );
    Object.assign(this, { nodes: plan.nodes, access, servers });
    this.registerOutputs({ nodes: plan.nodes, access, servers });
  }
}

/** Arguments that may be Outputs. */
const VALUES: (keyof BareMetalFleetArgs)[] = ["bmcUsername", "bmcPassword", "bmcCredentials", "accessKey", "bastion"];
