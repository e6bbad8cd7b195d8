import type { Peer } from "./address";
import type { Progress, Publication } from "./publication";

/** By which URLs one machine and its BMC reach a media server. */
export interface Place {
  /** For the BMC: `http://10.0.0.5:8620/m`. */
  mediaUrl: string;
  /** For firmware that boots over HTTP, from the machine's own network. */
  httpBootUrl: string;
  /** For the installer: `https://10.0.1.5:8620/s`. */
  seedUrl: string;
  /** Certificate of the authority behind `seedUrl`, PEM. */
  caPem: string;
  port: number;
}

/** What is remembered of an attempt, so that a process that comes after a killed one can go on with it. Holds no secret. */
export interface Attempt {
  nonce: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Port on which the installer was told to look for its seed. */
  port: number;
  method: string;
  progress: Progress;
}

/** Who is to reach the server, and on which port it was reached before. */
export interface PlaceRequest {
  /** Of the machine's BMC. */
  bmc: Peer;
  /** Of the machine itself. */
  machine: Peer;
  port?: number;
}

/** A server of media and seeds: in this process, or one that stands alone. */
export interface MediaService {
  /**
   * Makes the server reachable for a machine, and proves that it is.
   *
   * @throws Error naming the address and the firewall rule, or the configuration that is missing
   */
  place(request: PlaceRequest, signal: AbortSignal): Promise<Place>;
  /** Serves a publication, loading what it needs first; again for the same nonce goes on with it. Returns the size of the medium, if there is one. */
  publish(
    publication: Publication,
    attempt: Omit<Attempt, "nonce" | "progress">,
    signal: AbortSignal,
  ): Promise<{ isoBytes?: number }>;
  /** What has been seen, as soon as there is more than `version`, or after the time. */
  progress(nonce: string, version: number, milliseconds: number, signal: AbortSignal): Promise<Progress>;
  /** The last attempt at an installation, if it is known. */
  recall(installationId: string): Promise<Attempt | undefined>;
  /** Stops serving. The attempt stays known unless it is over. */
  withdraw(nonce: string, over: boolean): Promise<void>;
}
