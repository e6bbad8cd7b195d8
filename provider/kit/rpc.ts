import type { handleUnaryCall } from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import type * as emptyModule from "google-protobuf/google/protobuf/empty_pb";
import type * as structModule from "google-protobuf/google/protobuf/struct_pb";
import { checkAgainstSchema, discreet } from "./check";
import { answer, compareInputs, withoutIgnored } from "./diff";
import type { Change, CheckFailure } from "./handler";
import type { PluginHost } from "./host";
import { operate, rpc, typeOf } from "./operation";
import type { ResourceSpec } from "./schema";
import { requireFromSdk } from "./sdk";
import type { Decoded, Marks, PlainObject } from "./values";
import { decodeProperties, encodeProperties, hasUnknown, mergeMarks } from "./values";

const { Struct } = requireFromSdk("google-protobuf/google/protobuf/struct_pb") as typeof structModule;
const { Empty } = requireFromSdk("google-protobuf/google/protobuf/empty_pb") as typeof emptyModule;
type Struct = structModule.Struct;
type Empty = emptyModule.Empty;

/** The RPCs of resources. */
export interface ResourceRpcs {
  check: handleUnaryCall<messages.CheckRequest, messages.CheckResponse>;
  diff: handleUnaryCall<messages.DiffRequest, messages.DiffResponse>;
  create: handleUnaryCall<messages.CreateRequest, messages.CreateResponse>;
  read: handleUnaryCall<messages.ReadRequest, messages.ReadResponse>;
  update: handleUnaryCall<messages.UpdateRequest, messages.UpdateResponse>;
  delete: handleUnaryCall<messages.DeleteRequest, Empty>;
}

/** Answers the resource RPCs with the plugin's handlers. */
export function resourceRpcs<C>(host: PluginHost<C>): ResourceRpcs {
  return {
    check: check(host),
    diff: diff(host),
    create: create(host),
    read: read(host),
    update: update(host),
    delete: del(host),
  };
}

function check<C>(host: PluginHost<C>): ResourceRpcs["check"] {
  return rpc(host, async (request, hungUp) => {
    const news = properties(request.getNews());
    const olds = properties(request.getOlds());
    const { handler, spec, declared } = served(host, request.getUrn());
    const inputs = spec.inputProperties ?? {};
    const filled = host.schema.withDefaults(inputs, news.value);
    const marks = (value: object) => mergeMarks(news.marks, host.schema.marks(inputs, value));
    const wrong = checkAgainstSchema(host.schema, inputs, filled, {
      required: spec.requiredInputs,
      marks: marks(filled),
    });
    const values = [{ value: filled, marks: marks(filled) }, olds];
    const task = { verb: "check", urn: request.getUrn(), values, declared };
    const judged = await operate(host, task, hungUp, async (context) => {
      try {
        return (await handler.check?.(context, filled, present(olds))) ?? { inputs: filled, failures: [] };
      } catch (error) {
        // A handler may stumble over a value of the wrong type, which has been found already.
        if (wrong.length > 0) return { inputs: filled, failures: [] };
        throw error;
      }
    });
    const response = new messages.CheckResponse();
    response.setInputs(struct(judged.inputs, marks(judged.inputs)));
    response.setFailuresList(failures([...wrong, ...judged.failures], marks(judged.inputs)));
    return response;
  });
}

/** One failure a property: the schema's, which come first, say more about a wrong type. */
export function failures(found: CheckFailure[], marks: Marks): messages.CheckFailure[] {
  const first = new Map<string, CheckFailure>();
  for (const failure of found) {
    const key = failure.property || failure.reason;
    if (!first.has(key)) first.set(key, failure);
  }
  return [...first.values()].map((failure) => {
    const { property, reason } = discreet(failure, marks);
    const message = new messages.CheckFailure();
    message.setProperty(property);
    message.setReason(reason);
    return message;
  });
}

function diff<C>(host: PluginHost<C>): ResourceRpcs["diff"] {
  return rpc(host, async (request, hungUp) => {
    const { handler, spec, declared } = served(host, request.getUrn());
    const olds = properties(request.getOlds());
    const news = properties(request.getNews());
    const oldInputs = inputsOf(request.getOldInputs(), olds, spec);
    const found = compareInputs(host.schema, spec.inputProperties ?? {}, oldInputs.value, news.value);
    const task = { verb: "diff", urn: request.getUrn(), values: [olds, oldInputs, news], declared };
    const args = {
      id: request.getId(),
      olds: olds.value,
      oldInputs: oldInputs.value,
      news: news.value,
      changes: found,
    };
    const judged = await operate(host, task, hungUp, async (context) => {
      try {
        return (await handler.diff?.(context, args)) ?? found;
      } catch (error) {
        if (hasUnknown(news.value)) return found;
        throw error;
      }
    });
    const changes = handler.update ? judged : judged.map((change) => ({ ...change, replace: true }));
    return diffResponse(withoutIgnored(changes, request.getIgnorechangesList()), handler.deleteBeforeReplace === true);
  });
}

/** What the engine is told of changes; also for the provider's own configuration. */
export function diffResponse(changes: Change[], deleteBeforeReplace = false): messages.DiffResponse {
  const { diffs, replaces, detailed } = answer(changes);
  const response = new messages.DiffResponse();
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  response.setChanges(changes.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(diffs);
  response.setReplacesList(replaces);
  response.setDeletebeforereplace(deleteBeforeReplace && replaces.length > 0);
  response.setHasdetaileddiff(true);
  for (const [path, change] of detailed) {
    const entry = new messages.PropertyDiff();
    entry.setKind(kindOf(change));
    entry.setInputdiff(change.against === "inputs");
    response.getDetaileddiffMap().set(path, entry);
  }
  return response;
}

function kindOf({ kind, replace }: Change): messages.PropertyDiff.Kind {
  const kinds = messages.PropertyDiff.Kind;
  if (kind === "add") return replace ? kinds.ADD_REPLACE : kinds.ADD;
  if (kind === "delete") return replace ? kinds.DELETE_REPLACE : kinds.DELETE;
  return replace ? kinds.UPDATE_REPLACE : kinds.UPDATE;
}

function create<C>(host: PluginHost<C>): ResourceRpcs["create"] {
  return rpc(host, async (request, hungUp) => {
    const { handler, spec, declared } = served(host, request.getUrn());
    const inputs = properties(request.getProperties());
    const preview = request.getPreview();
    const stateMarks = marker(host, spec, inputs.marks);
    const task = {
      verb: "create",
      urn: request.getUrn(),
      values: [inputs],
      declared,
      timeoutSeconds: request.getTimeout(),
      stateMarks,
    };
    const { id, state } = await operate(host, task, hungUp, async (context) => {
      try {
        return await handler.create(context, inputs.value, { preview });
      } catch (error) {
        // What cannot be said before an input is known will be said when it is.
        if (preview && hasUnknown(inputs.value)) return { id: "", state: inputs.value };
        throw error;
      }
    });
    const response = new messages.CreateResponse();
    response.setId(id);
    response.setProperties(struct(state, stateMarks(state)));
    return response;
  });
}

function read<C>(host: PluginHost<C>): ResourceRpcs["read"] {
  return rpc(host, async (request, hungUp) => {
    const { handler, spec, declared } = served(host, request.getUrn());
    const state = properties(request.getProperties());
    const inputs = properties(request.getInputs());
    const stateMarks = marker(host, spec, mergeMarks(state.marks, inputs.marks));
    const task = {
      verb: "read",
      urn: request.getUrn(),
      values: [state, inputs],
      declared,
      timeoutSeconds: request.getTimeout(),
      stateMarks,
    };
    const known = { inputs: present(inputs), state: present(state) };
    const found = await operate(host, task, hungUp, (context) => handler.read(context, request.getId(), known));
    const response = new messages.ReadResponse();
    if (!found) return response;
    const inputMarks = mergeMarks(inputs.marks, host.schema.marks(spec.inputProperties ?? {}, found.inputs));
    response.setId(found.id);
    response.setProperties(struct(found.state, stateMarks(found.state)));
    response.setInputs(struct(found.inputs, inputMarks));
    return response;
  });
}

function update<C>(host: PluginHost<C>): ResourceRpcs["update"] {
  return rpc(host, async (request, hungUp) => {
    const { handler, spec, declared } = served(host, request.getUrn());
    const olds = properties(request.getOlds());
    const news = properties(request.getNews());
    const oldInputs = inputsOf(request.getOldInputs(), olds, spec);
    const preview = request.getPreview();
    const stateMarks = marker(host, spec, news.marks);
    const task = {
      verb: "update",
      urn: request.getUrn(),
      values: [news, olds, oldInputs],
      declared,
      timeoutSeconds: request.getTimeout(),
      stateMarks,
    };
    const args = { olds: olds.value, oldInputs: oldInputs.value, news: news.value, preview };
    const state = await operate(host, task, hungUp, async (context) => {
      if (!handler.update) throw new Error(`${handler.token} cannot be updated, only replaced`);
      try {
        return await handler.update(context, request.getId(), args);
      } catch (error) {
        if (preview && hasUnknown(news.value)) return news.value;
        throw error;
      }
    });
    const response = new messages.UpdateResponse();
    response.setProperties(struct(state, stateMarks(state)));
    return response;
  });
}

function del<C>(host: PluginHost<C>): ResourceRpcs["delete"] {
  return rpc(host, async (request, hungUp) => {
    const { handler, declared } = served(host, request.getUrn());
    const state = properties(request.getProperties());
    const task = {
      verb: "delete",
      urn: request.getUrn(),
      values: [state, properties(request.getOldInputs())],
      declared,
      timeoutSeconds: request.getTimeout(),
    };
    await operate(host, task, hungUp, (context) => handler.delete(context, request.getId(), state.value));
    return new Empty();
  });
}

function served<C>(host: PluginHost<C>, urn: string) {
  const token = typeOf(urn);
  const handler = host.resource(token);
  const spec = host.schema.resource(token);
  return { handler, spec, declared: { ...spec.properties, ...spec.inputProperties } };
}

/** Secret in the outputs: what the schema says, and what came in secret under the same path. */
function marker<C>(host: PluginHost<C>, spec: ResourceSpec, came: Marks): (state: object) => Marks {
  return (state) => mergeMarks(came, host.schema.marks(spec.properties ?? {}, state));
}

/** Reads a property map of a request; an absent one is empty. */
export function properties(from: Struct | undefined): Decoded<PlainObject> {
  return decodeProperties(from?.toJavaScript());
}

/** Writes a property map of a response. */
export function struct(value: object, marks: Marks): Struct {
  return Struct.fromJavaScript(encodeProperties(value, marks));
}

/** Engines before 3.56 send no old inputs: then what the state echoes of them has to do. */
function inputsOf(sent: Struct | undefined, state: Decoded<PlainObject>, spec: ResourceSpec): Decoded<PlainObject> {
  if (sent) return properties(sent);
  const declared = spec.inputProperties ?? {};
  const echoed = Object.entries(state.value).filter(([key]) => key in declared);
  return { value: Object.fromEntries(echoed), marks: state.marks };
}

/** On import, and for a resource's first check, the engine sends nothing. */
function present({ value }: Decoded<PlainObject>): PlainObject | undefined {
  return Object.keys(value).length > 0 ? value : undefined;
}
