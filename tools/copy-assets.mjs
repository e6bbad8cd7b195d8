// Copies what tsc leaves behind (scripts, schemas, data) beside the compiled files, so that `bin/` runs on its own.
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";

const rooms = ["components", "resources", "provider", "lab", "programs", "tools"];
const assets = new Set([".sh", ".json", ".yaml", ".yml", ".cfg", ".html", ".css", ".mod", ".sum", ".go"]);

for (const room of rooms) {
  for (const entry of readdirSync(room, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !assets.has(extname(entry.name))) continue;
    const from = join(entry.parentPath ?? entry.path, entry.name);
    const to = join("bin", from);
    mkdirSync(dirname(to), { recursive: true });
    cpSync(from, to);
  }
}

// The Makefile compares its date with those of the sources.
writeFileSync("bin/.built", "");
