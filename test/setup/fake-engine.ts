import type { handleUnaryCall, Server } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { InvokeResponse } from "@pulumi/pulumi/proto/provider_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import * as resources from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { grpc } from "../../provider/kit/sdk";
import { channelOptions, fromWire, toWire } from "./wire";

export interface LogLine {
  severity: "debug" | "info" | "warn" | "error";
  message: string;
  urn: string;
  ephemeral: boolean;
}

/** One RegisterResource, as an engine sees it. */
export interface Registered {
  urn: string;
  type: string;
  name: string;
  parent: string;
  custom: boolean;
  remote: boolean;
  /** Secrets as `Secret`, unknown leaves as `unknown`, output values as what they hold. */
  inputs: Record<string, unknown>;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  provider: string;
  providers: Record<string, string>;
  version: string;
  pluginDownloadUrl: string;
  protect: boolean | undefined;
  deleteBeforeReplace: boolean;
  ignoreChanges: string[];
  additionalSecretOutputs: string[];
  replaceOnChanges: string[];
  aliases: string[];
  importId: string;
  outputs?: Record<string, unknown>;
}

export interface FakeEngineOptions {
  /** Outputs beside the inputs, which are echoed. Secrets and unknowns as in wire.ts. Throw to fail the registration. */
  outputs?(resource: Registered): Record<string, unknown>;
  /** Answers the functions that components call. */
  invoke?(token: string, args: Record<string, unknown>): Record<string, unknown>;
  project?: string;
  stack?: string;
}

const severities = ["debug", "info", "warn", "error"] as const;

/** An engine and a resource monitor on one loopback port, that record what they are told. */
export class FakeEngine {
  readonly logs: LogLine[] = [];
  readonly registered: Registered[] = [];
  readonly project: string;
  readonly stack: string;
  address = "";
  /** During a preview, custom resources get no id. */
  preview = false;
  private readonly server: Server;

  private constructor(private readonly options: FakeEngineOptions) {
    this.project = options.project ?? "proj";
    this.stack = options.stack ?? "dev";
    this.server = new grpc.Server({ ...channelOptions });
    this.server.addService(EngineService, this.engine());
    this.server.addService(ResourceMonitorService, this.monitor());
  }

  static async start(options: FakeEngineOptions = {}): Promise<FakeEngine> {
    const engine = new FakeEngine(options);
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      engine.server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    engine.address = `127.0.0.1:${port}`;
    return engine;
  }

  /** All that people have been shown, for searching. */
  get shown(): string {
    return this.logs.map((line) => line.message).join("\n");
  }

  get rootUrn(): string {
    return `urn:pulumi:${this.stack}::${this.project}::pulumi:pulumi:Stack::${this.project}-${this.stack}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private engine() {
    const log: handleUnaryCall<LogRequest, Empty> = (call, callback) => {
      const { request } = call;
      this.logs.push({
        severity: severities[request.getSeverity()],
        message: request.getMessage(),
        urn: request.getUrn(),
        ephemeral: request.getEphemeral(),
      });
      callback(null, new Empty());
    };
    return { log };
  }

  private monitor() {
    const supportsFeature: handleUnaryCall<resources.SupportsFeatureRequest, resources.SupportsFeatureResponse> = (
      call,
      callback,
    ) => {
      const response = new resources.SupportsFeatureResponse();
      response.setHassupport(
        !["transforms", "invokeTransforms", "resourceHooks", "errorHooks"].includes(call.request.getId()),
      );
      callback(null, response);
    };
    const registerResource: handleUnaryCall<resources.RegisterResourceRequest, resources.RegisterResourceResponse> = (
      call,
      callback,
    ) => {
      try {
        callback(null, this.register(call.request));
      } catch (error) {
        callback({ code: grpc.status.UNKNOWN, details: (error as Error).message });
      }
    };
    const registerResourceOutputs: handleUnaryCall<resources.RegisterResourceOutputsRequest, Empty> = (
      call,
      callback,
    ) => {
      const resource = this.registered.find(({ urn }) => urn === call.request.getUrn());
      if (resource)
        resource.outputs = fromWire(call.request.getOutputs()?.toJavaScript() ?? {}) as Record<string, unknown>;
      callback(null, new Empty());
    };
    const invoke: handleUnaryCall<resources.ResourceInvokeRequest, InvokeResponse> = (call, callback) => {
      const args = fromWire(call.request.getArgs()?.toJavaScript() ?? {}) as Record<string, unknown>;
      const response = new InvokeResponse();
      const result = this.options.invoke?.(call.request.getTok(), args) ?? {};
      response.setReturn(Struct.fromJavaScript(toWire(result) as Record<string, never>));
      callback(null, response);
    };
    const registerPackage: handleUnaryCall<resources.RegisterPackageRequest, resources.RegisterPackageResponse> = (
      call,
      callback,
    ) => {
      const response = new resources.RegisterPackageResponse();
      response.setRef(`${call.request.getName()}@${call.request.getVersion()}`);
      callback(null, response);
    };
    return { supportsFeature, registerResource, registerResourceOutputs, invoke, registerPackage };
  }

  private register(request: resources.RegisterResourceRequest): resources.RegisterResourceResponse {
    const inputs = (request.getObject()?.toJavaScript() ?? {}) as Record<string, unknown>;
    const resource: Registered = {
      urn: this.urnOf(request),
      type: request.getType(),
      name: request.getName(),
      parent: request.getParent(),
      custom: request.getCustom(),
      remote: request.getRemote(),
      inputs: fromWire(inputs) as Record<string, unknown>,
      dependencies: request.getDependenciesList(),
      propertyDependencies: Object.fromEntries(
        [...request.getPropertydependenciesMap().entries()].map(([key, deps]) => [key, deps.getUrnsList()]),
      ),
      provider: request.getProvider(),
      providers: Object.fromEntries([...request.getProvidersMap().entries()]),
      version: request.getVersion(),
      pluginDownloadUrl: request.getPlugindownloadurl(),
      protect: request.hasProtect() ? request.getProtect() : undefined,
      deleteBeforeReplace: request.getDeletebeforereplace(),
      ignoreChanges: request.getIgnorechangesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      aliases: request.getAliasurnsList(),
      importId: request.getImportid(),
    };
    this.registered.push(resource);
    const outputs = this.options.outputs?.(resource) ?? {};
    const response = new resources.RegisterResourceResponse();
    response.setUrn(resource.urn);
    if (resource.custom && !this.preview) response.setId(`${resource.name}-id`);
    response.setObject(Struct.fromJavaScript(toWire({ ...resource.inputs, ...outputs }) as Record<string, never>));
    return response;
  }

  private urnOf(request: resources.RegisterResourceRequest): string {
    const parent = request.getParent();
    const parentType = parent === "" ? "" : parent.split("::")[2];
    const prefix = parentType === "" || parentType === "pulumi:pulumi:Stack" ? "" : `${parentType}$`;
    return `urn:pulumi:${this.stack}::${this.project}::${prefix}${request.getType()}::${request.getName()}`;
  }
}
