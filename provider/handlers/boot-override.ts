import type { BootOverrideArgs, BootOverrideState } from "../../resources/redfish/boot-override";
import type { Configuration } from "../config";
import { type Bmc, bmcAccess, type BmcAccess, type Context, endpointOf, isNotFound } from "../deps";
import type { Change, HandlerFactory, ResourceHandler } from "../kit/handler";
import {
  bootStateOf,
  type BootState,
  canHttpBoot,
  clearBootOverride,
  read,
  setBootOverride,
  setHttpBoot,
  type SystemRef,
} from "../redfish";
import { Checker, checkConnection, checkSystemId, isUnknown, notAllowed } from "./check";
import { idOf, located } from "./ids";
import { machineOf } from "./identity";
import { known, merged, partial, systemIsGone, systemOf, undeletable, verifyMove } from "./operate";

const EXAMPLE = "https://bmc1.example.com/redfish/v1/Systems/1#Boot";
const INPUTS: (keyof BootOverrideArgs)[] = ["connection", "systemId", "target", "enabled", "mode", "httpBootUri"];
/** What the override is; the rest is how to get there. */
const SETTINGS = ["target", "enabled", "mode", "httpBootUri"] as const;

/** `rackform:redfish:BootOverride`. */
export const handler: HandlerFactory<Configuration, BootOverrideArgs, BootOverrideState> = (deps) =>
  new BootOverrideHandler(bmcAccess(deps));

class BootOverrideHandler implements ResourceHandler<BootOverrideArgs, BootOverrideState, Configuration> {
  readonly token = "rackform:redfish:BootOverride";

  constructor(private readonly access: BmcAccess) {}

  check(_ctx: Context, news: BootOverrideArgs) {
    const checker = new Checker();
    checkConnection(checker, news.connection);
    checkSystemId(checker, news.systemId);
    checkSettings(checker, news);
    return { inputs: news, failures: checker.failures };
  }

  diff(_ctx: Context, args: { olds: BootOverrideState; news: BootOverrideArgs; changes: Change[] }): Change[] {
    const { olds, news } = args;
    const naming = news.systemId === undefined || news.systemId === read.lastSegment(olds.systemPath ?? "");
    return args.changes.filter(({ path }) => !(path === "systemId" && naming));
  }

  async create(ctx: Context, inputs: BootOverrideArgs, { preview }: { preview: boolean }) {
    if (preview) return { id: "", state: known(inputs) as Partial<BootOverrideState> };
    return this.access.write(ctx, inputs.connection, "create of BootOverride", async (bmc) => {
      const system = await systemOf(bmc, { systemId: inputs.systemId });
      const state: Partial<BootOverrideState> = {
        ...(known(inputs) as Partial<BootOverrideState>),
        systemPath: system.path,
        server: machineOf(system),
        consumed: false,
      };
      const id = idOf(inputs.connection, system.path, "Boot");
      return { id, state: await this.set(ctx, bmc, id, system, inputs, state) };
    });
  }

  async read(ctx: Context, id: string, old: { inputs?: BootOverrideArgs; state?: BootOverrideState }) {
    const { connection, path } = located(id, EXAMPLE, old);
    return this.access.read(ctx, connection, async (bmc) => {
      let system: SystemRef;
      try {
        system = await systemOf(bmc, { systemPath: path });
      } catch (error) {
        if (await systemIsGone(bmc, error)) return undefined;
        throw error;
      }
      const boot = bootStateOf(system.resource);
      const inputs = old.inputs ? observed(old.inputs, boot) : imported(connection, boot);
      const state: BootOverrideState = {
        ...inputs,
        systemPath: system.path,
        server: old.state?.server ?? machineOf(system),
        ...reported(boot),
        consumed: isConsumed(inputs, boot),
      };
      return { id, inputs, state };
    });
  }

  async update(
    ctx: Context,
    id: string,
    args: { olds: BootOverrideState; oldInputs: BootOverrideArgs; news: BootOverrideArgs; preview: boolean },
  ): Promise<Partial<BootOverrideState>> {
    const { olds, oldInputs, news } = args;
    const state: Partial<BootOverrideState> = merged(olds, news, INPUTS);
    // An override of one boot that has been used up is not set again because the password changed.
    const again = SETTINGS.some((name) => oldInputs[name] !== news[name]) || !olds.consumed;
    if (args.preview) {
      const { reportedTarget: _target, consumed: _consumed, ...stable } = state;
      return again ? stable : state;
    }
    const work = async (bmc: Bmc) => {
      const system = await systemOf(bmc, { systemPath: olds.systemPath, systemId: news.systemId });
      verifyMove(system, oldInputs.connection, news.connection, olds.server);
      state.systemPath = system.path;
      state.server ??= machineOf(system);
      return again ? this.set(ctx, bmc, id, system, news, state) : state;
    };
    if (!again) return this.access.read(ctx, news.connection, work);
    return this.access.write(ctx, news.connection, "update of BootOverride", work);
  }

  async delete(ctx: Context, id: string, state: BootOverrideState): Promise<void> {
    if (state.enabled === "Disabled") return;
    const { connection, path } = located(id, EXAMPLE, { state });
    const endpoint = endpointOf(connection);
    try {
      await this.access.write(ctx, connection, "delete of BootOverride", async (bmc) => {
        const system = await systemOf(bmc, { systemPath: path });
        const boot = bootStateOf(system.resource);
        if (boot.enabled === "Disabled" || !sameTarget(state.target, boot.target)) return;
        await clearBootOverride(bmc.client, { system, signal: ctx.signal });
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw undeletable(endpoint, "the boot override", error);
    }
  }

  private async set(
    ctx: Context,
    bmc: Bmc,
    id: string,
    system: SystemRef,
    inputs: BootOverrideArgs,
    state: Partial<BootOverrideState>,
  ): Promise<Partial<BootOverrideState>> {
    const { target = "None", enabled = "Once", mode, httpBootUri } = inputs;
    const options = { system, signal: ctx.signal };
    try {
      if (enabled === "Disabled")
        return { ...state, ...reported((await clearBootOverride(bmc.client, options)).state) };
      if (httpBootUri !== undefined && !canHttpBoot(system))
        return await this.setHttp(ctx, bmc, httpBootUri, inputs, state, system);
      const result = await setBootOverride(bmc.client, { target, enabled, mode, httpBootUri }, options);
      if (result.onceOnly) {
        ctx.log.warn(
          `${bmc.client.endpoint}: the BMC keeps a boot override for one boot only; it is set again at the next update`,
        );
      }
      return { ...state, ...reported(result.state), consumed: false };
    } catch (error) {
      // Whether a request that was cut off took effect is not known: keep the state, so that the next run looks.
      if (ctx.signal.aborted) throw partial<BootOverrideState>(id, state, error);
      throw error;
    }
  }

  private async setHttp(
    ctx: Context,
    bmc: Bmc,
    uri: string,
    inputs: BootOverrideArgs,
    state: Partial<BootOverrideState>,
    system: SystemRef,
  ): Promise<Partial<BootOverrideState>> {
    const { endpoint } = bmc.client;
    if (inputs.enabled === "Continuous") {
      throw new Error(`${endpoint}: this BMC boots from a URI once only; set enabled: "Once"`);
    }
    const result = await setHttpBoot(bmc.client, uri, { system, signal: ctx.signal });
    if (result.bios) ctx.log.warn(`${endpoint}: httpBootUri is a BIOS setting here, in force after the next restart`);
    return { ...state, ...reported(result.boot.state), consumed: false };
  }
}

function checkSettings(checker: Checker, { target, enabled, mode, httpBootUri }: BootOverrideArgs): void {
  if ([target, enabled, mode, httpBootUri].some(isUnknown)) return;
  const none = target === undefined || target === "None";
  if (enabled === "Disabled" && !none)
    checker.fail("target", notAllowed(target, 'with enabled "Disabled" it is "None"; leave it out'));
  if (enabled !== "Disabled" && none) {
    checker.fail(
      "target",
      'is missing: name what to boot from, or set enabled to "Disabled" to boot by the boot order',
    );
  }
  if (httpBootUri !== undefined && target !== "UefiHttp") {
    checker.fail("httpBootUri", 'is allowed with target "UefiHttp" only; leave it out or change target');
  }
  checker.judge("httpBootUri", httpBootUri, (uri) => {
    if (!URL.canParse(uri) || !/^https?:$/.test(new URL(uri).protocol))
      return notAllowed(uri, "it is an http or https URL");
    return new URL(uri).password ? "holds credentials, which the BMC would show to everybody; remove them" : undefined;
  });
  if (target === "UefiHttp" && mode === "Legacy")
    checker.fail("mode", notAllowed(mode, 'target "UefiHttp" needs "UEFI"'));
}

/** Inputs as the BMC shows them, where it contradicts. */
function observed(inputs: BootOverrideArgs, boot: BootState): BootOverrideArgs {
  if (isConsumed(inputs, boot)) return inputs;
  const shown: BootOverrideArgs = { ...inputs };
  const enabled = boot.enabled as BootOverrideArgs["enabled"];
  const once =
    inputs.enabled === "Continuous" && boot.enabledValues.length > 0 && !boot.enabledValues.includes("Continuous");
  if (inputs.enabled === "Disabled") {
    if (boot.enabled === undefined || boot.enabled === "Disabled") return inputs;
    return { ...inputs, enabled, target: standardTarget(boot.target) };
  }
  if (enabled !== undefined && enabled !== (inputs.enabled ?? "Once") && !(once && enabled === "Once"))
    shown.enabled = enabled;
  if (enabled === "Disabled") return { ...shown, target: "None" };
  if (!sameTarget(inputs.target, boot.target)) shown.target = standardTarget(boot.target);
  if (inputs.mode !== undefined && boot.mode !== undefined && boot.mode !== inputs.mode)
    shown.mode = boot.mode as BootOverrideArgs["mode"];
  if (inputs.httpBootUri !== undefined && boot.httpBootUri !== undefined && boot.httpBootUri !== inputs.httpBootUri) {
    shown.httpBootUri = boot.httpBootUri;
  }
  return shown;
}

function imported(connection: BootOverrideArgs["connection"], boot: BootState): BootOverrideArgs {
  if (boot.enabled === undefined || boot.enabled === "Disabled") return { connection, enabled: "Disabled" };
  return {
    connection,
    enabled: boot.enabled as BootOverrideArgs["enabled"],
    target: standardTarget(boot.target),
    ...(boot.target === "UefiHttp" && boot.httpBootUri !== undefined ? { httpBootUri: boot.httpBootUri } : {}),
  };
}

/** A `Once` that is switched off again has been used up. So has a `Continuous` on a BMC that knows only `Once`. */
function isConsumed(inputs: BootOverrideArgs, boot: BootState): boolean {
  if (inputs.enabled === "Disabled" || !(boot.enabled === "Disabled" || boot.target === "None")) return false;
  return (
    inputs.enabled !== "Continuous" || (boot.enabledValues.length > 0 && !boot.enabledValues.includes("Continuous"))
  );
}

function sameTarget(wanted: string | undefined, found: string | undefined): boolean {
  return standardTarget(wanted ?? "None") === standardTarget(found ?? "None");
}

/** `UsbCd` is Supermicro's virtual CD. */
function standardTarget(target: string | undefined): BootOverrideArgs["target"] {
  return (target === "UsbCd" ? "Cd" : target) as BootOverrideArgs["target"];
}

function reported(boot: BootState): Pick<BootOverrideState, "reportedTarget"> {
  return boot.target === undefined ? {} : { reportedTarget: boot.target };
}
