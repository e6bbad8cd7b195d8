import { gunzipSync } from "node:zlib";

/** A file of an initramfs. */
export interface RamFile {
  path: string;
  mode: number;
  content: Buffer;
}

const COMPRESSED: [string, Buffer][] = [
  ["xz", Buffer.from("fd377a585a00", "hex")],
  ["zstd", Buffer.from("28b52ffd", "hex")],
  ["lz4", Buffer.from("02214c18", "hex")],
  ["bzip2", Buffer.from("425a68", "hex")],
  ["lzma", Buffer.from("5d0000", "hex")],
];

/**
 * The files of an initramfs as the kernel would unpack it: any number of `newc` archives one after the other. An archive that is
 * compressed otherwise than with gzip is a distribution's own; it is recognised and passed over with what follows.
 *
 * @throws Error when it is no initramfs, or ends early
 */
export function ramFiles(image: Buffer): RamFile[] {
  const files: RamFile[] = [];
  let at = 0;
  while (at < image.length) {
    if (image[at] === 0) {
      at += 1;
    } else if (image.toString("latin1", at, at + 5) === "07070") {
      at = readArchive(image, at, files);
    } else if (image[at] === 0x1f && image[at + 1] === 0x8b) {
      const inner = inflate(image.subarray(at));
      readArchive(inner, 0, files);
      return files;
    } else if (COMPRESSED.some(([, magic]) => image.subarray(at, at + magic.length).equals(magic))) {
      return files;
    } else {
      throw new Error("not an initramfs");
    }
  }
  return files;
}

function inflate(data: Buffer): Buffer {
  try {
    return gunzipSync(data);
  } catch {
    throw new Error("the compressed initramfs is damaged");
  }
}

function readArchive(image: Buffer, start: number, files: RamFile[]): number {
  for (let at = start; ;) {
    const magic = image.toString("latin1", at, at + 6);
    if (magic !== "070701" && magic !== "070702") throw new Error("the initramfs is damaged or cut off");
    const field = (index: number) => parseInt(image.toString("latin1", at + 6 + index * 8, at + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = image.toString("utf8", at + 110, at + 110 + nameSize - 1);
    const data = align(at + 110 + nameSize);
    const end = align(data + size);
    if (!Number.isFinite(end) || data + size > image.length) throw new Error("the initramfs is damaged or cut off");
    if (name === "TRAILER!!!") return end;
    if ((mode & 0o170000) === 0o100000) {
      files.push({ path: name, mode: mode & 0o7777, content: image.subarray(data, data + size) });
    }
    at = end;
  }
}

function align(offset: number): number {
  return Math.ceil(offset / 4) * 4;
}

/** Every PEM certificate in the files, whatever they are called. */
export function certificatesIn(files: RamFile[]): string[] {
  return files.flatMap(({ content }) => {
    if (content.length > 1024 * 1024) return [];
    return content.toString("latin1").match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  });
}
