/**
 * The contract of the Redfish client: connections, limits, resources, results. No Pulumi here, and nothing that talks.
 */

/** How one BMC is reached and trusted. */
export interface BmcConnection {
  /** `https://host[:port]`, no path; a bare host means https. `http://` is accepted only together with `insecure`. */
  endpoint: string;
  /** Without it, requests go out unauthenticated: enough for the service root. */
  username?: string;
  password?: string;
  /** PEM of certificate authorities that may sign this BMC, beside those of the system. */
  caBundle?: string;
  /** SHA-256 of the leaf certificate, hexadecimal with or without colons. Trusts exactly that certificate, self-signed or not. */
  fingerprint?: string;
  /** Accept any certificate. Default false. */
  insecure?: boolean;
  /** TCP and TLS set-up. Default: that of the pool. */
  connectTimeoutSeconds?: number;
  /** One request and its answer. Default: that of the pool. */
  requestTimeoutSeconds?: number;
  /** How long one call may go on retrying. Default: that of the pool. */
  retryBudgetSeconds?: number;
  /** Requests in flight to this BMC. Default: that of the pool. */
  concurrency?: number;
}

/** Limits shared by all BMCs of a process. */
export interface PoolOptions {
  /** Requests in flight over all BMCs. Default 128. */
  maxConcurrency?: number;
  /** Requests in flight to one BMC. Default 1: many BMCs fail with more. */
  maxConcurrencyPerBmc?: number;
  /** Default 5. */
  connectTimeoutSeconds?: number;
  /** Default 60: event logs of real BMCs take up to 21 s. */
  requestTimeoutSeconds?: number;
  /** Default 120. */
  retryBudgetSeconds?: number;
  /** First pause between attempts; doubles up to 15 s, with jitter. Default 0.5. */
  retryDelaySeconds?: number;
  /** Connection failures in a row after which a BMC is left alone. Default 3. */
  breakerThreshold?: number;
  /** How long it is left alone before one request may try again. Default 30. */
  breakerCooldownSeconds?: number;
  /** Largest answer read, after decompression. Default 16 MiB. */
  maxBodyBytes?: number;
  /** Called after each HTTP exchange; carries no header and no body. */
  onRequest?: (event: RequestEvent) => void;
  /** Milliseconds since the epoch; for tests. */
  now?: () => number;
  /** Must reject when the signal aborts; for tests. */
  sleep?: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
}

/** One HTTP exchange, for logs and counts. */
export interface RequestEvent {
  endpoint: string;
  method: Method;
  path: string;
  /** 0 when no answer came. */
  status: number;
  milliseconds: number;
  bytes: number;
  /** 1 for the first attempt. */
  attempt: number;
  /** Why there was no answer; free of secrets. */
  failure?: string;
}

export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

/** A JSON object as a BMC sent it: nothing about it is certain. Read it with the readers of `read.ts`. */
export type Body = Record<string, unknown>;

/** A resource that was read. */
export interface Resource {
  /** Where it was read from, without query and fragment. */
  path: string;
  body: Body;
  /** Header first, then `@odata.etag`; absent when empty. */
  etag?: string;
}

export interface RequestOptions {
  signal?: AbortSignal;
  /** Of this request only; default that of the connection. */
  timeoutSeconds?: number;
  /** Give up on 500, 502 and the like after so many attempts. Default 5 for 500, else as long as the retry budget lasts. */
  attempts?: number;
}

export interface WriteOptions extends RequestOptions {
  /** ETag of the resource as last read: sent as If-Match, then weaker forms, then none. */
  etag?: string;
}

export interface PostOptions extends WriteOptions {
  /** The action may be repeated without harm, so a lost answer is retried. Default false. */
  idempotent?: boolean;
}

export interface CollectionOptions extends RequestOptions {
  /** Ask for the members in one go where the BMC can. Default true. */
  expand?: boolean;
  /** Keep only members whose path passes; the others are not fetched. */
  filter?: (path: string) => boolean;
}

/** The answer to a write, whatever its shape was. */
export interface ActionResult {
  status: number;
  /** `{}` when there was none. */
  body: Body;
  /** Path of the created resource, if the BMC named one. */
  location?: string;
  etag?: string;
  /** Work that goes on at the BMC. */
  task?: TaskRef;
  messages: Message[];
}

/** Something to poll. `monitor`: finished when it stops answering 202. */
export interface TaskRef {
  path: string;
  kind: "task" | "job" | "monitor";
}

export interface TaskProgress {
  path: string;
  /** `TaskState` or `JobState` as the BMC spells it; `Gone` when it was deleted after it had been seen. */
  state: string;
  percent?: number;
  messages: Message[];
}

export interface TaskOptions extends RequestOptions {
  /** How long to wait for the end. Default 1800. */
  waitSeconds?: number;
  /** Default 2, growing to 10. */
  pollSeconds?: number;
  onProgress?: (progress: TaskProgress) => void;
  /** Also end on one of these states, such as `Scheduled`. */
  until?: string[];
}

/** An entry of `@Message.ExtendedInfo`. */
export interface Message {
  messageId: string;
  message: string;
  messageArgs: string[];
  relatedProperties: string[];
  severity: "OK" | "Warning" | "Critical";
  resolution?: string;
}

/** What the other operations need of the service root. */
export interface ServiceRoot {
  resource: Resource;
  redfishVersion?: string;
  uuid?: string;
  /** `Vendor`, else the key of `Oem`, else unknown. */
  vendor?: string;
  product?: string;
  expand: "none" | "." | "*";
}

/** A ComputerSystem, as read now. */
export interface SystemRef {
  id: string;
  path: string;
  resource: Resource;
}

/** A Manager, as read now. */
export interface ManagerRef {
  id: string;
  path: string;
  resource: Resource;
}

/** Called before every write; throws when writing must stop (the engine is gone, the lease is lost). */
export type WriteGuard = () => void | Promise<void>;

export type ErrorKind =
  /** 401, 403, wrong password, missing privilege, password to be changed. */
  | "auth"
  | "notFound"
  /** The BMC lacks the licence for it. */
  | "license"
  /** 409, 412: the state of the BMC or the server does not allow it now. */
  | "conflict"
  /** 429, 5xx, or a code that says "not now", after the retries. */
  | "busy"
  /** The certificate is not trusted or TLS failed. */
  | "tls"
  /** No connection, or it broke. */
  | "unreachable"
  /** Connected, but no answer in time; a task or state that did not come. */
  | "timeout"
  /** The answer is not Redfish. */
  | "protocol"
  /** The BMC understood and will not. */
  | "refused"
  /** The caller's signal, a closed pool or the write guard. */
  | "cancelled";

export type PowerState = "On" | "Off" | "PoweringOn" | "PoweringOff" | "Paused" | "unknown";

/** A value the BMC may not tell. */
export type Known<T> = T | "unknown";

/** JSON-compact description of a server; "unknown" where the BMC does not say. */
export interface HardwareFacts {
  manufacturer: Known<string>;
  model: Known<string>;
  /** Identity printed on the chassis: on Dell the service tag. */
  serial: Known<string>;
  sku: Known<string>;
  uuid: Known<string>;
  cpu: CpuFacts;
  memoryGiB: Known<number>;
  drives: Known<DriveFacts[]>;
  nics: Known<NicFacts[]>;
  virtualization: Known<boolean>;
  sriov: Known<boolean>;
  /** Interface type of the TPM, such as `TPM2_0`; `none` when the BMC says there is none. */
  tpm: Known<string>;
  firmware: FirmwareFacts;
}

export interface CpuFacts {
  model: Known<string>;
  sockets: Known<number>;
  /** Cores of CPUs only: GPUs and FPGAs in the same collection do not count. */
  cores: Known<number>;
  threads: Known<number>;
  architecture: Known<string>;
}

export interface DriveFacts {
  name: string;
  model: Known<string>;
  /** Manufacturer's serial number. */
  serial: Known<string>;
  /** Decimal gigabytes, as drives are sold. */
  sizeGB: Known<number>;
  type: Known<"SSD" | "HDD">;
  /** Such as `NVMe` (also where the BMC says PCIe), `SAS`, `SATA`. */
  protocol: Known<string>;
}

export interface NicFacts {
  name: string;
  /** Lower case with colons. */
  mac: Known<string>;
  /** Highest speed the port can do; 0 is never reported, a link that is down is "unknown". */
  speedMbps: Known<number>;
  link: Known<"up" | "down">;
}

export interface FirmwareFacts {
  bios: Known<string>;
  bmc: Known<string>;
}
