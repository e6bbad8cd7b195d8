/** Reads a FAT12, FAT16 or FAT32 file system, long names included. Paths are looked up without regard to case. */
export class FatImage {
  readonly #sector: number;
  readonly #cluster: number;
  readonly #fatStart: number;
  readonly #rootStart: number;
  readonly #rootBytes: number;
  readonly #dataStart: number;
  readonly #bits: 12 | 16 | 32;
  readonly #rootCluster: number;

  /** @throws Error when it is no FAT file system, or ends early */
  constructor(private readonly image: Buffer) {
    if (image.length < 512 || image.readUInt16LE(510) !== 0xaa55) throw new Error("no FAT boot sector");
    this.#sector = image.readUInt16LE(11);
    const perCluster = image[13];
    const reserved = image.readUInt16LE(14);
    const fats = image[16];
    const rootEntries = image.readUInt16LE(17);
    if (![512, 1024, 2048, 4096].includes(this.#sector) || perCluster === 0 || fats === 0) {
      throw new Error("the FAT boot sector makes no sense");
    }
    const total = image.readUInt16LE(19) || image.readUInt32LE(32);
    const fatSectors = image.readUInt16LE(22) || image.readUInt32LE(36);
    if (total * this.#sector > image.length) {
      throw new Error(`the FAT file system is cut off: ${image.length} of ${total * this.#sector} bytes`);
    }
    this.#cluster = perCluster * this.#sector;
    this.#fatStart = reserved * this.#sector;
    this.#rootStart = this.#fatStart + fats * fatSectors * this.#sector;
    this.#rootBytes = Math.ceil((rootEntries * 32) / this.#sector) * this.#sector;
    this.#dataStart = this.#rootStart + this.#rootBytes;
    const clusters = Math.floor((total * this.#sector - this.#dataStart) / this.#cluster);
    this.#bits = clusters < 4085 ? 12 : clusters < 65_525 ? 16 : 32;
    this.#rootCluster = this.#bits === 32 ? image.readUInt32LE(44) : 0;
  }

  /** The file at a path, or undefined. @throws Error when its chain of clusters is broken */
  file(path: string): Buffer | undefined {
    const parts = path.split("/").filter(Boolean);
    let folder =
      this.#bits === 32
        ? this.#chain(this.#rootCluster)
        : this.image.subarray(this.#rootStart, this.#rootStart + this.#rootBytes);
    for (const [index, part] of parts.entries()) {
      const entry = entries(folder).find(({ names }) =>
        names.some((name) => name.toLowerCase() === part.toLowerCase()),
      );
      const last = index === parts.length - 1;
      if (!entry || entry.directory === last) return undefined;
      const bytes = entry.cluster === 0 ? Buffer.alloc(0) : this.#chain(entry.cluster);
      if (!last) folder = bytes;
      else if (bytes.length < entry.size) throw new Error(`${path} is cut off: ${bytes.length} of ${entry.size} bytes`);
      else return bytes.subarray(0, entry.size);
    }
    return undefined;
  }

  #chain(first: number): Buffer {
    const end = { 12: 0xff8, 16: 0xfff8, 32: 0x0ffffff8 }[this.#bits];
    const parts: Buffer[] = [];
    for (let cluster = first, seen = 0; cluster < end; cluster = this.#next(cluster), seen++) {
      const offset = this.#dataStart + (cluster - 2) * this.#cluster;
      if (cluster < 2 || offset + this.#cluster > this.image.length || seen > this.image.length / this.#cluster) {
        throw new Error("a chain of clusters in the FAT is broken");
      }
      parts.push(this.image.subarray(offset, offset + this.#cluster));
    }
    return Buffer.concat(parts);
  }

  #next(cluster: number): number {
    if (this.#bits === 32) return this.image.readUInt32LE(this.#fatStart + cluster * 4) & 0x0fffffff;
    if (this.#bits === 16) return this.image.readUInt16LE(this.#fatStart + cluster * 2);
    const pair = this.image.readUInt16LE(this.#fatStart + Math.floor(cluster * 1.5));
    return cluster % 2 === 0 ? pair & 0xfff : pair >> 4;
  }
}

interface Entry {
  names: string[];
  directory: boolean;
  cluster: number;
  size: number;
}

const LONG_NAME = 0x0f;

function entries(folder: Buffer): Entry[] {
  const found: Entry[] = [];
  let long = "";
  for (let at = 0; at + 32 <= folder.length && folder[at] !== 0; at += 32) {
    const entry = folder.subarray(at, at + 32);
    if (entry[0] === 0xe5) {
      long = "";
    } else if (entry[11] === LONG_NAME) {
      long = longPart(entry) + long;
    } else {
      const extension = entry.toString("latin1", 8, 11).trimEnd();
      const short = entry.toString("latin1", 0, 8).trimEnd() + (extension && `.${extension}`);
      const isLabel = (entry[11] & 0x08) !== 0;
      if (!isLabel) {
        found.push({
          names: long === "" ? [short] : [short, long],
          directory: (entry[11] & 0x10) !== 0,
          cluster: (entry.readUInt16LE(20) << 16) | entry.readUInt16LE(26),
          size: entry.readUInt32LE(28),
        });
      }
      long = "";
    }
  }
  return found;
}

function longPart(entry: Buffer): string {
  const text = Buffer.concat([entry.subarray(1, 11), entry.subarray(14, 26), entry.subarray(28, 32)]).toString(
    "utf16le",
  );
  return text.split(/[\0\uffff]/)[0];
}
