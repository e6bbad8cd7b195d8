import * as pulumi from "@pulumi/pulumi";
import type { BmcConnection } from "./connection";
import type { HardwareFacts } from "./facts";
import type { Inputs } from "./inputs";
import { packageOptions } from "./registration";
import type { ServerPowerState } from "./server";

/** Arguments of getServer. */
export interface GetServerArgs {
  /** How to reach the BMC. */
  connection: BmcConnection;
  /** `Id` of the system, for a BMC with several. Default: the only one. */
  systemId?: string;
}

/** What getServer found. */
export interface GetServerResult {
  /** URL of the ComputerSystem: the id to import a Server with. */
  id: string;
  /** Path of the ComputerSystem. */
  systemPath: string;
  /** Main power; absent when the BMC does not say. */
  powerState?: ServerPowerState;
  facts: HardwareFacts;
}

/**
 * Reads one server: identity, hardware, power.
 *
 * @example
 * ```typescript
 * const found = await rackform.redfish.getServer({ connection: { endpoint: "https://10.0.0.11" } });
 * ```
 */
export function getServer(args: GetServerArgs, opts?: pulumi.InvokeOptions): Promise<GetServerResult> {
  return invoke("getServer", args, opts);
}

/** As getServer, for arguments that are Outputs. */
export function getServerOutput(
  args: Inputs<GetServerArgs>,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetServerResult> {
  return invokeOutput("getServer", args, opts);
}

/** Arguments of getInventory. */
export interface GetInventoryArgs {
  /** How to reach the BMC. */
  connection: BmcConnection;
  /** `Id` of the system, for a BMC with several. Default: the only one. */
  systemId?: string;
}

/** A manager (BMC) of the server. */
export interface ManagerInfo {
  path: string;
  model?: string;
  firmwareVersion?: string;
}

/** A virtual drive of the server. */
export interface VirtualMediaSlotInfo {
  path: string;
  id: string;
  mediaTypes: string[];
  inserted: boolean;
  image?: string;
}

/** What the server boots from. */
export interface BootInfo {
  target?: string;
  enabled?: string;
  mode?: string;
  /** `BootSourceOverrideTarget@Redfish.AllowableValues`. */
  allowedTargets: string[];
  order: string[];
}

/** What getInventory found. */
export interface GetInventoryResult {
  /** URL of the ComputerSystem. */
  id: string;
  systemPath: string;
  powerState?: ServerPowerState;
  /** Hardware in full, without the limit on size that a Server's state has. */
  facts: HardwareFacts;
  redfishVersion?: string;
  /** Vendor of the BMC, as it says or as its answers show. */
  vendor?: string;
  managers: ManagerInfo[];
  boot: BootInfo;
  virtualMedia: VirtualMediaSlotInfo[];
  /** All BIOS attributes. */
  biosAttributes: Record<string, string | number | boolean>;
  /** `UserName` of each account; empty when the BMC does not let us see them. */
  accounts: string[];
  /** What could not be read, and why. */
  warnings: string[];
}

/**
 * Reads all that rackform knows to read of one server: hardware, boot, virtual drives, BIOS attributes, accounts. Takes 20 to
 * 60 requests; what the BMC refuses is told in `warnings`.
 *
 * @example
 * ```typescript
 * const inventory = await rackform.redfish.getInventory({ connection: { endpoint: "https://10.0.0.11" } });
 * ```
 */
export function getInventory(args: GetInventoryArgs, opts?: pulumi.InvokeOptions): Promise<GetInventoryResult> {
  return invoke("getInventory", args, opts);
}

/** As getInventory, for arguments that are Outputs. */
export function getInventoryOutput(
  args: Inputs<GetInventoryArgs>,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetInventoryResult> {
  return invokeOutput("getInventory", args, opts);
}

/** Arguments of discover. */
export interface DiscoverArgs {
  /** Networks in CIDR notation (`10.0.0.0/26`), ranges (`10.0.0.11-10.0.0.40`), addresses, host names or URLs; at most 65536 addresses. */
  addresses: string[];
  /**
   * Port of the BMCs that are not given as URLs.
   * @integer
   * @default 443
   */
  port?: number;
  /** BMC account. Without one, and none in the provider's configuration, only what needs no login is found. */
  username?: string;
  /**
   * Password of the BMC account.
   * @secret
   */
  password?: string;
  /** PEM certificates that sign the BMCs' certificates. */
  caBundle?: string;
  /** Log in whatever certificate is shown: every host in the networks can then learn the password. Default: the provider's, else false. */
  insecure?: boolean;
  /**
   * Seconds to wait for an address to answer at all.
   * @default 3
   */
  timeoutSeconds?: number;
}

/** A BMC that was found, in the shape of an inventory entry. Without a login only what it tells everybody. */
export interface DiscoveredServer {
  /** `https://address[:port]`. */
  endpoint: string;
  /** SHA-256 of the BMC's certificate, hexadecimal: pin it with `connection.fingerprint`, once compared with what the BMC itself shows. */
  fingerprint?: string;
  /** Vendor of the BMC. */
  vendor?: string;
  /** Product name of the BMC. */
  product?: string;
  redfishVersion?: string;
  /** URL of the ComputerSystem: the id to import a Server with. */
  id?: string;
  systemId?: string;
  powerState?: ServerPowerState;
  manufacturer?: string;
  model?: string;
  serialNumber?: string;
  sku?: string;
  uuid?: string;
  hostName?: string;
  memoryGib?: number;
  biosVersion?: string;
  /** Lower case with colons. */
  macs: string[];
  /** Why the server behind the BMC could not be read, although there are credentials. */
  error?: string;
}

/** An address that was asked for by itself, or answers, where there is no BMC. */
export interface UnreachableAddress {
  endpoint: string;
  /** What went wrong. */
  reason: string;
}

/** What discover found. */
export interface DiscoverResult {
  servers: DiscoveredServer[];
  /** Addresses that answer but are no BMC, and those that were named by themselves and do not answer. */
  unreachable: UnreachableAddress[];
  /**
   * Addresses of networks and ranges where nothing answers.
   * @integer
   */
  silent: number;
}

/**
 * Looks for BMCs in networks or lists and returns inventory entries. Addresses that do not answer are reported, they are no errors.
 *
 * @example
 * ```typescript
 * const rack = await rackform.redfish.discover({ addresses: ["10.0.0.0/26"], username: "root", password });
 * ```
 */
export function discover(args: DiscoverArgs, opts?: pulumi.InvokeOptions): Promise<DiscoverResult> {
  return invoke("discover", args, opts);
}

/** As discover, for arguments that are Outputs. */
export function discoverOutput(
  args: Inputs<DiscoverArgs>,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<DiscoverResult> {
  return invokeOutput("discover", args, opts);
}

function invoke<R>(name: string, args: object, opts?: pulumi.InvokeOptions): Promise<R> {
  const options = { ...packageOptions(), ...opts };
  return pulumi.runtime.invoke(`rackform:redfish:${name}`, { ...args }, options) as Promise<R>;
}

function invokeOutput<R>(name: string, args: object, opts?: pulumi.InvokeOutputOptions): pulumi.Output<R> {
  const options = { ...packageOptions(), ...opts };
  return pulumi.runtime.invokeOutput(`rackform:redfish:${name}`, { ...args }, options);
}
