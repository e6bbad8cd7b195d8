import { RedfishError } from "./http/errors";
import type { Message } from "./http/messages";
import { base } from "./http/messages";

/** How a task ends: as it should, never, by being forgotten, or in an error. */
export type TaskFate = "done" | "never" | "vanish" | "fail";

export interface Task {
  id: string;
  name: string;
  /** Dell's job type; undefined where the task is no job. */
  jobType?: string;
  state: "Scheduled" | "New" | "Running" | "Completed" | "Exception" | "Cancelled";
  percent: number;
  messages: Message[];
  fate: TaskFate;
  created: number;
  started?: number;
  ended?: number;
  /** Answers 404 until this time, in milliseconds since 1970. */
  hiddenUntil: number;
  /** What the task is there for. */
  effect: () => void;
  /** What happens when it fails instead. */
  failure?: () => void;
}

/** Most tasks kept; the oldest finished ones go first. */
const KEPT = 100;

/** Tasks and jobs of a BMC. */
export class Tasks {
  readonly #tasks = new Map<string, Task>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #next = 1;

  constructor(
    readonly id: (number: number) => string,
    readonly durationMs: number,
    readonly hiddenMs: number,
  ) {}

  /** A task that begins at once and ends after a while, when its effect happens. */
  start(
    name: string,
    effect: () => void,
    options: { fate?: TaskFate; jobType?: string; durationMs?: number } = {},
  ): Task {
    const task = this.schedule(name, effect, options);
    this.run(task, options.durationMs);
    return task;
  }

  /** A task that waits (for a reset) until `run`. */
  schedule(
    name: string,
    effect: () => void,
    options: { fate?: TaskFate; jobType?: string; failure?: () => void } = {},
  ): Task {
    const now = Date.now();
    const task: Task = {
      id: this.id(this.#next++),
      name,
      jobType: options.jobType,
      state: "Scheduled",
      percent: 0,
      messages: [],
      fate: options.fate ?? "done",
      created: now,
      hiddenUntil: now + this.hiddenMs,
      effect,
      failure: options.failure,
    };
    this.#tasks.set(task.id, task);
    this.#trim();
    return task;
  }

  /** Begins a scheduled task. */
  run(task: Task, durationMs = this.durationMs): void {
    task.state = "Running";
    task.started = Date.now();
    task.percent = 10;
    if (task.fate === "never") return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#finish(task);
    }, durationMs);
    timer.unref();
    this.#timers.add(timer);
  }

  /** Runs a scheduled task from beginning to end, now. */
  runNow(task: Task): void {
    task.state = "Running";
    task.started = Date.now();
    this.#finish(task);
  }

  list(now = Date.now()): Task[] {
    return [...this.#tasks.values()].filter((task) => task.hiddenUntil <= now);
  }

  get(id: string, now = Date.now()): Task | undefined {
    const task = this.#tasks.get(id);
    return task && task.hiddenUntil <= now ? task : undefined;
  }

  /** Those that wait for a reset. */
  scheduled(): Task[] {
    return [...this.#tasks.values()].filter((task) => task.state === "Scheduled");
  }

  remove(id: string): boolean {
    return this.#tasks.delete(id);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #finish(task: Task): void {
    task.ended = Date.now();
    switch (task.fate) {
      case "vanish":
        this.#tasks.delete(task.id);
        return;
      case "never":
        task.ended = undefined;
        return;
      case "fail":
        task.state = "Exception";
        task.messages.push(base("InternalError"));
        task.failure?.();
        return;
      default:
        this.#carryOut(task);
    }
  }

  #carryOut(task: Task): void {
    try {
      task.effect();
      task.state = "Completed";
      task.percent = 100;
      task.messages.push(base("Success"));
    } catch (error) {
      if (!(error instanceof RedfishError)) throw error;
      task.state = "Exception";
      task.messages.push(...error.messages);
    }
  }

  #trim(): void {
    for (const [id, task] of this.#tasks) {
      if (this.#tasks.size <= KEPT) return;
      if (task.ended !== undefined) this.#tasks.delete(id);
    }
  }
}
