import type { Bmc } from "../bmc";
import { RedfishError, refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import type { Message } from "../http/messages";
import { about, base, extendedInfo, messageText } from "../http/messages";
import type { Json, JsonObject } from "../json";
import { isObject, link } from "../json";
import type { Task } from "../tasks";

/** Schema versions that the emulator's resources keep to. */
export const SCHEMAS = {
  AccountService: "v1_12_0",
  ActionInfo: "v1_3_0",
  AttributeRegistry: "v1_3_6",
  Bios: "v1_2_0",
  BootOption: "v1_0_4",
  Certificate: "v1_6_0",
  Chassis: "v1_21_0",
  ComputerSystem: "v1_20_0",
  Drive: "v1_15_0",
  EthernetInterface: "v1_9_0",
  LogEntry: "v1_14_0",
  LogService: "v1_4_0",
  Manager: "v1_17_0",
  ManagerAccount: "v1_9_0",
  Memory: "v1_17_0",
  MessageRegistry: "v1_6_0",
  MessageRegistryFile: "v1_1_3",
  NetworkAdapter: "v1_9_0",
  NetworkPort: "v1_4_1",
  Port: "v1_7_0",
  Processor: "v1_16_0",
  Role: "v1_3_1",
  SecureBoot: "v1_1_0",
  ServiceRoot: "v1_15_0",
  Session: "v1_5_0",
  SessionService: "v1_1_8",
  SoftwareInventory: "v1_8_0",
  Storage: "v1_13_0",
  Task: "v1_7_0",
  TaskService: "v1_2_0",
  UpdateService: "v1_11_0",
  VirtualMedia: "v1_6_0",
} as const;

/** A schema of a resource. */
export type Schema = keyof typeof SCHEMAS;

/** Schemas of collections: those with members of these. */
export const COLLECTIONS = [
  "BootOption",
  "Certificate",
  "Chassis",
  "ComputerSystem",
  "Drive",
  "EthernetInterface",
  "LogEntry",
  "LogService",
  "Manager",
  "ManagerAccount",
  "Memory",
  "MessageRegistryFile",
  "NetworkAdapter",
  "NetworkPort",
  "Port",
  "Processor",
  "Role",
  "Session",
  "SoftwareInventory",
  "Storage",
  "Task",
  "VirtualMedia",
] as const;

/** A resource with its type, address, id and name. */
export function resource(schema: Schema, path: string, id: string, name: string, rest: JsonObject): JsonObject {
  return { "@odata.type": `#${schema}.${SCHEMAS[schema]}.${schema}`, "@odata.id": path, Id: id, Name: name, ...rest };
}

/** A collection. */
export function collection(schema: string, path: string, name: string, members: string[]): JsonObject {
  return {
    "@odata.type": `#${schema}Collection.${schema}Collection`,
    "@odata.id": path,
    Name: name,
    "Members@odata.count": members.length,
    Members: members.map((member) => link(member)),
  };
}

/** Addresses that the dialect decides. */
export function paths(ids: { system: string; manager: string; chassis: string }): {
  system: string;
  manager: string;
  chassis: string;
} {
  return {
    system: `/redfish/v1/Systems/${ids.system}`,
    manager: `/redfish/v1/Managers/${ids.manager}`,
    chassis: `/redfish/v1/Chassis/${ids.chassis}`,
  };
}

/** An ISO date in UTC, without fractions of a second. */
export function isoDate(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Takes a value of a PATCH: a message that refuses it, or the change to make when nothing is refused. */
export type Setter = (value: Json) => Message | (() => void);

/**
 * Changes properties. Unknown and read-only ones are noted in the answer when there are others to change; a wrong value
 * refuses the whole request, so that nothing is half done.
 */
export async function patch(x: Exchange, route: Pick<Route, "get">, setters: Record<string, Setter>): Promise<Reply> {
  const before = (await route.get?.(x)) ?? {};
  const changes: (() => void)[] = [];
  const ignored: Message[] = [];
  const wrong: Message[] = [];
  for (const [name, value] of Object.entries(x.body)) {
    if (name.startsWith("@odata.")) continue;
    const setter = setters[name];
    if (!setter) {
      ignored.push(about(`/${name}`, base(name in before ? "PropertyNotWritable" : "PropertyUnknown", name)));
      continue;
    }
    const result = setter(value ?? null);
    if (typeof result === "function") changes.push(result);
    else wrong.push(result.related ? result : about(`/${name}`, result));
  }
  if (wrong.length > 0 || changes.length === 0) throw new RedfishError(400, [...wrong, ...ignored]);
  for (const change of changes) change();
  return changed(x, (await route.get?.(x)) ?? {}, ignored);
}

/** The answer to a change, as the vendor gives it. */
export function changed(x: Exchange, after: JsonObject, notes: Message[] = []): Reply {
  const success = base("Success");
  const info: JsonObject = { "@Message.ExtendedInfo": [...(notes.length > 0 ? notes : [success])].map(extendedInfo) };
  switch (x.bmc.dialect.patchReply) {
    case "resource":
      return { status: 200, body: notes.length > 0 ? { ...after, ...info } : after };
    case "message":
      return { status: 200, body: info };
    case "success":
      return { status: 200, body: { Success: { code: success.id, message: messageText(success), ...info } } };
    default:
      return notes.length > 0 ? { status: 200, body: { ...after, ...info } } : { status: 204 };
  }
}

/** Setters for the usual kinds of value. */
export const set = {
  text:
    (name: string, change: (value: string) => void, most = 255): Setter =>
    (value) => {
      if (typeof value !== "string") return base("PropertyValueTypeError", JSON.stringify(value), name);
      return value.length > most ? base("PropertyValueFormatError", value, name) : () => change(value);
    },
  flag:
    (name: string, change: (value: boolean) => void): Setter =>
    (value) =>
      typeof value === "boolean" ? () => change(value) : base("PropertyValueTypeError", JSON.stringify(value), name),
  oneOf:
    <T extends string>(name: string, allowed: readonly T[], change: (value: T) => void): Setter =>
    (value) => {
      if (typeof value !== "string") return base("PropertyValueTypeError", JSON.stringify(value), name);
      const found = allowed.find((candidate) => candidate === value);
      return found === undefined ? base("PropertyValueNotInList", value, name) : () => change(found);
    },
};

/** Parameters of an action, checked: an unknown one is refused, and so is the lack of a required one. */
export function parameters(
  x: Exchange,
  action: string,
  known: Record<string, "string" | "boolean" | "number" | "strings">,
  required: string[] = [],
): Record<string, Json> {
  const problems: Message[] = [];
  for (const name of required)
    if (x.body[name] === undefined) problems.push(base("ActionParameterMissing", action, name));
  for (const [name, value] of Object.entries(x.body)) {
    const type = known[name];
    if (type === undefined) {
      if (!name.startsWith("@")) problems.push(base("ActionParameterUnknown", action, name));
    } else if (type === "strings" ? !Array.isArray(value) : typeof value !== type && value !== null) {
      problems.push(base("ActionParameterValueTypeError", JSON.stringify(value), name, action));
    }
  }
  if (problems.length > 0) throw new RedfishError(400, problems);
  return x.body as Record<string, Json>;
}

/**
 * Carries out an action: at once with 204, or as a task with 202 where the vendor, the spec or a fault has it so. As a task its
 * refusals become the task's.
 */
export function carryOut(x: Exchange, name: string, effect: () => void, asynchronous = false): Reply {
  if (!asynchronous && !x.bmc.spec.asynchronousActions && x.taskFate === undefined) {
    effect();
    return { status: 204 };
  }
  return accepted(x, x.bmc.tasks.start(name, effect, { fate: x.taskFate }));
}

/** 202 with the task that does the work. */
export function accepted(x: Exchange, task: Task): Reply {
  const path = `/redfish/v1/TaskService/Tasks/${task.id}`;
  const monitor = `/redfish/v1/TaskService/TaskMonitors/${task.id}`;
  const { jobs } = x.bmc.dialect;
  return {
    status: 202,
    headers: { Location: jobs ? path : monitor, ...(jobs ? {} : { "Retry-After": "1" }) },
    body: jobs ? undefined : taskResource(task),
  };
}

/** The resource of a task. */
export function taskResource(task: Task): JsonObject {
  const failed = task.state === "Exception";
  return resource("Task", `/redfish/v1/TaskService/Tasks/${task.id}`, task.id, task.name, {
    TaskState: task.state === "Scheduled" ? "Pending" : task.state,
    TaskStatus: failed ? "Critical" : "OK",
    PercentComplete: task.percent,
    StartTime: isoDate(task.started ?? task.created),
    ...(task.ended === undefined ? {} : { EndTime: isoDate(task.ended) }),
    TaskMonitor: `/redfish/v1/TaskService/TaskMonitors/${task.id}`,
    Messages: task.messages.map(extendedInfo),
    HidePayload: true,
  });
}

/** The member of a list that has this id, with its index. */
export function member<T>(
  list: T[],
  id: string | undefined,
  idOf: (item: T, index: number) => string,
): [T, number] | undefined {
  const index = list.findIndex((item, at) => idOf(item, at) === id);
  const found = list[index];
  return found === undefined ? undefined : [found, index];
}

/** @throws RedfishError when the BMC lacks a licence that the change needs (48). */
export function checkLicence({ spec, dialect }: Bmc): void {
  const refusal = dialect.unlicensed;
  if (spec.unlicensed && refusal) throw new RedfishError(refusal.status, [refusal.message], refusal.headers);
}

/** The vendor's part, below `Oem`. */
export function oem(bmc: Bmc, part: JsonObject | undefined): JsonObject {
  const key = bmc.dialect.oem?.key;
  return key && part ? { Oem: { [key]: part } } : {};
}

/** The object that a PATCH has for a property. @throws RedfishError when it is no object. */
export function nested(value: Json, name: string): JsonObject {
  if (!isObject(value)) throw refuse(400, "PropertyValueTypeError", JSON.stringify(value), name);
  return value;
}
