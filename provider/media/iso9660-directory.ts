import type { Content } from "./layout";

const BLOCK = 2048;
/** Years since 1900, month, day, and time: images are the same whenever they are made. */
const DATE = [120, 1, 1, 0, 0, 0, 0];

export interface IsoNode {
  name: string;
  parent?: IsoNode;
  children?: IsoNode[];
  content?: Content;
  /** First block, in each of the two directory trees. */
  extent: Record<NameSpace["id"], number>;
  bytes: Record<NameSpace["id"], number>;
}

/** One of the two directory trees: ISO9660 with Rock Ridge, and Joliet. */
export interface NameSpace {
  id: "primary" | "joliet";
  name(node: IsoNode): string;
  encode(name: string): Buffer;
  /** The record `.` of a directory, without extensions. */
  self(node: IsoNode): Buffer;
  /** System-use fields after the name. */
  extension(node: IsoNode, as: "self" | "parent" | "child"): Buffer;
}

export const primary: NameSpace = {
  id: "primary",
  name: (node) => isoNames(node.parent!).get(node)!,
  encode: (name) => Buffer.from(name, "latin1"),
  self: (node) => record(node, Buffer.from([0]), "primary", Buffer.alloc(0)),
  extension: rockRidge,
};

export const joliet: NameSpace = {
  id: "joliet",
  name: (node) => node.name,
  encode: (name) => Buffer.from(name, "utf16le").swap16(),
  self: (node) => record(node, Buffer.from([0]), "joliet", Buffer.alloc(0)),
  extension: () => Buffer.alloc(0),
};

/** All records of a directory, none across a block's end, padded to whole blocks. */
export function directoryExtent(folder: IsoNode, space: NameSpace): Buffer {
  const names = new Map(folder.children!.map((child) => [child, space.name(child)]));
  const children = [...folder.children!].sort((one, other) => (names.get(one)! < names.get(other)! ? -1 : 1));
  const records = [
    record(folder, Buffer.from([0]), space.id, space.extension(folder, "self")),
    record(folder.parent ?? folder, Buffer.from([1]), space.id, space.extension(folder.parent ?? folder, "parent")),
    ...children.map((child) =>
      record(
        child,
        space.encode(names.get(child)! + (child.children ? "" : ";1")),
        space.id,
        space.extension(child, "child"),
      ),
    ),
  ];
  const out: Buffer[] = [];
  let used = 0;
  for (const one of records) {
    const left = BLOCK - (used % BLOCK);
    if (one.length > left) {
      out.push(Buffer.alloc(left));
      used += left;
    }
    out.push(one);
    used += one.length;
  }
  out.push(Buffer.alloc((BLOCK - (used % BLOCK)) % BLOCK));
  return Buffer.concat(out);
}

function record(node: IsoNode, name: Buffer, space: NameSpace["id"], extension: Buffer): Buffer {
  const nameEnd = 33 + name.length + ((name.length + 1) % 2);
  const length = nameEnd + extension.length + (extension.length % 2);
  if (length > 255) throw new Error(`the name ${node.name} is too long for an ISO9660 image`);
  const data = Buffer.alloc(length);
  data.writeUInt8(length, 0);
  data.writeUInt32LE(node.extent[space], 2);
  data.writeUInt32BE(node.extent[space], 6);
  data.writeUInt32LE(node.bytes[space], 10);
  data.writeUInt32BE(node.bytes[space], 14);
  data.set(DATE, 18);
  data.writeUInt8(node.children ? 2 : 0, 25);
  data.writeUInt16LE(1, 28);
  data.writeUInt16BE(1, 30);
  data.writeUInt8(name.length, 32);
  name.copy(data, 33);
  extension.copy(data, nameEnd);
  return data;
}

/** Names of ISO9660 level 2, unique in their directory. */
function isoNames(folder: IsoNode): Map<IsoNode, string> {
  const names = new Map<IsoNode, string>();
  const taken = new Set<string>();
  for (const child of folder.children!) {
    const upper = child.name.toUpperCase().replace(/[^A-Z0-9_.]/g, "_");
    const dot = child.children ? -1 : upper.lastIndexOf(".");
    const stem = (dot >= 0 ? upper.slice(0, dot) : upper).replace(/\./g, "_");
    const extension = dot >= 0 ? upper.slice(dot + 1) : "";
    for (let number = 0; ; number++) {
      const tail = number === 0 ? "" : String(number);
      const short = `${stem.slice(0, 26 - extension.length - tail.length)}${tail}`;
      const name = child.children ? short : `${short}.${extension}`;
      if (taken.has(name)) continue;
      taken.add(name);
      names.set(child, name);
      break;
    }
  }
  return names;
}

function rockRidge(node: IsoNode, as: "self" | "parent" | "child"): Buffer {
  const fields: Buffer[] = [];
  if (as === "self" && !node.parent) fields.push(field("SP", [0xbe, 0xef, 0]));
  fields.push(attributes(node));
  if (as === "child") fields.push(field("NM", [0, ...Buffer.from(node.name, "utf8")]));
  if (as === "self" && !node.parent) fields.push(extensionReference());
  return Buffer.concat(fields);
}

function field(signature: string, content: number[]): Buffer {
  return Buffer.concat([Buffer.from(signature), Buffer.from([content.length + 4, 1, ...content])]);
}

/** Mode, links, owner and group: everyone reads, nobody writes. */
function attributes(node: IsoNode): Buffer {
  const data = Buffer.alloc(32);
  const links = node.children ? 2 + node.children.filter((child) => child.children).length : 1;
  [node.children ? 0o040555 : 0o100444, links, 0, 0].forEach((value, index) => {
    data.writeUInt32LE(value, index * 8);
    data.writeUInt32BE(value, index * 8 + 4);
  });
  return field("PX", [...data]);
}

function extensionReference(): Buffer {
  const id = "RRIP_1991A";
  const text = "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS";
  return field("ER", [id.length, text.length, 0, 1, ...Buffer.from(id), ...Buffer.from(text)]);
}
