import type { InstallationArgs, InstallationState } from "../../resources/redfish/installation";
import type { Configuration } from "../config";
import { bmcAccess, type BmcAccess, type Context, endpointOf, isNotFound } from "../deps";
import { checkInstallation, sameSerial } from "../installation/check";
import { needsStoredConsent } from "../installation/decide";
import { describeSsh } from "../installation/failures";
import { Installer } from "../installation/installer";
import { installerPorts } from "../installation/media-port";
import type { Change, HandlerFactory, ResourceHandler } from "../kit/handler";
import { powerStateOf, read, setPower, type SystemRef } from "../redfish";
import { sleep } from "../redfish/limits";
import { idOf, located } from "./ids";
import { verifyIdentity } from "./identity";
import { known, merged, systemIsGone, systemOf, undeletable } from "./operate";
import { settledPower } from "./power-state";

const EXAMPLE = "https://bmc1.example.com/redfish/v1/Systems/1#Installation";
const SYSTEMS = "/redfish/v1/Systems";

const INPUTS: (keyof InstallationArgs)[] = [
  ...(["connection", "systemId", "hostname", "installationId", "hostKey", "tokenSecret", "identity", "image"] as const),
  ...(["methods", "rootDisk", "keepDisks", "consent", "network", "users", "loginKey", "ssh", "timezone"] as const),
  ...(["locale", "packages", "reinstall", "timeoutSeconds", "provisionNetwork", "bootMode"] as const),
  ...(["powerOffOnDelete", "maintenance", "quarantine"] as const),
];

/** How the machine and its system are reached and known: a change is stored only after both have proven to be the same. */
const REACH = ["connection", "systemId", "identity", "ssh", "loginKey", "hostKey"] as const;

/** `rackform:redfish:Installation`. */
export const handler: HandlerFactory<Configuration, InstallationArgs, InstallationState> = (deps) => {
  const access = bmcAccess(deps);
  return new InstallationHandler(access, new Installer(access, installerPorts(deps)));
};

class InstallationHandler implements ResourceHandler<InstallationArgs, InstallationState, Configuration> {
  readonly token = "rackform:redfish:Installation";

  constructor(
    private readonly access: BmcAccess,
    private readonly installer: Installer,
  ) {}

  check(_ctx: Context, news: InstallationArgs) {
    return { inputs: news, failures: checkInstallation(news) };
  }

  /** Throws when an installed server would be installed anew without a consent that an earlier `up` stored. */
  diff(
    _ctx: Context,
    args: {
      id: string;
      olds: InstallationState;
      oldInputs: InstallationArgs;
      news: InstallationArgs;
      changes: Change[];
    },
  ): Change[] {
    const { id, olds, oldInputs, news } = args;
    if (reinstalls(olds, oldInputs, news) && !storedConsent(oldInputs, news)) {
      throw new Error(
        `installationId: the server has installation ${olds.installationId}, wanted is ${news.installationId}; ${needsStoredConsent}`,
      );
    }
    const { path } = located(id, EXAMPLE, { inputs: oldInputs });
    const here = news.systemId === undefined || path === SYSTEMS || read.lastSegment(path) === news.systemId;
    const kept = args.changes.filter((change) => !(change.path === "systemId" && here));
    if (isOff(olds) && news.quarantine !== true) {
      kept.push({ path: "powerState", kind: "update", replace: false, against: "state" });
    }
    if (olds.installedAt === undefined && news.quarantine !== true && kept.length === 0) {
      kept.push({ path: "installedAt", kind: "add", replace: false, against: "state" });
    }
    return kept;
  }

  async create(ctx: Context, inputs: InstallationArgs, { preview }: { preview: boolean }) {
    const state = known(inputs) as Partial<InstallationState>;
    if (preview) return { id: "", state };
    if (inputs.quarantine === true) return { id: idOf(inputs.connection, placeOf(inputs), "Installation"), state };
    const made = await this.installer.ensure(ctx, {
      purpose: "create of Installation",
      inputs,
      installed: false,
      storedConsent: false,
    });
    return { ...made, state: { ...made.state, powerState: "On" as const } };
  }

  async read(ctx: Context, id: string, old: { inputs?: InstallationArgs; state?: InstallationState }) {
    const { connection, path } = located(id, EXAMPLE, old);
    if (old.inputs?.quarantine === true && old.state) return { id, inputs: old.inputs, state: old.state };
    const system = await this.access.read(ctx, connection, async (bmc) => {
      try {
        return await systemOf(bmc, whereIs(path, old.inputs?.systemId));
      } catch (error) {
        if (await systemIsGone(bmc, error)) return undefined;
        throw error;
      }
    });
    if (!system) return undefined;
    if (!old.inputs || !old.state) return imported(id, connection, system);
    verifyIdentity(endpointOf(connection), system, old.inputs.identity);
    const powerState = settledPower(powerStateOf(system.resource));
    return { id, ...(await this.observed(ctx, old.inputs, { ...old.state, powerState })) };
  }

  async update(
    ctx: Context,
    id: string,
    args: { olds: InstallationState; oldInputs: InstallationArgs; news: InstallationArgs; preview: boolean },
  ): Promise<Partial<InstallationState>> {
    const { olds, oldInputs, news } = args;
    const state: Partial<InstallationState> = merged(olds, news, INPUTS);
    const another = replaced(oldInputs, news);
    const anew = another || reinstalls(olds, oldInputs, news);
    const begin = anew || olds.installedAt === undefined;
    if (args.preview) return begin && news.quarantine !== true ? (known(news) as Partial<InstallationState>) : state;
    // Setting a server aside neither reinstalls it nor forgets what it is.
    if (news.quarantine === true) return { ...state, installationId: olds.installationId };
    if (!begin) {
      if (isOff(olds)) await this.switchOn(ctx, id, news);
      if (REACH.some((name) => changed(oldInputs, news, name))) await this.verify(ctx, id, news);
      return { ...state, powerState: "On" };
    }
    const { path } = located(id, EXAMPLE, { inputs: news });
    const done = await this.installer.ensure(ctx, {
      purpose: "update of Installation",
      inputs: news,
      id,
      olds,
      ...whereIs(path, news.systemId),
      installed: !another && (anew || wasImported(oldInputs)),
      storedConsent: storedConsent(oldInputs, news),
    });
    return { ...done.state, powerState: "On" };
  }

  async delete(ctx: Context, id: string, state: InstallationState): Promise<void> {
    if (state.powerOffOnDelete !== true) return;
    if (state.quarantine === true) return ctx.log.warn("the server is in quarantine, so it is not switched off");
    const { connection, path } = located(id, EXAMPLE, { state });
    const endpoint = endpointOf(connection);
    try {
      await this.access.write(ctx, connection, "delete of Installation", async (bmc) => {
        const system = await systemOf(bmc, whereIs(path, state.systemId));
        verifyIdentity(endpoint, system, state.identity);
        await setPower(bmc.client, "Off", { system, graceful: true, signal: ctx.signal });
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw undeletable(endpoint, "the power of the server", error);
    }
  }

  /** What the machine says of itself. One that does not answer is not gone: what is known of it stays. */
  private async observed(
    ctx: Context,
    inputs: InstallationArgs,
    state: InstallationState,
  ): Promise<{ inputs: InstallationArgs; state: InstallationState }> {
    const ssh = await this.installer.probe(ctx, inputs);
    if (ssh.state !== "reachable" || !ssh.marker) {
      const { address, port = 22, user } = inputs.ssh;
      ctx.log.warn(`${user}@${address}:${port} ${describeSsh(ssh)}; what is known of the installation is kept`);
      return { inputs, state };
    }
    const { installationId, installedAt } = ssh.marker;
    const told = {
      installationId,
      installedAt: installedAt ?? state.installedAt,
      ...(ssh.osRelease ? { osRelease: ssh.osRelease } : {}),
      ...(ssh.machineId ? { machineId: ssh.machineId } : {}),
    };
    return { inputs: { ...inputs, installationId }, state: { ...state, ...told } };
  }

  /** Somebody switched an installed server off: it is switched on, and awaited until it is the installation that it was. */
  private async switchOn(ctx: Context, id: string, news: InstallationArgs): Promise<void> {
    const { path } = located(id, EXAMPLE, { inputs: news });
    await this.access.write(ctx, news.connection, "update of Installation", async (bmc) => {
      const system = await systemOf(bmc, whereIs(path, news.systemId));
      verifyIdentity(endpointOf(news.connection), system, news.identity);
      await setPower(bmc.client, "On", { system, signal: ctx.signal });
    });
    const started = Date.now();
    const limit = (news.timeoutSeconds ?? 3600) * 1000;
    for (;;) {
      const ssh = await this.installer.probe(ctx, news);
      if (ssh.state === "reachable" && ssh.marker?.installationId === news.installationId) return;
      const waited = Date.now() - started;
      if (waited > limit)
        throw new Error(
          `${news.hostname} is on, but ${news.ssh.address} ${describeSsh(ssh)} after ${Math.round(waited / 1000)} s`,
        );
      ctx.log.status(`${news.hostname} was switched off; waiting for it to start: ${Math.round(waited / 1000)} s`);
      await sleep(3000, ctx.signal);
    }
  }

  /** Before another way to a machine is stored, it has to lead to the same installation. */
  private async verify(ctx: Context, id: string, news: InstallationArgs): Promise<void> {
    const endpoint = endpointOf(news.connection);
    const { path } = located(id, EXAMPLE, { inputs: news });
    await this.access.read(ctx, news.connection, async (bmc) => {
      verifyIdentity(endpoint, await systemOf(bmc, whereIs(path, news.systemId)), news.identity);
    });
    const ssh = await this.installer.probe(ctx, news);
    if (ssh.state === "reachable" && ssh.marker?.installationId === news.installationId) return;
    const { address, port = 22, user } = news.ssh;
    throw new Error(
      `${user}@${address}:${port} ${describeSsh(ssh)}, but connection, identity, ssh or a key changed, which is stored only when installation ` +
        `${news.installationId} answers there; correct it, or run up when the machine is on`,
    );
  }
}

/** A finished installation is to become another one. */
function reinstalls(olds: InstallationState, oldInputs: InstallationArgs, news: InstallationArgs): boolean {
  if (olds.installedAt === undefined || wasImported(oldInputs) || news.quarantine === true) return false;
  if (replaced(oldInputs, news)) return false;
  return typeof news.installationId === "string" && olds.installationId !== news.installationId;
}

/** Another machine than the installed one is expected: its disks are its own, and installing it is a first installation. */
function replaced({ identity: old }: InstallationArgs, { identity: now }: InstallationArgs): boolean {
  if (!old?.serialNumber || !now?.serialNumber) return false;
  return ![old.serialNumber, old.sku].some((serial) => serial && sameSerial(serial, now.serialNumber!));
}

/** Somebody switched an installed server off. */
function isOff({ installedAt, powerState }: InstallationState): boolean {
  return installedAt !== undefined && powerState === "Off";
}

/** An import knows nothing of what is installed. */
function wasImported(oldInputs: InstallationArgs): boolean {
  return oldInputs.installationId === undefined;
}

/** The consent that an earlier `up` stored, and only for the machine that is expected now. */
function storedConsent({ consent }: InstallationArgs, { identity, consent: now }: InstallationArgs): boolean {
  if (consent?.wipe !== true) return false;
  const { serialNumber } = consent;
  if (serialNumber === undefined) return true;
  const expected = [identity?.serialNumber, identity?.sku, now?.serialNumber].filter((one) => typeof one === "string");
  return expected.length === 0 || expected.some((one) => sameSerial(one, serialNumber));
}

/**
 * What an id alone tells: that there is such a system. What is installed on it is found out by SSH once the program gives address
 * and keys: the next `up` takes it over when it is the wanted installation, and refuses when it is not.
 */
function imported(id: string, connection: InstallationArgs["connection"], system: SystemRef) {
  const hostname = read.str(system.resource.body.HostName)?.toLowerCase();
  const inputs = {
    connection,
    ...(hostname ? { hostname } : {}),
    consent: { wipe: false },
  } as InstallationArgs;
  return { id, inputs, state: { ...inputs, phases: [] as InstallationState["phases"] } as InstallationState };
}

function placeOf({ systemId }: InstallationArgs): string {
  return systemId === undefined ? SYSTEMS : `${SYSTEMS}/${systemId}`;
}

/** The id of an installation that was made in quarantine may name no system. */
function whereIs(path: string, systemId: string | undefined): { systemId?: string; systemPath?: string } {
  return path === SYSTEMS ? { systemId } : { systemPath: path };
}

function changed(olds: InstallationArgs, news: InstallationArgs, name: keyof InstallationArgs): boolean {
  return JSON.stringify(olds[name]) !== JSON.stringify(news[name]);
}
