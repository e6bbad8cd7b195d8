/** Where a value lies: `["drives", 0, "size"]`. */
export type PropertyPath = readonly (string | number)[];

/** As Pulumi writes it: `drives[0].size`, `labels["a.b"]`. */
export function formatPath(path: PropertyPath): string {
  return path.map((step, index) => formatStep(step, index === 0)).join("");
}

/**
 * Reads what `formatPath` and users (`ignoreChanges`) write. `*` in brackets or between dots stands for every element.
 * Throws on an unclosed bracket or quote.
 */
export function parsePath(text: string): PropertyPath {
  const path: (string | number)[] = [];
  let rest = text;
  while (rest !== "") {
    const token = tokens.exec(rest);
    if (!token) throw new Error(`property path "${text}" cannot be read at "${rest}"`);
    const [all, name, index, quoted] = token;
    if (name !== undefined) path.push(name);
    else if (quoted !== undefined) path.push(JSON.parse(quoted) as string);
    else path.push(index === "*" ? "*" : Number(index));
    rest = rest.slice(all.length);
  }
  return path;
}

const tokens = /^(?:\.?([^.[\]"]+)|\[(\d+|\*)\]|\[("(?:[^"\\]|\\.)*")\])/;

/** The property of the resource that the path lies in. */
export function topLevel(path: PropertyPath): string {
  return String(path[0]);
}

/** Whether `path` is `prefix` or lies below it. `*` in the prefix stands for any step. */
export function isWithin(path: PropertyPath, prefix: PropertyPath): boolean {
  return (
    prefix.length <= path.length && prefix.every((step, index) => step === "*" || String(step) === String(path[index]))
  );
}

function formatStep(step: string | number, first: boolean): string {
  if (typeof step === "number") return `[${step}]`;
  if (step !== "" && !/[.[\]"]/.test(step) && step !== "*") return first ? step : `.${step}`;
  return `[${JSON.stringify(step)}]`;
}
