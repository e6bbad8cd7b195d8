import { Document, Scalar, visit } from "yaml";

/** One word of a POSIX shell, whatever it holds. */
export function shell(value: string): string {
  if (value.includes("\0")) throw new Error("a shell word cannot hold a NUL character");
  return `'${value.replace(/'/g, "'\\''")}'`;
}

/** Assignments for a script to source; lists become newline-separated. */
export function shellFile(variables: Record<string, string | number | boolean | string[]>): string {
  const lines = Object.entries(variables).map(([name, value]) => {
    const text = Array.isArray(value) ? value.join("\n") : String(value);
    return `${name}=${shell(text)}`;
  });
  return `${lines.join("\n")}\n`;
}

/** YAML in which string values are in double quotes, or in blocks when they have several plain lines, so that every YAML version reads them alike. */
export function yaml(value: unknown): string {
  const document = new Document(value, { version: "1.1", aliasDuplicateObjects: false });
  visit(document, {
    Scalar(key, node) {
      if (typeof node.value !== "string" || key === "key") return;
      const block = /^[\x21-\x7e][\x20-\x7e\n]*\n[\x20-\x7e\n]*[\x21-\x7e]\n?$/.test(node.value);
      node.type = block ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0, directives: false });
}

/**
 * A value of a preseed file: the rest of its line. debconf joins a line that ends in a backslash with the next one.
 *
 * @throws Error when the value cannot be written in one line
 */
export function preseed(value: string): string {
  singleLine(value, "a preseed file");
  const text = value.trim();
  if (text.endsWith("\\")) throw new Error(`${JSON.stringify(value)} cannot end in a backslash in a preseed file`);
  return text;
}

/**
 * One argument of a kickstart command, quoted as pykickstart splits it.
 *
 * @throws Error when the value cannot be written in one line
 */
export function kickstart(value: string): string {
  singleLine(value, "a kickstart file");
  return /^[A-Za-z0-9_.,:/@%+-]+$/.test(value) ? value : shell(value);
}

function singleLine(value: string, where: string): void {
  if (/[\u0000-\u001f\u007f\u0085\u2028\u2029]/.test(value)) {
    throw new Error(`${JSON.stringify(value)} holds a control character or a line break, which ${where} cannot carry`);
  }
}
