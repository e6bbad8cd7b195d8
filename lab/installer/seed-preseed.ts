import type { CommandLine } from "./command-line";
import { addressesIn, type FamilySeed } from "./seed";

const TYPES = ["string", "boolean", "select", "multiselect", "note", "text", "password", "title", "error"];

/** Questions that stop an installation when nothing answers them, and what they are about. */
const ASKED: [string[], string][] = [
  [["partman-auto/method"], "how to partition"],
  [["partman/choose_partition"], "whether partitioning is finished"],
  [["partman/confirm"], "whether to write the partitions"],
  [["partman/confirm_nooverwrite"], "whether to write the partitions"],
  [["mirror/http/hostname", "mirror/https/hostname"], "which mirror to use"],
  [
    ["passwd/root-password-crypted", "passwd/root-password", "passwd/user-password-crypted", "passwd/root-login"],
    "for a password",
  ],
];

/**
 * Understands a preseed file (Debian installation guide, appendix B).
 * @throws Error naming the line that debconf would refuse, or the question that would stop the installer
 */
export function readPreseed(text: string, line: CommandLine): FamilySeed {
  const answers = parse(text);
  const value = (name: string) => answers.get(name) ?? line.get(name);
  if (/\bdeploy\.sh\b/.test(text))
    throw new Error("this seed writes a disk image (nocloud), which the lab's backends cannot boot");
  for (const [names, what] of ASKED) {
    if (!names.some((name) => value(name) !== undefined)) {
      throw new Error(`the installer asks ${what}: the preseed has no answer to ${names.join(" or ")}`);
    }
  }
  const command = (name: string) => {
    const script = value(name);
    return script === undefined || script === "" ? [] : [{ name, command: script, chroot: false }];
  };
  const address = value("netcfg/get_ipaddress");
  const debconf = (output: string) =>
    output
      .split("\n")
      .map((one) => one.split("\t"))
      .findLast(([name]) => name === "partman-auto/disk")?.[1];
  return {
    family: "debian",
    ejects: value("cdrom-detect/eject") !== "false",
    packages: (value("pkgsel/include") ?? "").split(/[\s,]+/).filter(Boolean),
    early: [...command("preseed/early_command"), ...command("partman/early_command")],
    late: command("preseed/late_command"),
    hostname: line.get("hostname") ?? value("netcfg/get_hostname"),
    addresses: [...(address === undefined ? [] : [address.split("/")[0]]), ...addressesIn(text)],
    disk: value("partman-auto/disk"),
    diskFiles: [{ path: "/lab/debconf", read: debconf }],
    files: [],
    ...archive(value),
  };
}

function archive(value: (name: string) => string | undefined): { needs: string[]; archive?: string } {
  const protocol = value("mirror/protocol") ?? "http";
  const host = value(`mirror/${protocol}/hostname`);
  if (host === undefined) return { needs: [] };
  const folder = value(`mirror/${protocol}/directory`) ?? "/debian";
  const base = `${protocol}://${host}${folder.replace(/\/$/, "")}`;
  return { needs: [`${base}/dists/${value("mirror/suite") ?? "bookworm"}/Release`], archive: base };
}

/** The answers by question; the last one counts. */
function parse(text: string): Map<string, string> {
  const answers = new Map<string, string>();
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const number = at + 1;
    let line = lines[at];
    while (line.endsWith("\\") && at + 1 < lines.length) {
      at += 1;
      line = `${line.slice(0, -1)} ${lines[at].trimStart()}`;
    }
    if (line.trim() === "" || line.startsWith("#")) continue;
    const match = /^(\S+)[ \t]+(\S+)[ \t]+(\S+)(?:[ \t](.*))?$/.exec(line);
    if (!match) throw new Error(`preseed line ${number}: not "owner question type value"`);
    const [, , question, type, value = ""] = match;
    if (!question.includes("/")) throw new Error(`preseed line ${number}: "${question}" is no question's name`);
    if (!TYPES.includes(type)) throw new Error(`preseed line ${number}: unknown type "${type}" of ${question}`);
    if (type === "boolean" && !/^(true|false)$/.test(value.trim())) {
      throw new Error(`preseed line ${number}: ${question} is boolean and cannot be "${value.trim()}"`);
    }
    answers.set(question, value.trim());
  }
  if (answers.size === 0) throw new Error("the preseed file is empty");
  return answers;
}
