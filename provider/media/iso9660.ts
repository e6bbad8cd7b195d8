import { place, sizeOf, type Content, type Entry, type Layout, type Part } from "./layout";
import { directoryExtent, primary, joliet, type IsoNode, type NameSpace } from "./iso9660-directory";

export const BLOCK = 2048;

export interface IsoOptions {
  /** At most 16 characters of `A-Z 0-9 _`, so that ISO9660 and Joliet carry the same one. */
  label: string;
  /** Path of the entry that firmware starts: a FAT image. It is placed last. */
  efiImage: string;
}

/**
 * An ISO9660 image with Rock Ridge and Joliet names and an El Torito entry for UEFI without emulation. The same image boots where
 * a BMC shows it as a disk instead of a CD: its master boot record names the FAT image as an EFI system partition. The bytes
 * depend on the entries alone; content is referred to, not copied.
 */
export function isoImage(entries: Entry[], options: IsoOptions): Layout {
  const root = tree(entries);
  const efi = find(root, options.efiImage);
  const directories = breadthFirst(root);
  let block = 21;
  const extents = (space: NameSpace) => {
    const table = pathTable(directories, space, false).length;
    const tables = [block, block + blocks(table)];
    block += 2 * blocks(table);
    for (const directory of directories) {
      directory.extent[space.id] = block;
      directory.bytes[space.id] = directoryExtent(directory, space).length;
      block += blocks(directory.bytes[space.id]);
    }
    return { table, tables };
  };
  const main = extents(primary);
  const wide = extents(joliet);
  for (const node of [...files(root).filter((file) => file !== efi), efi]) {
    node.extent.primary = node.extent.joliet = block;
    node.bytes.primary = node.bytes.joliet = sizeOf(node.content as Content);
    block += Math.max(1, blocks(node.bytes.primary));
  }
  const size = block * BLOCK;
  const parts: Part[] = [
    at(0, masterBootRecord(efi)),
    at(16, descriptor(1, root, primary, options.label, block, main)),
    at(17, bootRecord(20)),
    at(18, descriptor(2, root, joliet, options.label, block, wide)),
    at(19, Buffer.concat([Buffer.from([255]), Buffer.from("CD001"), Buffer.from([1])])),
    at(20, bootCatalog(efi)),
    ...pathTables(directories, primary, main.tables),
    ...pathTables(directories, joliet, wide.tables),
    ...directories.flatMap((directory) =>
      [primary, joliet].map((space) => at(directory.extent[space.id], directoryExtent(directory, space))),
    ),
    ...files(root).flatMap((node) => place(node.content as Content, node.extent.primary * BLOCK)),
  ];
  return { size, parts: parts.sort((one, other) => one.offset - other.offset) };
}

function at(block: number, data: Buffer): Part {
  return { offset: block * BLOCK, length: data.length, data };
}

function blocks(bytes: number): number {
  return Math.ceil(bytes / BLOCK);
}

function node(name: string, parent: IsoNode | undefined): IsoNode {
  return { name, parent, extent: { primary: 0, joliet: 0 }, bytes: { primary: 0, joliet: 0 } };
}

function tree(entries: Entry[]): IsoNode {
  const root: IsoNode = { ...node("", undefined), children: [] };
  for (const { path, content } of entries) {
    if (sizeOf(content) > 0xffffffff - BLOCK)
      throw new Error(`${path} is larger than 4 GiB, which ISO9660 cannot hold`);
    const segments = path.split("/");
    if (segments.length > 7) throw new Error(`${path} is nested deeper than ISO9660 allows (8 levels)`);
    let folder = root;
    for (const name of segments.slice(0, -1)) {
      let next = folder.children!.find((child) => child.name === name);
      if (!next) folder.children!.push((next = { ...node(name, folder), children: [] }));
      folder = next;
    }
    folder.children!.push({ ...node(segments[segments.length - 1], folder), content });
  }
  return root;
}

function find(root: IsoNode, path: string): IsoNode {
  const found = path
    .split("/")
    .reduce<IsoNode | undefined>((folder, name) => folder?.children?.find((child) => child.name === name), root);
  if (!found?.content) throw new Error(`the image has no file ${path}`);
  return found;
}

/** The order of the path table: by level, then by parent, then by name. */
function breadthFirst(root: IsoNode): IsoNode[] {
  const all = [root];
  for (let index = 0; index < all.length; index++) {
    const below = all[index].children!.filter((child) => child.children);
    all.push(...below.sort((one, other) => (primary.name(one) < primary.name(other) ? -1 : 1)));
  }
  return all;
}

function files(folder: IsoNode): IsoNode[] {
  return folder.children!.flatMap((child) => (child.children ? files(child) : [child]));
}

function pathTable(directories: IsoNode[], space: NameSpace, bigEndian: boolean): Buffer {
  const records = directories.map((directory) => {
    const name = directory.parent ? space.encode(space.name(directory)) : Buffer.from([0]);
    const record = Buffer.alloc(8 + name.length + (name.length % 2));
    record.writeUInt8(name.length, 0);
    const parent = directory.parent ? directories.indexOf(directory.parent) + 1 : 1;
    if (bigEndian) {
      record.writeUInt32BE(directory.extent[space.id], 2);
      record.writeUInt16BE(parent, 6);
    } else {
      record.writeUInt32LE(directory.extent[space.id], 2);
      record.writeUInt16LE(parent, 6);
    }
    name.copy(record, 8);
    return record;
  });
  return Buffer.concat(records);
}

function pathTables(directories: IsoNode[], space: NameSpace, starts: number[]): Part[] {
  return starts.map((start, index) => at(start, pathTable(directories, space, index === 1)));
}

function descriptor(
  type: 1 | 2,
  root: IsoNode,
  space: NameSpace,
  label: string,
  totalBlocks: number,
  { table, tables }: { table: number; tables: number[] },
): Buffer {
  const data = Buffer.alloc(BLOCK);
  data.writeUInt8(type, 0);
  data.write("CD001", 1, "latin1");
  data.writeUInt8(1, 6);
  const text = (value: string, offset: number, length: number) => {
    const width = space === joliet ? length - (length % 2) : length;
    space.encode(value.padEnd(space === joliet ? width / 2 : width)).copy(data, offset, 0, width);
  };
  text("", 8, 32);
  text(label, 40, 32);
  both32(data, totalBlocks, 80);
  if (space === joliet) data.write("%/E", 88, "latin1");
  both16(data, 1, 120);
  both16(data, 1, 124);
  both16(data, BLOCK, 128);
  both32(data, table, 132);
  data.writeUInt32LE(tables[0], 140);
  data.writeUInt32BE(tables[1], 148);
  space.self(root).copy(data, 156, 0, 34);
  for (const [offset, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ]) {
    text(offset === 574 ? "RACKFORM" : "", offset, length);
  }
  // Fixed creation, modification and effective times; no expiry.
  for (const offset of [813, 830, 864]) data.write("2020010100000000", offset, "latin1");
  data.write("0000000000000000", 847, "latin1");
  data.writeUInt8(1, 881);
  return data;
}

function bootRecord(catalog: number): Buffer {
  const data = Buffer.alloc(BLOCK);
  data.write("CD001", 1, "latin1");
  data.writeUInt8(1, 6);
  data.write("EL TORITO SPECIFICATION", 7, "latin1");
  data.writeUInt32LE(catalog, 71);
  return data;
}

function bootCatalog(efi: IsoNode): Buffer {
  const data = Buffer.alloc(BLOCK);
  data.writeUInt8(1, 0);
  data.writeUInt8(0xef, 1);
  data.write("RACKFORM", 4, "latin1");
  data.writeUInt16LE(0xaa55, 30);
  let sum = 0;
  for (let offset = 0; offset < 32; offset += 2) sum += data.readUInt16LE(offset);
  data.writeUInt16LE(-sum & 0xffff, 28);
  data.writeUInt8(0x88, 32);
  // Counted in 512 bytes; UEFI reads 0 as "to the end of the medium", which is why the image comes last.
  const sectors = Math.ceil(efi.bytes.primary / 512);
  data.writeUInt16LE(sectors > 0xffff ? 0 : sectors, 38);
  data.writeUInt32LE(efi.extent.primary, 40);
  return data;
}

function masterBootRecord(efi: IsoNode): Buffer {
  const data = Buffer.alloc(512);
  data.set([0x00, 0xfe, 0xff, 0xff, 0xef, 0xfe, 0xff, 0xff], 446);
  data.writeUInt32LE(efi.extent.primary * (BLOCK / 512), 454);
  data.writeUInt32LE(Math.ceil(efi.bytes.primary / 512), 458);
  data.writeUInt16LE(0xaa55, 510);
  return data;
}

function both32(data: Buffer, value: number, offset: number): void {
  data.writeUInt32LE(value, offset);
  data.writeUInt32BE(value, offset + 4);
}

function both16(data: Buffer, value: number, offset: number): void {
  data.writeUInt16LE(value, offset);
  data.writeUInt16BE(value, offset + 2);
}
