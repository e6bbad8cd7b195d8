import type {
  CheckFailure,
  FunctionFactory,
  FunctionHandler,
  HandlerFactory,
  PluginDeps,
  ResourceHandler,
} from "./handler";
import { Lifecycle } from "./lifecycle";
import { EngineLog } from "./log";
import type { PackageSchema } from "./schema";
import { Schema } from "./schema";
import { isObject } from "./values";
import type { ComponentResourceOptions, Inputs, Input, URN } from "@pulumi/pulumi";

/** How a plugin reads its own configuration. */
export interface ConfigCodec<C> {
  /** Keys in the package's configuration namespace that are not the provider's: tolerated, and never looked at. */
  foreign?: readonly string[];
  /** Beyond the schema's types and enums. Values are decoded; unknown ones (previews) are left out. */
  check?(values: Record<string, unknown>): CheckFailure[];
  /** Throws when the values are not what `check` lets through. An empty object gives the defaults. */
  decode(values: Record<string, unknown>): C;
}

/** Makes a component for a program in another language: registers it and returns its URN and outputs. */
export type ComponentFactory = (
  name: string,
  token: string,
  inputs: Inputs,
  options: ComponentResourceOptions,
) => Promise<{ urn: Input<URN>; state: Inputs }>;

/** Everything that makes one plugin. Nothing in here is loaded before it is needed. */
export interface PluginSpec<C> {
  /** Package name, `rackform`. */
  name: string;
  version: string;
  /** Read at first use; the version is stamped in. */
  schema(): PackageSchema;
  config: ConfigCodec<C>;
  /** Token to handler; the inner function loads it. */
  handlers: ReadonlyMap<string, () => HandlerFactory<C>>;
  functions?: ReadonlyMap<string, () => FunctionFactory<C>>;
  components?: ReadonlyMap<string, () => ComponentFactory>;
}

/** One running plugin: its parts, made when first asked for. */
export class PluginHost<C> {
  readonly lifecycle = new Lifecycle();
  readonly log = new EngineLog();
  /** Strings in the configuration that must never be printed. */
  configSecrets: string[] = [];
  private readonly resources = new Map<string, ResourceHandler<object, object, C>>();
  private readonly functions = new Map<string, FunctionHandler<object, object, C>>();
  private loadedSchema: Schema | undefined;
  private decoded: { config: C } | undefined;

  constructor(readonly spec: PluginSpec<C>) {}

  get schema(): Schema {
    this.loadedSchema ??= new Schema({ ...this.spec.schema(), version: this.spec.version });
    return this.loadedSchema;
  }

  /** Without Configure, what an empty configuration means. */
  get config(): C {
    if (!this.decoded) this.configure(this.spec.config.decode({}), []);
    return this.decoded!.config;
  }

  /** `secrets` are those that were sent; what the plugin took from its environment may hold more. */
  configure(config: C, secrets: string[]): void {
    this.decoded = { config };
    const { schema } = this;
    const own = isObject(config) ? schema.secretStrings(schema.config, config, {}) : [];
    this.configSecrets = [...new Set([...secrets, ...own])];
  }

  /** Throws on a token that the plugin does not serve. */
  resource(token: string): ResourceHandler<object, object, C> {
    return this.made(this.resources, this.spec.handlers, token, "resource");
  }

  /** Throws on a token that the plugin does not serve. */
  function(token: string): FunctionHandler<object, object, C> {
    return this.made(this.functions, this.spec.functions, token, "function");
  }

  /** Throws on a token that the plugin does not serve. */
  component(token: string): ComponentFactory {
    const load = this.spec.components?.get(token);
    if (!load) throw new Error(`${this.spec.name} ${this.spec.version} has no component "${token}"`);
    return load();
  }

  private made<H>(
    cache: Map<string, H>,
    table: ReadonlyMap<string, () => (deps: PluginDeps) => H> | undefined,
    token: string,
    what: string,
  ): H {
    const known = cache.get(token);
    if (known) return known;
    const load = table?.get(token);
    if (!load) throw new Error(`${this.spec.name} ${this.spec.version} has no ${what} "${token}"`);
    const handler = load()({
      name: this.spec.name,
      version: this.spec.version,
      onClose: (disposer) => this.lifecycle.onClose(disposer),
      onEngineGone: (listener) => this.lifecycle.onEngineGone(listener),
    });
    cache.set(token, handler);
    return handler;
  }
}
