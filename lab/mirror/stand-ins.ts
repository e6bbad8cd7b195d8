import { gzipSync } from "node:zlib";

/** Said in every stand-in, so that nobody takes one for the real file. */
export const STAND_IN = "rackform lab stand-in: not bootable";

/** Architectures with their PE machine type. */
const MACHINES = { x86_64: 0x8664, aarch64: 0xaa64 } as const;

export type StandInArchitecture = keyof typeof MACHINES;

/** A UEFI boot loader: headers that firmware looks at, and nothing that runs. */
export function efiStandIn(architecture: StandInArchitecture, signed = true): Buffer {
  const file = Buffer.alloc(1024);
  file.write("MZ", 0, "latin1");
  file.writeUInt32LE(0x80, 0x3c);
  file.write("PE\0\0", 0x80, "latin1");
  file.writeUInt16LE(MACHINES[architecture], 0x84);
  file.writeUInt16LE(240, 0x94);
  const optional = 0x98;
  file.writeUInt16LE(0x20b, optional);
  file.writeUInt16LE(10, optional + 68);
  file.writeUInt32LE(16, optional + 108);
  if (signed) {
    file.writeUInt32LE(0x300, optional + 112 + 32);
    file.writeUInt32LE(64, optional + 112 + 36);
  }
  file.write(STAND_IN, 0x200, "latin1");
  return file;
}

/** A Linux kernel: bzImage for x86_64, Image for aarch64. */
export function kernelStandIn(architecture: StandInArchitecture): Buffer {
  const file = Buffer.alloc(2048);
  if (architecture === "x86_64") {
    file.writeUInt16LE(0xaa55, 0x1fe);
    file.write("HdrS", 0x202, "latin1");
    file.writeUInt16LE(0x020f, 0x206);
  } else {
    file.write("ARM\x64", 56, "latin1");
  }
  file.write(STAND_IN, 0x300, "latin1");
  return file;
}

/** An initramfs with one file. */
export function initrdStandIn(): Buffer {
  const member = (name: string, mode: number, data: Buffer) => {
    const fields = [1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    return Buffer.concat([padded(Buffer.from(header)), padded(data)]);
  };
  const note = Buffer.from(`${STAND_IN}\n`);
  return gzipSync(Buffer.concat([member("lab-stand-in", 0o100644, note), member("TRAILER!!!", 0, Buffer.alloc(0))]));
}

function padded(data: Buffer): Buffer {
  return Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]);
}
