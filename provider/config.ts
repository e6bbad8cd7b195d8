import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import { configFailures } from "./config-check";
import { fromEnvironment } from "./config-environment";
import type { ConfigCodec } from "./kit/host";

/**
 * How every BMC is reached unless a resource's `connection` says otherwise, what the plugin may do at once, and how it serves
 * media and seeds to machines that are being installed.
 */
export interface ProviderConfig {
  /** BMC account. Default: the environment's `RACKFORM_BMC_USERNAME`. */
  username?: string;
  /**
   * Password of the BMC account. Default: the environment's `RACKFORM_BMC_PASSWORD`.
   * @secret
   */
  password?: string;
  /** PEM certificates that sign the BMCs' certificates, beside the system's. Default: the environment's `RACKFORM_BMC_CA_BUNDLE`. */
  caBundle?: string;
  /**
   * SHA-256 fingerprints of BMC certificates by host, or by `host:port`: hexadecimal, colons allowed. One that is listed replaces
   * verification by name and chain.
   */
  fingerprints?: Record<string, string>;
  /** Accept any certificate of a BMC. Prefer `fingerprints`. Default: the environment's `RACKFORM_BMC_INSECURE`, else false. */
  insecure?: boolean;
  /** Seconds to wait for a TCP and TLS connection. Default: the environment's `RACKFORM_BMC_CONNECT_TIMEOUT_SECONDS`, else 5. */
  connectTimeoutSeconds?: number;
  /** Seconds to wait for an answer. Default: the environment's `RACKFORM_BMC_REQUEST_TIMEOUT_SECONDS`, else 60. */
  requestTimeoutSeconds?: number;
  /**
   * Seconds for which a failed request is tried again, all tries together; 0 never tries again. Default: the environment's
   * `RACKFORM_BMC_RETRY_BUDGET_SECONDS`, else 180.
   */
  retryBudgetSeconds?: number;
  /**
   * BMC requests in flight at once, over all BMCs. Default: the environment's `RACKFORM_MAX_CONCURRENCY`, else 128.
   * @integer
   */
  maxConcurrency?: number;
  /**
   * Requests in flight at once to one BMC. Default: the environment's `RACKFORM_MAX_CONCURRENCY_PER_BMC`, else 1.
   * @integer
   */
  maxConcurrencyPerBmc?: number;
  /**
   * How many servers may fail in one run before work on others is refused. Default: the environment's `RACKFORM_FAILURE_BUDGET`,
   * else no limit.
   * @integer
   */
  failureBudget?: number;
  /**
   * Absolute path of the folder in which plugin processes on this machine lease BMCs from each other. Default: the environment's
   * `RACKFORM_LEASE_DIRECTORY`, else a folder in `XDG_RUNTIME_DIR` or the system's folder for temporary files.
   */
  leaseDirectory?: string;
  /** How boot media and seeds are served while machines are being installed. */
  mediaServer?: MediaServerConfig;
}

/** The server of boot media and seeds. It starts with the first installation, not with the plugin. */
export interface MediaServerConfig {
  /** Address to listen on. Default: the environment's `RACKFORM_MEDIA_LISTEN_ADDRESS`, else every address of this machine. */
  listenAddress?: string;
  /**
   * Port or range of ports, of which the first free ones are taken. Default: the environment's `RACKFORM_MEDIA_PORT_RANGE`, else
   * `8620-8629`.
   */
  portRange?: string;
  /**
   * By which address machines and BMCs in a network reach this server; needed behind NAT and where this machine has several
   * addresses. Default: the environment's `RACKFORM_MEDIA_ADVERTISE` (`10.0.0.0/24=10.0.0.5,…`), else this machine's own address
   * in the network.
   */
  advertise?: AdvertisedAddress[];
  /**
   * URL of a media server that stands alone (`rackform media serve`), which is used instead of one of our own. The other
   * settings then have no effect. Default: the environment's `RACKFORM_MEDIA_URL`.
   */
  url?: string;
  /**
   * Token of the media server that stands alone: what its `--token-file` holds. Default: the environment's `RACKFORM_MEDIA_TOKEN`.
   * @secret
   */
  token?: string;
  /**
   * Protocol for boot media. Seeds are always served over HTTPS. Default: the environment's `RACKFORM_MEDIA_SCHEME`, else `http`,
   * which every BMC can read.
   */
  scheme?: "http" | "https";
  /** Most megabytes a second for media, over all machines. Default: the environment's `RACKFORM_MEDIA_BANDWIDTH`, else no limit. */
  bandwidthMegabytesPerSecond?: number;
}

/** A network and the address by which it reaches the media server. */
export interface AdvertisedAddress {
  /** CIDR, such as `10.20.0.0/16` or `fd00:20::/64`. */
  network: string;
  /** Host name or address, without a port. */
  address: string;
}

/** The provider's configuration as handlers get it: environment and defaults applied. */
export interface Configuration extends ProviderConfig {
  fingerprints: Record<string, string>;
  insecure: boolean;
  connectTimeoutSeconds: number;
  requestTimeoutSeconds: number;
  retryBudgetSeconds: number;
  maxConcurrency: number;
  maxConcurrencyPerBmc: number;
  leaseDirectory: string;
  mediaServer: MediaServerConfig &
    Required<Pick<MediaServerConfig, "listenAddress" | "portRange" | "advertise" | "scheme">>;
}

/** Checks and decodes the provider's configuration. */
export const configCodec: ConfigCodec<Configuration> = {
  // `rackform:deployment` chooses the root program; the engine hands the whole namespace to the default provider.
  foreign: ["deployment"],
  check: (values) => configFailures(values as ProviderConfig),
  decode: (values) => configuration(values as ProviderConfig),
};

/**
 * What was configured, then the environment, then defaults. Throws, naming the property or the environment variable, on what
 * `configFailures` finds.
 */
export function configuration(given: ProviderConfig, environment: NodeJS.ProcessEnv = process.env): Configuration {
  const merged = fromEnvironment(given, environment);
  const wrong = configFailures(merged.values).map(({ property, reason }) => `${merged.origin(property)} ${reason}`);
  if (wrong.length > 0) throw new Error(`provider configuration: ${wrong.join("; ")}`);
  const { values } = merged;
  return {
    ...values,
    fingerprints: values.fingerprints ?? {},
    insecure: values.insecure ?? false,
    connectTimeoutSeconds: values.connectTimeoutSeconds ?? 5,
    requestTimeoutSeconds: values.requestTimeoutSeconds ?? 60,
    retryBudgetSeconds: values.retryBudgetSeconds ?? 180,
    maxConcurrency: values.maxConcurrency ?? 128,
    maxConcurrencyPerBmc: values.maxConcurrencyPerBmc ?? 1,
    leaseDirectory: values.leaseDirectory ?? path.join(environment.XDG_RUNTIME_DIR || tmpdir(), "rackform", "leases"),
    mediaServer: {
      ...values.mediaServer,
      listenAddress: values.mediaServer?.listenAddress ?? everyAddress(),
      portRange: values.mediaServer?.portRange ?? "8620-8629",
      advertise: values.mediaServer?.advertise ?? [],
      scheme: values.mediaServer?.scheme ?? "http",
    },
  };
}

/** `::` takes IPv4 as well, but cannot be bound where IPv6 is switched off. */
function everyAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.some(({ family }) => family === "IPv6") ? "::" : "0.0.0.0";
}
