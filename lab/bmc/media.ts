import type { MediaSlot } from "./dialects/dialect";
import type { BootMedium } from "./machine";

/** What is in one of the BMC's virtual drives. */
export interface Drive {
  slot: MediaSlot;
  inserted: boolean;
  /** Stays after an eject on some vendors (quirk 47). */
  image?: string;
  username?: string;
  password?: string;
  writeProtected: boolean;
  verifyCertificate: boolean;
  transferMethod?: string;
  transferProtocol?: string;
  /** PEM certificates to check the image's server against, by number. */
  certificates: Map<string, string>;
  /** An eject is under way until this time, in milliseconds since 1970. */
  busyUntil: number;
}

/** The virtual drives. */
export class VirtualMedia {
  readonly drives: Map<string, Drive>;

  constructor(
    slots: MediaSlot[],
    readonly keepsImage: boolean,
  ) {
    this.drives = new Map(slots.map((slot) => [slot.id, emptyDrive(slot)]));
  }

  insert(
    id: string,
    medium: Pick<Drive, "image" | "username" | "password" | "writeProtected" | "transferMethod" | "transferProtocol">,
  ): void {
    const drive = this.#drive(id);
    Object.assign(drive, { username: undefined, password: undefined }, medium, { inserted: true });
  }

  eject(id: string, busyMs = 0): void {
    const drive = this.#drive(id);
    const image = this.keepsImage ? drive.image : undefined;
    Object.assign(drive, {
      ...emptyDrive(drive.slot),
      image,
      certificates: drive.certificates,
      verifyCertificate: drive.verifyCertificate,
      busyUntil: Date.now() + busyMs,
    });
  }

  /** What the firmware finds, bootable media first. */
  inserted(): BootMedium[] {
    return [...this.drives.values()]
      .filter((drive) => drive.inserted && drive.image)
      .sort((a, b) => Number(b.slot.bootable) - Number(a.slot.bootable))
      .map((drive) => ({
        slot: drive.slot.id,
        url: drive.image ?? "",
        username: drive.username,
        password: drive.password,
        writeProtected: drive.writeProtected,
        verifyCertificate: drive.verifyCertificate,
      }));
  }

  bootable(): boolean {
    return [...this.drives.values()].some((drive) => drive.inserted && drive.slot.bootable);
  }

  #drive(id: string): Drive {
    const drive = this.drives.get(id);
    if (!drive) throw new Error(`there is no virtual drive ${id}; there are ${[...this.drives.keys()].join(", ")}`);
    return drive;
  }
}

function emptyDrive(slot: MediaSlot): Drive {
  return {
    slot,
    inserted: false,
    writeProtected: true,
    verifyCertificate: false,
    certificates: new Map(),
    busyUntil: 0,
  };
}
