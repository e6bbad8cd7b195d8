import type { InstallationArgs, InstallationMethod } from "../../resources/redfish/installation";
import type { Bmc, Context } from "../deps";
import { messageOf } from "../kit/errors";
import type { Progress } from "../media/publication";
import type { MediaService } from "../media/service";
import { powerStateOf, setPower, type SystemRef } from "../redfish";
import { describePhase, hasFetched, judge, type Limits, type Verdict, type Watch } from "./decide";
import type { InstallerPorts } from "./media-port";
import { again } from "./methods";
import type { Phases } from "./phases";
import type { SshObservation } from "./ssh-probe";
import { minutes } from "./words";

/** Seconds between two looks at the power state. */
const POWER_SECONDS = 30;

export interface WatchOrder {
  ctx: Context;
  bmc: Bmc;
  system: SystemRef;
  inputs: InstallationArgs;
  method: InstallationMethod;
  /** Undefined: nothing is heard of the installer, only the installed system can be seen. */
  media?: { service: MediaService; nonce: string };
  startedAt: number;
  deadlineAt: number;
  bytesBefore: number;
  resumed: boolean;
  blind: boolean;
  limits: Limits;
  phases: Phases;
  ports: InstallerPorts;
  probe: () => Promise<SshObservation>;
  /** The installer has phoned home: it must not start again. */
  onHome: () => Promise<void>;
}

/** How it ended, and what was seen last. */
export interface Watched {
  verdict: Exclude<Verdict, { is: "going" } | { is: "off"; installed: true }>;
  ssh?: SshObservation;
  progress?: Progress;
}

/** Follows an installer that runs, to its end. Changes nothing but the power of a machine that its installer switched off at the end. */
export async function watch(order: WatchOrder): Promise<Watched> {
  const { ctx, bmc, inputs, phases, ports, method } = order;
  const { clock } = bmc.client;
  const poll = ports.pollMilliseconds ?? 5000;
  const state: Watch = {
    now: clock.now(),
    method,
    startedAt: order.startedAt,
    deadlineAt: order.deadlineAt,
    bytesBefore: order.bytesBefore,
    lastSignAt: clock.now(),
    looksOff: 0,
    resumed: order.resumed,
    blind: order.blind,
    limits: order.limits,
  };
  let { media } = order;
  let version = -1;
  let home = false;
  let probedAt = -Infinity;
  let lookedAt = clock.now();
  let told = "";
  for (;;) {
    ctx.signal.throwIfAborted();
    state.now = clock.now();
    if (state.now - probedAt >= (home ? 0 : (ports.probeSeconds ?? 30) * 1000)) {
      state.ssh = await order.probe();
      probedAt = clock.now();
    }
    if (state.now - lookedAt >= POWER_SECONDS * 1000) {
      lookedAt = state.now;
      state.looksOff = (await isOff(order)) ? state.looksOff + 1 : 0;
    }
    const verdict = judge(state, inputs.installationId);
    if (verdict.is === "off" && verdict.installed) {
      await setPower(bmc.client, "On", { system: await again(bmc, order.system), signal: ctx.signal });
      state.looksOff = 0;
    } else if (verdict.is !== "going") {
      return { verdict: verdict as Watched["verdict"], ssh: state.ssh, progress: state.progress };
    } else {
      phases.enter(verdict.phase);
    }
    if (state.progress?.home && !home) {
      home = true;
      await order.onHome();
    }
    const text = describe(order, phases, state.now);
    if (text !== told) ctx.log.status(text);
    told = text;
    const news = await listen(media, version, poll, ctx);
    if (news === "deaf") {
      media = undefined;
      await bmc.client.pause(Math.max(poll, 1000), ctx.signal);
    } else if (news.version !== version) {
      // What an earlier process saw is no sign that the installer lives now.
      if (version >= 0 || !order.resumed) state.lastSignAt = clock.now();
      version = news.version;
      state.progress = news;
      if (state.fetchedAt === undefined && hasFetched(news, order.bytesBefore, method)) state.fetchedAt = clock.now();
    }
  }
}

async function listen(
  media: WatchOrder["media"],
  version: number,
  poll: number,
  ctx: Context,
): Promise<Progress | "deaf"> {
  if (!media) return "deaf";
  try {
    return await media.service.progress(media.nonce, version, poll, ctx.signal);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.log.warn(
      `nothing more is heard of the installer (${messageOf(error)}); waiting for the installed system to answer`,
    );
    return "deaf";
  }
}

/** A BMC that does not answer for a while says nothing about its machine. */
async function isOff({ bmc, system, ctx }: WatchOrder): Promise<boolean> {
  try {
    return powerStateOf((await again(bmc, system)).resource) === "Off";
  } catch {
    ctx.signal.throwIfAborted();
    return false;
  }
}

function describe({ inputs, method, startedAt }: WatchOrder, phases: Phases, now: number): string {
  const { family, version } = inputs.image;
  const spent = minutes(Math.floor((now - startedAt) / 10_000) * 10);
  const phase = describePhase(phases.running ?? "boot", Math.floor(phases.elapsed / 10) * 10);
  return `installing ${family} ${version} on ${inputs.hostname} by ${method}: ${phase}; ${spent} since power-on`;
}
