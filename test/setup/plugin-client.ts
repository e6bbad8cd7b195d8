/**
 * Speaks to a plugin as the engine does: over gRPC, in its wire format, without the CLI.
 *
 *     const engine = await FakeEngine.start();                      // records logs and registered resources
 *     const plugin = await startInProcess(spec, { engine });        // serves a PluginSpec in this process, or
 *     const plugin = await spawnPlugin("provider/index.ts", { engine });  // a process of its own
 *     await plugin.client.configure({ username: "root", password: secret("hush") });
 *     const { inputs, failures } = await plugin.client.check("rackform:redfish:Server", "a", { connection: {...} });
 *     const { id, state } = await plugin.client.create("rackform:redfish:Server", "a", inputs, { preview: true });
 *     await plugin.stop(); engine.stop();
 *
 * Values are plain JavaScript with `secret(x)`, `unknown` and `outputValue({...})` (wire.ts), and come back the same way.
 * A failed call throws `PluginError`, with `kept` when the engine would save a partial state. `Deployed` (deployed.ts) goes
 * through whole lives: up, refresh, import, destroy. Everything started has to be stopped in `afterAll`/`afterEach`.
 */
import type { ServiceError } from "@grpc/grpc-js";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { PluginAttach, type PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { InputPropertiesError } from "@pulumi/pulumi/proto/errors_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { grpc } from "../../provider/kit/sdk";
import type { FakeEngine } from "./fake-engine";
import { channelOptions, fromWire, Secret, toWire } from "./wire";

export { FakeEngine, type LogLine, type Registered } from "./fake-engine";
export { spawnPlugin, startInProcess, type RunningPlugin } from "./plugin-process";
export { Deployed, type Outcome } from "./deployed";
export { outputValue, reveal, Secret, secret, textAsset, unknown } from "./wire";

export type Values = Record<string, unknown>;

export interface Failed {
  property: string;
  reason: string;
}

export interface Difference {
  changes: boolean;
  diffs: string[];
  replaces: string[];
  deleteBeforeReplace: boolean;
  detailed: Record<string, { kind: string; inputDiff: boolean }>;
}

/** A call that the plugin refused, as the engine would hear of it. */
export class PluginError extends Error {
  constructor(
    message: string,
    readonly code: number,
    /** What the engine saves of a resource that failed half-way. */
    readonly kept: { id: string; state: Values; reasons: string[] } | undefined,
    /** What a component says of its arguments. */
    readonly properties: Failed[] | undefined,
  ) {
    super(message);
    this.name = "PluginError";
  }
}

type Done<R> = (error: ServiceError | null, response: R) => void;

export class PluginClient {
  readonly stack = "dev";
  readonly project = "proj";
  private readonly stub: ResourceProviderClient;

  constructor(
    address: string,
    private readonly engine: FakeEngine | undefined,
  ) {
    this.stub = new ResourceProviderClient(address, grpc.credentials.createInsecure(), { ...channelOptions });
  }

  close(): void {
    this.stub.close();
  }

  urn(type: string, name: string): string {
    return `urn:pulumi:${this.stack}::${this.project}::${type}::${name}`;
  }

  async handshake(engineAddress = this.engine?.address ?? ""): Promise<messages.ProviderHandshakeResponse.AsObject> {
    const request = new messages.ProviderHandshakeRequest();
    request.setEngineAddress(engineAddress);
    return (
      await this.call<messages.ProviderHandshakeResponse>((done) => this.stub.handshake(request, done))
    ).toObject();
  }

  async attach(engineAddress: string): Promise<void> {
    const request = new PluginAttach();
    request.setAddress(engineAddress);
    await this.call<Empty>((done) => this.stub.attach(request, done));
  }

  async version(): Promise<string> {
    return (await this.call<PluginInfo>((done) => this.stub.getPluginInfo(new Empty(), done))).getVersion();
  }

  async schema(): Promise<{ name: string; version: string } & Values> {
    const response = await this.call<messages.GetSchemaResponse>((done) =>
      this.stub.getSchema(new messages.GetSchemaRequest(), done),
    );
    return JSON.parse(response.getSchema()) as { name: string; version: string } & Values;
  }

  /** Everything but strings is JSON-encoded, as the engine does with provider configuration. */
  async checkConfig(news: Values, olds: Values = {}): Promise<{ inputs: Values; failures: Failed[] }> {
    const request = new messages.CheckRequest();
    request.setUrn(this.urn("pulumi:providers:x", "default"));
    request.setNews(struct(configValues(news)));
    request.setOlds(struct(configValues(olds)));
    return checked(await this.call<messages.CheckResponse>((done) => this.stub.checkConfig(request, done)));
  }

  async diffConfig(olds: Values, news: Values): Promise<Difference> {
    const request = new messages.DiffRequest();
    request.setOlds(struct(configValues(olds)));
    request.setNews(struct(configValues(news)));
    return difference(await this.call<messages.DiffResponse>((done) => this.stub.diffConfig(request, done)));
  }

  async configure(args: Values = {}): Promise<messages.ConfigureResponse.AsObject> {
    const request = new messages.ConfigureRequest();
    request.setArgs(struct(configValues(args)));
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    return (await this.call<messages.ConfigureResponse>((done) => this.stub.configure(request, done))).toObject();
  }

  async check(
    type: string,
    name: string,
    news: Values,
    olds: Values = {},
  ): Promise<{ inputs: Values; failures: Failed[] }> {
    const request = new messages.CheckRequest();
    request.setUrn(this.urn(type, name));
    request.setName(name);
    request.setType(type);
    request.setNews(struct(news));
    request.setOlds(struct(olds));
    return checked(await this.call<messages.CheckResponse>((done) => this.stub.check(request, done)));
  }

  async diff(
    type: string,
    name: string,
    args: { id: string; state: Values; oldInputs?: Values; news: Values; ignoreChanges?: string[] },
  ): Promise<Difference> {
    const request = new messages.DiffRequest();
    request.setId(args.id);
    request.setUrn(this.urn(type, name));
    request.setOlds(struct(args.state));
    if (args.oldInputs) request.setOldInputs(struct(args.oldInputs));
    request.setNews(struct(args.news));
    request.setIgnorechangesList(args.ignoreChanges ?? []);
    return difference(await this.call<messages.DiffResponse>((done) => this.stub.diff(request, done)));
  }

  async create(
    type: string,
    name: string,
    inputs: Values,
    options: { preview?: boolean; timeout?: number } = {},
  ): Promise<{ id: string; state: Values }> {
    const request = new messages.CreateRequest();
    request.setUrn(this.urn(type, name));
    request.setName(name);
    request.setType(type);
    request.setProperties(struct(inputs));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeout ?? 0);
    const response = await this.call<messages.CreateResponse>((done) => this.stub.create(request, done));
    return { id: response.getId(), state: values(response.getProperties()) };
  }

  /** Undefined when the object is gone. Without inputs and state, an import. */
  async read(
    type: string,
    name: string,
    id: string,
    known: { inputs?: Values; state?: Values } = {},
  ): Promise<{ id: string; inputs: Values; state: Values } | undefined> {
    const request = new messages.ReadRequest();
    request.setId(id);
    request.setUrn(this.urn(type, name));
    request.setProperties(struct(known.state ?? {}));
    request.setInputs(struct(known.inputs ?? {}));
    const response = await this.call<messages.ReadResponse>((done) => this.stub.read(request, done));
    if (response.getId() === "") return undefined;
    return { id: response.getId(), inputs: values(response.getInputs()), state: values(response.getProperties()) };
  }

  async update(
    type: string,
    name: string,
    args: { id: string; state: Values; oldInputs: Values; news: Values },
    options: { preview?: boolean; timeout?: number; ignoreChanges?: string[] } = {},
  ): Promise<Values> {
    const request = new messages.UpdateRequest();
    request.setId(args.id);
    request.setUrn(this.urn(type, name));
    request.setOlds(struct(args.state));
    request.setOldInputs(struct(args.oldInputs));
    request.setNews(struct(args.news));
    request.setPreview(options.preview ?? false);
    request.setTimeout(options.timeout ?? 0);
    request.setIgnorechangesList(options.ignoreChanges ?? []);
    return values(
      (await this.call<messages.UpdateResponse>((done) => this.stub.update(request, done))).getProperties(),
    );
  }

  async delete(
    type: string,
    name: string,
    id: string,
    state: Values,
    options: { oldInputs?: Values; timeout?: number } = {},
  ): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setId(id);
    request.setUrn(this.urn(type, name));
    request.setProperties(struct(state));
    request.setOldInputs(struct(options.oldInputs ?? {}));
    request.setTimeout(options.timeout ?? 0);
    await this.call<Empty>((done) => this.stub.delete(request, done));
  }

  async invoke(
    token: string,
    args: Values,
    options: { preview?: boolean } = {},
  ): Promise<{ result: Values; failures: Failed[] }> {
    const request = new messages.InvokeRequest();
    request.setTok(token);
    request.setArgs(struct(args));
    request.setPreview(options.preview ?? false);
    const response = await this.call<messages.InvokeResponse>((done) => this.stub.invoke(request, done));
    return { result: values(response.getReturn()), failures: listed(response.getFailuresList()) };
  }

  /** Needs a FakeEngine, whose `registered` then has the tree. */
  async construct(
    type: string,
    name: string,
    inputs: Values,
    options: {
      preview?: boolean;
      parent?: string;
      dependencies?: string[];
      /** Argument to the URNs it came from. */
      inputDependencies?: Record<string, string[]>;
      providers?: Record<string, string>;
      protect?: boolean;
    } = {},
  ): Promise<{ urn: string; state: Values }> {
    if (!this.engine) throw new Error("construct needs a FakeEngine");
    this.engine.preview = options.preview ?? false;
    const request = new messages.ConstructRequest();
    request.setProject(this.project);
    request.setStack(this.stack);
    request.setOrganization("organization");
    request.setMonitorendpoint(this.engine.address);
    request.setParallel(16);
    request.setDryrun(options.preview ?? false);
    request.setType(type);
    request.setName(name);
    request.setParent(options.parent ?? "");
    request.setInputs(struct(inputs));
    request.setAcceptsOutputValues(true);
    request.setDependenciesList(options.dependencies ?? []);
    if (options.protect !== undefined) request.setProtect(options.protect);
    for (const [key, urns] of Object.entries(options.inputDependencies ?? {})) {
      const dependencies = new messages.ConstructRequest.PropertyDependencies();
      dependencies.setUrnsList(urns);
      request.getInputdependenciesMap().set(key, dependencies);
    }
    for (const [key, reference] of Object.entries(options.providers ?? {}))
      request.getProvidersMap().set(key, reference);
    const response = await this.call<messages.ConstructResponse>((done) => this.stub.construct(request, done));
    return { urn: response.getUrn(), state: values(response.getState()) };
  }

  async cancel(): Promise<void> {
    await this.call<Empty>((done) => this.stub.cancel(new Empty(), done));
  }

  private call<R>(start: (done: Done<R>) => unknown): Promise<R> {
    return new Promise((resolve, reject) => {
      start((error, response) => (error ? reject(pluginError(error)) : resolve(response)));
    });
  }
}

function pluginError(error: ServiceError): PluginError {
  const packed = error.metadata?.get("grpc-status-details-bin")[0];
  let kept: PluginError["kept"];
  let properties: Failed[] | undefined;
  for (const detail of packed ? Status.deserializeBinary(packed as Buffer).getDetailsList() : []) {
    if (detail.getTypeName() === "pulumirpc.ErrorResourceInitFailed") {
      const failed = messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
      kept = { id: failed.getId(), state: values(failed.getProperties()), reasons: failed.getReasonsList() };
    } else if (detail.getTypeName() === "pulumirpc.InputPropertiesError") {
      const list = InputPropertiesError.deserializeBinary(detail.getValue_asU8()).getErrorsList();
      properties = list.map((one) => ({ property: one.getPropertyPath(), reason: one.getReason() }));
    }
  }
  return new PluginError(error.details, error.code, kept, properties);
}

function struct(value: Values): Struct {
  return Struct.fromJavaScript(toWire(value) as Record<string, never>);
}

function values(from: Struct | undefined): Values {
  return fromWire(from?.toJavaScript() ?? {}) as Values;
}

function configValues(args: Values): Values {
  const encoded = (value: unknown): unknown => {
    if (value instanceof Secret) return new Secret(encoded(value.value));
    return typeof value === "object" || typeof value === "number" || typeof value === "boolean"
      ? JSON.stringify(toWire(value))
      : value;
  };
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [key, encoded(value)]));
}

function checked(response: messages.CheckResponse): { inputs: Values; failures: Failed[] } {
  return { inputs: values(response.getInputs()), failures: listed(response.getFailuresList()) };
}

function listed(failures: messages.CheckFailure[]): Failed[] {
  return failures.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

function difference(response: messages.DiffResponse): Difference {
  const kinds = Object.entries(messages.PropertyDiff.Kind);
  const detailed = [...response.getDetaileddiffMap().entries()].map(([path, one]) => {
    const kind = kinds.find(([, value]) => value === one.getKind())?.[0] ?? "";
    return [path, { kind, inputDiff: one.getInputdiff() }] as const;
  });
  return {
    changes: response.getChanges() === messages.DiffResponse.DiffChanges.DIFF_SOME,
    diffs: response.getDiffsList(),
    replaces: response.getReplacesList(),
    deleteBeforeReplace: response.getDeletebeforereplace(),
    detailed: Object.fromEntries(detailed),
  };
}
