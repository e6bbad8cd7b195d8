import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { format } from "prettier";
import { generate } from "./generate";

/** What the generator would write, as text, by file. */
export async function generatedFiles(root: string): Promise<Record<string, string>> {
  const { schema, kinds } = generate(root);
  const json = (value: unknown) => format(JSON.stringify(value), { parser: "json", printWidth: 120 });
  return { "schema.json": await json(schema), "provider/construct-tags.json": await json(kinds) };
}

/** `node bin/tools/schema/main.js [--check]`: writes the generated files, or fails naming those that have drifted. */
async function main(argv: string[]): Promise<number> {
  const root = process.cwd();
  let drifted = 0;
  for (const [file, text] of Object.entries(await generatedFiles(root))) {
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
  main(process.argv.slice(2)).then(
    (code) => (process.exitCode = code),
    (error: unknown) => {
      console.error(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    },
  );
}
