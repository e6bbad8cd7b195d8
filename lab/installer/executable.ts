/** What a CPU can run. */
export type Architecture = "x86_64" | "aarch64";

const MACHINES: Record<number, string> = { 0x8664: "x86_64", 0xaa64: "aarch64", 0x14c: "i386", 0x5064: "riscv64" };

/** A UEFI application, as far as firmware looks at it. */
export interface EfiApplication {
  /** Such as `x86_64`. */
  architecture: string;
  /** It carries a signature for Secure Boot (whose, only real firmware can tell). */
  signed: boolean;
}

/** Reads the headers of a PE executable. @throws Error when it is none */
export function efiApplication(file: Buffer): EfiApplication {
  if (file.length < 64 || file.toString("latin1", 0, 2) !== "MZ") throw new Error("not an EFI application");
  const header = file.readUInt32LE(0x3c);
  if (header + 24 > file.length || file.toString("latin1", header, header + 4) !== "PE\0\0") {
    throw new Error("not an EFI application");
  }
  const machine = file.readUInt16LE(header + 4);
  const optional = header + 24;
  const subsystem = optional + 70 <= file.length ? file.readUInt16LE(optional + 68) : 0;
  if (subsystem !== 10) throw new Error("an executable, but not an EFI application");
  const wide = file.readUInt16LE(optional) === 0x20b;
  const certificates = optional + (wide ? 112 : 96) + 4 * 8 + 4;
  const signed = certificates + 4 <= file.length && file.readUInt32LE(certificates) > 0;
  return { architecture: MACHINES[machine] ?? `unknown (0x${machine.toString(16)})`, signed };
}

/** The architecture of a Linux kernel image. @throws Error when it is none */
export function kernelArchitecture(file: Buffer): string {
  if (file.length > 0x206 && file.readUInt16LE(0x1fe) === 0xaa55 && file.toString("latin1", 0x202, 0x206) === "HdrS") {
    return "x86_64";
  }
  if (file.length > 64 && file.toString("latin1", 56, 60) === "ARM\x64") return "aarch64";
  // A compressed kernel with an EFI stub (vmlinuz.efi).
  if (file.toString("latin1", 4, 8) === "zimg") return efiApplication(file).architecture;
  throw new Error("not a Linux kernel");
}

/** File name of the boot loader that firmware looks for on removable media. */
export const REMOVABLE_LOADER: Record<Architecture, string> = { x86_64: "BOOTX64.EFI", aarch64: "BOOTAA64.EFI" };
