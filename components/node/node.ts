import type { Input } from "@pulumi/pulumi";

/** A server that runs and can be logged in to. Plan: known in the first preview, nothing in it is secret. */
export interface Node {
  /** Host name, unique in the fleet. */
  name: string;
  /** Address in the management network, without prefix length. */
  address: string;
  /**
   * SSH port.
   * @integer
   */
  port: number;
  /** Login with which steps run; root, or a user with sudo and no password. */
  user: string;
  /** Class of the server: control, compute, storage, network or one of the user's own. */
  role: string;
  /** Rack that it is in. */
  rack?: string;
  /** Failure domain above the rack. */
  zone?: string;
  /** Labels of its class and its own. */
  labels: Record<string, string>;
  /** Digest of what makes this installation this one. It changes when the server is reinstalled or replaced. */
  installationId: string;
}

/** A host that the nodes are reached through. */
export interface Bastion {
  /** Name or address. */
  host: string;
  /**
   * SSH port.
   * @default 22
   * @integer
   */
  port?: number;
  /**
   * Login.
   * @default "root"
   */
  user?: string;
  /**
   * Private key, OpenSSH format. Default: the nodes' own.
   * @secret
   */
  privateKey?: string;
  /** Host key as in `ssh_host_ed25519_key.pub`. Without it the bastion is not verified. */
  hostKey?: string;
}

/** What it takes to log in to nodes. Value: secret, handed through and never read by a planner. */
export interface NodeAccess {
  /**
   * Private key, OpenSSH format, of every node's `user`.
   * @secret
   */
  privateKey: string;
  /** Public host keys by node name. */
  hostKeys: Record<string, string>;
  /** Host that the nodes are reached through. */
  bastion?: Bastion;
}

/** Access as it is handed to components: plain, or as an Output of a fleet. */
export type NodeAccessInput = Input<NodeAccess>;
