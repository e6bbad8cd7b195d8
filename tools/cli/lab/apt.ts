import { existsSync, readFileSync } from "node:fs";

const SOURCES = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"];

/**
 * The Debian archive that this machine's apt uses, from which the lab's mirror passes packages on; undefined where there is none,
 * and the mirror then uses deb.debian.org.
 */
export function aptArchive(files: string[] = SOURCES): string | undefined {
  const texts = files.filter(existsSync).map((file) => readFileSync(file, "utf8"));
  return texts.flatMap((text) => archiveIn(text) ?? [])[0];
}

/** The first Debian archive in an apt source file, of either format; comments do not count. */
export function archiveIn(text: string): string | undefined {
  const lines = text.split("\n").filter((line) => !line.trim().startsWith("#"));
  return lines.flatMap((line) => /(https?:\/\/\S+\/debian)\/?(?:\s|$)/.exec(line)?.[1] ?? [])[0];
}
