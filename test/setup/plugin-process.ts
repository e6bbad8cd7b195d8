import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import type { Provider } from "@pulumi/pulumi/provider";
import { main } from "@pulumi/pulumi/provider/server";
import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import { composed } from "../../provider/kit/compose";
import { PluginHost, type PluginSpec } from "../../provider/kit/host";
import { grpc } from "../../provider/kit/sdk";
import { pluginService, sdkProvider } from "../../provider/kit/server";
import type { FakeEngine } from "./fake-engine";
import { PluginClient } from "./plugin-client";
import { channelOptions } from "./wire";

export interface RunningPlugin {
  client: PluginClient;
  /** Of a plugin with a process of its own. */
  process?: ChildProcess;
  /** Everything that the process has written to stdout after the port, and to stderr. */
  output(): { stdout: string; stderr: string };
  stop(): Promise<void>;
}

const root = path.resolve(__dirname, "../..");

/**
 * Serves a plugin in this process, with the SDK's own construct behind ours, as `serve` does. Several may run side by side. The
 * configuration of `spec` is whatever the test puts there; `client.configure` works too.
 */
export async function startInProcess<C>(
  spec: PluginSpec<C>,
  options: { engine?: FakeEngine } = {},
): Promise<RunningPlugin & { host: PluginHost<C> }> {
  const host = new PluginHost(spec);
  if (options.engine) host.log.connect(options.engine.address);
  const restore = listeners();
  const SdkServer = await sdkServer();
  const sdk = new SdkServer(options.engine?.address, sdkProvider(host), new Set());
  const server = new grpc.Server({ ...channelOptions });
  const ours = pluginService(host, (address) => host.log.connect(address), sdk);
  const both = new Proxy(sdk, { get: (target, name: string) => ours[name] ?? target[name] });
  server.addService(ResourceProviderService, both);
  const port = await new Promise<number>((resolve, reject) => {
    const credentials = grpc.ServerCredentials.createInsecure();
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  const client = new PluginClient(`127.0.0.1:${port}`, options.engine);
  return {
    client,
    host,
    output: () => ({ stdout: "", stderr: "" }),
    stop: async () => {
      await host.lifecycle.cancel();
      client.close();
      server.forceShutdown();
      host.log.close();
      restore();
    },
  };
}

type SdkServerClass = new (
  address: string | undefined,
  provider: Provider,
  uncaught: Set<Error>,
) => Record<string, never>;
let captured: Promise<SdkServerClass> | undefined;

/** The SDK does not export its service class, but hands an instance of it to gRPC. */
function sdkServer(): Promise<SdkServerClass> {
  captured ??= new Promise((resolve, reject) => {
    const stop = new Error("captured");
    const capture = (sdk: object): never => {
      resolve(sdk.constructor as SdkServerClass);
      throw stop;
    };
    composed(capture, () => main({ version: "" }, [])).catch((error: unknown) => {
      if (error !== stop) reject(error as Error);
    });
  });
  return captured;
}

/** The SDK's server listens for uncaught errors for ever. */
function listeners(): () => void {
  const events = ["uncaughtException", "unhandledRejection", "exit"] as const;
  const before = events.map((event) => new Set(process.rawListeners(event)));
  return () => {
    events.forEach((event, index) => {
      for (const listener of process.rawListeners(event)) {
        if (!before[index].has(listener)) process.removeListener(event, listener as () => void);
      }
    });
  };
}

/**
 * Starts a plugin as the engine does, from its TypeScript source (`provider/index.ts`) or a compiled file, relative to the root.
 */
export async function spawnPlugin(
  entry: string,
  options: {
    engine?: FakeEngine;
    env?: NodeJS.ProcessEnv;
    args?: string[];
    /** Put before the address, for a process between the engine and the plugin. */
    nodeArgs?: string[];
  } = {},
): Promise<RunningPlugin & { process: ChildProcess }> {
  const args = options.args ?? (options.engine ? [options.engine.address] : []);
  const hook = entry.endsWith(".ts") ? ["-r", path.join(root, "test/setup/ts-hook.js")] : [];
  const child = spawn(process.execPath, [...hook, ...(options.nodeArgs ?? []), path.join(root, entry), ...args], {
    cwd: root,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      if (/^\d+\n/.test(stdout)) resolve(stdout.split("\n")[0]);
    });
    child.once("exit", (code) => reject(new Error(`the plugin ended with ${code} before it was ready: ${stderr}`)));
  });
  const client = new PluginClient(`127.0.0.1:${port}`, options.engine);
  return {
    client,
    process: child,
    output: () => ({ stdout: stdout.slice(stdout.indexOf("\n") + 1), stderr }),
    stop: async () => {
      client.close();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
    },
  };
}
