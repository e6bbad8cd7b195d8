import { place, sizeOf, type Content, type Entry, type Layout, type Part } from "./layout";
import { directoryRecords, type FatNode } from "./fat-directory";

const SECTOR = 512;
const SECTORS_PER_CLUSTER = 4;
const CLUSTER = SECTOR * SECTORS_PER_CLUSTER;
/** Below: FAT12. The specification's own limits are 4085 and 65525; a margin keeps readers that count differently agreed. */
const FAT12_BELOW = 4085 - 16;
const FAT16_BELOW = 65525 - 16;

export type FatType = 12 | 16 | 32;

export interface FatOptions {
  /** At most 11 characters, upper case. */
  label: string;
  /** Volume serial number. */
  serial: number;
}

interface Geometry {
  type: FatType;
  clusters: number;
  reservedSectors: number;
  fatSectors: number;
  rootSectors: number;
  totalSectors: number;
  dataOffset: number;
}

/**
 * A FAT12, FAT16 or FAT32 image, by size, for a UEFI system partition: contiguous files in clusters of 2 KiB, long names, no dates
 * that change. Its size is a multiple of 2,048 bytes.
 */
export function fatImage(entries: Entry[], options: FatOptions): Layout & { type: FatType } {
  const root = tree(entries);
  const needed = allocate(root, 2);
  const geometry = shape(needed, root);
  // FAT32 keeps the root directory in the data area, in cluster 2; the others before it.
  const next = allocate(root, 2, geometry.type === 32);
  const at = (cluster: number) => geometry.dataOffset + (cluster - 2) * CLUSTER;
  const parts: Part[] = [
    ...bootSectors(geometry, options),
    ...tables(geometry, chains(root, geometry.type, next)),
    ...directories(root, undefined, geometry, options.label, at),
    ...files(root).flatMap((node) => place(node.content as Content, at(node.cluster))),
  ];
  return {
    type: geometry.type,
    size: geometry.totalSectors * SECTOR,
    parts: parts.sort((one, other) => one.offset - other.offset),
  };
}

function tree(entries: Entry[]): FatNode {
  const root: FatNode = { name: "", children: [], cluster: 0, clusters: 0, size: 0 };
  for (const { path, content } of [...entries].sort((one, other) => (one.path < other.path ? -1 : 1))) {
    const segments = path.split("/");
    let folder = root;
    for (const name of segments.slice(0, -1)) {
      let next = folder.children!.find((child) => child.name === name);
      if (!next) folder.children!.push((next = { name, children: [], cluster: 0, clusters: 0, size: 0 }));
      folder = next;
    }
    folder.children!.push({
      name: segments[segments.length - 1],
      content,
      cluster: 0,
      clusters: 0,
      size: sizeOf(content),
    });
  }
  return root;
}

/** Gives each directory and file its clusters, in order; returns the first free one. */
function allocate(root: FatNode, first: number, withRoot = true): number {
  let next = first;
  const give = (node: FatNode, isRoot: boolean) => {
    const bytes = node.children ? directoryRecords(node, isRoot, "").length : node.size;
    node.clusters = isRoot && !withRoot ? 0 : Math.ceil(bytes / CLUSTER);
    if (node.children && (!isRoot || withRoot)) node.clusters = Math.max(1, node.clusters);
    node.cluster = node.clusters === 0 ? 0 : next;
    next += node.clusters;
    node.children?.forEach((child) => give(child, false));
  };
  give(root, true);
  return next;
}

function shape(next: number, root: FatNode): Geometry {
  // Some free space: firmware and shim want to write (boot entries, fallback files) and fail on a full volume.
  let clusters = next - 2 + 32;
  let type: FatType = clusters < FAT12_BELOW ? 12 : clusters < FAT16_BELOW ? 16 : 32;
  if (type === 16) clusters = Math.max(clusters, 4085 + 16);
  if (type === 32) clusters = Math.max(clusters, 65525 + 16);
  type = clusters < FAT12_BELOW ? 12 : clusters < FAT16_BELOW ? 16 : 32;
  const reservedSectors = type === 32 ? 32 : 4;
  const fatSectors = roundUp(Math.ceil(((clusters + 2) * type) / 8 / SECTOR), SECTORS_PER_CLUSTER);
  const rootRecords = directoryRecords(root, true, "").length / 32 + 1;
  const rootSectors =
    type === 32 ? 0 : roundUp(Math.max(32, Math.ceil((rootRecords * 32) / SECTOR)), SECTORS_PER_CLUSTER);
  const dataSector = reservedSectors + 2 * fatSectors + rootSectors;
  return {
    type,
    clusters,
    reservedSectors,
    fatSectors,
    rootSectors,
    totalSectors: dataSector + clusters * SECTORS_PER_CLUSTER,
    dataOffset: dataSector * SECTOR,
  };
}

function bootSectors(geometry: Geometry, { label, serial }: FatOptions): Part[] {
  const { type, totalSectors } = geometry;
  const boot = Buffer.alloc(SECTOR);
  boot.set([0xeb, 0x58, 0x90]);
  boot.write("RACKFORM", 3, "latin1");
  boot.writeUInt16LE(SECTOR, 11);
  boot.writeUInt8(SECTORS_PER_CLUSTER, 13);
  boot.writeUInt16LE(geometry.reservedSectors, 14);
  boot.writeUInt8(2, 16);
  boot.writeUInt16LE((geometry.rootSectors * SECTOR) / 32, 17);
  const small = type !== 32 && totalSectors < 0x10000;
  boot.writeUInt16LE(small ? totalSectors : 0, 19);
  boot.writeUInt8(0xf8, 21);
  boot.writeUInt16LE(type === 32 ? 0 : geometry.fatSectors, 22);
  boot.writeUInt16LE(63, 24);
  boot.writeUInt16LE(255, 26);
  boot.writeUInt32LE(small ? 0 : totalSectors, 32);
  const extended = type === 32 ? 64 : 36;
  if (type === 32) {
    boot.writeUInt32LE(geometry.fatSectors, 36);
    boot.writeUInt32LE(2, 44);
    boot.writeUInt16LE(1, 48);
    boot.writeUInt16LE(6, 50);
  }
  boot.writeUInt8(0x80, extended);
  boot.writeUInt8(0x29, extended + 2);
  boot.writeUInt32LE(serial >>> 0, extended + 3);
  boot.write(label.padEnd(11), extended + 7, "latin1");
  boot.write(`FAT${type}`.padEnd(8), extended + 18, "latin1");
  boot.writeUInt16LE(0xaa55, 510);
  if (type !== 32) return [{ offset: 0, length: SECTOR, data: boot }];
  const info = Buffer.alloc(SECTOR);
  info.writeUInt32LE(0x41615252, 0);
  info.writeUInt32LE(0x61417272, 484);
  info.writeUInt32LE(0xffffffff, 488);
  info.writeUInt32LE(0xffffffff, 492);
  info.writeUInt32LE(0xaa550000, 508);
  const both = Buffer.concat([boot, info]);
  return [0, 6].map((sector) => ({ offset: sector * SECTOR, length: both.length, data: both }));
}

/** The successor of each cluster: contiguous, so that a chain ends where its node does. */
function chains(root: FatNode, type: FatType, next: number): Uint32Array {
  const end = type === 12 ? 0xfff : type === 16 ? 0xffff : 0x0fffffff;
  const table = new Uint32Array(next);
  table[0] = end - 7;
  table[1] = end;
  const walk = (node: FatNode) => {
    for (let index = 0; index < node.clusters; index++) {
      table[node.cluster + index] = index === node.clusters - 1 ? end : node.cluster + index + 1;
    }
    node.children?.forEach(walk);
  };
  walk(root);
  return table;
}

function tables(geometry: Geometry, chain: Uint32Array): Part[] {
  const data = Buffer.alloc(Math.ceil((chain.length * geometry.type) / 8) + 1);
  chain.forEach((value, index) => {
    if (geometry.type === 32) data.writeUInt32LE(value, index * 4);
    else if (geometry.type === 16) data.writeUInt16LE(value, index * 2);
    else {
      const at = index + (index >> 1);
      const pair = data.readUInt16LE(at);
      data.writeUInt16LE(index % 2 === 0 ? (pair & 0xf000) | value : (pair & 0x000f) | (value << 4), at);
    }
  });
  const first = geometry.reservedSectors * SECTOR;
  const bytes = geometry.fatSectors * SECTOR;
  const table = data.subarray(0, Math.min(data.length, bytes));
  return [0, 1].map((copy) => ({ offset: first + copy * bytes, length: table.length, data: table }));
}

function directories(
  node: FatNode,
  parent: FatNode | undefined,
  geometry: Geometry,
  label: string,
  at: (cluster: number) => number,
): Part[] {
  const isRoot = parent === undefined;
  const data = directoryRecords(node, isRoot, label, parent?.name === "" ? 0 : (parent?.cluster ?? 0));
  const rootOffset = (geometry.reservedSectors + 2 * geometry.fatSectors) * SECTOR;
  const offset = isRoot && geometry.type !== 32 ? rootOffset : at(node.cluster);
  const below = node.children!.filter((child) => child.children);
  return [
    { offset, length: data.length, data },
    ...below.flatMap((child) => directories(child, node, geometry, label, at)),
  ];
}

function files(node: FatNode): FatNode[] {
  if (node.children) return node.children.flatMap(files);
  return node.size > 0 ? [node] : [];
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
