import type { HardwareIdentity, HardwareRequirements } from "../../resources/redfish/facts";
import type { ServerArgs, ServerState } from "../../resources/redfish/server";
import type { Configuration } from "../config";
import { type Bmc, bmcAccess, type BmcAccess, type Context, endpointOf, isNotFound } from "../deps";
import type { Change, HandlerFactory, PluginDeps, ResourceHandler } from "../kit/handler";
import { powerStateOf, read, readFacts, setPower, type SystemRef } from "../redfish";
import { abridge, factsOf } from "./facts";
import { makeHostKey, makeTokenSecret } from "./host-key";
import { idOf, located } from "./ids";
import { verifyIdentity } from "./identity";
import { known, merged, partial, systemIsGone, systemOf, undeletable, verifyMove } from "./operate";
import { settledPower } from "./power-state";
import { judge } from "./requirements";
import { checkServer } from "./server-check";

const EXAMPLE = "https://bmc1.example.com/redfish/v1/Systems/1";

const SYSTEMS = "/redfish/v1/Systems";

const INPUTS: (keyof ServerArgs)[] = [
  ...([
    "connection",
    "systemId",
    "identity",
    "requirements",
    "powerState",
    "powerOffOnDelete",
    "maintenance",
    "quarantine",
  ] as const),
];

/** `rackform:redfish:Server`. */
export const handler: HandlerFactory<Configuration, ServerArgs, ServerState> = (deps: PluginDeps) =>
  new ServerHandler(bmcAccess(deps));

class ServerHandler implements ResourceHandler<ServerArgs, ServerState, Configuration> {
  readonly token = "rackform:redfish:Server";

  constructor(private readonly access: BmcAccess) {}

  check(_ctx: Context, news: ServerArgs) {
    return { inputs: news, failures: checkServer(news) };
  }

  diff(_ctx: Context, { olds, news, changes }: { olds: ServerState; news: ServerArgs; changes: Change[] }): Change[] {
    const naming = news.systemId !== undefined && read.lastSegment(olds.systemPath ?? "") === news.systemId;
    const kept = changes.filter(({ path }) => !(path === "systemId" && (naming || news.systemId === undefined)));
    const off = news.powerState !== undefined && olds.powerState !== news.powerState;
    if (off && !kept.some(({ path }) => path === "powerState")) {
      kept.push({ path: "powerState", kind: "update", replace: false, against: "state" });
    }
    return kept;
  }

  async create(ctx: Context, inputs: ServerArgs, { preview }: { preview: boolean }) {
    if (preview) return { id: "", state: known(inputs) as Partial<ServerState> };
    if (inputs.quarantine === true) return setAside(ctx, inputs);
    const { connection } = inputs;
    const found = await this.access.begin(ctx, connection, (bmc) => this.observe(ctx, bmc, inputs));
    const { system } = found;
    const state: Partial<ServerState> = {
      ...(known(inputs) as Partial<ServerState>),
      systemPath: system.path,
      facts: found.facts,
      hostKey: makeHostKey(ctx.name),
      tokenSecret: makeTokenSecret(),
      powerState: settledPower(powerStateOf(system.resource)),
    };
    const id = idOf(connection, system.path);
    return { id, state: await this.power(ctx, id, state, inputs, "create of Server") };
  }

  async read(ctx: Context, id: string, old: { inputs?: ServerArgs; state?: ServerState }) {
    const { connection, path } = located(id, EXAMPLE, old);
    const inputs: ServerArgs = old.inputs ?? { connection };
    if (old.inputs?.quarantine === true && old.state) return { id, inputs, state: old.state };
    return this.access.read(ctx, connection, async (bmc) => {
      let system: SystemRef;
      try {
        system = await systemOf(bmc, whereIs(path, inputs, old.state));
      } catch (error) {
        if (await systemIsGone(bmc, error)) return undefined;
        throw error;
      }
      verifyIdentity(endpointOf(connection), system, inputs.identity);
      const facts = abridge(factsOf(await readFacts(bmc.client, { system, signal: ctx.signal })));
      const powerState = settledPower(powerStateOf(system.resource));
      const state: ServerState = {
        ...inputs,
        systemPath: system.path,
        facts,
        hostKey: old.state?.hostKey ?? makeHostKey(ctx.name),
        tokenSecret: old.state?.tokenSecret ?? makeTokenSecret(),
        powerState,
      };
      const shown = inputs.powerState === undefined ? {} : { powerState: powerState ?? inputs.powerState };
      return { id, inputs: { ...inputs, ...shown }, state };
    });
  }

  async update(
    ctx: Context,
    id: string,
    {
      olds,
      oldInputs,
      news,
      preview,
    }: { olds: ServerState; oldInputs: ServerArgs; news: ServerArgs; preview: boolean },
  ): Promise<Partial<ServerState>> {
    const state: Partial<ServerState> = merged(olds, news, INPUTS);
    if (news.quarantine === true) return { ...state, ...(olds.powerState ? { powerState: olds.powerState } : {}) };
    const unseen = olds.systemPath === undefined;
    if (preview) {
      const { facts: _facts, ...stable } = state;
      return { ...(unseen ? stable : state), powerState: news.powerState ?? olds.powerState };
    }
    const moved = endpointOf(oldInputs.connection) !== endpointOf(news.connection);
    const again = moved || changed(oldInputs, news, "requirements") || changed(oldInputs, news, "identity") || unseen;
    const system = await this.access.begin(ctx, news.connection, async (bmc) => {
      if (!again) {
        const found = await systemOf(bmc, { systemPath: olds.systemPath });
        this.recognise(ctx, found, news);
        return found;
      }
      const found = await this.observe(
        ctx,
        bmc,
        news,
        moved ? { before: oldInputs, known: olds.facts } : undefined,
        olds.systemPath,
      );
      state.facts = found.facts;
      return found.system;
    });
    state.systemPath = system.path;
    state.hostKey ??= makeHostKey(ctx.name);
    state.tokenSecret ??= makeTokenSecret();
    state.powerState = settledPower(powerStateOf(system.resource));
    return this.power(ctx, id, state, news, "update of Server");
  }

  async delete(ctx: Context, id: string, state: ServerState): Promise<void> {
    if (state.powerOffOnDelete !== true) return;
    if (state.quarantine === true) return ctx.log.warn("the server is in quarantine, so it is not switched off");
    const { connection, path } = located(id, EXAMPLE, { state });
    const endpoint = endpointOf(connection);
    try {
      await this.access.write(ctx, connection, "delete of Server", async (bmc) => {
        const system = await systemOf(bmc, whereIs(path, state, state));
        verifyIdentity(endpoint, system, state.identity ?? identityIn(state));
        await setPower(bmc.client, "Off", { system, graceful: true, signal: ctx.signal });
      });
    } catch (error) {
      if (isNotFound(error)) return;
      throw undeletable(endpoint, "the power of the server", error);
    }
  }

  /** Who it is, then what it has. Changes nothing. */
  private async observe(
    ctx: Context,
    bmc: Bmc,
    inputs: ServerArgs,
    move?: { before: ServerArgs; known: HardwareIdentity | undefined },
    systemPath?: string,
  ): Promise<{ system: SystemRef; facts: ServerState["facts"] }> {
    const system = await systemOf(bmc, { systemId: inputs.systemId, systemPath });
    this.recognise(ctx, system, inputs);
    if (move && !inputs.identity) verifyMove(system, move.before.connection, inputs.connection, only(move.known));
    const facts = factsOf(await readFacts(bmc.client, { system, signal: ctx.signal }));
    if (inputs.requirements) this.require(ctx, endpointOf(inputs.connection), facts, inputs.requirements);
    return { system, facts: abridge(facts) };
  }

  private recognise(ctx: Context, system: SystemRef, inputs: ServerArgs): void {
    const endpoint = endpointOf(inputs.connection);
    const untold = verifyIdentity(endpoint, system, inputs.identity);
    if (untold.length > 0)
      ctx.log.warn(`${endpoint}: the BMC does not tell ${untold.join(", ")}; the rest of identity matches`);
  }

  private require(ctx: Context, endpoint: string, facts: ServerState["facts"], required: HardwareRequirements): void {
    const { missing, unknown } = judge(facts, required);
    const refused = required.unknown === "refuse" ? unknown : [];
    if (missing.length > 0 || refused.length > 0) {
      const parts = [
        ...(missing.length > 0 ? [`the server lacks ${missing.join("; ")}`] : []),
        ...(refused.length > 0
          ? [`the BMC does not tell ${refused.join("; ")}, and requirements.unknown is "refuse"`]
          : []),
      ];
      throw new Error(`${endpoint}: ${parts.join("; ")}; nothing was changed`);
    }
    if (unknown.length > 0) ctx.log.warn(`${endpoint}: the BMC does not tell ${unknown.join("; ")}; accepted`);
  }

  /** Brings the power to where it is wanted. From here on the state, with its keys, is kept whatever happens. */
  private async power(
    ctx: Context,
    id: string,
    state: Partial<ServerState>,
    inputs: ServerArgs,
    purpose: string,
  ): Promise<Partial<ServerState>> {
    const wanted = inputs.powerState;
    if (wanted === undefined || state.powerState === wanted) return state;
    const endpoint = endpointOf(inputs.connection);
    if (wanted === "Off" && inputs.maintenance !== true) {
      throw new Error(
        `${endpoint}: the server is on and may be in service; set maintenance: true to let powerState: "Off" switch it off`,
      );
    }
    try {
      ctx.log.status(`switching ${wanted.toLowerCase()}`);
      await this.access.write(ctx, inputs.connection, purpose, async (bmc) => {
        const system = await systemOf(bmc, { systemPath: state.systemPath });
        verifyIdentity(endpoint, system, inputs.identity);
        const result = await setPower(bmc.client, wanted, { system, graceful: true, signal: ctx.signal });
        state.powerState = settledPower(result.powerState);
      });
      return state;
    } catch (error) {
      throw partial<ServerState>(id, state, error);
    }
  }
}

/** A server in quarantine: its keys are made, all else waits until it may be asked. */
function setAside(ctx: Context, inputs: ServerArgs): { id: string; state: Partial<ServerState> } {
  const { powerState: _wanted, ...rest } = known(inputs);
  return {
    id: idOf(inputs.connection, inputs.systemId === undefined ? SYSTEMS : `${SYSTEMS}/${inputs.systemId}`),
    state: {
      ...rest,
      facts: { drives: [], drivesKnown: false, nics: [], nicsKnown: false },
      hostKey: makeHostKey(ctx.name),
      tokenSecret: makeTokenSecret(),
    },
  };
}

/** The id of a server that was made in quarantine may name no system yet. */
function whereIs(path: string, inputs: ServerArgs, state: ServerState | undefined): Parameters<typeof systemOf>[1] {
  const systemPath = state?.systemPath ?? (path === SYSTEMS ? undefined : path);
  return { systemId: inputs.systemId, systemPath };
}

function changed(olds: ServerArgs, news: ServerArgs, name: keyof ServerArgs): boolean {
  return JSON.stringify(olds[name]) !== JSON.stringify(news[name]);
}

function identityIn(state: ServerState): HardwareIdentity | undefined {
  return state.facts ? only(state.facts) : undefined;
}

function only(facts: HardwareIdentity | undefined): HardwareIdentity | undefined {
  if (!facts) return undefined;
  const { serialNumber, sku, uuid } = facts;
  return { ...(serialNumber ? { serialNumber } : {}), ...(sku ? { sku } : {}), ...(uuid ? { uuid } : {}) };
}
