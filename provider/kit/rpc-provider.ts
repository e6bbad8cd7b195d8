import type { handleUnaryCall } from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import type * as emptyModule from "google-protobuf/google/protobuf/empty_pb";
import { checkAgainstSchema } from "./check";
import { compareInputs } from "./diff";
import { UNKNOWN } from "./handler";
import type { PluginHost } from "./host";
import { operate, rpc } from "./operation";
import { diffResponse, failures, properties, struct } from "./rpc";
import { requireFromSdk } from "./sdk";
import type { Decoded, Plain, PlainObject } from "./values";
import { decode, hasUnknown, isObject, mergeMarks } from "./values";

const { Empty } = requireFromSdk("google-protobuf/google/protobuf/empty_pb") as typeof emptyModule;
type Empty = emptyModule.Empty;

/** The RPCs of the provider itself and of its functions. */
export interface ProviderRpcs {
  handshake: handleUnaryCall<messages.ProviderHandshakeRequest, messages.ProviderHandshakeResponse>;
  checkConfig: handleUnaryCall<messages.CheckRequest, messages.CheckResponse>;
  diffConfig: handleUnaryCall<messages.DiffRequest, messages.DiffResponse>;
  configure: handleUnaryCall<messages.ConfigureRequest, messages.ConfigureResponse>;
  invoke: handleUnaryCall<messages.InvokeRequest, messages.InvokeResponse>;
  getSchema: handleUnaryCall<messages.GetSchemaRequest, messages.GetSchemaResponse>;
  cancel: handleUnaryCall<Empty, Empty>;
}

/** Members of a provider's inputs that belong to the engine. */
const engineMembers = ["version", "pluginDownloadURL", "pluginChecksums", "parameterization"];

/** Answers the provider's own RPCs. `onEngine` hears the engine's address when the handshake tells it. */
export function providerRpcs<C>(host: PluginHost<C>, onEngine: (address: string) => void): ProviderRpcs {
  return {
    handshake: rpc(host, async (request) => {
      if (request.getEngineAddress() !== "") onEngine(request.getEngineAddress());
      host.lifecycle.reopen();
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(true);
      response.setAcceptOutputs(true);
      return response;
    }),
    checkConfig: checkConfig(host),
    diffConfig: rpc(host, async (request) => {
      const sent = request.getOldInputs() ?? request.getOlds();
      const olds = configuration(host, properties(sent));
      const news = configuration(host, properties(request.getNews()));
      // Another address or password never makes resources new: nothing replaces a provider.
      const changes = compareInputs(host.schema, host.schema.config, olds.value, news.value);
      return diffResponse(changes.map((change) => ({ ...change, replace: false })));
    }),
    configure: configure(host),
    invoke: invoke(host),
    getSchema: rpc(host, async (request) => {
      if (request.getVersion() !== 0) throw new Error(`schema version ${request.getVersion()} is not supported; use 0`);
      const response = new messages.GetSchemaResponse();
      response.setSchema(JSON.stringify(host.schema.spec));
      return response;
    }),
    cancel: rpc(host, async () => {
      await host.lifecycle.cancel();
      return new Empty();
    }),
  };
}

function checkConfig<C>(host: PluginHost<C>): ProviderRpcs["checkConfig"] {
  return rpc(host, async (request) => {
    host.lifecycle.reopen();
    const sent = properties(request.getNews());
    const { value, marks } = configuration(host, sent);
    const wrong = checkAgainstSchema(host.schema, host.schema.config, value, { marks, allow: engineMembers });
    const judged = new Set(wrong.map(({ property }) => property.split(/[.[]/)[0]));
    // What the schema refuses already would only confuse the check that follows.
    const rest = Object.entries(value).filter(([key, member]) => !judged.has(key) && !hasUnknown(member));
    const more = host.spec.config.check?.(Object.fromEntries(rest)) ?? [];
    const response = new messages.CheckResponse();
    response.setInputs(struct(sent.value, mergeMarks(sent.marks, host.schema.marks(host.schema.config, sent.value))));
    response.setFailuresList(failures([...wrong, ...more], marks));
    return response;
  });
}

function configure<C>(host: PluginHost<C>): ProviderRpcs["configure"] {
  return rpc(host, async (request) => {
    host.lifecycle.reopen();
    const { value, marks } = configuration(host, properties(request.getArgs()));
    const known = Object.entries(value).filter(([, member]) => !hasUnknown(member));
    const secrets = host.schema.secretStrings(host.schema.config, value, marks);
    host.configSecrets = secrets;
    host.configure(host.spec.config.decode(Object.fromEntries(known)), secrets);
    const response = new messages.ConfigureResponse();
    response.setAcceptsecrets(true);
    response.setAcceptresources(true);
    response.setAcceptoutputs(true);
    response.setSupportspreview(true);
    return response;
  });
}

/**
 * The configuration that the schema knows, decoded: the engine passes everything but strings as JSON in a string, inside of
 * which there may again be secrets and unknowns.
 */
function configuration<C>(host: PluginHost<C>, { value, marks }: Decoded<PlainObject>): Decoded<PlainObject> {
  const declared = host.schema.config;
  const foreign = host.spec.config.foreign ?? [];
  const own = (key: string) => !isEngines(key) && !foreign.includes(key);
  const members = Object.entries(value).filter(([key, member]) => own(key) && member !== null);
  const parts = members.map(([key, member]): [string, Decoded] => {
    if (typeof member !== "string" || !declared[key]) return [key, { value: member, marks: {} }];
    return [key, decode(host.schema.fromText(declared[key], member) as Plain)];
  });
  const decoded: PlainObject = Object.fromEntries(parts.map(([key, part]) => [key, part.value]));
  const inner = new Map(parts.map(([key, part]) => [key, part.marks]));
  return { value: decoded, marks: mergeMarks(marks, { at: inner }, host.schema.marks(declared, decoded)) };
}

function isEngines(key: string): boolean {
  return key.startsWith("__") || engineMembers.includes(key);
}

function invoke<C>(host: PluginHost<C>): ProviderRpcs["invoke"] {
  return rpc(host, async (request, hungUp) => {
    const token = request.getTok();
    const handler = host.function(token);
    const { inputs, outputs } = host.schema.function(token);
    const sent = properties(request.getArgs());
    const value = host.schema.withDefaults(inputs?.properties ?? {}, sent.value);
    const marks = mergeMarks(sent.marks, host.schema.marks(inputs?.properties ?? {}, value));
    const wrong = checkAgainstSchema(host.schema, inputs?.properties ?? {}, value, {
      required: inputs?.required,
      marks,
    });
    const response = new messages.InvokeResponse();
    if (wrong.length > 0) {
      response.setFailuresList(failures(wrong, marks));
      return response;
    }
    if (request.getPreview() && hasUnknown(value)) {
      const unknown = Object.keys(outputs?.properties ?? {}).map((key) => [key, UNKNOWN]);
      response.setReturn(struct(Object.fromEntries(unknown) as PlainObject, {}));
      return response;
    }
    const task = { verb: "invoke", urn: "", values: [{ value, marks }], declared: inputs?.properties ?? {} };
    const result = await operate(host, task, hungUp, (context) => handler.call(context, value));
    if (!isObject(result)) throw new Error(`${token} returned no object`);
    response.setReturn(struct(result, mergeMarks(marks, host.schema.marks(outputs?.properties ?? {}, result))));
    return response;
  });
}
