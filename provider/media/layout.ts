import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

/** Bytes of a file in an image: in memory, a file on disk, or another image. */
export type Content = Buffer | FileContent | Layout;

/** A file on disk whose size is known, so that an image can be laid out before it is read. */
export interface FileContent {
  file: string;
  /** Bytes. */
  size: number;
}

/** A file to be placed in an image; the path has no leading slash. */
export interface Entry {
  path: string;
  content: Content;
}

/** An image that is described but not built: parts in ascending order, zeros between them. Reads any range of itself. */
export interface Layout {
  /** Bytes. */
  size: number;
  parts: Part[];
}

/** Bytes at an offset of an image: a buffer, or `length` bytes of a file from its start. */
export type Part = { offset: number; length: number } & ({ data: Buffer } | { file: string });

export function sizeOf(content: Content): number {
  return Buffer.isBuffer(content) ? content.length : content.size;
}

/** The parts that put `content` at `offset`. */
export function place(content: Content, offset: number): Part[] {
  if (Buffer.isBuffer(content)) return content.length === 0 ? [] : [{ offset, length: content.length, data: content }];
  if ("file" in content) return content.size === 0 ? [] : [{ offset, length: content.size, file: content.file }];
  return content.parts.map((part) => ({ ...part, offset: part.offset + offset }));
}

/** The bytes from `start` to `end` (exclusive) as a stream. Files are opened when the reader gets to them. */
export function read(layout: Layout, start = 0, end = layout.size): Readable {
  return Readable.from(chunks(layout, start, Math.min(end, layout.size)), { objectMode: false });
}

const zeros = Buffer.alloc(64 * 1024);

async function* chunks(layout: Layout, start: number, end: number): AsyncGenerator<Buffer> {
  let position = start;
  for (const part of layout.parts) {
    if (position >= end) return;
    const partEnd = part.offset + part.length;
    if (partEnd <= position) continue;
    yield* padding(Math.min(part.offset, end) - position);
    position = Math.max(position, Math.min(part.offset, end));
    if (position >= end) return;
    const from = position - part.offset;
    const to = Math.min(end, partEnd) - part.offset;
    if ("data" in part) yield part.data.subarray(from, to);
    else yield* fileBytes(part.file, from, to);
    position = part.offset + to;
  }
  yield* padding(end - position);
}

function* padding(length: number): Generator<Buffer> {
  for (let left = length; left > 0; left -= zeros.length) yield zeros.subarray(0, Math.min(left, zeros.length));
}

async function* fileBytes(file: string, from: number, to: number): AsyncGenerator<Buffer> {
  let sent = 0;
  for await (const chunk of createReadStream(file, { start: from, end: to - 1, highWaterMark: 256 * 1024 })) {
    sent += (chunk as Buffer).length;
    yield chunk as Buffer;
  }
  if (sent !== to - from) throw new Error(`${file} became shorter while it was served; remove it from the cache`);
}
