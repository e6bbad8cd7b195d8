/** A file of an initramfs archive; parent directories are added. */
export interface CpioFile {
  /** Without a leading slash. */
  path: string;
  content: string | Buffer;
  /** Permission bits. Default 0644. */
  mode?: number;
}

/**
 * An uncompressed `newc` archive, owned by root and without dates, to be loaded after the installer's own initrd: the kernel unpacks both
 * into the same root. Its length is a multiple of 512.
 */
export function cpioArchive(files: CpioFile[]): Buffer {
  const folders = new Set<string>();
  for (const { path } of files) {
    const segments = path.split("/").slice(0, -1);
    segments.forEach((_, index) => folders.add(segments.slice(0, index + 1).join("/")));
  }
  const entries = [
    ...[...folders].sort().map((path) => ({ path, data: Buffer.alloc(0), mode: 0o040755 })),
    ...files.map((file) => ({
      path: file.path,
      data: Buffer.from(file.content),
      mode: 0o100000 | (file.mode ?? 0o644),
    })),
  ];
  const parts = entries.map(({ path, data, mode }, index) => member(path, data, mode, index + 1));
  const archive = Buffer.concat([...parts, member("TRAILER!!!", Buffer.alloc(0), 0, 0)]);
  return Buffer.concat([archive, Buffer.alloc((512 - (archive.length % 512)) % 512)]);
}

function member(path: string, data: Buffer, mode: number, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const links = (mode & 0o170000) === 0o040000 ? 2 : 1;
  const fields = [inode, mode, 0, 0, links, 0, data.length, 0, 0, 0, 0, name.length, 0];
  const header = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`);
  return Buffer.concat([pad(Buffer.concat([header, name])), pad(data)]);
}

function pad(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
