import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { run, tail } from "./process";
import { packageRoot } from "./root";

/** Platforms of the release, as Pulumi names them. The plugin is JavaScript, so all archives hold the same and need Node there. */
const platforms = ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"];

const launcher = `#!/bin/sh
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
exec node "$here/node_modules/rackform/bin/provider/index.js" "$@"
`;

/**
 * Makes the archives that the engine downloads when a program in another language asks for the plugin: the launcher, the package and
 * its dependencies.
 *
 * @param target folder for the archives and the npm package
 * @returns the files written
 */
export async function writeArchives(target: string): Promise<string[]> {
  const root = packageRoot();
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  await mkdir(target, { recursive: true });
  const draft = await mkdtemp(join(tmpdir(), "rackform-archive-"));
  try {
    await must("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", draft], root);
    const [packed] = (await readdir(draft)).filter((name) => name.endsWith(".tgz"));
    const content = join(draft, "content");
    await mkdir(content);
    await writeFile(join(content, "package.json"), JSON.stringify({ name: "pulumi-resource-rackform", private: true }));
    await must(
      "npm",
      ["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", join(draft, packed)],
      content,
    );
    await writeFile(join(content, "pulumi-resource-rackform"), launcher);
    await chmod(join(content, "pulumi-resource-rackform"), 0o755);
    const files = [join(target, packed)];
    for (const platform of platforms) {
      const file = join(target, `pulumi-resource-rackform-v${version}-${platform}.tar.gz`);
      await must("tar", ["-czf", file, "pulumi-resource-rackform", "node_modules"], content);
      files.push(file);
    }
    await copyFile(join(draft, packed), files[0]);
    return files;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function must(program: string, args: string[], cwd: string): Promise<void> {
  const outcome = await run(program, args, { cwd });
  if (outcome.code !== 0) throw new Error(`${program} ${args[0]} failed: ${tail(outcome)}`);
}

if (require.main === module) {
  writeArchives(resolve(process.argv[2] ?? "dist")).then(
    (files) => process.stdout.write(`${files.join("\n")}\n`),
    (error: unknown) => {
      process.stderr.write(`archive: ${(error as Error).message}\n`);
      process.exitCode = 1;
    },
  );
}
