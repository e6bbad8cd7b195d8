import type { HttpAnswer } from "./channel";
import { messagesOf } from "./messages";
import { at, link, localPath, str } from "./read";
import type { ActionResult, Body, TaskRef } from "./types";

/** The answer to a write as one shape: Location, a Task, Job or TaskMonitor in the body, or nothing. */
export function resultOf(answer: HttpAnswer): ActionResult {
  const location = locationOf(answer.headers.location);
  const task = taskOf(answer.status, answer.body, location);
  return {
    status: answer.status,
    body: answer.body,
    location: task && location === task.path ? undefined : (location ?? link(answer.body)),
    etag: etagOf(answer.headers.etag, answer.body),
    task,
    messages: messagesOf(answer.body),
  };
}

/** Path of a Location header. Only the path is used, so a wrong or hostile host in it is never contacted. */
export function locationOf(header: string | undefined): string | undefined {
  const base = "https://bmc.invalid";
  if (header === undefined || !URL.canParse(header, base)) return undefined;
  const url = new URL(header, base);
  return /^https?:$/.test(url.protocol) ? localPath(url.pathname + url.search) : undefined;
}

/** What to poll after a write: the Task or Job rather than its monitor, which XCC deletes when it is read (quirk 58). */
export function taskOf(status: number, body: Body, location?: string): TaskRef | undefined {
  const type = str(body["@odata.type"]) ?? "";
  const own = link(body);
  if (own !== undefined && /#(Task|Job)\./.test(type)) return { path: own, kind: /#Job\./.test(type) ? "job" : "task" };
  const nested = link(at(body, "Task")) ?? link(at(body, "Job"));
  if (nested !== undefined) return reference(nested);
  const candidates = [
    location,
    own,
    typeof body.TaskMonitor === "string" ? localPath(body.TaskMonitor) : link(body.TaskMonitor),
  ];
  const accepted = status === 202 || candidates.some((path) => path !== undefined && looksLikeTask.test(path));
  const found = candidates.find((path) => path !== undefined && (looksLikeTask.test(path) || status === 202));
  return accepted && found !== undefined && status !== 201 ? reference(found) : undefined;
}

const looksLikeTask = /\/(Tasks|TaskMonitors|Jobs|JobService)\/|\/Monitor\/?$/i;

/** OpenBMC's `…/Tasks/3/Monitor` belongs to the Task beside it (quirk 73). */
function reference(path: string): TaskRef {
  const task = path.replace(/\/Monitor\/?$/i, "");
  if (/\/Jobs\/[^/]+\/?$/i.test(task)) return { path: task, kind: "job" };
  if (/\/Tasks\/[^/]+\/?$/i.test(task)) return { path: task, kind: "task" };
  return { path, kind: "monitor" };
}

/** Header first, then the body; an empty one is none (quirk 75). */
export function etagOf(header: string | undefined, body: Body): string | undefined {
  return str(header) ?? str(body["@odata.etag"]);
}

/**
 * What to send as If-Match, one after the other, until a BMC takes it: the tag as it came, without the weak prefix, without what
 * compression added, quoted, and at last none. BMCs compare tags in ways of their own (quirks 3, 41, 75).
 */
export function etagLadder(etag: string | undefined): (string | undefined)[] {
  const tag = str(etag);
  if (tag === undefined || tag === '""' || tag === 'W/""') return [undefined];
  const strong = tag.replace(/^W\//, "");
  const plain = strong.replace(/[-;]+(gzip|br|deflate)("?)$/, "$2");
  const quoted = plain.startsWith('"') ? plain : `"${plain}"`;
  return [...new Set([tag, strong, plain, quoted]), undefined];
}
