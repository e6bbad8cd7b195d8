import type { Dialect } from "../dialects/dialect";
import { RedfishError, refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import type { JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import type { Task } from "../tasks";
import { commitBios } from "./bios";
import { accepted, collection, isoDate, paths, resource, taskResource } from "./common";

const SERVICE = "/redfish/v1/TaskService";

/** Tasks, their monitors, and Dell's job queue. */
export function taskRoutes(dialect: Dialect): Route[] {
  return [
    {
      pattern: SERVICE,
      get: () =>
        resource("TaskService", SERVICE, "TaskService", "Task Service", {
          ServiceEnabled: true,
          CompletedTaskOverWritePolicy: "Oldest",
          LifeCycleEventOnTaskStateChange: false,
          Status: HEALTHY,
          Tasks: link(`${SERVICE}/Tasks`),
        }),
    },
    {
      pattern: `${SERVICE}/Tasks`,
      get: ({ bmc }) =>
        collection(
          "Task",
          `${SERVICE}/Tasks`,
          "Task Collection",
          bmc.tasks.list().map((task) => `${SERVICE}/Tasks/${task.id}`),
        ),
    },
    {
      pattern: `${SERVICE}/Tasks/:task`,
      get: ({ bmc, params }) => {
        const task = bmc.tasks.get(params.task ?? "");
        return task && taskResource(task);
      },
      // A Dell answers 202 until its task has ended.
      ...(dialect.jobs ? { read: readUntilEnded } : {}),
      delete: ({ bmc, params, path }) => {
        if (!bmc.tasks.remove(params.task ?? "")) throw refuse(404, "ResourceMissingAtURI", path);
        return { status: 204 };
      },
    },
    {
      pattern: `${SERVICE}/TaskMonitors/:task`,
      read: ({ bmc, params, path }) => {
        const task = bmc.tasks.get(params.task ?? "");
        if (!task) throw refuse(404, "ResourceMissingAtURI", path);
        if (task.ended === undefined) {
          return { status: 202, headers: { Location: path, "Retry-After": "1" }, body: taskResource(task) };
        }
        return task.state === "Completed"
          ? { status: 204 }
          : { status: 400, body: new RedfishError(400, task.messages).body() };
      },
    },
    ...(dialect.jobs ? jobRoutes(dialect) : []),
  ];
}

function readUntilEnded({ bmc, params, path }: Exchange): Reply {
  const task = bmc.tasks.get(params.task ?? "");
  if (!task) throw refuse(404, "ResourceMissingAtURI", path);
  return { status: task.ended === undefined ? 202 : 200, body: taskResource(task) };
}

function jobRoutes(dialect: Dialect): Route[] {
  const { manager } = paths(dialect.ids);
  const jobs = `${manager}/Oem/Dell/Jobs`;
  return [
    {
      pattern: jobs,
      get: ({ bmc }) => {
        const shown = bmc.tasks.list().filter((task) => task.jobType);
        return collection(
          "DellJob",
          jobs,
          "Job Queue",
          shown.map((task) => `${jobs}/${task.id}`),
        );
      },
      post: (x) => {
        if (x.body.TargetSettingsURI !== `${paths(dialect.ids).system}/Bios/Settings`) {
          throw refuse(400, "PropertyValueNotInList", JSON.stringify(x.body.TargetSettingsURI), "TargetSettingsURI");
        }
        if (Object.keys(x.bmc.bios.pending()).length === 0) throw refuse(400, "NoOperation");
        const task = commitBios(x.bmc, x.taskFate);
        return { ...accepted(x, task), status: 200, headers: { Location: `${jobs}/${task.id}` } };
      },
    },
    {
      pattern: `${jobs}/:job`,
      get: ({ bmc, params, path }) => {
        const task = bmc.tasks.get(params.job ?? "");
        return task?.jobType ? job(path, task) : undefined;
      },
      delete: ({ bmc, params, path }) => {
        const task = bmc.tasks.get(params.job ?? "");
        if (!task?.jobType) throw refuse(404, "ResourceMissingAtURI", path);
        if (task.state === "Scheduled") task.failure?.();
        bmc.tasks.remove(task.id);
        return { status: 200, body: {} };
      },
    },
  ];
}

function job(path: string, task: Task): JsonObject {
  const states = {
    New: "New",
    Scheduled: "Scheduled",
    Running: "Running",
    Completed: "Completed",
    Exception: "Failed",
    Cancelled: "Failed",
  };
  return {
    "@odata.type": "#DellJob.v1_2_0.DellJob",
    "@odata.id": path,
    Id: task.id,
    Name: task.name,
    JobType: task.jobType,
    JobState: states[task.state],
    PercentComplete: task.percent,
    Message:
      task.state === "Completed" ? "Job completed successfully." : `The job is ${states[task.state].toLowerCase()}.`,
    MessageId: task.state === "Completed" ? "PR19" : "JCP001",
    MessageArgs: [],
    StartTime: "TIME_NOW",
    EndTime: "TIME_NA",
    CompletionTime: task.ended === undefined ? null : isoDate(task.ended).replace(/Z$/, ""),
    TargetSettingsURI: null,
  };
}
