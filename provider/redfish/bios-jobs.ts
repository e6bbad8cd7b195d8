import type { BmcClient } from "./client";
import { RedfishError } from "./errors";
import { at, link, links, str } from "./read";
import type { RequestOptions, Resource, SystemRef } from "./types";

/** States in which a Dell job has not begun, so that deleting it undoes nothing that was done. */
const notBegun = /^(New|Scheduled|Scheduling|Pending|Downloaded|Waiting)$/i;

/** A job that was just made may not be listed yet (quirk 7). */
const LOOKS = 3;
const PAUSE = 3_000;

/** True when an error says that settings are committed to a job, which takes no more of them (Dell SYS011). */
export function isCommitted(error: RedfishError): boolean {
  return error.hasMessage(/SYS011$/);
}

/**
 * Deletes the jobs that wait to apply BIOS settings, so that others can be written. Returns false when there is none. Throws RedfishError
 * `conflict` when one is at work already.
 */
export async function deleteScheduledBiosJobs(
  client: BmcClient,
  system: SystemRef,
  settings: Resource | undefined,
  options: RequestOptions,
): Promise<boolean> {
  const manager = links(at(system.resource.body, "Links", "ManagedBy"))[0];
  const path =
    link(at(settings?.body, "Oem", "Dell", "Jobs")) ?? (manager === undefined ? undefined : `${manager}/Oem/Dell/Jobs`);
  if (path === undefined) return false;
  let waiting: Resource[] = [];
  for (let look = 0; look < LOOKS && waiting.length === 0; look++) {
    if (look > 0) await client.pause(PAUSE, options.signal);
    const jobs = (await client.collection(path, options)).filter(({ body }) =>
      /BIOS/i.test(str(body.JobType) ?? str(body.Name) ?? ""),
    );
    const running = jobs.find(({ body }) => /^(Running|Rebooting|RebootPending)$/i.test(str(body.JobState) ?? ""));
    if (running) {
      const text = `${client.endpoint}: the job ${running.path} is applying BIOS settings; wait until it has ended`;
      throw new RedfishError("conflict", text, { endpoint: client.endpoint, path: running.path });
    }
    waiting = jobs.filter(({ body }) => notBegun.test(str(body.JobState) ?? ""));
  }
  for (const job of waiting) await client.delete(job.path, options);
  return waiting.length > 0;
}
