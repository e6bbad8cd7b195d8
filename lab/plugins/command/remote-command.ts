import type { HandlerFactory } from "../../../provider/kit/handler";
import { uniqueId } from "./process-output";
import { type RemoteRun, runRemotely } from "./remote-run";

export interface RemoteCommandArgs extends RemoteRun {
  create?: string;
  update?: string;
  delete?: string;
  triggers?: unknown[];
}

export interface RemoteCommandState extends RemoteCommandArgs {
  stdout: string;
  stderr: string;
}

/**
 * A command on another machine. Any change runs `update`, or `create` again where there is none. Like the official plugin it
 * reports a changed trigger as an update: that it replaces is an option (`replaceOnChanges`) that the SDKs set from the schema.
 */
export const remoteCommand: HandlerFactory<unknown, RemoteCommandArgs, RemoteCommandState> = () => ({
  token: "command:remote:Command",
  diff: (_ctx, { changes }) => changes.map(({ path, kind }) => ({ path, kind, replace: false })),
  async create(ctx, args, { preview }) {
    const id = uniqueId(ctx.name);
    if (preview) return { id, state: args };
    const printed = args.create === undefined ? nothing : await runRemotely(ctx, args.create, args);
    return { id, state: { ...args, ...printed } };
  },
  async read(_ctx, id, { inputs, state }) {
    return inputs && state ? { id, inputs, state } : undefined;
  },
  async update(ctx, _id, { olds, news, preview }) {
    if (preview) return news;
    const { stdout, stderr } = olds;
    const script = news.update ?? news.create;
    const printed =
      script === undefined ? { stdout, stderr } : await runRemotely(ctx, script, { ...news, stdout, stderr });
    return { ...news, ...printed };
  },
  async delete(ctx, _id, state) {
    if (state.delete !== undefined) await runRemotely(ctx, state.delete, state);
  },
});

const nothing = { stdout: "", stderr: "" };
