import type { Content } from "./layout";

/** A file or, with `children`, a directory of a FAT volume. */
export interface FatNode {
  name: string;
  children?: FatNode[];
  content?: Content;
  /** First cluster; 0 for an empty file and for the root of FAT12 and FAT16. */
  cluster: number;
  clusters: number;
  /** Bytes of a file. */
  size: number;
}

const DIRECTORY = 0x10;
const VOLUME_LABEL = 0x08;
const LONG_NAME = 0x0f;
/** 1 January 2020, midnight: images are the same whenever they are made. */
const DATE = ((2020 - 1980) << 9) | (1 << 5) | 1;

/** The 32-byte records of a directory, with long names where a name is not upper-case 8.3. Without a label none is written. */
export function directoryRecords(node: FatNode, isRoot: boolean, label: string, parentCluster = 0): Buffer {
  const records: Buffer[] = [];
  if (isRoot) records.push(record(Buffer.from((label || "NONE").padEnd(11), "latin1"), VOLUME_LABEL, 0, 0));
  else {
    records.push(record(Buffer.from(".".padEnd(11), "latin1"), DIRECTORY, node.cluster, 0));
    records.push(record(Buffer.from("..".padEnd(11), "latin1"), DIRECTORY, parentCluster, 0));
  }
  const taken = new Set<string>();
  for (const child of node.children ?? []) {
    const short = shortName(child.name, taken);
    taken.add(short.toString("latin1"));
    if (!isShort(child.name)) records.push(...longName(child.name, short));
    records.push(record(short, child.children ? DIRECTORY : 0x20, child.cluster, child.children ? 0 : child.size));
  }
  return Buffer.concat(records);
}

function record(name: Buffer, attributes: number, cluster: number, size: number): Buffer {
  const data = Buffer.alloc(32);
  name.copy(data, 0, 0, 11);
  data.writeUInt8(attributes, 11);
  for (const at of [16, 18, 24]) data.writeUInt16LE(DATE, at);
  data.writeUInt16LE(cluster >>> 16, 20);
  data.writeUInt16LE(cluster & 0xffff, 26);
  data.writeUInt32LE(size, 28);
  return data;
}

function isShort(name: string): boolean {
  return /^[A-Z0-9_-]{1,8}(\.[A-Z0-9_-]{1,3})?$/.test(name);
}

/** 8.3, padded and without the dot; `~n` where letters were lost, so that it is unique in its directory. */
function shortName(name: string, taken: Set<string>): Buffer {
  const upper = name.toUpperCase().replace(/[^A-Z0-9_.-]/g, "_");
  const dot = upper.lastIndexOf(".");
  const [stem, extension] = dot > 0 ? [upper.slice(0, dot), upper.slice(dot + 1)] : [upper, ""];
  const base = stem.replace(/\./g, "");
  const whole = base.length <= 8 && extension.length <= 3 && base === stem;
  for (let number = whole ? 0 : 1; ; number++) {
    const tail = number === 0 ? "" : `~${number}`;
    const text = `${(base.slice(0, 8 - tail.length) + tail).padEnd(8)}${extension.slice(0, 3).padEnd(3)}`;
    if (!taken.has(text)) return Buffer.from(text, "latin1");
  }
}

function longName(name: string, short: Buffer): Buffer[] {
  const checksum = short.reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
  const units = [
    ...Buffer.from(name, "utf16le").reduce((all, _, index, bytes) => {
      if (index % 2 === 0) all.push(bytes.readUInt16LE(index));
      return all;
    }, [] as number[]),
  ];
  const count = Math.ceil(units.length / 13);
  if (units.length < count * 13) units.push(0);
  while (units.length < count * 13) units.push(0xffff);
  const records = Array.from({ length: count }, (_, index) => {
    const data = Buffer.alloc(32);
    data.writeUInt8((index + 1) | (index === count - 1 ? 0x40 : 0), 0);
    data.writeUInt8(LONG_NAME, 11);
    data.writeUInt8(checksum, 13);
    const places = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];
    places.forEach((at, unit) => data.writeUInt16LE(units[index * 13 + unit], at));
    return data;
  });
  return records.reverse();
}
