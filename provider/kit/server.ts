import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Provider } from "@pulumi/pulumi/provider";
import { composed } from "./compose";
import { EngineWatch } from "./engine-watch";
import { messageOf } from "./errors";
import type { PluginSpec } from "./host";
import { PluginHost } from "./host";
import { within } from "./lifecycle";
import { providerRpcs } from "./rpc-provider";
import { resourceRpcs } from "./rpc";
import { scrubber } from "./scrub";

/**
 * Runs a plugin process: prints the port, serves until the engine ends it, leaves by itself when the engine is gone. Nothing
 * else ever gets to stdout, and no stack to the user.
 */
export async function serve<C>(spec: PluginSpec<C>, argv: string[] = process.argv.slice(2)): Promise<void> {
  const host = new PluginHost(spec);
  quietUncaught(host);
  // The engine ends a plugin with SIGINT after Cancel (it runs in a group of its own, so a terminal's Ctrl-C does not reach it)
  // and waits 5 s for it, plugin after plugin.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // What was in flight has an answer to send.
      const answers = host.lifecycle.inFlight > 0 ? 100 : 0;
      void within(signalBound, host.lifecycle.cancel()).then(() => setTimeout(() => process.exit(0), answers));
    });
  }
  // Only its engine ends a plugin; one that a developer started and engines attach to lives on.
  const started = engineAddress(argv);
  const watch = new EngineWatch({
    onGone: () => {
      void within(goneBound, host.lifecycle.engineGone()).then(() => {
        if (started !== undefined) process.exit(1);
      });
    },
  });
  const onEngine = (address: string) => {
    host.log.connect(address);
    watch.watch(address);
  };
  if (started !== undefined) onEngine(started);
  const { main } = await import("@pulumi/pulumi/provider/server");
  await composed(
    (sdk) => pluginService(host, onEngine, sdk),
    () => main(sdkProvider(host), argv),
  );
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
}

/** Then the engine would kill it. */
const signalBound = 4_500;

/** Handlers that are told of the engine's death have this long before the process ends. */
const goneBound = 5_000;

/** What the SDK's own construct asks. Everything else we answer before it does. */
export function sdkProvider<C>(host: PluginHost<C>): Provider {
  return {
    version: host.spec.version,
    construct: (name, type, inputs, options) => host.component(type)(name, type, inputs, options),
  };
}

/** Our answers, before the SDK's. */
export function pluginService<C>(
  host: PluginHost<C>,
  onEngine: (address: string) => void,
  sdk: UntypedServiceImplementation,
): UntypedServiceImplementation {
  return {
    ...resourceRpcs(host),
    ...providerRpcs(host, onEngine),
    attach: (call: { request: { getAddress(): string } }, callback: unknown) => {
      onEngine(call.request.getAddress());
      host.lifecycle.reopen();
      (sdk as { attach(call: unknown, callback: unknown): void }).attach(call, callback);
    },
  };
}

/** The engine passes its address as the only argument that is not a flag of its own. */
function engineAddress(argv: string[]): string | undefined {
  const flagless = argv.filter((one, index) => !one.startsWith("-") && argv[index - 1] !== "--tracing");
  return flagless[0];
}

/** The SDK reports an uncaught error by its stack: give it one that is only the message, and the stack to the debug log. */
function quietUncaught<C>(host: PluginHost<C>): void {
  const quiet = (error: unknown) => {
    if (!(error instanceof Error)) return;
    const scrub = scrubber(host.configSecrets);
    host.log.write({ level: "debug", urn: "", message: scrub(error.stack ?? "") });
    error.message = scrub(messageOf(error));
    error.stack = error.message;
  };
  process.prependListener("uncaughtException", quiet);
  process.prependListener("unhandledRejection", quiet);
}
