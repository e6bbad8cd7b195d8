import fc from "fast-check";
import type { HttpAnswer } from "../../../../provider/redfish/channel";
import { etagLadder, locationOf, resultOf, taskOf } from "../../../../provider/redfish/results";
import { progressOf } from "../../../../provider/redfish/task";
import type { Body } from "../../../../provider/redfish/types";

const answer = (status: number, body: Body = {}, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  body,
  headers,
  path: "/x",
  attempts: 1,
});
const T = "/redfish/v1/TaskService/Tasks/3";

describe("what to poll after a write", () => {
  it.each([
    ["Location of a Task", 202, {}, T, { path: T, kind: "task" }],
    ["Location of a monitor beside it (OpenBMC)", 202, {}, `${T}/Monitor`, { path: T, kind: "task" }],
    [
      "Location of a TaskMonitor",
      202,
      {},
      "/redfish/v1/TaskService/TaskMonitors/JID_1",
      { path: "/redfish/v1/TaskService/TaskMonitors/JID_1", kind: "monitor" },
    ],
    [
      "Location of a Dell job",
      202,
      {},
      "/redfish/v1/Managers/iDRAC.Embedded.1/Jobs/JID_1",
      { path: "/redfish/v1/Managers/iDRAC.Embedded.1/Jobs/JID_1", kind: "job" },
    ],
    [
      "Location of a job of the JobService",
      200,
      {},
      "/redfish/v1/JobService/Jobs/JID_1",
      { path: "/redfish/v1/JobService/Jobs/JID_1", kind: "job" },
    ],
    ["any Location with 202", 202, {}, "/redfish/v1/Elsewhere/7", { path: "/redfish/v1/Elsewhere/7", kind: "monitor" }],
    [
      "a Task in the body, before a monitor (XCC)",
      202,
      { "@odata.type": "#Task.v1_4_0.Task", "@odata.id": T },
      "/redfish/v1/TaskMonitors/3",
      { path: T, kind: "task" },
    ],
    [
      "a Job in the body",
      200,
      { "@odata.type": "#Job.v1_0_0.Job", "@odata.id": "/j/1" },
      undefined,
      { path: "/j/1", kind: "job" },
    ],
    [
      "TaskMonitor in the body (HPE)",
      202,
      { TaskMonitor: "/redfish/v1/TaskService/TaskMonitors/4" },
      undefined,
      { path: "/redfish/v1/TaskService/TaskMonitors/4", kind: "monitor" },
    ],
    ["a reference to a Task", 202, { Task: { "@odata.id": T } }, undefined, { path: T, kind: "task" }],
    ["only @odata.id with 202", 202, { "@odata.id": T }, undefined, { path: T, kind: "task" }],
    ["nothing with 202", 202, {}, undefined, undefined],
    [
      "a created resource",
      201,
      { "@odata.id": "/redfish/v1/AccountService/Accounts/3" },
      "/redfish/v1/AccountService/Accounts/3",
      undefined,
    ],
    [
      "a changed resource",
      200,
      { "@odata.id": "/redfish/v1/Systems/1", "@odata.type": "#ComputerSystem.v1_0_0.ComputerSystem" },
      undefined,
      undefined,
    ],
    ["a hostile reference", 202, { "@odata.id": "https://evil.example/t" }, undefined, undefined],
  ])("%s", (_, status, body, location, expected) => expect(taskOf(status, body, location)).toEqual(expected));

  it("never throws and never leaves the BMC", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 200, max: 299 }),
        fc.dictionary(fc.string(), fc.anything()),
        fc.option(fc.string(), { nil: undefined }),
        (status, body, location) => {
          const result = resultOf(answer(status, body, location === undefined ? {} : { location }));
          for (const path of [result.task?.path, result.location])
            expect(path === undefined || /^\/(?!\/)/.test(path)).toBe(true);
        },
      ),
    );
  });
});

describe("Location", () => {
  it.each([
    ["/a/b", "/a/b"],
    ["https://10.0.0.1/a/b", "/a/b"],
    ["https://10.0.0.1:8443/a/b?x=1", "/a/b?x=1"],
    ["a/b", "/a/b"],
    ["javascript:alert(1)", undefined],
    ["https://[", undefined],
    [undefined, undefined],
  ])("%s is %s", (header, expected) => expect(locationOf(header)).toBe(expected));
});

describe("ETag ladder", () => {
  it.each([
    [undefined, [undefined]],
    ["", [undefined]],
    ['""', [undefined]],
    ['W/""', [undefined]],
    ['"a"', ['"a"', undefined]],
    ['W/"a"', ['W/"a"', '"a"', undefined]],
    ["a", ["a", '"a"', undefined]],
    ['W/"a-gzip"', ['W/"a-gzip"', '"a-gzip"', '"a"', undefined]],
    ['"a;gzip"', ['"a;gzip"', '"a"', undefined]],
  ])("%s", (etag, ladder) => expect(etagLadder(etag)).toEqual(ladder));

  it("begins with the tag as it came, repeats nothing, ends with none", () => {
    fc.assert(
      fc.property(fc.string(), (etag) => {
        const ladder = etagLadder(etag);
        expect(ladder.at(-1)).toBeUndefined();
        expect(new Set(ladder).size).toBe(ladder.length);
        expect(ladder.length).toBeLessThanOrEqual(5);
        if (ladder.length > 1) expect(ladder[0]).toBe(etag.trim());
      }),
    );
  });
});

describe("states", () => {
  const task = { path: T, kind: "task" as const };
  const monitor = { path: T, kind: "monitor" as const };
  it.each([
    ["New", "OK", "running"],
    ["Running", "OK", "running"],
    ["Stopping", undefined, "running"],
    ["Completed", "OK", "succeeded"],
    ["Completed", undefined, "succeeded"],
    ["Completed", "Warning", "succeeded"],
    ["Completed", "Critical", "succeeded"],
    ["Exception", "OK", "failed"],
    ["Killed", "OK", "failed"],
    ["Cancelled", "OK", "failed"],
    ["CompletedWithErrors", "OK", "failed"],
    ["Scheduled", "OK", "running"],
    ["RebootPending", "OK", "running"],
    ["Failed", "Critical", "failed"],
    ["Something new", "OK", "running"],
  ])("a task %s with status %s has %s", (TaskState, TaskStatus, end) => {
    expect(progressOf(answer(200, { TaskState, TaskStatus }), task).end).toBe(end);
    expect(progressOf(answer(200, { JobState: TaskState, JobStatus: TaskStatus }), task).end).toBe(end);
  });

  it("a completed task with a critical message has failed", () => {
    const body = {
      TaskState: "Completed",
      TaskStatus: "Critical",
      Messages: [{ MessageId: "X.1.0.Bad", Severity: "Critical" }],
    };
    expect(progressOf(answer(200, body), task).end).toBe("failed");
  });

  it.each([
    [202, {}, "running"],
    [200, {}, "succeeded"],
    [204, {}, "succeeded"],
    [200, { error: { "@Message.ExtendedInfo": [{ MessageId: "iLO.2.14.Success" }] } }, "succeeded"],
    [200, { error: { "@Message.ExtendedInfo": [{ MessageId: "iLO.2.14.Broken", Severity: "Critical" }] } }, "failed"],
    [400, {}, "failed"],
    [500, {}, "failed"],
    [202, { TaskState: "Running", PercentComplete: 40 }, "running"],
  ])("a monitor that answers %i %j has %s", (status, body, end) =>
    expect(progressOf(answer(status, body), monitor).end).toBe(end),
  );
});
