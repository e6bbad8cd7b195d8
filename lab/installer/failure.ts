/** Stage of a boot, in the order in which they come. */
export type Stage =
  "firmware" | "download" | "boot image" | "boot loader" | "kernel" | "seed" | "guard" | "install" | "finish" | "boot";

/** Why a machine did not get further. The message says what firmware, boot loader or installer would have shown. */
export class BootFailure extends Error {
  constructor(
    readonly stage: Stage,
    message: string,
  ) {
    super(message);
    this.name = "BootFailure";
  }
}
