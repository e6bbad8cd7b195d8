import { readdir } from "node:fs/promises";
import path from "node:path";

/**
 * Files below a folder that the rules choose, relative to it. Rules are applied in order; one with a `!` takes away again. `*`
 * stops at a slash, `**` does not.
 */
export async function glob(folder: string, rules: readonly string[]): Promise<string[]> {
  const compiled = rules.map((rule) => ({
    excludes: rule.startsWith("!"),
    pattern: globPattern(rule.replace(/^!/, "")),
  }));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name));
  const relative = files.map((file) => path.relative(folder, file).split(path.sep).join("/")).sort();
  return relative.filter((file) =>
    compiled.reduce((chosen, { excludes, pattern }) => (pattern.test(file) ? !excludes : chosen), false),
  );
}

/** `*`, `**`, `?`, `[abc]`, `[!a-z]`, `{a,b}` and backslash escapes. */
export function globPattern(rule: string): RegExp {
  let source = "";
  let braces = 0;
  for (let i = 0; i < rule.length; i++) {
    const char = rule[i];
    if (char === "\\" && i + 1 < rule.length) source += literal(rule[++i]);
    else if (char === "*" && rule[i + 1] === "*") {
      source += ".*";
      while (rule[i + 1] === "*") i++;
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "[" && rule.includes("]", i)) {
      const end = rule.indexOf("]", i + 2);
      const body = rule
        .slice(i + 1, end)
        .replace(/^!/, "^")
        .replace(/\\/g, "\\\\");
      source += `[${body}]`;
      i = end;
    } else if (char === "{") {
      source += "(?:";
      braces++;
    } else if (char === "}" && braces > 0) {
      source += ")";
      braces--;
    } else if (char === "," && braces > 0) source += "|";
    else source += literal(char);
  }
  return new RegExp(`^${source}$`);
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
