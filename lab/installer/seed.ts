import type { CommandLine, InstallerChoice } from "./command-line";
import { readAutoinstall } from "./seed-autoinstall";
import { readKickstart } from "./seed-kickstart";
import { readPreseed } from "./seed-preseed";

/** A script that the installer runs. */
export interface SeedScript {
  /** Where it stands in the seed, such as `preseed/late_command`. */
  name: string;
  command: string;
  /** Runs with the installed root as its root. */
  chroot: boolean;
  /** Program that reads it; default the shell. */
  interpreter?: string;
  /** A failure does not stop the installer. */
  forgiving?: boolean;
}

/** What an installer has understood of its seed. */
export interface InstallerSeed {
  family: InstallerChoice["family"];
  /** Folder of the seed, with a slash at the end. */
  base: string;
  /** The seed says that disks may be wiped. */
  consent: boolean;
  /** The installer takes the virtual media out when it is done. */
  ejects: boolean;
  /** Packages that the installer adds to the base system. */
  packages: string[];
  /** Package archive that the installed system uses from then on. */
  archive?: string;
  /** Scripts before the disks are touched, then after the system is unpacked. */
  early: SeedScript[];
  late: SeedScript[];
  hostname?: string;
  /** Addresses, without prefix length, that the seed gives the system. */
  addresses: string[];
  /** Disk that the seed names, or undefined: the installer's own choice. */
  disk?: string;
  /** Files of the installer's system that tell the disk once the early scripts have run, and how to read it out of them. */
  diskFiles: { path: string; read: (text: string) => string | undefined }[];
  /** Files that the installer puts into its own system before the early scripts. */
  files: { path: string; content: string }[];
  /** Further files that the installer needs from the network: live image, installation tree, package archive. */
  needs: string[];
}

/** Fetches a file of the seed; undefined when the server says that there is none. */
export type FetchSeed = (url: string) => Promise<Buffer>;

/** What a family's reader makes of its part of the seed. */
export type FamilySeed = Omit<InstallerSeed, "base" | "consent" | "ejects" | "packages"> &
  Partial<Pick<InstallerSeed, "ejects" | "packages">>;

/**
 * Fetches and understands a seed, as the family's installer does.
 * @throws Error naming what the installer would refuse
 */
export async function readSeed(choice: InstallerChoice, line: CommandLine, fetch: FetchSeed): Promise<InstallerSeed> {
  const base = choice.seedUrl.replace(/[^/]*$/, "");
  const finish = (seed: FamilySeed, text: string): InstallerSeed => ({
    ejects: false,
    packages: [],
    ...seed,
    base,
    consent: /^\s*# rackform .*\bconsent=wipe\b/m.test(text),
  });
  switch (choice.family) {
    case "debian": {
      const text = (await fetch(choice.seedUrl)).toString("utf8");
      return finish(readPreseed(text, line), text);
    }
    case "rhel": {
      const text = (await fetch(choice.seedUrl)).toString("utf8");
      return finish(readKickstart(text, line), text);
    }
    default: {
      // Both must be there, or the data source is not taken; the metadata come first.
      const metaData = (await fetch(`${choice.seedUrl}meta-data`)).toString("utf8");
      const userData = (await fetch(`${choice.seedUrl}user-data`)).toString("utf8");
      return finish(readAutoinstall(choice.family, metaData, userData, line), userData);
    }
  }
}

/** IPv4 addresses that stand before a prefix length, as every network configuration writes them. */
export function addressesIn(text: string): string[] {
  return [...text.matchAll(/(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})\/\d{1,2}(?!\d)/g)].map(([, address]) => address);
}
