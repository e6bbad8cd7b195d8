/**
 * How to reach a server's BMC. What is left out comes from the provider's configuration, then from the environment
 * (`RACKFORM_BMC_USERNAME`, `RACKFORM_BMC_PASSWORD`, `RACKFORM_BMC_CA_BUNDLE`, `RACKFORM_BMC_INSECURE`).
 */
export interface BmcConnection {
  /** Base URL of the BMC: `https://host[:port]`, without a path. A bare host or address means https. */
  endpoint: string;
  /** BMC account. */
  username?: string;
  /**
   * Password of the BMC account.
   * @secret
   */
  password?: string;
  /** PEM certificates that sign the BMC's certificate, beside the system's. */
  caBundle?: string;
  /** SHA-256 fingerprint of the BMC's own certificate, hexadecimal, colons allowed. Replaces verification by name and chain. */
  fingerprint?: string;
  /** Accept any certificate. Prefer `fingerprint`. Default: the provider's, else false. */
  insecure?: boolean;
  /** Seconds to wait for a TCP and TLS connection. Default: the provider's, else 5. */
  connectTimeoutSeconds?: number;
  /** Seconds to wait for an answer. Default: the provider's, else 60. */
  requestTimeoutSeconds?: number;
}
