import type { HandlerFactory, FunctionFactory } from "../../../provider/kit/handler";
import { PartialFailure, UNKNOWN } from "../../../provider/kit/handler";
import type { PluginSpec } from "../../../provider/kit/host";
import type { PackageSchema } from "../../../provider/kit/schema";

/** What the sample plugin's handlers do is written down here. */
export interface World {
  objects: Map<string, SampleState>;
  events: string[];
}

export interface SampleConfig {
  region: string;
  token?: string;
  limits?: { max?: number };
}

export interface SampleArgs {
  name: string;
  size?: number;
  mode?: "fast" | "slow";
  password?: string;
  labels?: Record<string, string>;
  disks?: { serial: string; key?: string }[];
  behave?: string;
}

export interface SampleState extends SampleArgs {
  serial: string;
  generated: string;
}

export const token = "sample:index:Box";

const disk = {
  type: "object",
  properties: {
    serial: { type: "string" },
    key: { type: "string", secret: true },
    slot: { type: "integer", default: 1 },
  },
  required: ["serial"],
};

const inputs = {
  name: { type: "string", replaceOnChanges: true },
  size: { type: "integer", default: 10 },
  mode: { $ref: "#/types/sample:index:Mode", default: "slow" },
  password: { type: "string", secret: true },
  labels: { type: "object", additionalProperties: { type: "string" } },
  disks: { type: "array", items: { $ref: "#/types/sample:index:Disk" } },
  behave: { type: "string" },
};

export const schema: PackageSchema = {
  name: "sample",
  types: {
    "sample:index:Mode": { type: "string", enum: [{ value: "fast" }, { value: "slow" }] },
    "sample:index:Disk": disk,
  },
  provider: {
    inputProperties: {
      region: { type: "string", defaultInfo: { environment: ["SAMPLE_REGION"] } },
      token: { type: "string", secret: true },
      limits: { type: "object", additionalProperties: { type: "integer" } },
      flag: { type: "boolean" },
    },
  },
  resources: {
    [token]: {
      inputProperties: inputs,
      requiredInputs: ["name"],
      properties: { ...inputs, serial: { type: "string" }, generated: { type: "string", secret: true } },
    },
  },
  functions: {
    "sample:index:echo": {
      inputs: { properties: { text: { type: "string" }, times: { type: "integer", default: 2 } }, required: ["text"] },
      outputs: { properties: { text: { type: "string" }, hidden: { type: "string", secret: true } } },
    },
  },
};

/** A plugin over a map in memory, whose boxes misbehave on request (`behave`). */
export function samplePlugin(world: World): PluginSpec<SampleConfig> {
  const handler: HandlerFactory<SampleConfig, SampleArgs, SampleState> = (deps) => {
    deps.onClose(() => void world.events.push("closed"));
    deps.onEngineGone(() => void world.events.push("gone"));
    return {
      token,
      check: (_ctx, news) => ({
        inputs: news,
        failures: news.name === "forbidden" ? [{ property: "name", reason: "is taken" }] : [],
      }),
      async create(ctx, args, { preview }) {
        if (preview && (args.behave as unknown) === UNKNOWN) throw new Error("cannot read an unknown");
        if (preview) return { id: "", state: args };
        await misbehave(args, ctx.signal);
        ctx.log.info(`creating with ${args.password ?? "no password"}`);
        ctx.log.status("nearly there");
        const state = { ...args, serial: `S-${args.name}`, generated: "made-up" };
        world.objects.set(args.name, state);
        return { id: args.name, state };
      },
      async read(_ctx, id) {
        const state = world.objects.get(id);
        if (!state) return undefined;
        const { serial: _serial, generated: _generated, ...args } = state;
        return { id, inputs: args, state };
      },
      async update(ctx, id, { news, preview, olds }) {
        if (preview) return { ...news, serial: olds.serial };
        await misbehave(news, ctx.signal, id);
        const state = { ...olds, ...news };
        world.objects.set(id, state);
        return state;
      },
      async delete(ctx, id, state) {
        await misbehave(state, ctx.signal);
        world.objects.delete(id);
      },
    };
  };
  const echo: FunctionFactory<SampleConfig, { text: string; times: number }> = () => ({
    token: "sample:index:echo",
    call: async (_ctx, { text, times }) => ({ text: text.repeat(times), hidden: "psst" }),
  });
  return {
    name: "sample",
    version: "1.2.3",
    schema: () => schema,
    config: {
      check: (values) => (values.region === "moon" ? [{ property: "region", reason: "is not on earth" }] : []),
      decode: (values) => ({
        region: "earth",
        ...(process.env.SAMPLE_TOKEN ? { token: process.env.SAMPLE_TOKEN } : {}),
        ...values,
      }),
    },
    handlers: new Map([[token, () => handler]]),
    functions: new Map([["sample:index:echo", () => echo]]),
    components: new Map(),
  };

  async function misbehave(args: SampleArgs, signal: AbortSignal, id = args.name): Promise<void> {
    switch (args.behave) {
      case "throw":
        throw new Error(`refused by ${args.password ?? process.env.SAMPLE_TOKEN}`, {
          cause: new Error("connect ECONNREFUSED"),
        });
      case "partial": {
        const state: SampleState = { ...args, serial: "half", generated: "half-made" };
        world.objects.set(id, state);
        throw new PartialFailure(id, state, [`half-way with ${args.password}`]);
      }
      case "hang":
        world.events.push("hanging");
        await new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            world.events.push("aborted");
            reject(signal.reason as Error);
          });
        });
    }
  }
}
