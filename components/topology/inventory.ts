import type { NicSpec } from "./networks";

/**
 * One server. With `bmc` it is installed by rackform; without, it is already running and joins by `address` and `hostKey`.
 * The same fields are used in inventory files.
 */
export interface ServerSpec {
  /** Host name, unique in the fleet: a lowercase RFC 1123 label. It stays when the machine is replaced. */
  name: string;
  /**
   * Class of the server: `control`, `compute`, `storage`, `network` or one of `classes`.
   * @default "compute"
   */
  role?: string;
  /** Base URL, host name or address of its BMC, such as `https://10.0.0.11`. */
  bmc?: string;
  /** SHA-256 fingerprint of the BMC's certificate, hexadecimal. */
  bmcFingerprint?: string;
  /** Redfish `Id` of the system, for a BMC that serves several. */
  systemId?: string;
  /** Expected serial number (Dell: service tag). Another machine on that cable is refused before anything is written. */
  serialNumber?: string;
  /** Expected Redfish `SKU`. */
  sku?: string;
  /** Expected UUID. */
  uuid?: string;
  /** MAC address of the port that carries the management network. Needed for PXE. */
  mac?: string;
  /** Ports with their MAC addresses. Needed for bonds. */
  nics?: NicSpec[];
  /** Static address in the management network. Default: from the network's pool, by slot. */
  address?: string;
  /** Static addresses by network name, at most one IPv4 and one IPv6 each. */
  addresses?: Record<string, string[]>;
  /**
   * Place in every pool, counted from 0. Default: the number at the end of the name plus the class's `firstSlot`; a hash of
   * the name when it ends in none.
   * @integer
   */
  slot?: number;
  /** Rack that it is in. */
  rack?: string;
  /** Failure domain above the rack: room, row, availability zone. */
  zone?: string;
  /**
   * Lowest rack unit that it occupies, from 1.
   * @integer
   */
  position?: number;
  /** Labels for the other components, beside its class's. */
  labels?: Record<string, string>;
  /** SSH host key of a server that is already running, as in `/etc/ssh/ssh_host_ed25519_key.pub`. */
  hostKey?: string;
  /** Login of a server that is already running. Default: the fleet's `user`. */
  user?: string;
  /**
   * SSH port of a server that is already running.
   * @default 22
   * @integer
   */
  port?: number;
}

/** Where a server was written down, so that mistakes point there. */
export interface Origin {
  /** `servers[2].mac`, or `inventoryFile` for one that comes from a file. */
  path(field: string): string;
  /** `rack.yaml line 7, mac: `; empty for typed arguments. */
  prefix(field: string): string;
}

/** A server with the place where it was written down. */
export interface Sourced {
  spec: ServerSpec;
  origin: Origin;
}

/** Servers given as arguments, with their places. */
export function typedServers(servers: readonly ServerSpec[]): Sourced[] {
  return servers.map((spec, index) => ({
    spec,
    origin: { path: (field) => (field ? `servers[${index}].${field}` : `servers[${index}]`), prefix: () => "" },
  }));
}

/** What `discover` says of a server, as far as an inventory needs it. */
export interface DiscoveredEntry {
  endpoint: string;
  systemId: string;
  serialNumber?: string;
  sku?: string;
  uuid?: string;
  hostName?: string;
  fingerprint?: string;
}

/**
 * Turns what `discover` found into servers. Names come from `name`, for instance a look-up by serial number; a server for
 * which it returns undefined is left out.
 */
export function serversFromDiscovery<T extends DiscoveredEntry>(
  found: readonly T[],
  name: (entry: T) => string | undefined,
): ServerSpec[] {
  return found.flatMap((entry) => {
    const given = name(entry);
    if (given === undefined) return [];
    const { endpoint, systemId, serialNumber, sku, uuid, fingerprint } = entry;
    const identity = Object.fromEntries(
      Object.entries({ serialNumber, sku, uuid }).filter(([, value]) => value !== undefined),
    );
    return [
      { name: given, bmc: endpoint, systemId, ...identity, ...(fingerprint ? { bmcFingerprint: fingerprint } : {}) },
    ];
  });
}
