import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(__dirname, "../..");

/** Which rooms a room may import from, beside itself (docs/architecture.md). */
const arrows: Record<string, string[]> = {
  components: ["resources"],
  resources: [],
  provider: ["resources", "components"],
  lab: [],
  programs: ["components", "resources"],
  tools: ["components", "resources", "provider", "lab", "programs"],
};

interface Import {
  from: string;
  to: string;
}

function imports(room: string): Import[] {
  const files = readdirSync(path.join(root, room), { recursive: true, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .flatMap((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const text = readFileSync(file, "utf8");
      const found = [...text.matchAll(/(?:from|import|require)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g)];
      return found.map(([, target]) => ({
        from: path.relative(root, file),
        to: path.relative(root, path.resolve(path.dirname(file), target)),
      }));
    });
}

function allowed(room: string, { from, to }: Import): boolean {
  const target = to.split(path.sep)[0];
  if (target === room || arrows[room].includes(target) || target === "package.json") return true;
  return from.startsWith(path.join("lab", "plugins")) && to.startsWith(path.join("provider", "kit"));
}

describe.each(Object.keys(arrows))("%s", (room) => {
  it("imports only along the arrows", () => {
    const found = imports(room);
    expect(found.filter((one) => !allowed(room, one))).toEqual([]);
  });
});

it("components are only constructed by the plugin's registry and construct", () => {
  const into = imports("provider").filter(({ to }) => to.startsWith("components"));
  const importers = [...new Set(into.map(({ from }) => from))];
  expect(importers.filter((file) => !/^provider\/(registry|construct)\.ts$/.test(file))).toEqual([]);
});
