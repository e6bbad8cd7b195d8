import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Client, SFTPWrapper } from "ssh2";

/** Copies files to another machine, with the official plugin's rules on where they go. */
export class Sftp {
  private constructor(private readonly sftp: SFTPWrapper) {}

  static open(client: Client): Promise<Sftp> {
    return new Promise((resolve, reject) => {
      client.once("close", () => reject(new Error("ssh: connection closed before sftp started")));
      client.sftp((error, sftp) => (error ? reject(error) : resolve(new Sftp(sftp))));
    });
  }

  /** Text needs a file name: a directory as the target is an error. */
  async writeText(text: string, target: string): Promise<void> {
    if ((await this.kind(target)) === "directory") {
      throw new Error(`remote path ${target} is a directory; when using a text asset, remotePath must be a file path`);
    }
    await this.makeFolders(path.posix.dirname(target));
    await this.write(Readable.from([Buffer.from(text)]), target);
  }

  /** Content with a name, which it takes inside of a directory. */
  async writeStream(content: Readable, name: string, target: string): Promise<void> {
    const kind = await this.kind(target);
    if (kind === undefined) await this.makeFolders(path.posix.dirname(target));
    await this.write(content, kind === "directory" ? path.posix.join(target, name) : target);
  }

  /** `dir` goes into the target as `target/dir`, the content of `dir/` as `target/…`, a file as the target or into it. */
  async copy(source: string, target: string): Promise<void> {
    const info = await stat(source).catch((error: NodeJS.ErrnoException) => {
      throw new Error(`open ${source}: ${error.code === "ENOENT" ? "no such file or directory" : error.message}`);
    });
    if (!info.isDirectory()) return this.writeStream(createReadStream(source), path.basename(source), target);
    if ((await this.kind(target)) === undefined) await this.makeFolders(target);
    const into = source.endsWith("/") ? target : path.posix.join(target, path.basename(source));
    await this.copyFolder(source, into);
  }

  async makeFolders(folder: string): Promise<void> {
    if (folder === "." || folder === "/" || folder === "") return;
    const kind = await this.kind(folder);
    if (kind === "directory") return;
    if (kind === "file") throw new Error(`remote path ${folder} exists but is not a directory`);
    await this.makeFolders(path.posix.dirname(folder));
    await this.call("create remote directory", folder, (done) => this.sftp.mkdir(folder, done));
  }

  private async copyFolder(source: string, target: string): Promise<void> {
    const kind = await this.kind(target);
    if (kind === "file") throw new Error(`remote path ${target} exists but is not a directory`);
    if (kind === undefined) {
      await this.call("create remote directory", target, (done) => this.sftp.mkdir(target, done));
    }
    for (const entry of await readdir(source, { withFileTypes: true })) {
      const from = path.join(source, entry.name);
      const to = path.posix.join(target, entry.name);
      if (entry.isDirectory()) await this.copyFolder(from, to);
      else await this.write(createReadStream(from), to);
    }
  }

  private async write(content: Readable, target: string): Promise<void> {
    try {
      await pipeline(content, this.sftp.createWriteStream(target));
    } catch (error) {
      throw new Error(`failed to create remote file ${target}: ${(error as Error).message}`, { cause: error });
    }
  }

  private kind(target: string): Promise<"file" | "directory" | undefined> {
    return new Promise((resolve, reject) => {
      this.sftp.stat(target, (error, stats) => {
        if (!error) resolve(stats.isDirectory() ? "directory" : "file");
        else if ((error as Error & { code?: number }).code === noSuchFile) resolve(undefined);
        else reject(new Error(`failed to stat remote path ${target}: ${error.message}`));
      });
    });
  }

  private call(what: string, target: string, start: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      start((error) => (error ? reject(new Error(`failed to ${what} ${target}: ${error.message}`)) : resolve()));
    });
  }
}

/** SSH_FX_NO_SUCH_FILE */
const noSuchFile = 2;
