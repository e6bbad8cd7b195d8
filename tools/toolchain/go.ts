import { existsSync } from "node:fs";
import { chmod, copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { cacheKey, cacheRoot, makeOnce } from "./cache";
import { minimumGo, type Pin } from "./pins";
import { run, tail, which } from "./process";
import type { Report } from "./report";
import { packageRoot } from "./root";
import { atLeast } from "./version";

/**
 * The folder that holds the executable of a pin, built from its Go module unless the cache has it.
 *
 * @throws Error when Go is absent or too old, or the build fails
 */
export async function buildFromModule(pin: Pin, report: Report): Promise<string> {
  const wrapper = join(packageRoot(), "tools", "toolchain", "go", pin.name);
  const path = await builtPath(pin);
  if (existsSync(path)) return path;
  const go = await goVersion();
  if (go === undefined || !atLeast(go, minimumGo)) {
    throw new Error(
      `cannot build ${pin.name} ${pin.version}: Go ${minimumGo} or newer is needed, ${go ? `this one is ${go}` : "none is on PATH"}; ` +
        "install Go, or the official Pulumi CLI (https://www.pulumi.com/docs/install/)",
    );
  }
  const work = `building ${pin.name} ${pin.version} from its Go module`;
  await report.during(work, pin.expected, async (note) => {
    await makeOnce(
      path,
      (folder) => build(pin, wrapper, folder, note),
      () => note("another run builds it; waiting"),
    );
  });
  return path;
}

/** Where a pin's build lies, once it is made. */
export async function builtPath(pin: Pin): Promise<string> {
  const wrapper = join(packageRoot(), "tools", "toolchain", "go", pin.name);
  const sources = ["go.mod", "go.sum", ...(pin.package === "." ? ["main.go"] : [])];
  const files = await Promise.all(sources.map((file) => readFile(join(wrapper, file))));
  const key = cacheKey([...files, pin.package, pin.version, ...flags(pin), process.platform, process.arch]);
  return join(cacheRoot(), "go", `${pin.name}-${pin.version}-${key}`);
}

/** The version of the Go on PATH, such as `go1.26.8`; undefined when there is none. */
export async function goVersion(): Promise<string | undefined> {
  if (which("go") === undefined) return undefined;
  const outcome = await run("go", ["env", "GOVERSION"], { timeout: 20_000 });
  return outcome.code === 0 ? outcome.stdout.trim() : undefined;
}

function flags(pin: Pin): string[] {
  const stamp = pin.versionVariable ? ` -X ${pin.versionVariable}=${pin.version}` : "";
  return ["-trimpath", "-buildvcs=false", "-ldflags", `-s -w${stamp}`];
}

async function build(pin: Pin, wrapper: string, folder: string, note: (text: string) => void): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };
  let downloads = 0;
  const outcome = await run("go", ["build", ...flags(pin), "-o", join(folder, pin.name), pin.package], {
    cwd: wrapper,
    env,
    onLine: (line) => {
      if (line.startsWith("go: downloading")) note(`${++downloads} modules downloaded`);
    },
  });
  if (outcome.code !== 0) throw new Error(`go build of ${pin.name} ${pin.version} failed: ${tail(outcome)}`);
  if (pin.beside) {
    const where = await run("go", ["list", "-m", "-f", "{{.Dir}}", pin.beside.module], { cwd: wrapper, env });
    const target = join(folder, pin.beside.path.split("/").at(-1) ?? "");
    await copyFile(join(where.stdout.trim(), pin.beside.path), target);
    await chmod(target, 0o755);
  }
}
