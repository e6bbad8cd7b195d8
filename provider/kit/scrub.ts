/** Takes secrets out of text that people will read. */
export type Scrub = (text: string) => string;

const replacement = "[secret]";

/** Shorter secrets would turn ordinary words into holes. */
const shortest = 3;

/**
 * Replaces each secret, also where it is escaped as JSON or in a URL or encoded in base64, and each longer line of one
 * that has several (a private key). Secrets of fewer than three characters are left alone.
 */
export function scrubber(secrets: Iterable<string>): Scrub {
  const needles = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortest) continue;
    const lines = secret.trim().split(/\r?\n/);
    const telling = lines.length > 1 ? lines.filter(isTelling) : lines.filter((line) => line.length >= shortest);
    for (const part of new Set([secret, ...telling])) for (const form of forms(part)) needles.add(form);
  }
  const ordered = [...needles].sort((a, b) => b.length - a.length);
  if (ordered.length === 0) return (text) => text;
  return (text) => ordered.reduce((scrubbed, needle) => scrubbed.replaceAll(needle, replacement), text);
}

function forms(secret: string): string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(Buffer.from(secret).toString()),
    Buffer.from(secret).toString("base64"),
  ];
}

/** The first and last lines of a PEM file are the same in all. */
function isTelling(line: string): boolean {
  return line.length >= 8 && !line.startsWith("-----");
}
