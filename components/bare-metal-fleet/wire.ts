import path from "node:path";
import type { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { BiosSettings } from "../../resources/redfish/bios-settings";
import type { BmcConnection } from "../../resources/redfish/connection";
import type { Inputs } from "../../resources/redfish/inputs";
import { Installation } from "../../resources/redfish/installation";
import { Server } from "../../resources/redfish/server";
import { SshKey } from "../../resources/ssh-key";
import type { Bastion, NodeAccess } from "../node/node";
import { remoteStep, uploadScripts } from "../node/remote-step";
import { publicKeyOf } from "../node/ssh-key";
import { scriptsIn } from "../node/step-scripts";
import type { BmcCredentials } from "../topology/inventory-file";
import type { BareMetalFleetArgs } from "./args";
import type { FleetPlan, MachinePlan, ServerPlan } from "./plan";

/** What is handed through to children and never planned with. */
export interface FleetValues extends Pick<
  BareMetalFleetArgs,
  "bmcUsername" | "bmcPassword" | "bmcCredentials" | "bmcCaBundle" | "bmcInsecure" | "accessKey" | "bastion" | "users"
> {
  /** Accounts that the inventory file holds. */
  inventoryCredentials: Record<string, BmcCredentials>;
}

/** Registers the children of a fleet: everything of one server hangs together, nothing of two servers but the canary. */
export function wireFleet(
  name: string,
  plan: FleetPlan,
  values: FleetValues,
  parent: pulumi.Resource,
): { access: pulumi.Output<NodeAccess> } {
  const login = loginKey(name, values, parent);
  const batches = [plan.canary, ...plan.batches];
  const installations = new Map<string, Installation>();
  const wired: WiredServer[] = [];
  for (const server of inOrder(plan, batches)) {
    const before = server.batch === undefined || server.batch < 2 ? [] : batches[server.batch - 1];
    const canary = server.batch === undefined || server.batch === 0 ? [] : plan.canary;
    const order: Order = {
      dependsOn: canary.flatMap((other) => installations.get(other) ?? []),
      settled: before.flatMap((other) => installations.get(other) ?? []),
    };
    const one = server.machine
      ? wireMachine(name, server, server.machine, values, login, order, parent)
      : wireRunning(server);
    if (one.installation) installations.set(server.name, one.installation);
    wired.push({ ...one, ...prepare(name, server, one, values, login, parent) });
  }
  return { access: fleetAccess(wired, login, values.bastion) };
}

interface LoginKey {
  privateKey: pulumi.Output<string>;
  publicKey: pulumi.Output<string>;
}

interface WiredServer {
  server: ServerPlan;
  hostKey: pulumi.Output<string>;
  installation?: Installation;
  base?: remote.Command;
}

interface Order {
  /** Must have succeeded. */
  dependsOn: Installation[];
  /** Must be over, however it ended. */
  settled: Installation[];
}

function inOrder(plan: FleetPlan, batches: string[][]): ServerPlan[] {
  const first = batches.flat().flatMap((server) => plan.servers[server] ?? []);
  return [...first, ...Object.values(plan.servers).filter((server) => !first.includes(server))];
}

function loginKey(name: string, values: FleetValues, parent: pulumi.Resource): LoginKey {
  if (values.accessKey === undefined) {
    const key = new SshKey(`${name}-access-key`, { comment: name }, { parent });
    return { privateKey: pulumi.secret(key.privateKey), publicKey: key.publicKey };
  }
  const privateKey = pulumi.secret(values.accessKey);
  return { privateKey, publicKey: pulumi.unsecret(privateKey.apply(publicKeyOf)) };
}

function wireRunning(server: ServerPlan): WiredServer {
  return { server, hostKey: pulumi.output(server.hostKey ?? "") };
}

function wireMachine(
  name: string,
  server: ServerPlan,
  machine: MachinePlan,
  values: FleetValues,
  login: LoginKey,
  order: Order,
  parent: pulumi.Resource,
): WiredServer {
  const { protect, powerOffOnDelete, maintenance, requirements, identity } = machine;
  const target = {
    connection: connectionOf(server.name, machine, values),
    ...(machine.systemId === undefined ? {} : { systemId: machine.systemId }),
  };
  const aside = server.quarantined ? { quarantine: true } : {};
  const common = { ...target, ...aside, powerOffOnDelete, maintenance, ...(identity ? { identity } : {}) };
  const self = new Server(`${name}-${server.name}`, { ...common, requirements }, { parent, protect });
  const bios =
    machine.biosAttributes && !server.quarantined
      ? new BiosSettings(
          `${name}-${server.name}-bios`,
          { ...target, attributes: machine.biosAttributes, apply: "immediate", maintenance },
          { parent, dependsOn: [self] },
        )
      : undefined;
  const { timeoutSeconds, ...installation } = machine.installation;
  const user = server.node.user;
  const os = new Installation(
    `${name}-${server.name}-os`,
    {
      ...common,
      ...installation,
      hostKey: self.hostKey,
      tokenSecret: self.tokenSecret,
      users: [{ name: user, authorizedKeys: [login.publicKey], sudo: user !== "root" }, ...(values.users ?? [])],
      loginKey: login.privateKey,
      ssh: { address: server.node.address, port: server.node.port, user },
      timeoutSeconds: order.settled.length === 0 ? timeoutSeconds : whenSettled(order.settled, timeoutSeconds),
    },
    { parent, protect, dependsOn: [self, ...(bios ? [bios] : []), ...order.dependsOn] },
  );
  return { server, hostKey: self.hostKey.apply((key) => key?.publicKey), installation: os };
}

/**
 * The value, once all resources are over. A promise and not an Output of theirs: the engine skips what depends on a failed
 * resource, and one failed server must not end the batches after it.
 */
function whenSettled<T>(resources: pulumi.Resource[], value: T): Promise<T> {
  const over = resources.map((resource) => new Promise<void>((resolve) => void resource.urn.apply(() => resolve())));
  return Promise.all(over).then(() => value);
}

function connectionOf(server: string, machine: MachinePlan, values: FleetValues): Inputs<BmcConnection> {
  const { bmcUsername, bmcPassword, bmcCredentials, inventoryCredentials } = values;
  const filed = Object.hasOwn(inventoryCredentials, server) ? inventoryCredentials[server] : undefined;
  const own =
    bmcCredentials === undefined
      ? undefined
      : pulumi.secret(bmcCredentials).apply((all) => (all && Object.hasOwn(all, server) ? all[server] : undefined));
  const username = own
    ? pulumi.all([own, bmcUsername]).apply(([account, fallback]) => account?.username ?? filed?.username ?? fallback)
    : (filed?.username ?? bmcUsername);
  const password = own
    ? pulumi.all([own, bmcPassword]).apply(([account, fallback]) => account?.password ?? filed?.password ?? fallback)
    : (filed?.password ?? bmcPassword);
  return {
    endpoint: machine.endpoint,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: pulumi.secret(password) }),
    ...(machine.fingerprint === undefined ? {} : { fingerprint: machine.fingerprint }),
    ...(values.bmcCaBundle === undefined ? {} : { caBundle: values.bmcCaBundle }),
    ...(values.bmcInsecure === undefined ? {} : { insecure: values.bmcInsecure }),
  };
}

function prepare(
  name: string,
  server: ServerPlan,
  { installation, hostKey }: WiredServer,
  values: FleetValues,
  login: LoginKey,
  parent: pulumi.Resource,
): { base?: remote.Command } {
  if (server.quarantined) return {};
  const { node } = server;
  const access = accessOf(login, { [node.name]: hostKey }, values.bastion);
  const dependsOn = installation ? [installation] : [];
  const scripts = scriptsIn(path.join(__dirname, "scripts"));
  const uploaded = uploadScripts(`${name}-${server.name}-scripts`, { node, access, scripts }, { parent, dependsOn });
  const step = { node, access, uploaded, script: "base-preparation.sh", parameters: server.base };
  return {
    base: remoteStep(`${name}-${server.name}-base`, step, { parent, dependsOn: [uploaded.copy, ...dependsOn] }),
  };
}

function accessOf(
  login: LoginKey,
  hostKeys: Record<string, pulumi.Output<string>>,
  bastion: pulumi.Input<Bastion> | undefined,
): pulumi.Output<NodeAccess> {
  return pulumi.secret(
    pulumi
      .all([login.privateKey, pulumi.output(hostKeys), pulumi.output(bastion)])
      .apply(([privateKey, keys, through]): NodeAccess => ({
        privateKey,
        hostKeys: keys,
        ...(through ? { bastion: through } : {}),
      })),
  );
}

/** The access of the whole fleet. It carries the ordering: what uses it waits for every server's base preparation. */
function fleetAccess(
  wired: WiredServer[],
  login: LoginKey,
  bastion: pulumi.Input<Bastion> | undefined,
): pulumi.Output<NodeAccess> {
  const prepared = wired.flatMap(({ base }) => (base ? [base.id] : []));
  const hostKeys = Object.fromEntries(wired.map(({ server, hostKey }) => [server.name, hostKey]));
  return pulumi.all([accessOf(login, hostKeys, bastion), pulumi.all(prepared)]).apply(([access]) => access);
}
