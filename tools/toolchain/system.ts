import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { run, tail, which } from "./process";
import type { Report } from "./report";

/** What a program of the operating system is needed for. `lab` is the container backend; `tests` the judges and linters. */
export type Purpose = "lab" | "tests";

/** A program that rackform calls, and the Debian package that brings it. */
export interface SystemTool {
  tool: string;
  /** Name on Debian and Ubuntu. */
  package: string;
  /** Name in Homebrew, where the program is of use on macOS. */
  brew?: string;
  why: string;
  purposes: Purpose[];
  /** Units that the package would start and that nobody asked for; they are masked before the package is installed. */
  mask?: string[];
  /** A file that keeps the package from ever acting on this machine; made before the package is installed. */
  disable?: string;
}

/** Every program of the operating system that rackform's lab and tests call. `git`, `node` and `npm` are taken for granted. */
export const systemTools: SystemTool[] = [
  { tool: "podman", package: "podman", why: "runs the lab's nodes", purposes: ["lab"] },
  { tool: "crun", package: "crun", why: "podman's runtime that systemd in a container works with", purposes: ["lab"] },
  { tool: "mmdebstrap", package: "mmdebstrap", why: "makes the nodes' Debian root file system", purposes: ["lab"] },
  { tool: "ip", package: "iproute2", why: "addresses and links of the lab's networks", purposes: ["lab"] },
  { tool: "nsenter", package: "util-linux", why: "reaches the lab's mount namespace", purposes: ["lab"] },
  { tool: "ssh", package: "openssh-client", why: "logs in to nodes (`rackform lab ssh`)", purposes: ["lab", "tests"] },
  {
    tool: "ssh-keygen",
    package: "openssh-client",
    why: "an independent reader of our keys and certificates",
    purposes: ["tests"],
  },
  {
    tool: "sshd",
    package: "openssh-server",
    why: "a real server for remote commands, on loopback",
    purposes: ["tests"],
    mask: ["ssh.service", "ssh.socket"],
  },
  {
    tool: "xorriso",
    package: "xorriso",
    brew: "xorriso",
    why: "reads our boot ISO independently",
    purposes: ["lab", "tests"],
  },
  {
    tool: "mcopy",
    package: "mtools",
    brew: "mtools",
    why: "reads the EFI partition of the boot ISO",
    purposes: ["lab", "tests"],
  },
  {
    tool: "openssl",
    package: "openssl",
    brew: "openssl",
    why: "judges certificates and signatures",
    purposes: ["tests"],
  },
  {
    tool: "cloud-init",
    package: "cloud-init",
    why: "judges autoinstall and NoCloud seeds",
    purposes: ["tests"],
    disable: "/etc/cloud/cloud-init.disabled",
  },
  { tool: "debconf-set-selections", package: "debconf", why: "judges preseed files", purposes: ["tests"] },
  { tool: "shellcheck", package: "shellcheck", brew: "shellcheck", why: "lints the remote steps", purposes: ["tests"] },
  { tool: "python3", package: "python3", brew: "python", why: "runs judges from PyPI", purposes: ["tests"] },
  {
    tool: "python3-venv",
    package: "python3-venv",
    why: "keeps the judges' Python packages apart",
    purposes: ["tests"],
  },
];

/** The tools for the given purposes that this machine lacks. */
export async function missingTools(purposes: Purpose[]): Promise<SystemTool[]> {
  const wanted = systemTools.filter((tool) => tool.purposes.some((purpose) => purposes.includes(purpose)));
  const present = await Promise.all(wanted.map((tool) => isPresent(tool.tool)));
  return wanted.filter((_, index) => !present[index]);
}

/** Whether a tool of the table is there. Administrators' folders count even when a user's PATH leaves them out. */
export async function isPresent(tool: string): Promise<boolean> {
  if (tool === "python3-venv") {
    const python = which("python3");
    return (
      python !== undefined && (await run(python, ["-c", "import ensurepip, venv"], { timeout: 20_000 })).code === 0
    );
  }
  return which(tool, `${process.env.PATH ?? ""}:/usr/sbin:/sbin`) !== undefined;
}

/** How packages can be installed here: as root, through sudo, or not at all with the reason. */
export type Installer = { prefix: string[] } | { refusal: string };

/** Finds the way to install packages without asking anybody for a password, unless a person sits at the terminal. */
export async function findInstaller(interactive = Boolean(process.stdin.isTTY)): Promise<Installer> {
  if (which("apt-get") === undefined) return { refusal: "this is no Debian or Ubuntu (apt-get is absent)" };
  if (process.getuid?.() === 0) return { prefix: [] };
  if (which("sudo") === undefined) return { refusal: "not root, and sudo is absent" };
  if (interactive || (await run("sudo", ["-n", "true"], { timeout: 10_000 })).code === 0) return { prefix: ["sudo"] };
  return { refusal: "not root, and sudo asks for a password" };
}

/** The command that installs the packages of the given tools on Debian. */
export function installCommand(tools: SystemTool[]): string {
  return `apt-get install --no-install-recommends ${packagesOf(tools).join(" ")}`;
}

/**
 * Installs what lacks for the given purposes, saying so. Does nothing when nothing lacks. Where packages cannot be installed, says
 * which command a person should run; what needs the tools is then skipped visibly.
 *
 * @returns the tools that still lack
 */
export async function ensureSystem(purposes: Purpose[], report: Report): Promise<SystemTool[]> {
  const missing = await missingTools(purposes);
  if (missing.length === 0) return [];
  const installer = await findInstaller();
  if ("refusal" in installer) {
    report.line(`lacking: ${missing.map(({ tool, why }) => `${tool} (${why})`).join(", ")}`);
    report.line(`not installed, because ${installer.refusal}; run: sudo ${installCommand(missing)}`);
    return missing;
  }
  report.line(`installing ${missing.map((tool) => `${tool.package} (${tool.why})`).join(", ")}`);
  await keepQuiet(missing, installer.prefix, report);
  try {
    await report.during(`apt-get install ${packagesOf(missing).join(" ")}`, 60, (note) =>
      aptInstall(packagesOf(missing), installer.prefix, note),
    );
  } catch (error) {
    report.line((error as Error).message);
  }
  return missingTools(purposes);
}

function packagesOf(tools: SystemTool[]): string[] {
  return [...new Set(tools.map((tool) => tool.package))];
}

async function aptInstall(packages: string[], prefix: string[], note: (text: string) => void): Promise<void> {
  const apt = (...args: string[]) => {
    const command = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-y", ...args];
    return run(command[0], command.slice(1), {
      timeout: 900_000,
      onLine: (line) => {
        if (/^(Get|Unpacking|Setting up)/.test(line)) note(line.slice(0, 70));
      },
    });
  };
  const install = () => apt("install", "--no-install-recommends", ...packages);
  let outcome = await install();
  if (outcome.code !== 0) {
    // The usual cause is a package list that is older than the archive.
    await apt("update");
    outcome = await install();
  }
  if (outcome.code !== 0) throw new Error(`apt-get install ${packages.join(" ")} failed: ${tail(outcome)}`);
}

async function keepQuiet(tools: SystemTool[], prefix: string[], report: Report): Promise<void> {
  for (const { package: name, mask, disable } of tools) {
    if (mask && existsSync("/run/systemd/system")) {
      const command = [...prefix, "systemctl", "mask", ...mask];
      await run(command[0], command.slice(1), { timeout: 30_000 });
      report.line(
        `${name}: its service is masked, so that it does not run here (undo: systemctl unmask ${mask.join(" ")})`,
      );
    }
    if (disable && !existsSync(disable)) {
      if (prefix.length === 0) {
        await mkdir(dirname(disable), { recursive: true });
        await writeFile(disable, "");
      } else {
        await run(prefix[0], [...prefix.slice(1), "install", "-D", "-m", "644", "/dev/null", disable], {
          timeout: 30_000,
        });
      }
      report.line(`${name}: ${disable} keeps it from acting on this machine (undo: remove that file)`);
    }
  }
}
