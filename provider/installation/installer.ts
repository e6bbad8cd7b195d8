import type { InstallationArgs, InstallationMethod, InstallationState } from "../../resources/redfish/installation";
import { type Bmc, type BmcAccess, type Context, endpointOf } from "../deps";
import { idOf } from "../handlers/ids";
import { machineOf, verifyIdentity, WrongMachine } from "../handlers/identity";
import { known, partial, systemOf } from "../handlers/operate";
import { messageOf } from "../kit/errors";
import { sizeWarning } from "../media/boot-image";
import type { Attempt, MediaService, Place } from "../media/service";
import { powerStateOf, setPower, type SystemRef } from "../redfish";
import { newNonce, ownNonce, publicationOf } from "./attempt";
import { type Earlier, earlierAttempt } from "./earlier";
import { decide, type Decision, type Limits, limitsFor, type Wish } from "./decide";
import { describeEnd } from "./failures";
import type { InstallerPorts } from "./media-port";
import { again, arm, disarm, isAvoidable, traces } from "./methods";
import { Phases } from "./phases";
import { probeSsh, type SshObservation } from "./ssh-probe";
import { watch, type Watched } from "./watch";

/** What has to be true at the end, and what was before. */
export interface Order {
  /** For the lease and for messages, such as `create of Installation`. */
  purpose: string;
  inputs: InstallationArgs;
  /** Of a resource that is in state. */
  id?: string;
  systemPath?: string;
  olds?: InstallationState;
  /** The state has a finished installation on this machine, or it was imported. */
  installed: boolean;
  /** Consent to wipe that an earlier `up` stored. */
  storedConsent: boolean;
}

export const DEFAULT_METHODS: InstallationMethod[] = ["virtualMedia", "uefiHttp"];

/** Brings machines to their installation. Can be entered anywhere: it looks first, and then adopts, waits or installs. */
export class Installer {
  constructor(
    private readonly access: BmcAccess,
    private readonly ports: InstallerPorts,
  ) {}

  /**
   * The state of a proven installation. Before the first change errors are thrown as they are; after it as a `PartialFailure`,
   * with which a later call goes on.
   */
  ensure(ctx: Context, order: Order): Promise<{ id: string; state: Partial<InstallationState> }> {
    const { inputs } = order;
    return this.access.write(ctx, inputs.connection, order.purpose, async (bmc) => {
      const system = await systemOf(bmc, { systemId: inputs.systemId, systemPath: order.systemPath });
      const id = order.id ?? idOf(inputs.connection, system.path, "Installation");
      const run = new Run(ctx, bmc, system, order, this.ports);
      try {
        return { id, state: await run.bring() };
      } catch (error) {
        if (!run.changed) throw error;
        throw partial<InstallationState>(id, run.unfinished(), run.explain(error));
      }
    });
  }

  /** Asks the installed system who it is. */
  probe(ctx: Context, inputs: InstallationArgs): Promise<SshObservation> {
    return probeOf(ctx, inputs, this.ports);
  }
}

/** One operation on one machine. */
class Run {
  /** Something was done to the machine, by this process or by an earlier one at the same installation. */
  changed = false;
  private readonly phases: Phases;
  private readonly limits: Limits;
  private method?: InstallationMethod;
  private place?: Place;
  private nonce?: string;
  private disarmed = false;

  constructor(
    private readonly ctx: Context,
    private readonly bmc: Bmc,
    private readonly system: SystemRef,
    private readonly order: Order,
    private readonly ports: InstallerPorts,
  ) {
    const { now } = bmc.client.clock;
    this.phases = new Phases(now);
    this.limits = (ports.limits ?? limitsFor)(order.inputs.timeoutSeconds ?? 3600);
  }

  /** Looks, decides, acts. */
  async bring(): Promise<Partial<InstallationState>> {
    this.recognise();
    const ssh = await this.probe();
    const earlier = await this.earlier(ssh);
    const decision = this.decide(ssh, earlier);
    if (decision.do === "adopt") return this.adopt(ssh, earlier?.attempt);
    if (decision.do === "install") return this.install(decision.off);
    this.changed = true;
    const watched = await this.resume(decision, earlier);
    if (watched.verdict.is === "done") return this.finish(watched);
    const { is } = watched.verdict;
    if (is === "failed" || is === "late") throw this.ended(watched);
    this.ctx.log.warn(`${this.describe(watched)}; the installation is started anew`);
    this.decide(watched.ssh ?? ssh, undefined);
    return this.install("force");
  }

  /** What is known when it did not come to an end: the arguments, and how far it came. */
  unfinished(): Partial<InstallationState> {
    const method = this.method ?? this.order.olds?.method;
    return {
      ...(known(this.order.inputs) as Partial<InstallationState>),
      ...(method ? { method } : {}),
      phases: this.phases.list(),
    };
  }

  /** Adds what a stopped operation leaves behind. */
  explain(error: unknown): unknown {
    if (!this.ctx.signal.aborted || !this.phases.running) return error;
    const reason = messageOf(this.ctx.signal.reason);
    return new Error(
      `${reason}; the machine is left as it is (${this.phases.running}): the next up waits for its installer, or takes the installation over`,
    );
  }

  /** Another machine than the expected one, or than the one that the consent is for, is an error before anything is done. */
  private recognise(): void {
    const { inputs } = this.order;
    const endpoint = endpointOf(inputs.connection);
    const untold = verifyIdentity(endpoint, this.system, inputs.identity);
    if (untold.length > 0)
      this.ctx.log.warn(`${endpoint}: the BMC does not tell ${untold.join(", ")}; the rest of identity matches`);
    if (!inputs.consent.wipe || inputs.consent.serialNumber === undefined) return;
    try {
      verifyIdentity(endpoint, this.system, { serialNumber: inputs.consent.serialNumber });
    } catch (error) {
      if (!(error instanceof WrongMachine)) throw error;
      throw new WrongMachine(`consent.serialNumber is for another machine: ${error.message}`);
    }
  }

  private decide(ssh: SshObservation, earlier: Earlier | undefined): Exclude<Decision, { do: "refuse" }> {
    const { inputs, installed, storedConsent } = this.order;
    const wish: Wish = {
      installationId: inputs.installationId,
      login: `${inputs.ssh.user}@${inputs.ssh.address}:${inputs.ssh.port ?? 22}`,
      wipe: inputs.consent.wipe,
      maintenance: inputs.maintenance === true,
      installed,
      storedConsent,
      limits: this.limits,
    };
    const decision = decide({ power: powerStateOf(this.system.resource), ssh, attempt: earlier?.seen }, wish);
    if (decision.do === "refuse") throw new Error(`${endpointOf(inputs.connection)}: ${decision.reason}`);
    if (decision.do === "install") this.ctx.log.debug(`installing: ${decision.why}`);
    return decision;
  }

  private async earlier(ssh: SshObservation): Promise<Earlier | undefined> {
    const { inputs } = this.order;
    const service = await this.ports.media(this.ctx.config);
    const adopted = ssh.state === "reachable" && ssh.marker?.installationId === inputs.installationId;
    const look = !adopted && powerStateOf(this.system.resource) !== "Off";
    const found = () => (look ? traces(this.bmc, this.system, this.methods, this.ours) : Promise.resolve([]));
    return earlierAttempt(inputs, service, found);
  }

  /**
   * The inputs with what the BMC tells beside the expected serial number: what SMBIOS calls the serial number is the service tag, a
   * Redfish SKU, on Dell (quirk 24). The machine was checked before.
   */
  private identified(): InstallationArgs {
    const { inputs } = this.order;
    if (inputs.identity?.serialNumber === undefined) return inputs;
    const { sku } = machineOf(this.system);
    return sku === undefined ? inputs : { ...inputs, identity: { sku, ...inputs.identity } };
  }

  private async adopt(ssh: SshObservation, attempt: Attempt | undefined): Promise<Partial<InstallationState>> {
    const method = this.order.olds?.method ?? attempt?.method;
    this.method = method as InstallationMethod | undefined;
    this.nonce = attempt?.nonce;
    await this.disarm(undefined);
    return this.finish({ verdict: { is: "done" }, ssh, progress: attempt?.progress });
  }

  private async resume(
    { method, ageSeconds }: Extract<Decision, { do: "wait" }>,
    earlier: Earlier | undefined,
  ): Promise<Watched> {
    this.method = method;
    const startedAt = this.bmc.client.clock.now() - ageSeconds * 1000;
    const media = earlier && (await this.reopen(earlier.attempt));
    const blind = earlier?.seen.progress === undefined;
    this.ctx.log.info(
      `${this.order.inputs.hostname}: an installer that was started earlier is at work; waiting for it`,
    );
    return this.watch(method, {
      startedAt,
      bytesBefore: 0,
      resumed: true,
      blind,
      media,
      deadlineAt: this.deadline(startedAt),
    });
  }

  /** Serves an earlier attempt again, under the same URLs. Where that cannot be, the installed system is waited for all the same. */
  private async reopen(attempt: Attempt): Promise<{ service: MediaService; nonce: string } | undefined> {
    const { nonce, port, startedAt } = attempt;
    const method = attempt.method as InstallationMethod;
    try {
      const service = await this.ports.media(this.ctx.config);
      this.place = await service.place({ ...this.peers(), port }, this.ctx.signal);
      const publication = publicationOf(this.identified(), this.place, { nonce, method, wipe: this.mayWipe });
      await service.publish(publication, { startedAt, port: this.place.port, method }, this.ctx.signal);
      this.nonce = nonce;
      return { service, nonce };
    } catch (error) {
      this.ctx.signal.throwIfAborted();
      this.ctx.log.warn(
        `the installer's seed cannot be served again (${messageOf(error)}); waiting for the installed system`,
      );
      return undefined;
    }
  }

  /** Method after method, until the machine starts the installer. */
  private async install(off: "not" | "graceful" | "force"): Promise<Partial<InstallationState>> {
    const misses: string[] = [];
    let how = off;
    let deadlineAt: number | undefined;
    for (const method of this.methods) {
      this.method = method;
      let watched: Watched;
      try {
        const { bytesBefore, service } = await this.start(method, how);
        const startedAt = this.bmc.client.clock.now();
        deadlineAt ??= this.deadline(startedAt);
        const media = { service, nonce: this.nonce! };
        watched = await this.watch(method, { startedAt, deadlineAt, bytesBefore, resumed: false, blind: false, media });
      } catch (error) {
        this.ctx.signal.throwIfAborted();
        if (!this.changed || !isAvoidable(error)) throw error;
        misses.push(`${method}: ${error.message}`);
        how = "force";
        continue;
      }
      if (watched.verdict.is === "done") return this.finish(watched);
      if (watched.verdict.is !== "notBegun") throw this.ended(watched);
      misses.push(`${method}: ${this.describe(watched)}`);
      this.ctx.log.info(`${this.order.inputs.hostname}: ${misses[misses.length - 1]}`);
      how = "force";
    }
    throw new Error(`${this.endpoint}: the installer was not started by any of methods; ${misses.join("; ")}`);
  }

  /** Everything that can be wrong on our side is found out before the machine is touched. */
  private async start(
    method: InstallationMethod,
    off: "not" | "graceful" | "force",
  ): Promise<{ service: MediaService; bytesBefore: number }> {
    const { ctx, bmc, order, phases } = this;
    const { inputs } = order;
    const { signal } = ctx;
    phases.enter("prepare");
    ctx.log.status(`preparing boot medium and seed of ${inputs.hostname} (${method})`);
    const service = await this.ports.media(ctx.config);
    const place = (this.place ??= await service.place(this.peers(), signal));
    const nonce = newNonce(inputs);
    const publication = publicationOf(this.identified(), place, { nonce, method, wipe: this.mayWipe });
    const startedAt = Date.now();
    const { isoBytes } = await service.publish(publication, { startedAt, port: place.port, method }, signal);
    const warning = method === "virtualMedia" && isoBytes !== undefined ? sizeWarning(isoBytes) : undefined;
    if (warning) ctx.log.warn(warning);
    const previous = this.nonce;
    this.nonce = nonce;
    this.disarmed = false;
    this.changed = true;
    phases.enter("media");
    if (off !== "not") {
      ctx.log.status(`switching ${inputs.hostname} off`);
      const graceful = off === "graceful";
      await setPower(bmc.client, "Off", {
        system: await again(bmc, this.system),
        graceful,
        gracefulSeconds: 60,
        signal,
      });
    }
    if (previous !== undefined) {
      await service.withdraw(previous, false);
      await disarm(bmc, await again(bmc, this.system), undefined, this.ours);
    }
    ctx.log.status(`handing the installer to the BMC of ${inputs.hostname} (${method})`);
    const urls = {
      iso: `${place.mediaUrl}/${nonce}/${inputs.hostname}.iso`,
      http: `${place.httpBootUrl}/${nonce}/boot.iso`,
    };
    await arm(bmc, await again(bmc, this.system), method, urls, inputs.bootMode ?? "UEFI");
    const before = await service.progress(nonce, -1, 0, signal);
    await setPower(bmc.client, "On", { system: await again(bmc, this.system), signal });
    return { service, bytesBefore: before.media?.bytes ?? 0 };
  }

  private watch(
    method: InstallationMethod,
    more: Pick<Parameters<typeof watch>[0], "startedAt" | "deadlineAt" | "bytesBefore" | "resumed" | "blind" | "media">,
  ): Promise<Watched> {
    const { ctx, bmc, system, limits, phases, ports } = this;
    return watch({
      ...{ ctx, bmc, system, limits, phases, ports, method, inputs: this.order.inputs },
      ...more,
      probe: () => this.probe(),
      onHome: () => this.disarm(method),
    });
  }

  /** The machine must not start the installer again; that it might is no reason to fail an installation. */
  private async disarm(method: InstallationMethod | undefined): Promise<void> {
    this.disarmed = true;
    try {
      await disarm(this.bmc, await again(this.bmc, this.system), method, this.ours);
    } catch (error) {
      this.ctx.signal.throwIfAborted();
      this.ctx.log.warn(
        `the boot medium or override could not be taken back: ${messageOf(error)}; look at the BMC's virtual media`,
      );
    }
  }

  private async finish({ ssh, progress }: Watched): Promise<Partial<InstallationState>> {
    const { olds, inputs } = this.order;
    if (!this.disarmed) await this.disarm(this.method);
    this.phases.end();
    if (this.nonce !== undefined) {
      await (await this.ports.media(this.ctx.config)).withdraw(this.nonce, true).catch(() => undefined);
    }
    const found = ssh?.state === "reachable" ? ssh : undefined;
    const { home } = progress ?? {};
    const phases = this.phases.list();
    const bootDevice = home?.disk || olds?.bootDevice;
    return {
      ...(known(inputs) as Partial<InstallationState>),
      method: this.method ?? this.methods[0],
      installedAt: found?.marker?.installedAt ?? new Date(home?.at ?? Date.now()).toISOString(),
      phases: phases.length > 0 ? phases : (olds?.phases ?? []),
      ...(bootDevice ? { bootDevice } : {}),
      ...(found?.osRelease ? { osRelease: found.osRelease } : {}),
      ...(found?.machineId ? { machineId: found.machineId } : {}),
    };
  }

  private ended(watched: Watched): Error {
    return new Error(`${this.endpoint}: ${this.describe(watched)}`);
  }

  private describe(watched: Watched): string {
    const { inputs } = this.order;
    return describeEnd(watched, inputs, this.method ?? this.methods[0], this.limits, this.place);
  }

  private probe(): Promise<SshObservation> {
    return probeOf(this.ctx, this.order.inputs, this.ports);
  }

  private get methods(): InstallationMethod[] {
    return this.order.inputs.methods ?? DEFAULT_METHODS;
  }

  private get endpoint(): string {
    return endpointOf(this.order.inputs.connection);
  }

  private get mayWipe(): boolean {
    return this.order.inputs.consent.wipe || (this.order.installed && this.order.storedConsent);
  }

  private deadline(startedAt: number): number {
    return startedAt + this.limits.timeoutSeconds * 1000;
  }

  private peers() {
    const { inputs } = this.order;
    return {
      bmc: { host: new URL(this.endpoint).hostname },
      machine: { host: inputs.ssh.address, network: inputs.provisionNetwork },
    };
  }

  /** Some BMCs show only the file's name. */
  private readonly ours = (url: string | undefined): boolean =>
    url !== undefined &&
    (ownNonce(this.order.inputs, url) !== undefined || url === `${this.order.inputs.hostname}.iso`);
}

function probeOf(
  ctx: Context,
  { ssh, loginKey, hostKey }: InstallationArgs,
  ports: InstallerPorts,
): Promise<SshObservation> {
  const target = {
    ...{ host: ssh.address, port: ssh.port ?? 22, user: ssh.user },
    ...{ privateKey: loginKey, hostKey: hostKey.publicKey },
  };
  return (ports.probe ?? probeSsh)(target, ctx.signal);
}
