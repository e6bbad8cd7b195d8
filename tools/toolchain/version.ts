/** The numbers of a version such as `v3.248.0`, `go1.26.8` or `Python 3.11.2`; undefined when the text holds none. */
export function parseVersion(text: string): [number, number, number] | undefined {
  const match = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
  return match ? [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)] : undefined;
}

/** Whether `actual` is `minimum` or newer; false when either cannot be read. A pre-release of `minimum` counts as older. */
export function atLeast(actual: string, minimum: string): boolean {
  const have = parseVersion(actual);
  const want = parseVersion(minimum);
  if (!have || !want) return false;
  for (let index = 0; index < 3; index++) {
    if (have[index] !== want[index]) return have[index] > want[index];
  }
  return !/\d+\.\d+(\.\d+)?-(alpha|beta|rc|dev|0\.)/.test(actual);
}
