import type { TaskProgress, TaskRef } from "../../../provider/redfish";
import { Bench, connectionTo, failure, fastClock, type Reply } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const task: TaskRef = { path: "/redfish/v1/TaskService/Tasks/1", kind: "task" };
const monitor: TaskRef = { path: "/redfish/v1/TaskService/TaskMonitors/1", kind: "monitor" };

async function poll(ref: TaskRef, replies: Reply[], options: { waitSeconds?: number; until?: string[] } = {}) {
  const progress: TaskProgress[] = [];
  let index = 0;
  const bmc = await bench.bmc((seen) =>
    seen.path.startsWith("/redfish/v1/") ? replies[Math.min(index++, replies.length - 1)] : undefined,
  );
  const clock = fastClock();
  const client = bench.pool(clock).get(connectionTo(bmc));
  const result = client.task(ref, { ...options, onProgress: (seen) => progress.push(seen) });
  return { result: await result.catch((error: unknown) => error), progress, bmc, clock };
}

const state = (TaskState: string, more: Record<string, unknown> = {}): Reply => ({ body: { TaskState, ...more } });

describe("waiting for a task", () => {
  it("ends when it is completed, and reports progress", async () => {
    const { result, progress } = await poll(task, [
      state("New"),
      state("Running", { PercentComplete: 40 }),
      state("Completed", { PercentComplete: 100 }),
    ]);
    expect(result).toMatchObject({ state: "Completed", percent: 100 });
    expect(progress.map((seen) => [seen.state, seen.percent])).toEqual([
      ["New", undefined],
      ["Running", 40],
      ["Completed", 100],
    ]);
  });

  it("fails with what the task says", async () => {
    const { result } = await poll(task, [
      state("Exception", {
        Messages: [
          { MessageId: "Update.1.0.TransferFailed", Message: "could not read the image", Severity: "Critical" },
        ],
      }),
    ]);
    expect(result).toMatchObject({ kind: "refused", messageId: "Update.1.0.TransferFailed" });
    expect(String(result)).toContain("ended as Exception: could not read the image");
  });

  it("times out, naming state and percentage", async () => {
    const { result } = await poll(task, [state("Running", { PercentComplete: 7 })], { waitSeconds: 30 });
    expect(String(result)).toContain("is still Running (7 %) after 30 s");
    expect(result).toMatchObject({ kind: "timeout" });
  });

  it("polls ever more slowly, at most every ten seconds", async () => {
    const { clock } = await poll(task, [state("Running")], { waitSeconds: 200 });
    expect(clock.pauses[0]).toBe(2_000);
    expect(Math.max(...clock.pauses)).toBe(10_000);
    expect(clock.pauses.length).toBeLessThan(30);
  });

  it("waits for a job that shows up late (quirk 7)", async () => {
    const late = failure(404, "Base.1.0.ResourceMissingAtURI");
    const { result } = await poll(task, [late, late, state("Completed")]);
    expect(result).toMatchObject({ state: "Completed" });
  });

  it("gives up on one that never shows up", async () => {
    const { result } = await poll(task, [failure(404, "Base.1.0.ResourceMissingAtURI")]);
    expect(result).toMatchObject({ kind: "notFound" });
  });

  it("takes one that was there and is gone for ended", async () => {
    const { result } = await poll(task, [state("Running"), failure(404, "Base.1.0.ResourceMissingAtURI")]);
    expect(result).toMatchObject({ state: "Gone" });
  });

  it("reads a monitor by its status", async () => {
    const { result } = await poll(monitor, [{ status: 202, body: {} }, { status: 202, body: {} }, { status: 204 }]);
    expect(result).toMatchObject({ state: "Completed" });
  });

  it("takes HPE's success in an error body for success (quirk 37)", async () => {
    const body = {
      error: { code: "iLO.0.10.ExtendedInfo", "@Message.ExtendedInfo": [{ MessageId: "iLO.2.14.Success" }] },
    };
    const { result } = await poll(monitor, [{ status: 202, body: {} }, { body }]);
    expect(result).toMatchObject({ state: "Completed" });
  });

  it("fails when a monitor does", async () => {
    const { result } = await poll(monitor, [{ status: 202, body: {} }, failure(400, "X.1.0.Failed", "it failed")]);
    expect(result).toMatchObject({ kind: "refused" });
    expect(String(result)).toContain("it failed");
  });

  it("turns from a monitor to the task in its body (quirk 58)", async () => {
    const { bmc } = await poll(monitor, [
      { status: 202, body: { "@odata.type": "#Task.v1_0_0.Task", "@odata.id": task.path, TaskState: "Running" } },
      state("Completed"),
    ]);
    expect(bmc.log).toEqual([`GET ${monitor.path}`, `GET ${task.path}`]);
  });

  it("follows a task that goes on as a job (quirk 60)", async () => {
    const job = "/redfish/v1/JobService/Jobs/J1";
    const { bmc, result } = await poll(task, [
      state("Completed", {
        Messages: [{ MessageId: "Update.1.0.OperationTransitionedToJob", MessageArgs: [job], Severity: "OK" }],
      }),
      { body: { JobState: "Completed" } },
    ]);
    expect(bmc.log).toEqual([`GET ${task.path}`, `GET ${job}`]);
    expect(result).toMatchObject({ path: job });
  });

  it("ends early on a state that was asked for", async () => {
    const { result } = await poll({ path: "/redfish/v1/Jobs/J1", kind: "job" }, [{ body: { JobState: "Scheduled" } }], {
      until: ["Scheduled"],
    });
    expect(result).toMatchObject({ state: "Scheduled" });
  });

  it("goes on over a restart of the BMC", async () => {
    const { result } = await poll(task, [
      state("Running"),
      { drop: "before" },
      { status: 503, body: {} },
      state("Completed"),
    ]);
    expect(result).toMatchObject({ state: "Completed" });
  });

  it("ends when it is cancelled", async () => {
    const bmc = await bench.bmc(() => state("Running"));
    const client = bench.pool({ sleep: undefined, now: undefined }).get(connectionTo(bmc));
    await expect(client.task(task, { signal: AbortSignal.timeout(60) })).rejects.toMatchObject({
      kind: "timeout",
      name: "RedfishError",
    });
  });
});
