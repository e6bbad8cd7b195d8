import { minimumGo, minimumPulumi } from "./pins";
import { systemTools, type Installer, type Purpose } from "./system";
import { atLeast } from "./version";

/** What doctor learned about a machine. */
export interface MachineFacts {
  platform: string;
  /** Such as `v20.20.2`. */
  node: string;
  npm?: string;
  /** Version of an official CLI that is new enough. */
  officialPulumi?: string;
  /** The cache holds a CLI, downloaded or built. */
  cachedPulumi: boolean;
  /** Such as `go1.26.8`. */
  go?: string;
  /** Why the official CLI cannot be downloaded; undefined when it can, or when nobody had to ask. */
  downloadRefusal?: string;
  /** 127.0.0.2 can be bound: every BMC of the lab has a loopback address of its own. */
  loopbackAddresses: boolean;
  root: boolean;
  /** Names of the system tools that are there. */
  tools: Set<string>;
  installer: Installer;
}

/** One line of doctor's table. */
export interface Finding {
  purpose: "programs" | "lab" | "lab nodes as containers" | "tests and judges";
  what: string;
  /** `lacking` stops the main job; `optional` only what its purpose names. */
  state: "ok" | "lacking" | "optional";
  detail: string;
  /** The command that mends it. */
  mend?: string;
}

const minimumNode = "20.18.1";

/** Judges a machine; the main job is to run programs and the lab's simulated rack. */
export function diagnose(facts: MachineFacts): Finding[] {
  return [
    node(facts),
    facts.npm === undefined
      ? { purpose: "programs", what: "npm", state: "lacking", detail: "not on PATH", mend: installNode(facts) }
      : { purpose: "programs", what: "npm", state: "ok", detail: facts.npm },
    pulumi(facts),
    facts.loopbackAddresses
      ? { purpose: "lab", what: "loopback addresses", state: "ok", detail: "127.0.0.0/8 can be bound" }
      : {
          purpose: "lab",
          what: "loopback addresses",
          state: "lacking",
          detail: "127.0.0.2 cannot be bound; every BMC of the lab has an address of its own",
          mend:
            facts.platform === "darwin"
              ? "for i in $(seq 2 20); do sudo ifconfig lo0 alias 127.0.0.$i up; done"
              : "sudo ip address add 127.0.0.1/8 dev lo && sudo ip link set lo up",
        },
    root(facts),
    ...toolFindings(facts, "lab"),
    ...toolFindings(facts, "tests"),
  ];
}

/** 1 when something lacks that the main job needs, else 0. */
export function exitCode(findings: Finding[]): number {
  return findings.some((finding) => finding.state === "lacking") ? 1 : 0;
}

function node({ node: version, ...facts }: MachineFacts): Finding {
  return atLeast(version, minimumNode)
    ? { purpose: "programs", what: "node", state: "ok", detail: version }
    : {
        purpose: "programs",
        what: "node",
        state: "lacking",
        detail: `${version}; ${minimumNode} or newer is needed`,
        mend: installNode(facts),
      };
}

function installNode({ platform }: Pick<MachineFacts, "platform">): string {
  return platform === "darwin" ? "brew install node@22" : "install Node 22 from https://nodejs.org/en/download";
}

function pulumi(facts: MachineFacts): Finding {
  const finding = (state: Finding["state"], detail: string): Finding => ({
    purpose: "programs",
    what: "pulumi",
    state,
    detail,
  });
  if (facts.officialPulumi) return finding("ok", `official, ${facts.officialPulumi}`);
  if (facts.cachedPulumi) return finding("ok", "in rackform's cache");
  if (facts.downloadRefusal === undefined)
    return finding("ok", "none yet; the first `make lab` downloads the official one");
  if (facts.go !== undefined && atLeast(facts.go, minimumGo)) {
    return finding("ok", `none yet; the first \`make lab\` builds it with ${facts.go}, about 4 min`);
  }
  const go = facts.go ? `${facts.go} is too old to build it (${minimumGo} is needed)` : "there is no Go to build it";
  return {
    ...finding("lacking", `no official CLI ${minimumPulumi} or newer; no download (${facts.downloadRefusal}); ${go}`),
    mend: facts.platform === "darwin" ? "brew install pulumi/tap/pulumi" : "curl -fsSL https://get.pulumi.com | sh",
  };
}

function root(facts: MachineFacts): Finding {
  const what = "root";
  const purpose = "lab nodes as containers";
  if (facts.platform !== "linux") {
    return { purpose, what, state: "optional", detail: "needs Linux; the simulated nodes run here" };
  }
  if (facts.root) return { purpose, what, state: "ok", detail: "this is root" };
  if ("prefix" in facts.installer) return { purpose, what, state: "ok", detail: "through sudo" };
  return { purpose, what, state: "optional", detail: facts.installer.refusal, mend: "sudo -v" };
}

function toolFindings(facts: MachineFacts, purpose: Purpose): Finding[] {
  const first = (tool: (typeof systemTools)[number]) => tool.purposes[0] === purpose;
  return systemTools.filter(first).map((tool) => {
    const base = {
      purpose: purpose === "lab" ? ("lab nodes as containers" as const) : ("tests and judges" as const),
      what: tool.tool,
    };
    if (facts.tools.has(tool.tool)) return { ...base, state: "ok", detail: tool.why };
    return { ...base, state: "optional", detail: `absent; ${tool.why}`, ...installTool(facts, tool) };
  });
}

function installTool(facts: MachineFacts, tool: (typeof systemTools)[number]): { mend?: string } {
  if (facts.platform === "darwin") return tool.brew ? { mend: `brew install ${tool.brew}` } : {};
  if (facts.platform !== "linux") return {};
  if (tool.mask || tool.disable) return { mend: "make test (installs it without letting its service run)" };
  return { mend: `${facts.root ? "" : "sudo "}apt-get install --no-install-recommends ${tool.package}` };
}
