/** What GRUB would start. */
export interface GrubEntry {
  title: string;
  kernel: string;
  /** The kernel's arguments as the kernel gets them: one string. */
  arguments: string;
  initrds: string[];
}

type Words = string[];

/**
 * The menu entry that GRUB starts by itself, out of its configuration: words, quotes, variables, `set`, `menuentry` and the
 * commands that load Linux. What else a configuration may do (terminals, fonts, modules) does not change that and is passed over.
 *
 * @throws Error naming the line when the configuration does not parse, or nothing would be started by itself
 */
export function defaultEntry(config: string): GrubEntry {
  const variables = new Map<string, string>([["timeout", "5"]]);
  const entries: { title: string; body: Words[] }[] = [];
  const top: Words[] = [];
  let into: Words[] = top;
  for (const [number, words] of commands(config, variables)) {
    const [command, ...rest] = words;
    if (command === "menuentry") {
      if (rest.at(-1) !== "{") throw new Error(`line ${number}: menuentry without a block`);
      const entry = { title: rest[0], body: [] };
      entries.push(entry);
      into = entry.body;
    } else if (command === "}") {
      into = top;
    } else {
      if (into === top && command === "set") assign(rest, variables);
      into.push(words);
    }
  }
  if (variables.get("timeout") === "-1") throw new Error("the menu waits for a key (timeout=-1)");
  const wanted = variables.get("default") ?? "0";
  const entry = /^\d+$/.test(wanted) ? entries[Number(wanted)] : entries.find(({ title }) => title === wanted);
  if (entry) return linux(entry.title, entry.body);
  if (entries.length === 0 && top.some(([command]) => /^linux/.test(command))) return linux("", top);
  throw new Error(entries.length === 0 ? "there is no menu entry" : `the default entry "${wanted}" does not exist`);
}

function linux(title: string, body: Words[]): GrubEntry {
  const load = body.find(([command]) => ["linux", "linuxefi"].includes(command));
  if (!load || load.length < 2) throw new Error(`the entry "${title}" loads no kernel`);
  const initrd = body.find(([command]) => ["initrd", "initrdefi"].includes(command));
  return {
    title,
    kernel: withoutDevice(load[1]),
    // GRUB has taken the quotes away; it puts some back around words with spaces, as the kernel expects them.
    arguments: load
      .slice(2)
      .map((word) => (word.includes(" ") ? `"${word}"` : word))
      .join(" "),
    initrds: (initrd ?? []).slice(1).map(withoutDevice),
  };
}

function withoutDevice(path: string): string {
  return path.replace(/^\([^)]*\)/, "");
}

function assign(words: Words, variables: Map<string, string>): void {
  const [name, value = ""] = (words[0] ?? "").split(/=(.*)/s);
  variables.set(name, value);
}

/** The commands with their line numbers. A block's braces are words of their own. */
function* commands(config: string, variables: Map<string, string>): Generator<[number, Words]> {
  let words: Words = [];
  let word: string | undefined;
  let line = 1;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (let at = 0; at <= config.length; at++) {
    const char = config[at] ?? "\n";
    if (char === "\\" && config[at + 1] !== undefined) {
      at += 1;
      if (config[at] === "\n") line += 1;
      else word = (word ?? "") + config[at];
    } else if (char === "'" || char === '"') {
      const [text, end] = quoted(config, at, line, variables);
      word = (word ?? "") + text;
      line += config.slice(at, end).split("\n").length - 1;
      at = end;
    } else if (char === "$") {
      const [text, end] = variable(config, at, variables);
      word = (word ?? "") + text;
      at = end;
    } else if (char === "#" && word === undefined) {
      while (at + 1 < config.length && config[at + 1] !== "\n") at += 1;
    } else if (char === "\n" || char === ";" || (char === "}" && word === undefined)) {
      endWord();
      if (words.length > 0) yield [line, words];
      words = [];
      if (char === "}") yield [line, ["}"]];
      if (char === "\n") line += 1;
    } else if (char === "{" && word === undefined) {
      yield [line, [...words, "{"]];
      words = [];
    } else if (/\s/.test(char)) {
      endWord();
    } else {
      word = (word ?? "") + char;
    }
  }
}

function quoted(config: string, start: number, line: number, variables: Map<string, string>): [string, number] {
  const quote = config[start];
  let text = "";
  for (let at = start + 1; at < config.length; at++) {
    const char = config[at];
    if (char === quote) return [text, at];
    if (quote === '"' && char === "\\" && /["$\\]/.test(config[at + 1] ?? "")) {
      at += 1;
      text += config[at];
    } else if (quote === '"' && char === "$") {
      const [value, end] = variable(config, at, variables);
      text += value;
      at = end;
    } else {
      text += char;
    }
  }
  throw new Error(`line ${line}: a quote ${quote} is never closed`);
}

function variable(config: string, start: number, variables: Map<string, string>): [string, number] {
  const match = /^\$(\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)/.exec(config.slice(start, start + 100));
  if (!match) return ["$", start];
  return [variables.get(match[1].replace(/[{}]/g, "")) ?? "", start + match[0].length - 1];
}
