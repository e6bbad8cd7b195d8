import * as pulumi from "@pulumi/pulumi";

/** One thing that is wrong with the arguments, as a user reads it. */
export interface Mistake {
  /** Property path in the component's arguments, such as `servers[2].mac`. Never one of a secret. */
  path: string;
  /** What is wrong, what was given, what is allowed and what to do. Lowercase, without a final full stop. */
  reason: string;
  /** Number in the list of validity rules, where it has one. */
  rule?: number;
  /** The argument holds a secret: the engine, which prints the value that an error points at, is not told where it is. */
  sensitive?: boolean;
}

/** Rules that cannot be turned into warnings: consent to destroy data, consent to reboot. */
export const CONSENT_RULES: readonly number[] = [27, 28];

/** Collects every mistake of one component, so that a user sees all of them at once. */
export class Mistakes {
  readonly errors: Mistake[] = [];
  readonly warnings: Mistake[] = [];

  /** @param ignored rule numbers whose violations are warnings; consent rules stay errors. */
  constructor(private readonly ignored: readonly number[] = []) {}

  error(path: string, reason: string, rule?: number): void {
    const ignorable = rule !== undefined && this.ignored.includes(rule) && !CONSENT_RULES.includes(rule);
    (ignorable ? this.warnings : this.errors).push({ path, reason, ...(rule === undefined ? {} : { rule }) });
  }

  /** An error in an argument that holds a secret by mistake. `reason` must not repeat it. */
  sensitive(path: string, reason: string): void {
    this.errors.push({ path, reason, sensitive: true });
  }

  warn(path: string, reason: string, rule?: number): void {
    this.warnings.push({ path, reason, ...(rule === undefined ? {} : { rule }) });
  }
}

/** `servers[2].mac: "zz" is not a MAC address; write six hexadecimal pairs [rule 92]` */
export function describeMistake(mistake: Mistake): string {
  return `${mistake.path}: ${reasonOf(mistake)}`;
}

/**
 * Throws one `InputPropertiesError` with all errors; logs the warnings first.
 * The message lists everything too, because only the plugin's Construct has the engine print the single errors.
 */
export function report(
  component: string,
  found: Pick<Mistakes, "errors" | "warnings">,
  resource?: pulumi.Resource,
): void {
  for (const warning of found.warnings) void pulumi.log.warn(`${component}: ${describeMistake(warning)}`, resource);
  if (found.errors.length === 0) return;
  const count = found.errors.length === 1 ? "a mistake" : `${found.errors.length} mistakes`;
  const lines = found.errors.map((mistake) => `  - ${describeMistake(mistake)}`);
  const error = new pulumi.InputPropertiesError({
    message: `${component} has ${count} in its arguments:\n${lines.join("\n")}`,
    errors: found.errors
      .filter((mistake) => !mistake.sensitive)
      .map((mistake) => ({ propertyPath: mistake.path, reason: reasonOf(mistake) })),
  });
  throw Object.assign(error, asRunError);
}

/** What `RunError.isInstance` looks for: a TypeScript program then ends with the message alone, without a stack trace. */
const asRunError = { __pulumiRunError: true };

function reasonOf({ reason, rule }: Mistake): string {
  return rule === undefined ? reason : `${reason} [rule ${rule}]`;
}

/** The candidate that a user most likely meant, for "did you mean" (one or two typing errors away), or nothing. */
export function closest(given: string, candidates: Iterable<string>): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of candidates) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance <= Math.min(2, Math.floor(name.length / 2)) && (!best || distance < best.distance))
      best = { name, distance };
  }
  return best?.name;
}

/** `allowed are a, b, c; did you mean b?` */
export function choices(given: string, allowed: Iterable<string>): string {
  const list = [...allowed];
  const guess = list.length > 1 ? closest(given, list) : undefined;
  return `allowed ${list.length === 1 ? "is" : "are"} ${list.join(", ")}${guess ? `; did you mean ${guess}?` : ""}`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    previous = row;
  }
  return previous[b.length];
}
