import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { Node, NodeAccess, NodeAccessInput } from "./node";

/** Ten minutes for a host that does not answer at all, the time that a large server takes to restart. */
const PATIENCE = { dialErrorLimit: 40, perDialTimeout: 10 };

/**
 * In place of a host key that is not there. OpenSSH's format does not allow it, so that a login fails before anything is
 * sent; without any host key the command plugin would accept every server.
 */
const NO_HOST_KEY = "host key unknown";

/** The SSH connection to a node: pinned host key, key of the fleet, bastion. Secret. */
export function connectionTo(node: Node, access: NodeAccessInput): pulumi.Output<types.input.remote.ConnectionArgs> {
  return pulumi.secret(access).apply((known: Partial<NodeAccess> | undefined) => ({
    host: node.address,
    port: node.port,
    user: node.user,
    privateKey: known?.privateKey ?? "",
    hostKey: known?.hostKeys?.[node.name] ?? NO_HOST_KEY,
    ...PATIENCE,
    ...(known?.bastion ? { proxy: through(known.bastion, known.privateKey ?? "") } : {}),
  }));
}

function through(bastion: NonNullable<NodeAccess["bastion"]>, key: string): types.input.remote.ProxyConnectionArgs {
  return {
    host: bastion.host,
    port: bastion.port ?? 22,
    user: bastion.user ?? "root",
    privateKey: bastion.privateKey ?? key,
    ...(bastion.hostKey === undefined ? {} : { hostKey: bastion.hostKey }),
    ...PATIENCE,
  };
}
