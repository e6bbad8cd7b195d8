import ts from "typescript";

/** The JSDoc of a declaration, as the schema needs it. */
export interface Docs {
  description?: string;
  default?: string | number | boolean;
  environment?: string[];
  deprecated?: string;
  secret: boolean;
  integer: boolean;
  plan: boolean;
  replaceOnChanges: boolean;
}

const known = new Set([
  "default",
  "env",
  "deprecated",
  "secret",
  "integer",
  "plan",
  "replaceOnChanges",
  "example",
  "see",
  "source",
  "throws",
  "remarks",
]);

/** Reads the description and the tags of a symbol. Unknown tags are an error: a misspelt `@secret` must not pass. */
export function docsOf(symbol: ts.Symbol, checker: ts.TypeChecker, where: string): Docs {
  const description = clean(ts.displayPartsToString(symbol.getDocumentationComment(checker)));
  const docs: Docs = { secret: false, integer: false, plan: false, replaceOnChanges: false };
  const parts: string[] = description ? [description] : [];
  for (const tag of symbol.getJsDocTags(checker)) {
    const text = clean(ts.displayPartsToString(tag.text));
    if (!known.has(tag.name)) throw new Error(`${where}: unknown tag @${tag.name}; known are ${[...known].join(", ")}`);
    if (tag.name === "default") docs.default = defaultOf(text, where, parts);
    if (tag.name === "env") docs.environment = text.split(/[\s,]+/);
    if (tag.name === "deprecated") docs.deprecated = text || "deprecated";
    if (tag.name === "example") parts.push(example(text));
    if (tag.name === "source" || tag.name === "see") parts.push(`Source: ${text}`);
    if (tag.name === "throws") parts.push(`Errors: ${text}`);
    if (tag.name === "remarks") parts.push(text);
    if (tag.name === "secret" || tag.name === "integer" || tag.name === "plan" || tag.name === "replaceOnChanges")
      docs[tag.name] = true;
  }
  if (parts.length > 0) docs.description = parts.join("\n\n");
  return docs;
}

/** Scalars become schema defaults; anything else (lists, objects, prose) is told in the description. */
function defaultOf(text: string, where: string, parts: string[]): string | number | boolean | undefined {
  const bare = text.replace(/^`(.*)`$/s, "$1");
  if (bare === "") throw new Error(`${where}: @default without a value`);
  if (/^(true|false|-?\d+(\.\d+)?|"[^"]*")$/.test(bare)) return JSON.parse(bare) as string | number | boolean;
  parts.push(`Default: ${text}`);
  return undefined;
}

function example(text: string): string {
  const body = text.includes("```") ? text : `\`\`\`typescript\n${text}\n\`\`\``;
  return `## Example Usage\n\n${body}`;
}

function clean(text: string): string {
  return text
    .replace(/\r/g, "")
    .replace(
      /\{@link(?:code|plain)?\s+([^}|]+?)(?:\s*\|\s*([^}]+))?\}/g,
      (_, target, label) => `\`${label ?? target}\``,
    )
    .trim();
}
