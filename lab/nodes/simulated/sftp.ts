import type { Attributes, SFTPWrapper } from "ssh2";
import { utils } from "ssh2";
import { posix } from "node:path";

const { STATUS_CODE, OPEN_MODE } = utils.sftp;
const FOLDER = 0o040755;
const FILE = 0o100644;

interface Handle {
  path: string;
  /** Entries not yet listed, for a folder. */
  listing?: string[];
}

/** An SFTP server over files in memory. Folders exist as soon as they are asked for, so that uploads find their place. */
export function serveSftp(sftp: SFTPWrapper, files: Map<string, Buffer>, home: string): void {
  const normal = (path: string) => posix.resolve(home, path);
  const handles = new Map<number, Handle>();
  const folders = new Set<string>(["/", "/root", "/tmp", "/home", home]);
  let next = 0;
  const open = (handle: Handle): Buffer => {
    const id = Buffer.alloc(4);
    id.writeUInt32BE(next);
    handles.set(next++, handle);
    return id;
  };
  const find = (id: Buffer): Handle | undefined => (id.length === 4 ? handles.get(id.readUInt32BE()) : undefined);
  const isFolder = (path: string) => folders.has(path) || [...files.keys()].some((file) => file.startsWith(`${path}/`));
  const describe = (path: string): Attributes | undefined => {
    const content = files.get(path);
    if (!content && !isFolder(path)) return undefined;
    return { mode: content ? FILE : FOLDER, uid: 0, gid: 0, size: content?.length ?? 0, atime: 0, mtime: 0 };
  };
  const stat = (request: number, path: string) => {
    const attributes = describe(normal(path));
    if (attributes) sftp.attrs(request, attributes);
    else sftp.status(request, STATUS_CODE.NO_SUCH_FILE);
  };
  const done = (request: number, good = true) => sftp.status(request, good ? STATUS_CODE.OK : STATUS_CODE.NO_SUCH_FILE);

  sftp.on("end", () => sftp.end());
  sftp.on("REALPATH", (request, path) => {
    const name = normal(path);
    sftp.name(request, [{ filename: name, longname: name, attrs: describe(name) ?? ({ mode: FOLDER } as Attributes) }]);
  });
  sftp.on("STAT", stat);
  sftp.on("LSTAT", stat);
  sftp.on("FSTAT", (request, id) => stat(request, find(id)?.path ?? ""));
  sftp.on("SETSTAT", (request) => done(request));
  sftp.on("FSETSTAT", (request) => done(request));
  sftp.on("OPEN", (request, name, flags) => {
    const path = normal(name);
    if (!(flags & OPEN_MODE.WRITE) && !files.has(path)) return done(request, false);
    if (flags & OPEN_MODE.TRUNC || !files.has(path)) files.set(path, Buffer.alloc(0));
    sftp.handle(request, open({ path }));
  });
  sftp.on("WRITE", (request, id, offset, data) => {
    const handle = find(id);
    if (!handle) return done(request, false);
    const old = files.get(handle.path) ?? Buffer.alloc(0);
    const grown = Buffer.alloc(Math.max(old.length, offset + data.length));
    old.copy(grown);
    data.copy(grown, offset);
    files.set(handle.path, grown);
    done(request);
  });
  sftp.on("READ", (request, id, offset, length) => {
    const content = files.get(find(id)?.path ?? "");
    if (!content || offset >= content.length) return void sftp.status(request, STATUS_CODE.EOF);
    sftp.data(request, content.subarray(offset, offset + length));
  });
  sftp.on("CLOSE", (request, id) => {
    if (id.length === 4) handles.delete(id.readUInt32BE());
    done(request);
  });
  sftp.on("MKDIR", (request, path) => {
    folders.add(normal(path));
    done(request);
  });
  sftp.on("OPENDIR", (request, name) => {
    const path = normal(name);
    if (!isFolder(path)) return done(request, false);
    const below = [...files.keys(), ...folders].filter((one) => posix.dirname(one) === path && one !== path);
    sftp.handle(request, open({ path, listing: below.map((one) => posix.basename(one)) }));
  });
  sftp.on("READDIR", (request, id) => {
    const handle = find(id);
    if (!handle?.listing?.length) return void sftp.status(request, STATUS_CODE.EOF);
    const names = handle.listing.splice(0);
    sftp.name(
      request,
      names.map((name) => ({ filename: name, longname: name, attrs: describe(posix.join(handle.path, name))! })),
    );
  });
  sftp.on("REMOVE", (request, path) => done(request, files.delete(normal(path))));
  sftp.on("RMDIR", (request, path) => {
    folders.delete(normal(path));
    done(request);
  });
  sftp.on("RENAME", (request, from, to) => {
    const content = files.get(normal(from));
    if (!content) return done(request, false);
    files.delete(normal(from));
    files.set(normal(to), content);
    done(request);
  });
}
