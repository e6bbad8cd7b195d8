import type { Bmc, Context } from "../deps";
import { biosDrift, readBios, RedfishError, restart, setPower, type SystemRef, type TaskRef } from "../redfish";

export interface ApplyOptions {
  system: SystemRef;
  /** The server was off: it is switched on for its power-on self-test and off again. */
  off: boolean;
  /** The BMC's job for the settings, where it made one. */
  task?: TaskRef;
  wanted: Record<string, string | number | boolean>;
  timeoutSeconds: number;
}

/**
 * Restarts the server and waits until every wanted value is in force. The values decide: jobs end early on some BMCs and never
 * on others. Throws when the job fails or the time is over, naming what is not in force.
 */
export async function applyBios(ctx: Context, bmc: Bmc, options: ApplyOptions): Promise<void> {
  const { client, signal } = bmc;
  const deadline = client.clock.now() + options.timeoutSeconds * 1000;
  ctx.log.status(options.off ? "switching on to apply BIOS settings" : "restarting to apply BIOS settings");
  const fresh = {
    id: options.system.id,
    path: options.system.path,
    resource: await client.get(options.system.path, { signal }),
  };
  if (options.off) await setPower(client, "On", { system: fresh, signal });
  else await restart(client, { system: fresh, signal });
  for (let look = 0; ; look++) {
    const missing = await notInForce(bmc, options);
    if (missing !== undefined && missing.length === 0) break;
    if (client.clock.now() >= deadline) {
      const failed = await jobFailure(bmc, options);
      const what =
        missing === undefined
          ? "the BMC did not show the BIOS settings"
          : `${missing.join(", ")} did not come into force`;
      throw new Error(
        `${client.endpoint}: ${what} within ${options.timeoutSeconds} s of the restart${failed ? ` (${failed})` : ""}; ` +
          "look at the server's console, or raise timeoutSeconds",
      );
    }
    ctx.log.status(`waiting for BIOS settings to be in force${missing ? `: ${missing.join(", ")}` : ""}`);
    await client.pause(Math.min(1000 * 1.5 ** look, 15_000), signal);
  }
  if (options.off) {
    ctx.log.status("switching off again");
    await setPower(client, "Off", {
      system: await again(bmc, options.system),
      graceful: true,
      gracefulSeconds: 60,
      signal,
    });
  }
}

async function again(bmc: Bmc, system: SystemRef): Promise<SystemRef> {
  return { ...system, resource: await bmc.client.get(system.path, { signal: bmc.signal }) };
}

/** Undefined while the BMC cannot tell, which many cannot during the self-test. */
async function notInForce(bmc: Bmc, options: ApplyOptions): Promise<string[] | undefined> {
  try {
    const state = await readBios(bmc.client, { system: options.system, signal: bmc.signal });
    return Object.keys(await biosDrift(bmc.client, options.wanted, state, { signal: bmc.signal }));
  } catch (error) {
    if (error instanceof RedfishError && !["cancelled", "auth", "tls"].includes(error.kind)) return undefined;
    throw error;
  }
}

/** What the BMC's job says, when it has failed. */
async function jobFailure(bmc: Bmc, options: ApplyOptions): Promise<string | undefined> {
  if (!options.task) return undefined;
  try {
    const progress = await bmc.client.task(options.task, { waitSeconds: 0, signal: bmc.signal });
    return `the BMC's job says ${progress.state}`;
  } catch (error) {
    if (!(error instanceof RedfishError) || error.kind === "cancelled") throw error;
    return error.message.replace(`${bmc.client.endpoint}: `, "");
  }
}
