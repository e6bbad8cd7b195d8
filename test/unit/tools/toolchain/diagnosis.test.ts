import { diagnose, exitCode, type MachineFacts } from "../../../../tools/toolchain/diagnosis";
import { systemTools } from "../../../../tools/toolchain/system";

const everything: MachineFacts = {
  platform: "linux",
  node: "v20.20.2",
  npm: "10.8.2",
  officialPulumi: "v3.250.0",
  cachedPulumi: false,
  loopbackAddresses: true,
  root: false,
  tools: new Set(systemTools.map(({ tool }) => tool)),
  installer: { prefix: ["sudo"] },
};

function finding(facts: Partial<MachineFacts>, what: string) {
  const found = diagnose({ ...everything, ...facts }).find((one) => one.what === what);
  if (!found) throw new Error(`no finding about ${what}`);
  return found;
}

function without(tool: string): Set<string> {
  return new Set([...everything.tools].filter((one) => one !== tool));
}

test("a machine that has everything", () => {
  const findings = diagnose(everything);
  expect(findings.filter(({ state }) => state !== "ok")).toEqual([]);
  expect(exitCode(findings)).toBe(0);
  expect(findings.map(({ what }) => what)).toEqual(expect.arrayContaining(systemTools.map(({ tool }) => tool)));
});

const none = { officialPulumi: undefined, cachedPulumi: false };

test.each<[string, Partial<MachineFacts>, string, "ok" | "lacking" | "optional", RegExp, RegExp | undefined]>([
  ["old Node", { node: "v18.20.0" }, "node", "lacking", /v18\.20\.0; 20\.18\.1 or newer/, /nodejs\.org/],
  ["old Node on macOS", { node: "v18.20.0", platform: "darwin" }, "node", "lacking", /20\.18\.1/, /^brew install node/],
  ["Node without npm", { npm: undefined }, "npm", "lacking", /not on PATH/, /nodejs\.org/],
  ["official CLI", {}, "pulumi", "ok", /official, v3\.250\.0/, undefined],
  ["cached CLI", { ...none, cachedPulumi: true, downloadRefusal: "ENOTFOUND" }, "pulumi", "ok", /cache/, undefined],
  ["CLI to download", { ...none }, "pulumi", "ok", /downloads/, undefined],
  [
    "CLI to build",
    { ...none, downloadRefusal: "ENOTFOUND", go: "go1.26.8" },
    "pulumi",
    "ok",
    /builds it with go1\.26\.8/,
    undefined,
  ],
  [
    "no way to a CLI",
    { ...none, downloadRefusal: "ENOTFOUND" },
    "pulumi",
    "lacking",
    /ENOTFOUND.*no Go/,
    /get\.pulumi\.com/,
  ],
  [
    "old Go",
    { ...none, downloadRefusal: "x", go: "go1.19.8" },
    "pulumi",
    "lacking",
    /go1\.19\.8 is too old/,
    /get\.pulumi\.com/,
  ],
  [
    "no loopback addresses",
    { platform: "darwin", loopbackAddresses: false },
    "loopback addresses",
    "lacking",
    /127\.0\.0\.2/,
    /lo0 alias/,
  ],
  ["macOS", { platform: "darwin" }, "root", "optional", /needs Linux/, undefined],
  ["no root", { installer: { refusal: "not root, and sudo is absent" } }, "root", "optional", /sudo is absent/, /sudo/],
  ["no podman", { tools: without("podman") }, "podman", "optional", /absent; runs/, /^sudo apt-get install .*podman$/],
  [
    "no podman, root",
    { tools: without("podman"), root: true },
    "podman",
    "optional",
    /absent/,
    /^apt-get install .*podman$/,
  ],
  [
    "no shellcheck, macOS",
    { tools: without("shellcheck"), platform: "darwin" },
    "shellcheck",
    "optional",
    /absent/,
    /^brew install shellcheck$/,
  ],
  ["no sshd", { tools: without("sshd") }, "sshd", "optional", /absent/, /^make test/],
])("%s", (_, facts, what, state, detail, mend) => {
  const found = finding(facts, what);
  expect(found.state).toBe(state);
  expect(found.detail).toMatch(detail);
  if (mend) expect(found.mend).toMatch(mend);
  else expect(found.mend).toBeUndefined();
});

test.each<[Partial<MachineFacts>, number]>([
  [{ tools: new Set() }, 0],
  [{ node: "v18.0.0" }, 1],
  [{ ...none, downloadRefusal: "ENOTFOUND" }, 1],
  [{ loopbackAddresses: false }, 1],
])("only what the main job needs fails the command (%#)", (facts, code) => {
  expect(exitCode(diagnose({ ...everything, ...facts }))).toBe(code);
});
