/** Where a server's firmware looks for something to start. */
export type BootSource = "Cd" | "UefiHttp" | "Pxe" | "Hdd" | "None";

/** A medium in one of the BMC's virtual drives. */
export interface BootMedium {
  /** The virtual drive's name, such as `Cd`. */
  slot: string;
  url: string;
  /** Login for the image's server, when the client gave one. */
  username?: string;
  password?: string;
  writeProtected: boolean;
  /** Whether the BMC must check the certificate of the image's server. */
  verifyCertificate: boolean;
}

/** What the firmware has decided to start, at the end of the power-on self test. */
export interface BootPlan {
  /** The first source that has something to start from. `None`: nothing is started (BIOS setup, or no source at all). */
  source: BootSource;
  mode: "UEFI" | "Legacy";
  /** Every medium inserted, the bootable one first. */
  media?: BootMedium[];
  /** The file to start, when the source is UefiHttp. */
  httpBootUri?: string;
  /** The source was asked for this boot only. */
  once: boolean;
  /** The source was asked for by an override rather than by the boot order. */
  overridden: boolean;
  /** What the firmware tries after `source`, in order, when that does not start (an empty disk, say). */
  fallbacks: BootSource[];
  /** PEM certificates that the firmware trusts for HTTPS boot. */
  caCertificates?: string[];
  /** Whether UEFI secure boot is on. */
  secureBoot: boolean;
}

/** The body of an emulated server: what the BMC's power control moves. A node backend implements it. */
export interface Machine {
  /**
   * The firmware hands over: boot as planned. Resolves when the operating system runs (or the installer has ended);
   * rejects when nothing could be started. `signal` aborts when power is cut or the machine is reset meanwhile.
   */
  powerOn(boot: BootPlan, signal: AbortSignal): Promise<void>;
  /**
   * Power goes away. `graceful` asks the operating system first, and the promise resolves when it has shut down; one that
   * never resolves plays a system that ignores the power button. Without `graceful` power is cut at once.
   */
  powerOff(graceful: boolean): Promise<void>;
}

/** What a machine can do to its own BMC, given by `Bmc.onPower`. */
export interface Firmware {
  /** A warm restart from inside: the firmware makes a new plan and calls `powerOn` again. */
  reboot(): void;
  /** The operating system has switched the machine off. */
  poweredOff(): void;
  /** How far the boot has come, shown as BootProgress.LastState. */
  progress(state: BootProgress): void;
  /** The operating system ejects a virtual medium; without a slot, all of them. */
  eject(slot?: string): void;
  /** The operating system's host name, shown as ComputerSystem.HostName. */
  hostName(name: string): void;
  /** An installer puts a source first in the boot order. */
  bootFirst(source: "Hdd" | "Pxe" | "Cd"): void;
}

/** Values of BootProgress.LastState that the emulator shows. */
export type BootProgress =
  | "None"
  | "PrimaryProcessorInitializationStarted"
  | "SystemHardwareInitializationComplete"
  | "SetupEntered"
  | "OSBootStarted"
  | "OSRunning";

/** A server that starts and stops at once and runs nothing. */
export class NullMachine implements Machine {
  /** Plans it was started with, oldest first. */
  readonly boots: BootPlan[] = [];

  powerOn(boot: BootPlan): Promise<void> {
    this.boots.push(boot);
    return Promise.resolve();
  }

  powerOff(): Promise<void> {
    return Promise.resolve();
  }
}
