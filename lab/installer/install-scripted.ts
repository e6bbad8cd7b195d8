import { basename } from "node:path";
import type { InstallerSystem } from "../nodes/backend";
import { WAITS } from "../nodes/backend";
import type { LoadedKernel } from "./boot-image";
import { BootFailure, type Stage } from "./failure";
import { addressOn, consentMissing, type InstallContext, pause } from "./context";
import type { InstallerSeed, SeedScript } from "./seed";

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Lines of a script's output that a failure's message quotes. */
const QUOTED_LINES = 3;

/** Installs by running the seed's own scripts in an installer's system, with the new root at /target. @throws BootFailure */
export async function installScripted(
  seed: InstallerSeed,
  kernel: LoadedKernel,
  context: InstallContext,
): Promise<void> {
  const { body, network, signal } = context;
  const address = addressOn(network, [...seed.addresses, ...(await addressesOfCommandLine(kernel))]);
  const system = await body.bootInstaller(address);
  try {
    await takeRamFiles(system, kernel);
    for (const { path, content } of seed.files) await system.write(path, Buffer.from(content));
    context.stage("guard");
    for (const script of seed.early) await runScript(system, script, "guard", context);
    const disk = await chooseDisk(system, seed, context);
    const missing = consentMissing(seed, body.usedDisks(), disk);
    if (missing !== undefined) throw new BootFailure("guard", missing);
    context.stage("install");
    context.console(`unpacking the base system on ${disk}`);
    signal.throwIfAborted();
    await system.unpack({ address, hostname: seed.hostname ?? "localhost", disk });
    await pause(context.installMs, signal);
    await addPackages(system, seed, context);
    context.stage("finish");
    for (const script of seed.late) await runScript(system, script, "finish", context);
    await system.complete();
  } finally {
    await system.close();
  }
}

/** What dracut and casper do with the archives beside their initrd before the installer itself starts. */
async function takeRamFiles(system: InstallerSystem, kernel: LoadedKernel): Promise<void> {
  const own = kernel.ramFiles.filter(({ path }) => !path.startsWith("lab/") && path !== "init");
  for (const { path, content, mode } of own) {
    await system.write(`/${path}`, content, mode);
    // debian-installer's trust: a folder of certificates under their hashes, and nothing else.
    if (/^etc\/ssl\/certs\/[0-9a-f]{8}\.\d$/.test(path)) await system.write(`/lab/certs/${basename(path)}`, content);
  }
  const hooks = own
    .map(({ path }) => path)
    .filter((path) => /(^|\/)(hooks\/cmdline|scripts\/init-bottom)\/[^/]+$/.test(path));
  for (const hook of hooks) {
    const result = await system.run(`. /${hook}`, { env: { rootmnt: "/proc/self/root" } });
    if (result.code !== 0) throw new BootFailure("kernel", `${hook} of the boot image failed: ${result.output.trim()}`);
  }
}

function addressesOfCommandLine(kernel: LoadedKernel): Promise<string[]> {
  const ip = kernel.commandLine.all("ip").map((value) => value.split(":")[0]);
  const netcfg = kernel.commandLine.all("netcfg/get_ipaddress");
  return Promise.resolve([...netcfg, ...ip].filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address)));
}

async function chooseDisk(system: InstallerSystem, seed: InstallerSeed, context: InstallContext): Promise<string> {
  let named = seed.disk;
  for (const { path, read } of seed.diskFiles) {
    const text = await system.read(path);
    if (text !== undefined) named = read(text) ?? named;
  }
  const { disks } = context.body.spec;
  if (named === undefined) {
    if (disks.length === 1) return disks[0].device;
    throw new BootFailure("install", `the installer asks which of ${disks.length} disks to use: the seed names none`);
  }
  const device = basename(named);
  if (disks.some((disk) => disk.device === device)) return device;
  throw new BootFailure(
    "install",
    `the seed names the disk ${named}; this machine has ${disks.map((disk) => disk.device).join(", ") || "none"}`,
  );
}

/** Most are in the base system; what is not is installed as the installer would, from the archive. */
async function addPackages(system: InstallerSystem, seed: InstallerSeed, context: InstallContext): Promise<void> {
  if (seed.archive !== undefined) {
    // The base root's own release, whatever the seed asked for: packages of two releases do not mix.
    const command = [
      ". /etc/os-release",
      "rm -f /etc/apt/sources.list.d/*",
      `printf 'deb %s %s main\\n' ${quote(seed.archive)} "$VERSION_CODENAME" >/etc/apt/sources.list`,
    ].join("\n");
    await runScript(system, { name: "apt set-up", command, chroot: true }, "install", context);
  }
  if (seed.packages.length === 0) return;
  const names = seed.packages.filter((name) => /^[a-z0-9][a-z0-9+.-]+$/.test(name)).join(" ");
  const command = [
    `missing=; for p in ${names}; do dpkg -s $p >/dev/null 2>&1 || missing="$missing $p"; done`,
    '[ -n "$missing" ] || exit 0',
    'echo "installing$missing"',
    "export DEBIAN_FRONTEND=noninteractive",
    "apt-get -qq update && apt-get -qq -y install $missing",
  ].join("\n");
  await runScript(system, { name: "package selection", command, chroot: true }, "install", context);
}

async function runScript(
  system: InstallerSystem,
  script: SeedScript,
  stage: Stage,
  context: InstallContext,
): Promise<void> {
  const said: string[] = [];
  const stop = new AbortController();
  const result = await system.run(script.command, {
    interpreter: script.interpreter,
    chroot: script.chroot,
    signal: AbortSignal.any([context.signal, stop.signal]),
    onLine: (line) => {
      if (line === WAITS) {
        stop.abort();
      } else if (line.trim() !== "") {
        said.push(line.trim());
        context.console(`  ${line}`);
      }
    },
  });
  context.signal.throwIfAborted();
  const words = said.slice(-QUOTED_LINES).join("; ");
  if (stop.signal.aborted) throw new BootFailure(stage, `${script.name} stops and waits: ${words}`);
  if (result.code !== 0 && !script.forgiving)
    throw new BootFailure(stage, `${script.name} failed (exit ${result.code}): ${words}`);
}
