/**
 * Reads a file of shell assignments (`NAME='value'`, comments, empty lines) without running it. Values may be bare words, in single
 * quotes over several lines, and pieces of both.
 *
 * @throws Error naming the line of anything else: it would be code
 */
export function shellValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const line = /[^\n]*\n?/y;
    line.lastIndex = at;
    const [whole] = line.exec(text)!;
    if (whole.trim() === "" || whole.trimStart().startsWith("#")) {
      at += whole.length || 1;
      continue;
    }
    const name = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(whole)?.[1];
    if (name === undefined) throw new Error(`line ${lineOf(text, at)} is not an assignment`);
    const [value, end] = shellWord(text, at + name.length + 1);
    values.set(name, value);
    at = end;
  }
  return values;
}

function shellWord(text: string, start: number): [string, number] {
  let value = "";
  let at = start;
  for (; at < text.length && text[at] !== "\n"; at++) {
    if (text[at] === "'") {
      const close = text.indexOf("'", at + 1);
      if (close === -1) throw new Error(`line ${lineOf(text, start)}: a quote is never closed`);
      value += text.slice(at + 1, close);
      at = close;
    } else if (text[at] === "\\" && at + 1 < text.length) {
      at += 1;
      value += text[at];
    } else if (/[\s"$`;&|<>()]/.test(text[at])) {
      throw new Error(`line ${lineOf(text, at)} is more than an assignment`);
    } else {
      value += text[at];
    }
  }
  return [value, at + 1];
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
