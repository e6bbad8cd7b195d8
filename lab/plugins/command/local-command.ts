import type { FunctionFactory, HandlerFactory } from "../../../provider/kit/handler";
import { type LocalResult, type LocalRun, runLocally } from "./local-run";
import { uniqueId } from "./process-output";

export interface LocalCommandArgs extends LocalRun {
  create?: string;
  update?: string;
  delete?: string;
  triggers?: unknown[];
}

export interface LocalCommandState extends LocalCommandArgs, LocalResult {
  stdout: string;
  stderr: string;
}

/** A command on this machine, with the life of a remote one. */
export const localCommand: HandlerFactory<unknown, LocalCommandArgs, LocalCommandState> = () => ({
  token: "command:local:Command",
  diff: (_ctx, { changes }) => changes.map(({ path, kind }) => ({ path, kind, replace: false })),
  async create(ctx, args, { preview }) {
    const id = uniqueId(ctx.name);
    if (preview) return { id, state: args };
    const result = args.create === undefined ? { stdout: "", stderr: "" } : await runLocally(ctx, args.create, args);
    return { id, state: { ...args, ...result } };
  },
  async read(_ctx, id, { inputs, state }) {
    return inputs && state ? { id, inputs, state } : undefined;
  },
  async update(ctx, _id, { olds, news, preview }) {
    if (preview) return news;
    const { stdout, stderr, assets, archive } = olds;
    const script = news.update ?? news.create;
    const kept = { stdout, stderr, assets, archive };
    const result =
      script === undefined ? kept : { ...kept, ...(await runLocally(ctx, script, { ...news, stdout, stderr })) };
    return { ...news, ...result };
  },
  async delete(ctx, _id, state) {
    if (state.delete !== undefined) await runLocally(ctx, state.delete, state);
  },
});

/** `command.local.run`: once, whenever the program runs, previews included. */
export const localRun: FunctionFactory<unknown, LocalRun & { command: string }, LocalRun & LocalResult> = () => ({
  token: "command:local:run",
  call: async (ctx, args) => ({ ...args, ...(await runLocally(ctx, args.command, args)) }),
});
