import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Disk } from "./backend";

/** What a signature on a disk can be looked for in. */
const HEAD_BYTES = 64 * 1024;

/** A server's disks: sparse files, one a disk, that take no room until something is written. */
export class Disks {
  private constructor(
    readonly folder: string,
    readonly disks: Disk[],
    private readonly used: Set<string>,
  ) {}

  static async create(folder: string, disks: Disk[]): Promise<Disks> {
    const made = new Disks(folder, disks, new Set());
    await mkdir(folder, { recursive: true });
    for (const disk of disks) await made.wipe(disk.device);
    return made;
  }

  /** Device names of disks that are not blank. */
  notBlank(): string[] {
    return this.disks.map((disk) => disk.device).filter((device) => this.used.has(device));
  }

  path(device: string): string {
    return join(this.folder, `${device}.img`);
  }

  async wipe(device: string): Promise<void> {
    const disk = this.find(device);
    await rm(this.path(device), { force: true });
    const file = await open(this.path(device), "w");
    await file.truncate(disk.sizeBytes);
    await file.close();
    this.used.delete(device);
  }

  /** Writes a partition table with one Linux partition. */
  async partition(device: string): Promise<void> {
    const disk = this.find(device);
    const table = Buffer.alloc(512);
    const sectors = Math.min(Math.floor(disk.sizeBytes / 512) - 2048, 0xffffffff);
    table.writeUInt32LE(0x52464c42, 440);
    table[446 + 4] = 0x83;
    table.writeUInt32LE(2048, 446 + 8);
    table.writeUInt32LE(sectors, 446 + 12);
    table.writeUInt16LE(0xaa55, 510);
    const file = await open(this.path(device), "r+");
    await file.write(table, 0, table.length, 0);
    await file.close();
    this.used.add(device);
  }

  /** Looks at the files again: a script may have written to them. */
  async look(): Promise<void> {
    for (const { device } of this.disks) {
      const file = await open(this.path(device), "r");
      const head = Buffer.alloc(HEAD_BYTES);
      await file.read(head, 0, HEAD_BYTES, 0);
      await file.close();
      if (head.some((byte) => byte !== 0)) this.used.add(device);
      else this.used.delete(device);
    }
  }

  /** @throws Error when there is no such disk */
  find(device: string): Disk {
    const disk = this.disks.find((one) => one.device === device);
    if (disk) return disk;
    throw new Error(`no disk "${device}"; this server has ${this.disks.map((one) => one.device).join(", ")}`);
  }
}
