import path from "node:path";
import { Readable } from "node:stream";
import type { CallContext, HandlerFactory } from "../../../provider/kit/handler";
import type { ArchiveValue, AssetValue } from "../../../provider/kit/values";
import { type Connection, dial } from "./dial";
import { uniqueId } from "./process-output";
import { Sftp } from "./sftp";

export interface CopyToRemoteArgs {
  connection: Connection;
  source: AssetValue | ArchiveValue;
  remotePath: string;
  triggers?: unknown[];
}

/** Copies a file, a folder or text over SFTP; again when its hash or the path changes. Deleting leaves the copy in place. */
export const copyToRemote: HandlerFactory<unknown, CopyToRemoteArgs, CopyToRemoteArgs> = () => ({
  token: "command:remote:CopyToRemote",
  diff: (_ctx, { changes }) => changes.map(({ path: where, kind }) => ({ path: where, kind, replace: false })),
  async create(ctx, args, { preview }) {
    if (preview) return { id: "", state: args };
    await copy(ctx, args);
    return { id: uniqueId(""), state: args };
  },
  async read(_ctx, id, { inputs, state }) {
    return inputs && state ? { id, inputs, state } : undefined;
  },
  async update(ctx, _id, { olds, news, preview }) {
    const changed = news.source.hash !== olds.source.hash || news.remotePath !== olds.remotePath;
    if (changed && !preview) await copy(ctx, news);
    return news;
  },
  async delete() {},
});

async function copy(ctx: CallContext<unknown>, { connection, source, remotePath }: CopyToRemoteArgs): Promise<void> {
  const client = await dial(connection, ctx);
  try {
    await put(await Sftp.open(client), source, remotePath);
  } catch (error) {
    ctx.signal.throwIfAborted();
    throw error;
  } finally {
    client.end();
  }
}

async function put(sftp: Sftp, { source }: AssetValue | ArchiveValue, target: string): Promise<void> {
  if (source === undefined) throw new Error("the source has no content, only a hash; run the program again");
  if ("text" in source) return sftp.writeText(source.text, target);
  if ("path" in source) return sftp.copy(source.path, target);
  if ("uri" in source)
    return sftp.writeStream(await download(source.uri), path.posix.basename(new URL(source.uri).pathname), target);
  for (const [name, member] of Object.entries(source.assets)) {
    const to = path.posix.join(target, name);
    await sftp.makeFolders(path.posix.dirname(to));
    await put(sftp, member, to);
  }
}

async function download(uri: string): Promise<Readable> {
  if (uri.startsWith("file://")) {
    throw new Error(`the lab's stand-in for the command plugin does not read ${uri}; use a path asset`);
  }
  const response = await fetch(uri);
  if (!response.ok) throw new Error(`failed to read remote asset ${uri}: ${response.status} ${response.statusText}`);
  return Readable.from(Buffer.from(await response.arrayBuffer()));
}
