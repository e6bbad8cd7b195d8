// Adds to package-lock.json the optional packages of other platforms that the registry in use does not serve: without their entries
// `npm ci` refuses the lock file, and elsewhere (macOS, Windows) npm would leave out the binaries that it needs. Run it after npm
// install; `make test-unit` fails when it is due. The platform is read from the name, as `@swc/core-linux-arm64-musl`.
import { readFileSync, writeFileSync } from "node:fs";

const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm64", "arm", "ia32", "loong64", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

const file = process.argv[2] ?? "package-lock.json";
const lock = JSON.parse(readFileSync(file, "utf8"));
let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`] || lock.packages[`${path}/node_modules/${name}`]) continue;
    const parts = name.split(/[/-]/);
    const os = systems.filter((system) => parts.includes(system));
    const cpu = processors.filter((processor) => parts.includes(processor));
    if (os.length === 0 || cpu.length === 0 || !/^\d/.test(version)) {
      console.error(`${file}: ${name}@${version} lacks an entry, and its name does not tell the platform`);
      process.exitCode = 1;
      continue;
    }
    const libc = parts.some((part) => part.startsWith("musl")) ? ["musl"] : os[0] === "linux" ? ["glibc"] : undefined;
    const dev = entry.dev ? { dev: true } : {};
    lock.packages[`node_modules/${name}`] = { version, cpu, ...dev, ...(libc ? { libc } : {}), optional: true, os };
    added++;
  }
}
if (added > 0) {
  const sorted = Object.entries(lock.packages).sort(([left], [right]) => left.localeCompare(right, "en"));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
console.log(`${file}: ${added} platform packages added`);
