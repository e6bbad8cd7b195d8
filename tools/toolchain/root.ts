import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that holds rackform's package.json: the checkout, or the installed package. Works from sources and from `bin/`. */
export function packageRoot(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const manifest = join(folder, "package.json");
    if (existsSync(manifest) && (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "rackform") {
      return folder;
    }
    if (dirname(folder) === folder) throw new Error(`no package.json of rackform above ${from}`);
  }
}
