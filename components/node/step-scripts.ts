import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { digest } from "../private/digest";

/** Shell files that go up together, once a node. */
export interface StepScripts {
  /** Digest of all names and contents. Names the folder on the node. */
  digest: string;
  /** Names of the files. */
  files: readonly string[];
  /** A local folder, or the text of a single file. */
  source: { folder: string } | { text: string };
  /** Where the files are below the folder named by the digest. */
  below: string;
}

/** The scripts in a folder, such as `path.join(__dirname, "scripts")`. The folder's own name becomes part of the path on the node. */
export function scriptsIn(folder: string): StepScripts {
  const known = cache.get(folder);
  if (known) return known;
  const files = readdirSync(folder)
    .filter((file) => file.endsWith(".sh"))
    .sort();
  const parts = files.flatMap((file) => [file, readFileSync(path.join(folder, file), "utf8")]);
  const scripts = { digest: digest(...parts), files, source: { folder }, below: path.basename(folder) };
  cache.set(folder, scripts);
  return scripts;
}

/** One script given as text. */
export function scriptFromText(file: string, text: string): StepScripts {
  return { digest: digest(file, text), files: [file], source: { text }, below: "" };
}

const cache = new Map<string, StepScripts>();

/** Folder on the node: root's scripts in `/var/lib/rackform/steps`, another login's in its home. */
export function remoteFolder(scripts: StepScripts, user: string): string {
  return `${user === "root" ? "/var/lib/rackform" : ".rackform"}/steps/${scripts.digest}`;
}

/** Path of one of the scripts on the node. */
export function remoteFile(scripts: StepScripts, user: string, file: string): string {
  if (!scripts.files.includes(file)) throw new Error(`there is no script ${file} among ${scripts.files.join(", ")}`);
  return [remoteFolder(scripts, user), scripts.below, file].filter((part) => part !== "").join("/");
}
