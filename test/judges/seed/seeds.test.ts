import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { renderSeed, type SeedInput } from "../../../provider/seed";
import { command, describeWith } from "../../setup/need";
import { judges, judgesPython } from "../../setup/python";
import { seedInput } from "../../unit/provider/seed/fixtures";
import { cloudInit, cloudInitNeed } from "./cloud-init";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-seed-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function written(input: SeedInput, name: string): string {
  const target = path.join(folder, name);
  writeFileSync(target, renderSeed(input).files.find((file) => file.path === name)!.content);
  return target;
}

/** Everything set, only what must be, and text that wants quoting. */
function variants(family: SeedInput["image"]["family"]): [string, SeedInput][] {
  const full = seedInput(family);
  const least = seedInput(family, {
    identity: undefined,
    rootDisk: undefined,
    keepDisks: undefined,
    timezone: undefined,
    locale: undefined,
    packages: undefined,
    users: [{ name: "root", authorizedKeys: full.users[0].authorizedKeys }],
    network: { interfaces: [{ name: "eno1", addresses: [] }], nameservers: [] },
  });
  const odd = seedInput(family, {
    proxy: "http://proxy.example.com:3128/",
    rootDisk: { model: "a 'quoted' \"model\" $HOME `id` \\ #1" },
    users: [
      { name: "admin", authorizedKeys: [`${full.users[0].authorizedKeys[0]} "it's" $HOME: {a} [b] #c`], sudo: true },
    ],
  });
  return [
    ["everything", full],
    ["the least", least],
    ["odd text", odd],
  ];
}

describeWith([command("debconf-set-selections")], "debconf-set-selections accepts the preseed file", () => {
  it.each([...variants("debian"), ...variants("nocloud")])("%s", (_name, input) => {
    execFileSync("debconf-set-selections", ["-c", written(input, "preseed.cfg")], { stdio: "pipe" });
  });

  it("refuses a broken one", () => {
    const broken = path.join(folder, "broken.cfg");
    writeFileSync(broken, "d-i netcfg/get_hostname\nnonsense\n");
    expect(() => execFileSync("debconf-set-selections", ["-c", broken], { stdio: "pipe" })).toThrow();
  });
});

describeWith([judges()], "ksvalidator accepts the kickstart file", () => {
  const validate = (file: string, release: string) => {
    const program = path.join(path.dirname(judgesPython()!), "ksvalidator");
    execFileSync(program, ["-v", release, file], { stdio: "pipe" });
  };

  it.each(variants("rhel"))("%s, RHEL 9 and 10", (_name, input) => {
    validate(written(input, "ks.cfg"), "RHEL9");
    validate(written(input, "ks.cfg"), "RHEL10");
  });

  it.each(variants("rhel"))("%s, RHEL 8", (_name, input) => {
    validate(written({ ...input, image: { ...input.image, version: "8" } }, "ks.cfg"), "RHEL8");
  });

  it("refuses a broken one", () => {
    const broken = path.join(folder, "broken.cfg");
    writeFileSync(broken, "network --nonsense\n");
    expect(() => validate(broken, "RHEL9")).toThrow();
  });
});

describeWith([judges(), cloudInitNeed()], "cloud-init accepts the user data", () => {
  it.each([...variants("ubuntu"), ...variants("nocloud")])("%s", (_name, input) => {
    expect(cloudInit(written(input, "user-data"))).toContain("Valid");
  });

  it.each(variants("ubuntu"))("of the installed system: %s", (_name, input) => {
    // The installer hands this part on as user data of its own.
    const [head, ...rest] = renderSeed(input)
      .files.find((file) => file.path === "user-data")!
      .content.split("\n");
    const start = rest.findIndex((line) => line === "  user-data:");
    const end = rest.findIndex((line, index) => index > start && /^ {2}\S/.test(line));
    const target = path.join(folder, "first-boot");
    writeFileSync(target, [head, ...rest.slice(start + 1, end).map((line) => line.slice(4)), ""].join("\n"));
    expect(cloudInit(target)).toContain("Valid");
  });

  it("refuses a broken one", () => {
    const broken = path.join(folder, "broken");
    writeFileSync(broken, "#cloud-config\nusers: 5\n");
    expect(() => cloudInit(broken)).toThrow();
  });
});

describeWith([command("shellcheck")], "shellcheck accepts the scripts", () => {
  it.each(["guard.sh", "finish.sh", "deploy.sh"])("%s", (name) => {
    const scripts = path.resolve(__dirname, "../../../provider/seed/scripts");
    execFileSync("shellcheck", [path.join(scripts, name)], { stdio: "pipe" });
  });
});
