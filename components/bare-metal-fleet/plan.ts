import type { HardwareIdentity, HardwareRequirements } from "../../resources/redfish/facts";
import type { InstallationConsent, InstallationMethod } from "../../resources/redfish/installation";
import type { NodeNetwork, OsImage, RootDiskHint } from "../../resources/redfish/installation-types";
import type { Node } from "../node/node";
import { digest } from "../private/digest";
import { type Mistake, Mistakes } from "../private/mistakes";
import { typedServers } from "../topology/inventory";
import type { Inventory } from "../topology/inventory-file";
import { type Address, contains, formatAddress, formatNetwork, parseAddress, rangeOf } from "../topology/ip";
import { type AddressedServer, type AddressPlan, planAddresses, readStatics } from "../topology/network-plan-addresses";
import { type PlannedInterface, planInterfaces } from "../topology/network-plan-interfaces";
import { type PlannedNetwork, planNetworks } from "../topology/network-plan-networks";
import type { BareMetalFleetArgs } from "./args";
import { baseParameters } from "./plan-base";
import { checkSite } from "./plan-base-checks";
import { type PlannedClass, planClasses } from "./plan-classes";
import { planRollout, type Rollout } from "./plan-consent";
import { checkLabel, planServers, type ServerEntry } from "./plan-servers";

/** What is registered for one server. Holds no secret: credentials, keys and host keys are values and travel beside the plan. */
export interface ServerPlan {
  name: string;
  role: string;
  node: Node;
  /** Set aside: nothing is sent to it, and its node is not among the fleet's. */
  quarantined: boolean;
  /** 0: canary or alone; otherwise the batch, from 1. Undefined for servers that are already running or quarantined. */
  batch?: number;
  /** Undefined for a server that is already running. */
  machine?: MachinePlan;
  /** Host key of a server that is already running. */
  hostKey?: string;
  /** Parameters of base preparation. */
  base: Record<string, string>;
}

/** The part of a server that goes through its BMC. */
export interface MachinePlan {
  endpoint: string;
  fingerprint?: string;
  systemId?: string;
  identity?: HardwareIdentity;
  requirements: HardwareRequirements;
  biosAttributes?: Record<string, string | number | boolean>;
  protect: boolean;
  powerOffOnDelete: boolean;
  maintenance: boolean;
  installation: InstallationPlan;
}

/** Arguments of the Installation, without keys. */
export interface InstallationPlan {
  hostname: string;
  installationId: string;
  image: OsImage;
  methods?: InstallationMethod[];
  rootDisk?: RootDiskHint;
  keepDisks?: string[];
  consent: InstallationConsent;
  network: NodeNetwork;
  timezone: string;
  locale: string;
  packages?: string[];
  reinstall?: string;
  timeoutSeconds: number;
  provisionNetwork: string;
  bootMode: "UEFI" | "Legacy";
}

/** The fleet as it will be. */
export interface FleetPlan {
  /** By name, in alphabetical order. Empty when there are errors. */
  servers: Record<string, ServerPlan>;
  /** Nodes for the other components, in alphabetical order, without the quarantined. */
  nodes: Node[];
  canary: string[];
  batches: string[][];
  errors: Mistake[];
  warnings: Mistake[];
}

/**
 * Plans a fleet: pure, and with every mistake at once. A server's part depends on nothing but the arguments of the fleet and
 * its own, so that adding or removing another leaves it as it is.
 */
export function planFleet(args: BareMetalFleetArgs, inventory?: Inventory): FleetPlan {
  const mistakes = new Mistakes(args.ignoreRules);
  for (const { message } of inventory?.mistakes ?? []) mistakes.error("inventoryFile", message);
  const sourced = [...typedServers(args.servers ?? []), ...(inventory?.servers ?? [])];
  if (sourced.length === 0 && !inventory?.mistakes.length) {
    mistakes.error(
      "servers",
      "is empty; give at least one server in servers or inventoryFile (a fleet is never planned for zero servers)",
    );
  }
  checkSite(args, mistakes);
  const networks = planNetworks(args.networks ?? {}, mistakes);
  const entries = planServers(args, sourced, mistakes);
  const installed = new Set(entries.filter(({ joined }) => !joined).map(({ role }) => role));
  const classes = planClasses(args, networks, installed, mistakes);
  for (const [role, spec] of Object.entries(args.classes ?? {})) {
    for (const [key, value] of Object.entries(spec.labels ?? {}))
      checkLabel(key, value, (reason) => mistakes.error(`classes.${role}.labels`, reason));
  }
  const rollout = planRollout(args, entries, classes, mistakes);
  const addresses = planFleetAddresses(entries, classes, networks, mistakes);
  const plans = entries.flatMap((entry) => {
    const planned = classes.get(entry.role);
    return planned ? [planServer(args, entry, planned, { networks, addresses, rollout }, mistakes)] : [];
  });
  const { errors, warnings } = mistakes;
  const batches = { canary: [...rollout.canary].sort(), batches: rollout.batches };
  if (errors.length > 0) return { servers: {}, nodes: [], ...batches, errors, warnings };
  const sorted = plans.sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    servers: Object.fromEntries(sorted.map((plan) => [plan.name, plan])),
    nodes: sorted.filter((plan) => !plan.quarantined).map((plan) => plan.node),
    ...batches,
    errors,
    warnings,
  };
}

interface Site {
  networks: ReadonlyMap<string, PlannedNetwork>;
  addresses: AddressPlan;
  rollout: Rollout;
}

function planFleetAddresses(
  entries: readonly ServerEntry[],
  classes: ReadonlyMap<string, PlannedClass>,
  networks: ReadonlyMap<string, PlannedNetwork>,
  mistakes: Mistakes,
): AddressPlan {
  const servers = entries.flatMap((entry) => {
    const planned = classes.get(entry.role);
    const { spec, joined } = entry;
    if (!planned) return [];
    const statics = readStatics(spec.addresses ?? {}, (network) => entry.at(`addresses.${network}`), mistakes);
    for (const network of statics.keys()) {
      if (!joined && !planned.networks.includes(network))
        entry.complain(
          "addresses",
          `server ${spec.name} is not on network ${network}; its class ${entry.role} is on ${planned.networks.join(", ") || "none"}`,
        );
    }
    const own = spec.address === undefined ? undefined : parseAddress(spec.address);
    if (own && planned.management && !joined) {
      const rest = (statics.get(planned.management.name) ?? []).filter(({ family }) => family !== own.family);
      if (rest.length !== (statics.get(planned.management.name) ?? []).length) {
        entry.complain(
          "address",
          `server ${spec.name} has another address for ${planned.management.name} in addresses; give it once`,
        );
      }
      statics.set(planned.management.name, [own, ...rest]);
    }
    return joined
      ? joinedAddresses(entry, own, networks)
      : [
          {
            name: spec.name,
            at: entry.at,
            slot: spec.slot,
            firstSlot: planned.firstSlot,
            statics,
            networks: planned.networks,
          },
        ];
  });
  return planAddresses(servers, networks, mistakes);
}

/** A running server takes its address in whichever network it lies, so that nobody else gets it. */
function joinedAddresses(
  entry: ServerEntry,
  own: Address | undefined,
  networks: ReadonlyMap<string, PlannedNetwork>,
): AddressedServer[] {
  if (!own) return [];
  const home = [...networks.values()].find(({ ipv4, ipv6 }) =>
    [ipv4, ipv6].some((subnet) => subnet && contains(rangeOf(subnet.network), own)),
  );
  if (!home) return [];
  return [
    {
      name: entry.spec.name,
      at: entry.at,
      firstSlot: 0,
      statics: new Map([[home.name, [own]]]),
      networks: [home.name],
      asIs: true,
    },
  ];
}

function planServer(
  args: BareMetalFleetArgs,
  entry: ServerEntry,
  planned: PlannedClass,
  site: Site,
  mistakes: Mistakes,
): ServerPlan {
  const { spec, joined } = entry;
  const own = site.addresses.get(spec.name) ?? new Map<string, never>();
  const interfaces = joined ? [] : serverInterfaces(entry, planned, site, mistakes);
  const management = planned.management ? own.get(planned.management.name) : undefined;
  const address = joined ? parseAddress(spec.address ?? "") : (management?.ipv4 ?? management?.ipv6);
  const quarantined = site.rollout.quarantined.has(spec.name);
  const identity = identityOf(entry);
  if (!joined && !identity) {
    mistakes.warn(
      entry.at("serialNumber"),
      `server ${spec.name} has no serialNumber, sku or uuid: a swapped cable would not be noticed, and adding one later makes a new installation`,
    );
  }
  const reinstall = args.reinstall && Object.hasOwn(args.reinstall, spec.name) ? args.reinstall[spec.name] : undefined;
  const installationId = digest(spec.name, identityKey(entry), reinstall ?? "");
  const node: Node = {
    name: spec.name,
    address: address ? formatAddress(address) : "",
    port: spec.port ?? 22,
    user: spec.user ?? args.user ?? "root",
    role: entry.role,
    ...(spec.rack === undefined ? {} : { rack: spec.rack }),
    ...(spec.zone === undefined ? {} : { zone: spec.zone }),
    labels: { ...planned.labels, ...spec.labels },
    installationId,
  };
  const batch = site.rollout.canary.has(spec.name)
    ? 0
    : site.rollout.batches.findIndex((names) => names.includes(spec.name)) + 1;
  return {
    name: spec.name,
    role: entry.role,
    node,
    quarantined,
    ...(joined || quarantined ? {} : { batch }),
    ...(joined
      ? { hostKey: spec.hostKey }
      : { machine: planMachine(args, entry, planned, { ...site, interfaces, identity, installationId, reinstall }) }),
    base: baseParameters(args, planned, { hostname: spec.name, joined, interfaces }),
  };
}

function serverInterfaces(
  entry: ServerEntry,
  planned: PlannedClass,
  site: Site,
  mistakes: Mistakes,
): PlannedInterface[] {
  const { spec } = entry;
  const specs = planned.interfaces ?? [{ name: spec.nics?.[0]?.name ?? "primary", networks: planned.networks }];
  if (!planned.interfaces) {
    const untagged = planned.networks.filter(
      (name) => site.networks.get(name) && site.networks.get(name)!.vlan === undefined,
    );
    if (untagged.length > 1) {
      mistakes.error(
        entry.at("nics"),
        `${untagged.join(" and ")} are untagged but class ${entry.role} has no interfaces to keep them apart; describe classes.${entry.role}.interfaces, or give all but one a vlan`,
      );
    }
  }
  const server = { name: spec.name, at: entry.at, mac: spec.mac, nics: spec.nics ?? [] };
  return planInterfaces(server, specs, site.networks, site.addresses.get(spec.name) ?? new Map(), mistakes);
}

function planMachine(
  args: BareMetalFleetArgs,
  entry: ServerEntry,
  planned: PlannedClass,
  site: Site & {
    interfaces: PlannedInterface[];
    identity?: HardwareIdentity;
    installationId: string;
    reinstall?: string;
  },
): MachinePlan {
  const { spec } = entry;
  const leaving = site.rollout.decommissioned.has(spec.name) || args.deletionProtection === false;
  const wipe = spec.serialNumber !== undefined && (planned.wipe?.serialNumbers ?? []).includes(spec.serialNumber);
  const provision = planned.provision?.ipv4?.network ?? planned.provision?.ipv6?.network;
  const packages = [...new Set([...(args.packages ?? []), ...(planned.packages ?? [])])].sort();
  return {
    endpoint: entry.endpoint ?? "",
    ...(spec.bmcFingerprint === undefined ? {} : { fingerprint: spec.bmcFingerprint }),
    ...(spec.systemId === undefined ? {} : { systemId: spec.systemId }),
    ...(site.identity ? { identity: site.identity } : {}),
    requirements: planned.requirements ?? {},
    ...(planned.biosProfile ? { biosAttributes: planned.biosProfile.attributes } : {}),
    protect: !leaving,
    powerOffOnDelete: leaving && (args.powerOffOnRemove ?? false),
    maintenance: site.rollout.maintained.has(spec.name),
    installation: {
      hostname: spec.name,
      installationId: site.installationId,
      image: planned.osImage ?? ({} as OsImage),
      ...(planned.methods ? { methods: planned.methods } : {}),
      ...(planned.rootDisk ? { rootDisk: planned.rootDisk } : {}),
      ...(planned.keepDisks ? { keepDisks: planned.keepDisks } : {}),
      consent: wipe ? { wipe, serialNumber: spec.serialNumber } : { wipe },
      network: installedNetwork(args, site.interfaces),
      timezone: args.timezone ?? "Etc/UTC",
      locale: args.locale ?? "C.UTF-8",
      ...(packages.length > 0 && !args.repositories?.length ? { packages } : {}),
      ...(site.reinstall === undefined ? {} : { reinstall: site.reinstall }),
      timeoutSeconds: planned.timeoutSeconds ?? 3600,
      provisionNetwork: provision ? formatNetwork(provision) : "",
      bootMode: planned.bootMode ?? "UEFI",
    },
  };
}

/** What the installer configures: it knows one router an interface. Base preparation then applies the whole plan. */
function installedNetwork(args: BareMetalFleetArgs, interfaces: readonly PlannedInterface[]): NodeNetwork {
  return {
    interfaces: interfaces.map(({ name, mac, addresses, gateway, gateway6, mtu, bond, vlan }) => ({
      name,
      ...(mac ? { mac } : {}),
      addresses,
      ...((gateway ?? gateway6) ? { gateway: gateway ?? gateway6 } : {}),
      mtu,
      ...(bond ? { bond: { mode: bond.mode, members: bond.members } } : {}),
      ...(vlan ? { vlan } : {}),
    })),
    nameservers: args.nameservers ?? [],
    ...(args.searchDomains?.length ? { searchDomains: args.searchDomains } : {}),
    ...(args.ntpServers?.length ? { ntpServers: args.ntpServers } : {}),
  };
}

function identityOf({ spec }: ServerEntry): HardwareIdentity | undefined {
  const { serialNumber, sku, uuid } = spec;
  const known = Object.entries({ serialNumber, sku, uuid }).filter(([, value]) => value !== undefined);
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}

/** The one mark of the machine that counts for its installation, so that adding a further one later changes nothing. */
function identityKey({ spec, joined }: ServerEntry): string {
  if (joined)
    return (spec.hostKey ?? "")
      .trim()
      .split(/[ \t]+/)
      .slice(0, 2)
      .join(" ");
  return (spec.serialNumber ?? spec.uuid ?? spec.sku ?? "").trim().toLowerCase();
}
