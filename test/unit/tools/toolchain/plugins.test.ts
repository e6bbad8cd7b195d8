import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { installPlugin, pluginVersion } from "../../../../tools/toolchain/plugins";
import { placeFile } from "../../../../tools/toolchain/pulumi";
import { Report } from "../../../../tools/toolchain/report";
import { packageRoot } from "../../../../tools/toolchain/root";

const cli = { path: "/nonexistent/pulumi", env: {} };
const silent = new Report({ write: () => true });
let folder: string;
let savedHome: string | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "plugins-"));
  savedHome = process.env.PULUMI_HOME;
  process.env.PULUMI_HOME = join(folder, "user");
});
afterEach(async () => {
  if (savedHome === undefined) delete process.env.PULUMI_HOME;
  else process.env.PULUMI_HOME = savedHome;
  await rm(folder, { recursive: true });
});

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

test("versions are those that the SDKs ask for", () => {
  const version = (file: string) => (require(join(packageRoot(), file)) as { version: string }).version;
  expect(pluginVersion("rackform")).toBe(version("package.json"));
  expect(pluginVersion("command")).toBe(version("node_modules/@pulumi/command/package.json"));
  expect(pluginVersion("random", folder)).toBe("4.21.2");
});

test("rackform's own launcher starts this checkout's plugin, and says so", async () => {
  const home = join(folder, "home");
  const origin = await installPlugin("rackform", home, cli, silent);
  expect(origin.kind).toBe("own");
  expect(origin.path).toBe(
    join(home, "plugins", `resource-rackform-v${pluginVersion("rackform")}`, "pulumi-resource-rackform"),
  );
  const text = await readFile(origin.path, "utf8");
  expect(text).toContain(`'${process.execPath}' '${join(packageRoot(), "bin/provider/index.js")}' "$@"`);
  execFileSync("sh", ["-n", origin.path]);
});

test("an official plugin in the user's cache wins over a stand-in, also one that was put there before", async () => {
  const home = join(folder, "home");
  const name = `plugins/resource-command-v${pluginVersion("command")}/pulumi-resource-command`;
  await put(join(home, name), "#!/bin/sh\n# Written by rackform's tool set-up.\n");
  expect((await installPlugin("command", home, cli, silent)).kind).toBe("stand-in");
  await put(join(folder, "user", name), "the official one");
  expect((await installPlugin("command", home, cli, silent)).kind).toBe("official");
  expect(await readFile(join(home, name), "utf8")).toBe("the official one");
  await rm(join(folder, "user"), { recursive: true });
  expect((await installPlugin("command", home, cli, silent)).kind).toBe("official");
});

test("placeFile replaces a file of another content, and keeps one that is the same", async () => {
  const [source, target] = [join(folder, "source"), join(folder, "there", "target")];
  await put(source, "new content");
  await put(target, "old");
  await placeFile(source, target);
  expect(await readFile(target, "utf8")).toBe("new content");
  await placeFile(source, target);
  expect(await readFile(target, "utf8")).toBe("new content");
});
