import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { generate } from "./generate";

/** What the generator would write, as text, by file. */
export function generatedFiles(root: string): Record<string, string> {
  const { schema, kinds } = generate(root);
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;
  return { "schema.json": json(schema), "provider/construct-tags.json": json(kinds) };
}

/** `node bin/tools/schema/main.js [--check]`: writes the generated files, or fails naming those that have drifted. */
function main(argv: string[]): number {
  const root = process.cwd();
  let drifted = 0;
  for (const [file, text] of Object.entries(generatedFiles(root))) {
    const target = path.join(root, file);
    if (!argv.includes("--check")) {
      writeFileSync(target, text);
      console.log(`wrote ${file} (${text.length} bytes)`);
    } else if (readFileSync(target, "utf8") !== text) {
      drifted += 1;
      console.error(`${file} has drifted from the TypeScript interfaces: run make schema`);
    }
  }
  return drifted === 0 ? 0 : 1;
}

if (require.main === module) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
