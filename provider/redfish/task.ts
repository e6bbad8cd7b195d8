import type { HttpAnswer } from "./channel";
import type { BmcClient } from "./client";
import { RedfishError, errorOf } from "./errors";
import { clean, messagesOf, mostSevere } from "./messages";
import { at, links, localPath, num, str } from "./read";
import { taskOf } from "./results";
import type { Message, TaskOptions, TaskProgress, TaskRef } from "./types";

type End = "running" | "succeeded" | "failed";

/** States of Redfish tasks and jobs, and of Dell's jobs; what is not listed is taken for running. */
const states: Readonly<Record<string, End>> = {
  Completed: "succeeded",
  CompletedOK: "succeeded",
  Exception: "failed",
  Killed: "failed",
  Cancelled: "failed",
  Canceled: "failed",
  Invalid: "failed",
  CompletedWithErrors: "failed",
  Failed: "failed",
  RebootFailed: "failed",
  RebootCompleted: "succeeded",
};

/** Polls that may answer 404 before the task shows up (quirk 7). */
const GRACE = 3;

/** See BmcClient.task. */
export async function waitForTask(client: BmcClient, ref: TaskRef, options: TaskOptions): Promise<TaskProgress> {
  const { now } = client.clock;
  const deadline = now() + (options.waitSeconds ?? 1800) * 1000;
  let current = ref;
  let last: TaskProgress | undefined;
  let missing = 0;
  for (let poll = 0; ; poll++) {
    const seen = await observe(client, current, options);
    if (seen === "missing") {
      if (last) return { ...last, state: "Gone" };
      if (++missing > GRACE) throw taskError(client, current, "notFound", "never showed up", []);
    } else {
      last = seen.progress;
      options.onProgress?.(last);
      const successor = handedOver(seen.progress, seen.answer, current);
      if (successor) current = successor;
      else if (options.until?.includes(last.state)) return last;
      else if (seen.end === "succeeded") return last;
      else if (seen.end === "failed")
        throw taskError(client, current, "refused", `ended as ${last.state}`, last.messages);
    }
    if (now() >= deadline) {
      const state = last
        ? `is still ${last.state}${last.percent === undefined ? "" : ` (${last.percent} %)`}`
        : "did not show up";
      throw taskError(
        client,
        current,
        "timeout",
        `${state} after ${options.waitSeconds ?? 1800} s`,
        last?.messages ?? [],
      );
    }
    const pause = seen === "missing" ? 10_000 : Math.min((options.pollSeconds ?? 2) * 1000 * 1.3 ** poll, 10_000);
    await client.pause(pause, options.signal);
  }
}

interface Observation {
  progress: TaskProgress;
  end: End;
  answer: HttpAnswer;
}

async function observe(client: BmcClient, ref: TaskRef, options: TaskOptions): Promise<Observation | "missing"> {
  const answer = await client.peek(ref.path, options);
  if (answer.status === 404 || answer.status === 410) return "missing";
  if (answer.status === 401 || answer.status === 403 || (answer.status >= 400 && ref.kind !== "monitor")) {
    throw errorOf({ endpoint: client.endpoint, method: "GET", ...answer });
  }
  return { ...progressOf(answer, ref), answer };
}

/** Reads a Task, a Job, or the answer of a monitor, which is finished when it is no longer 202. */
export function progressOf(answer: HttpAnswer, ref: TaskRef): { progress: TaskProgress; end: End } {
  const { body, status } = answer;
  const messages = messagesOf(body);
  const state = str(body.TaskState) ?? str(body.JobState) ?? str(at(body, "Oem", "Dell", "JobState"));
  const percent = num(body.PercentComplete) ?? num(at(body, "Oem", "Dell", "PercentComplete"));
  if (state === undefined) {
    const end = status === 202 ? "running" : status < 300 && worstIsFine(messages) ? "succeeded" : "failed";
    const word = { running: "Running", succeeded: "Completed", failed: "Exception" }[end];
    return { progress: { path: ref.path, state: word, percent, messages }, end };
  }
  return {
    progress: { path: ref.path, state, percent, messages },
    end: endOf(state, str(body.TaskStatus) ?? str(body.JobStatus), messages),
  };
}

/** A task may be `Completed` with the status `Critical`: that is a failure. */
function endOf(state: string, status: string | undefined, messages: Message[]): End {
  const end = states[state.replace(/\s/g, "")] ?? "running";
  if (end === "succeeded" && status !== undefined && /^critical$/i.test(status))
    return worstIsFine(messages) ? end : "failed";
  return end;
}

function worstIsFine(messages: Message[]): boolean {
  const worst = mostSevere(messages);
  return worst === undefined || worst.severity !== "Critical";
}

/** A task that goes on as a job (quirk 60), or a monitor whose body names its task. */
function handedOver(progress: TaskProgress, answer: HttpAnswer, ref: TaskRef): TaskRef | undefined {
  const message = progress.messages.find(({ messageId }) => /OperationTransitionedToJob$/.test(messageId));
  if (message && ref.kind !== "job") {
    const named = message.messageArgs.map((argument) => localPath(argument)).find((path) => path !== undefined);
    const path = named ?? links(at(answer.body, "Links", "Job"))[0] ?? links(at(answer.body, "Links", "SubTasks"))[0];
    if (path !== undefined && path !== ref.path) return { path, kind: "job" };
  }
  if (ref.kind !== "monitor" || answer.status !== 202) return undefined;
  const task = taskOf(200, answer.body);
  return task && task.kind !== "monitor" && task.path !== ref.path ? task : undefined;
}

function taskError(
  client: BmcClient,
  ref: TaskRef,
  kind: RedfishError["kind"],
  text: string,
  messages: Message[],
): RedfishError {
  const worst = mostSevere(messages);
  const said = worst && worst.severity !== "OK" ? `: ${clean(worst.message || worst.messageId)}` : "";
  return new RedfishError(kind, `${client.endpoint}: task ${ref.path} ${text}${said}`, {
    endpoint: client.endpoint,
    path: ref.path,
    method: "GET",
    messages,
  });
}
