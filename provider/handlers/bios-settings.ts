import type { BiosSettingsArgs, BiosSettingsState } from "../../resources/redfish/bios-settings";
import type { Configuration } from "../config";
import { type Bmc, bmcAccess, type BmcAccess, type Context, endpointOf, isNotFound } from "../deps";
import type { Change, HandlerFactory, ResourceHandler } from "../kit/handler";
import {
  biosDrift,
  biosRegistry,
  type BiosResult,
  type BiosState,
  powerStateOf,
  read,
  readBios,
  type RegistryAttribute,
  sameValue,
  setBios,
  type SystemRef,
} from "../redfish";
import { actionOf, usualTarget } from "../redfish/actions";
import { resolveName } from "../redfish/bios-names";
import { applyBios } from "./bios-apply";
import { biosMistakes } from "./bios-rules";
import { Checker, checkConnection, checkSystemId, isUnknown, notAllowed } from "./check";
import { idOf, located } from "./ids";
import { machineOf } from "./identity";
import { known, merged, partial, systemIsGone, systemOf, undeletable, verifyMove } from "./operate";

const EXAMPLE = "https://bmc1.example.com/redfish/v1/Systems/1/Bios";
const INPUTS: (keyof BiosSettingsArgs)[] = [
  ...(["connection", "systemId", "attributes", "apply", "maintenance", "resetOnDelete", "timeoutSeconds"] as const),
];

type Values = Record<string, string | number | boolean>;

/** `rackform:redfish:BiosSettings`. */
export const handler: HandlerFactory<Configuration, BiosSettingsArgs, BiosSettingsState> = (deps) =>
  new BiosSettingsHandler(bmcAccess(deps));

class BiosSettingsHandler implements ResourceHandler<BiosSettingsArgs, BiosSettingsState, Configuration> {
  readonly token = "rackform:redfish:BiosSettings";

  constructor(private readonly access: BmcAccess) {}

  check(_ctx: Context, news: BiosSettingsArgs) {
    const checker = new Checker();
    checkConnection(checker, news.connection);
    checkSystemId(checker, news.systemId);
    const { attributes } = news;
    if (attributes && !isUnknown(attributes)) {
      if (Object.keys(attributes).length === 0) checker.fail("attributes", "is empty; name at least one attribute");
      for (const [name, value] of Object.entries(attributes)) {
        if (name.trim() === "") checker.fail("attributes", "holds an attribute without a name");
        if (typeof value === "number" && !Number.isFinite(value)) {
          checker.fail(`attributes.${name}`, notAllowed(value, "it is a finite number, a text, true or false"));
        }
      }
    }
    checker.judge("timeoutSeconds", news.timeoutSeconds, (value) =>
      value >= 1 && value <= 86_400 ? undefined : notAllowed(value, "it is from 1 to 86400 seconds"),
    );
    return { inputs: news, failures: checker.failures };
  }

  diff(_ctx: Context, args: { olds: BiosSettingsState; news: BiosSettingsArgs; changes: Change[] }): Change[] {
    const { olds, news } = args;
    const naming = news.systemId === undefined || news.systemId === read.lastSegment(systemPathOf(olds.biosPath) ?? "");
    return args.changes.filter(({ path }) => !(path === "systemId" && naming));
  }

  async create(ctx: Context, inputs: BiosSettingsArgs, { preview }: { preview: boolean }) {
    if (preview) return { id: "", state: known(inputs) as Partial<BiosSettingsState> };
    return this.access.write(ctx, inputs.connection, "create of BiosSettings", async (bmc) => {
      const system = await systemOf(bmc, { systemId: inputs.systemId });
      const bios = await readBios(bmc.client, { system, signal: ctx.signal });
      const id = idOf(inputs.connection, bios.path);
      const state: Partial<BiosSettingsState> = {
        ...(known(inputs) as Partial<BiosSettingsState>),
        server: machineOf(system),
      };
      return { id, state: await this.ensure(ctx, bmc, id, system, bios, inputs, state) };
    });
  }

  async read(ctx: Context, id: string, old: { inputs?: BiosSettingsArgs; state?: BiosSettingsState }) {
    const { connection, path } = located(id, EXAMPLE, old);
    return this.access.read(ctx, connection, async (bmc) => {
      const systemPath = path.replace(/\/Bios$/i, "");
      let system: SystemRef;
      let bios: BiosState;
      try {
        system = await systemOf(bmc, { systemPath });
        bios = await readBios(bmc.client, { system, signal: ctx.signal });
      } catch (error) {
        if (await systemIsGone(bmc, error)) return undefined;
        throw error;
      }
      const names = old.state?.names ?? namesIn(old.inputs?.attributes, bios);
      const inputs: BiosSettingsArgs = old.inputs
        ? { ...old.inputs, attributes: observed(old.inputs.attributes, names, bios) }
        : { connection, attributes: values(bios.attributes) };
      const found = biosState(bios, old.inputs ? names : undefined, inputs.attributes);
      const server = old.state?.server ?? machineOf(system);
      return { id, inputs, state: { ...inputs, ...found, server } };
    });
  }

  async update(
    ctx: Context,
    id: string,
    args: { olds: BiosSettingsState; oldInputs: BiosSettingsArgs; news: BiosSettingsArgs; preview: boolean },
  ): Promise<Partial<BiosSettingsState>> {
    const { olds, oldInputs, news } = args;
    const state: Partial<BiosSettingsState> = merged(olds, news, INPUTS);
    if (args.preview) {
      const { names: _n, current: _c, pending: _p, resetRequired: _r, ...stable } = state;
      return stable;
    }
    return this.access.write(ctx, news.connection, "update of BiosSettings", async (bmc) => {
      const system = await systemOf(bmc, { systemId: news.systemId, systemPath: systemPathOf(olds.biosPath) });
      verifyMove(system, oldInputs.connection, news.connection, olds.server);
      state.server ??= machineOf(system);
      const bios = await readBios(bmc.client, { system, signal: ctx.signal });
      return this.ensure(ctx, bmc, id, system, bios, news, state);
    });
  }

  async delete(ctx: Context, id: string, state: BiosSettingsState): Promise<void> {
    if (state.resetOnDelete !== true) return;
    const { connection, path } = located(id, EXAMPLE, { state });
    try {
      await this.access.write(ctx, connection, "delete of BiosSettings", async (bmc) => {
        const bios = await bmc.client.get(path, { signal: ctx.signal });
        const target = actionOf(bios, "Bios.ResetBios")?.target ?? usualTarget(bios, "Bios.ResetBios");
        await bmc.client.post(target, {}, { signal: ctx.signal, idempotent: true });
      });
      ctx.log.info(`${endpointOf(connection)}: the BIOS defaults are in force after the next restart`);
    } catch (error) {
      if (isNotFound(error)) return;
      throw undeletable(endpointOf(connection), "the BIOS settings", error);
    }
  }

  /** Judges, writes, and with `immediate` applies and verifies. Before the first write a failure changes nothing. */
  private async ensure(
    ctx: Context,
    bmc: Bmc,
    id: string,
    system: SystemRef,
    bios: BiosState,
    inputs: BiosSettingsArgs,
    state: Partial<BiosSettingsState>,
  ): Promise<Partial<BiosSettingsState>> {
    const options = { system, signal: ctx.signal };
    const { endpoint } = bmc.client;
    const drift = await biosDrift(bmc.client, inputs.attributes, bios, options);
    const { names, wanted } = await this.judge(bmc, bios, inputs.attributes, Object.keys(drift).length > 0);
    const waiting = Object.keys(drift).length > 0;
    const off = powerStateOf(system.resource) === "Off";
    if (waiting && inputs.apply === "immediate" && !off && inputs.maintenance !== true) {
      throw new Error(
        `${endpoint}: ${Object.keys(drift).join(", ")} need a restart, and the server is on and may be in service; set maintenance: true ` +
          'to restart it now, or apply: "onNextReset" to leave the settings pending; nothing was written',
      );
    }
    let written: BiosResult | undefined;
    try {
      if (waiting) written = await setBios(bmc.client, wanted, options);
      if (waiting && inputs.apply === "immediate") {
        await applyBios(ctx, bmc, {
          system,
          off,
          task: written?.task,
          wanted,
          timeoutSeconds: inputs.timeoutSeconds ?? 1800,
        });
      }
      const after = waiting ? await readBios(bmc.client, options) : bios;
      const result = { ...state, ...biosState(after, names, inputs.attributes) };
      if (result.resetRequired) {
        ctx.log.info(`${endpoint}: ${Object.keys(result.pending).join(", ")} will be in force after the next restart`);
      }
      return result;
    } catch (error) {
      const changed = ctx.signal.aborted || (written !== undefined && Object.keys(written.written).length > 0);
      throw changed
        ? partial<BiosSettingsState>(
            id,
            { ...state, ...biosState(bios, names, inputs.attributes), resetRequired: true },
            error,
          )
        : error;
    }
  }

  /** The BMC's name of each attribute, and its value as the registry spells it; throws with every mistake that the registry shows. */
  private async judge(bmc: Bmc, bios: BiosState, wanted: Values, thoroughly: boolean): Promise<Judged> {
    let names = namesIn(wanted, bios);
    const unresolved = Object.keys(wanted).some((name) => !(name in names));
    if (!thoroughly && !unresolved) return { names, wanted };
    const registry = await biosRegistry(bmc.client, bios, { signal: bmc.signal });
    names = namesIn(wanted, bios, registry);
    const byName = Object.fromEntries(Object.entries(wanted).map(([name, value]) => [names[name] ?? name, value]));
    const differing = Object.entries(byName).filter(([name, value]) => !sameValue(bios.attributes[name], value));
    const mistakes = biosMistakes(Object.fromEntries(differing), bios.attributes, registry);
    if (mistakes.length === 0) return { names, wanted: spelled(wanted, names, registry) };
    throw new Error(
      `${bmc.client.endpoint}: BIOS attributes of ${bios.path}: ${mistakes.join("; ")}; nothing was written`,
    );
  }
}

/** The system that a Bios resource lies under, where it lies where all have it. */
function systemPathOf(biosPath: string | undefined): string | undefined {
  return /^(.+)\/Bios\/?$/i.exec(biosPath ?? "")?.[1];
}

interface Judged {
  names: Record<string, string>;
  wanted: Values;
}

function spelled(wanted: Values, names: Record<string, string>, registry: RegistryAttribute[]): Values {
  const allowed = new Map(registry.map(({ name, values }) => [name, values]));
  const entries = Object.entries(wanted).map(([name, value]) => {
    const match = allowed.get(names[name] ?? name)?.find((one) => sameValue(one, value));
    return [name, match ?? value] as const;
  });
  return Object.fromEntries(entries);
}

function namesIn(
  wanted: Values | undefined,
  bios: BiosState,
  registry?: Parameters<typeof resolveName>[2],
): Record<string, string> {
  const all = Object.keys(bios.attributes);
  return Object.fromEntries(
    Object.keys(wanted ?? {}).flatMap((name) => {
      const found = resolveName(name, all, registry);
      return "name" in found ? [[name, found.name]] : [];
    }),
  );
}

/** The managed attributes as they are: what is in force, unless what is wanted waits for a restart. */
function observed(wanted: Values, names: Record<string, string>, bios: BiosState): Values {
  const entries = Object.entries(wanted).flatMap(([name, value]): [string, string | number | boolean][] => {
    const own = names[name] ?? name;
    const current = bios.attributes[own];
    if (sameValue(current, value) || (own in bios.pending && sameValue(bios.pending[own], value)))
      return [[name, value]];
    return current === undefined || current === null ? [] : [[name, current]];
  });
  return Object.fromEntries(entries);
}

function biosState(
  bios: BiosState,
  names: Record<string, string> | undefined,
  wanted: Values,
): Pick<BiosSettingsState, "biosPath" | "registry" | "names" | "current" | "pending" | "resetRequired"> {
  const own = names ?? Object.fromEntries(Object.keys(wanted).map((name) => [name, name]));
  const pick = (from: BiosState["attributes"]) =>
    values(
      Object.fromEntries(
        Object.entries(own).flatMap(([name, bmcName]) => (bmcName in from ? [[name, from[bmcName]]] : [])),
      ),
    );
  const pending = pick(bios.pending);
  return {
    biosPath: bios.path,
    ...(bios.registryName === undefined ? {} : { registry: bios.registryName }),
    names: own,
    current: pick(bios.attributes),
    pending,
    resetRequired: Object.keys(pending).length > 0,
  };
}

/** Without attributes that have no value. */
function values(attributes: BiosState["attributes"]): Values {
  const entries = Object.entries(attributes).filter(
    (entry): entry is [string, string | number | boolean] => entry[1] !== null,
  );
  return Object.fromEntries(entries);
}
