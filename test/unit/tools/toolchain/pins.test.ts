import { readFileSync } from "node:fs";
import { join } from "node:path";
import { languageHosts, minimumGo, pulumiCli, type Pin } from "../../../../tools/toolchain/pins";
import { releaseUrl } from "../../../../tools/toolchain/pulumi";
import { packageRoot } from "../../../../tools/toolchain/root";
import { installCommand, systemTools } from "../../../../tools/toolchain/system";
import { atLeast } from "../../../../tools/toolchain/version";

const root = packageRoot();
const pins: Pin[] = [pulumiCli, ...Object.values(languageHosts)];

describe.each(pins.map((pin) => [pin.name, pin] as const))("wrapper module of %s", (name, pin) => {
  const read = (file: string) => readFileSync(join(root, "tools", "toolchain", "go", name, file), "utf8");

  test("requires the pinned version of the module that holds the package", () => {
    const [, module, version] = /^require (\S+) (\S+)$/m.exec(read("go.mod")) ?? [];
    expect(pin.package.startsWith(`${module}/`)).toBe(true);
    expect(version).toBe(pin.version);
    if (pin.beside) expect(pin.beside.module).toBe(module);
  });

  test("imports the package, so that go.sum covers what it needs", () => {
    expect(read("tools.go")).toContain(`import _ "${pin.package}"`);
    expect(read("go.sum")).toContain(`${pin.version} h1:`);
  });

  test("asks for no newer Go than the set-up checks for", () => {
    const [, go] = /^go (\S+)$/m.exec(read("go.mod")) ?? [];
    expect(atLeast(minimumGo, go)).toBe(true);
  });
});

test.each(["judges", "program"])("every Python package of %s is pinned", (set) => {
  const text = readFileSync(join(root, "tools", "toolchain", "python", `requirements-${set}.txt`), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) expect(line).toMatch(/^[\w.-]+==[\w.]+$/);
});

test.each([
  ["linux", "x64", /pulumi-v3\.248\.0-linux-x64\.tar\.gz$/],
  ["darwin", "arm64", /darwin-arm64/],
  ["win32", "x64", undefined],
  ["linux", "riscv64", undefined],
])("official release for %s %s", (platform, arch, expected) => {
  if (expected) expect(releaseUrl(platform, arch)).toMatch(expected);
  else expect(releaseUrl(platform, arch)).toBeUndefined();
});

describe("system tools", () => {
  test("each is named once and serves a purpose", () => {
    const names = systemTools.map(({ tool }) => tool);
    expect(new Set(names).size).toBe(names.length);
    for (const { purposes } of systemTools) expect(purposes.length).toBeGreaterThan(0);
  });

  test("packages that bring services keep them from running", () => {
    const quiet = systemTools.filter(({ mask, disable }) => mask ?? disable).map(({ tool }) => tool);
    expect(quiet).toEqual(["sshd", "cloud-init"]);
  });

  test("the command names every package once", () => {
    const ssh = systemTools.filter((tool) => tool.package === "openssh-client");
    expect(ssh.length).toBe(2);
    expect(installCommand(ssh)).toBe("apt-get install --no-install-recommends openssh-client");
  });
});
