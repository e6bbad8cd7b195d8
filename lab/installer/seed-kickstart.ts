import type { CommandLine } from "./command-line";
import { addressesIn, type FamilySeed, type SeedScript } from "./seed";

/** Commands of kickstart in RHEL 9 and 10 (pykickstart's handlers), those that were removed left out. */
const COMMANDS = new Set(
  (
    "authselect autopart bootc bootloader cdrom clearpart cmdline driverdisk eula fcoe firewall firstboot graphical group halt harddrive hmc " +
    "ignoredisk installclass iscsi iscsiname keyboard lang liveimg logging logvol media module mount network nfs nvdimm ostreecontainer " +
    "ostreesetup part partition poweroff raid rdp realm reboot repo reqpart rescue rhsm rootpw selinux services shutdown skipx snapshot sshkey " +
    "sshpw syspurpose text timesource timezone updates url user vnc volgroup xconfig zerombr zfcp zipl"
  ).split(" "),
);

const SECTIONS = ["pre", "pre-install", "post", "onerror", "traceback", "packages", "addon", "anaconda"];
const REQUIRED = ["lang", "keyboard", "timezone"];

interface Section {
  name: string;
  options: string[];
  lines: string[];
}

/**
 * Understands a kickstart file.
 * @throws Error naming the line that Anaconda would refuse, or what would make it ask
 */
export function readKickstart(text: string, line: CommandLine): FamilySeed {
  const { commands, sections, includes } = parse(text);
  const all = (name: string) => commands.filter(([command]) => command === name);
  for (const name of REQUIRED)
    if (all(name).length === 0) throw new Error(`the installer asks: the kickstart has no ${name}`);
  if (all("rootpw").length + all("user").length + all("sshkey").length === 0) {
    throw new Error("the installer asks: the kickstart has neither rootpw nor user");
  }
  const partitions = all("autopart").length + all("part").length + all("partition").length + includes.length;
  if (partitions === 0) throw new Error("the installer asks: the kickstart says nothing about partitions");
  const repository = line.get("inst.repo") ?? line.get("inst.stage2") ?? option(all("url")[0] ?? [], "url");
  if (repository === undefined) throw new Error("neither inst.repo nor url names an installation tree");
  const networks = all("network")
    .map((words) => option(words, "ip"))
    .filter((ip): ip is string => ip !== undefined);
  return {
    family: "rhel",
    ejects: all("reboot").some((words) => words.includes("--eject")),
    early: scripts(sections, ["pre", "pre-install"], false),
    late: scripts(sections, ["post"], true),
    hostname: all("network")
      .map((words) => option(words, "hostname"))
      .find(Boolean),
    addresses: [...networks, ...addressesIn(text)],
    disk: diskOf(commands),
    diskFiles: includes.map((path) => ({ path, read: (included) => diskOf(parse(included).commands) })),
    files: [],
    needs: [`${repository.replace(/\/$/, "")}/.treeinfo`],
  };
}

function diskOf(commands: string[][]): string | undefined {
  const find = (command: string, name: string) =>
    commands
      .filter(([one]) => one === command)
      .map((words) => option(words, name))
      .find(Boolean);
  return (
    find("ignoredisk", "only-use") ??
    find("clearpart", "drives") ??
    find("part", "ondisk") ??
    find("bootloader", "boot-drive")
  );
}

function option(words: string[], name: string): string | undefined {
  const at = words.findIndex((word) => word === `--${name}` || word.startsWith(`--${name}=`));
  if (at === -1) return undefined;
  return words[at].includes("=") ? words[at].split(/=(.*)/s)[1] : words[at + 1];
}

function scripts(sections: Section[], names: string[], target: boolean): SeedScript[] {
  const chosen = sections.filter(({ name }) => names.includes(name));
  return chosen.map(({ name, options, lines }) => ({
    name: `%${name}`,
    command: `${lines.join("\n")}\n`,
    chroot: target && !options.includes("--nochroot"),
    interpreter: option(options, "interpreter"),
    forgiving: !options.includes("--erroronfail"),
  }));
}

function parse(text: string): { commands: string[][]; sections: Section[]; includes: string[] } {
  const commands: string[][] = [];
  const sections: Section[] = [];
  const includes: string[] = [];
  let section: (Section & { line: number }) | undefined;
  for (const [index, raw] of text.split("\n").entries()) {
    const number = index + 1;
    const line = raw.trim();
    if (section) {
      if (line === "%end") section = undefined;
      else section.lines.push(raw);
    } else if (line === "" || line.startsWith("#")) {
      continue;
    } else if (line.startsWith("%include") || line.startsWith("%ksappend")) {
      includes.push(line.split(/\s+/)[1] ?? "");
    } else if (line.startsWith("%")) {
      const [name, ...options] = words(line.slice(1));
      if (!SECTIONS.includes(name)) throw new Error(`kickstart line ${number}: unknown section %${name}`);
      section = { name, options, lines: [], line: number };
      sections.push(section);
    } else {
      const command = words(line);
      if (!COMMANDS.has(command[0])) throw new Error(`kickstart line ${number}: unknown command "${command[0]}"`);
      commands.push(command);
    }
  }
  if (section) throw new Error(`kickstart line ${section.line}: section %${section.name} has no %end`);
  return { commands, sections, includes };
}

function words(line: string): string[] {
  const found = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return found.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
