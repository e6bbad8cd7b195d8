/** A file or folder of an image. */
export interface Extent {
  offset: number;
  length: number;
  directory: boolean;
}

const SECTOR = 2048;
const DESCRIPTORS = 16;

/** Reads an ISO 9660 image (ECMA-119) with El Torito's boot catalog. Paths are looked up without regard to case. */
export class Iso9660 {
  readonly label: string;
  readonly #root: Extent;
  readonly #wide: boolean;
  readonly #catalog?: number;

  /** @throws Error when it is no such image, or ends early */
  constructor(private readonly image: Buffer) {
    let primary: Buffer | undefined;
    let joliet: Buffer | undefined;
    let catalog: number | undefined;
    for (let sector = DESCRIPTORS; ; sector++) {
      const descriptor = image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
      if (descriptor.length < SECTOR || descriptor.toString("latin1", 1, 6) !== "CD001") {
        throw new Error(primary ? "the list of volume descriptors has no end" : "not an ISO 9660 image");
      }
      const type = descriptor[0];
      if (type === 255) break;
      if (type === 1) primary ??= descriptor;
      if (type === 2 && /^%\/[@CE]$/.test(descriptor.toString("latin1", 88, 91))) joliet ??= descriptor;
      if (type === 0 && descriptor.toString("latin1", 7, 30) === "EL TORITO SPECIFICATION")
        catalog ??= descriptor.readUInt32LE(71);
    }
    if (!primary) throw new Error("no primary volume descriptor");
    const size = primary.readUInt32LE(80) * SECTOR;
    if (image.length < size) throw new Error(`the image is cut off: ${image.length} of ${size} bytes`);
    this.label = primary.toString("latin1", 40, 72).trim();
    this.#wide = joliet !== undefined;
    this.#root = extent(joliet ?? primary, 156);
    this.#catalog = catalog;
  }

  /** The file at a path, or undefined. @throws Error when it lies outside the image */
  file(path: string): Buffer | undefined {
    let at: Extent = this.#root;
    for (const part of path.split("/").filter(Boolean)) {
      const next = at.directory
        ? this.#list(at).find(([name]) => name.toLowerCase() === part.toLowerCase())
        : undefined;
      if (!next) return undefined;
      at = next[1];
    }
    return at.directory ? undefined : this.#bytes(at, path);
  }

  /** El Torito's image for UEFI: a FAT file system. Undefined when there is none. @throws Error when the catalog is broken */
  efiImage(): Buffer | undefined {
    if (this.#catalog === undefined) return undefined;
    const catalog = this.image.subarray(this.#catalog * SECTOR, (this.#catalog + 1) * SECTOR);
    if (catalog.length < SECTOR || catalog[0] !== 1 || catalog.readUInt16LE(30) !== 0xaa55) {
      throw new Error("the boot catalog has no validation entry");
    }
    let sum = 0;
    for (let at = 0; at < 32; at += 2) sum = (sum + catalog.readUInt16LE(at)) & 0xffff;
    if (sum !== 0) throw new Error("the boot catalog's checksum is wrong");
    let platform = catalog[1];
    for (let at = 32; at + 32 <= SECTOR; at += 32) {
      const kind = catalog[at];
      if (kind === 0x90 || kind === 0x91) platform = catalog[at + 1];
      else if (kind === 0x88 && platform === 0xef) return this.#bootImage(catalog, at);
      else if (kind === 0) break;
    }
    return undefined;
  }

  #bootImage(catalog: Buffer, entry: number): Buffer {
    const offset = catalog.readUInt32LE(entry + 8) * SECTOR;
    if (offset >= this.image.length) throw new Error("the boot image lies outside the image");
    // The count, in 512-byte sectors, is too small for most images: 0 and 1 mean "to the end", and the file system knows better.
    const sectors = catalog.readUInt16LE(entry + 6);
    return this.image.subarray(offset, sectors > 1 ? offset + sectors * 512 : undefined);
  }

  #list(folder: Extent): [string, Extent][] {
    const bytes = this.#bytes(folder, "a directory");
    const found: [string, Extent][] = [];
    for (let at = 0; at < bytes.length;) {
      const length = bytes[at];
      if (length === 0) {
        at = (Math.floor(at / SECTOR) + 1) * SECTOR;
        continue;
      }
      const raw = bytes.subarray(at + 33, at + 33 + bytes[at + 32]);
      const name = this.#wide
        ? Buffer.from(raw.subarray(0, raw.length & ~1))
            .swap16()
            .toString("utf16le")
        : raw.toString("latin1");
      if (raw.length > 1 || raw[0] > 1) found.push([name.replace(/\.?;\d+$/, ""), extent(bytes, at)]);
      at += length;
    }
    return found;
  }

  #bytes(at: Extent, what: string): Buffer {
    if (at.offset + at.length > this.image.length) throw new Error(`${what} lies outside the image`);
    return this.image.subarray(at.offset, at.offset + at.length);
  }
}

function extent(bytes: Buffer, at: number): Extent {
  return {
    offset: bytes.readUInt32LE(at + 2) * SECTOR,
    length: bytes.readUInt32LE(at + 10),
    directory: (bytes[at + 25] & 2) !== 0,
  };
}
