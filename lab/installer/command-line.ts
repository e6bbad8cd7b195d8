/** A kernel's command line: parameters in order, later ones win. */
export class CommandLine {
  readonly #values: [string, string | undefined][];

  constructor(readonly text: string) {
    this.#values = split(text).map((word) => {
      const at = word.indexOf("=");
      return at === -1 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
    });
  }

  has(name: string): boolean {
    return this.#values.some(([one]) => one === name);
  }

  /** The last value; undefined when the parameter is missing or has none. */
  get(name: string): string | undefined {
    return this.#values.filter(([one]) => one === name).at(-1)?.[1];
  }

  all(name: string): string[] {
    return this.#values.flatMap(([one, value]) => (one === name && value !== undefined ? [value] : []));
  }
}

/** Words as the kernel splits them: double quotes keep spaces together and go away. */
function split(text: string): string[] {
  const words = text.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  return words.map((word) => word.replaceAll('"', ""));
}

/** Which installer the command line starts, and where its seed is. */
export interface InstallerChoice {
  family: "ubuntu" | "debian" | "rhel" | "nocloud";
  /** Base of the seed (with a slash at the end), or the file itself for Debian and RHEL. */
  seedUrl: string;
}

/**
 * Reads from the command line what an installer would read.
 * @throws Error when no installer would start, or it would ask questions
 */
export function installerChoice(line: CommandLine): InstallerChoice {
  const kickstart = line.get("inst.ks");
  if (kickstart !== undefined) return { family: "rhel", seedUrl: kickstart };
  const preseed = line.get("preseed/url") ?? line.get("url");
  const noCloud = line.get("ds") ?? line.get("ci.ds");
  if (noCloud !== undefined) {
    const seed = /^nocloud(?:-net)?;(?:.*;)?s=([^;]+)/i.exec(noCloud)?.[1];
    if (seed === undefined) throw new Error(`ds=${noCloud} names no seed; it needs nocloud;s=<url>/`);
    if (!seed.endsWith("/")) throw new Error("the NoCloud seed URL has no slash at its end");
    return { family: line.has("autoinstall") || line.get("boot") === "casper" ? "ubuntu" : "nocloud", seedUrl: seed };
  }
  if (preseed !== undefined) {
    const automatic = line.get("auto") === "true" || line.has("auto");
    if (!automatic)
      throw new Error("the installer asks its first questions before it has read the preseed: auto=true is missing");
    return { family: "debian", seedUrl: preseed };
  }
  throw new Error(
    "the kernel's arguments name no seed (none of ds=nocloud, url=, inst.ks=): the installer waits for a person",
  );
}
