import { readFileSync } from "node:fs";

/** The Debian archive that this machine's apt uses (a site may have its own), else the public one. Without a slash at the end. */
export function debianArchive(read: (file: string) => string = (file) => readFileSync(file, "utf8")): string {
  for (const file of ["/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"]) {
    try {
      const found = /^(?!\s*#).*?(https?:\/\/\S+?\/debian)\/?(?:\s|$)/m.exec(read(file));
      if (found) return found[1];
    } catch {
      continue;
    }
  }
  return "http://deb.debian.org/debian";
}
