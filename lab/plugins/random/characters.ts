import type { CheckFailure } from "../../../provider/kit/handler";
import { UNKNOWN } from "../../../provider/kit/handler";
import { shuffled, unpredictable } from "./draw";

/** Which characters a random password or string consists of. */
export interface CharactersArgs {
  length: number;
  lower: boolean;
  upper: boolean;
  /** The older name of `numeric`. */
  number?: boolean;
  numeric?: boolean;
  special: boolean;
  minLower: number;
  minUpper: number;
  minNumeric: number;
  minSpecial: number;
  overrideSpecial?: string;
  keepers?: Record<string, string>;
}

/** A random string with at least as many of each kind as asked for. */
export function randomCharacters(args: CharactersArgs): string {
  const kinds = kindsOf(args);
  const least = kinds.flatMap(({ characters, minimum }) => pick(characters, minimum));
  const all = kinds
    .filter(({ wanted }) => wanted)
    .map(({ characters }) => characters)
    .join("");
  return shuffled([...least, ...pick(all, args.length - least.length)], unpredictable).join("");
}

/** What cannot be fulfilled. Unknown values are not judged. */
export function characterFailures(args: CharactersArgs): CheckFailure[] {
  const counts = ["length", "minLower", "minUpper", "minNumeric", "minSpecial"] as const;
  if (counts.some((name) => (args[name] as unknown) === UNKNOWN)) return [];
  const failures: CheckFailure[] = [];
  if (args.length < 1) failures.push({ property: "length", reason: `has to be at least 1, not ${args.length}` });
  for (const name of counts.slice(1)) {
    if (args[name] < 0) failures.push({ property: name, reason: `has to be at least 0, not ${args[name]}` });
  }
  const kinds = kindsOf(args);
  const least = kinds.reduce((sum, { minimum }) => sum + minimum, 0);
  if (least > args.length) {
    failures.push({
      property: "length",
      reason: `${args.length} is less than the ${least} characters that the minimums ask for`,
    });
  }
  if (!kinds.some(({ wanted }) => wanted)) {
    failures.push({ property: "lower", reason: "at least one of lower, upper, numeric and special has to be true" });
  }
  return failures;
}

/** Both names of the digits' switch, as the official plugin reports them. */
export function numericOf({ numeric, number }: CharactersArgs): boolean {
  return numeric ?? number ?? true;
}

function kindsOf(args: CharactersArgs) {
  const special = args.overrideSpecial || "!@#$%&*()-_=+[]{}<>:?";
  return [
    { characters: "abcdefghijklmnopqrstuvwxyz", wanted: args.lower, minimum: args.minLower },
    { characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", wanted: args.upper, minimum: args.minUpper },
    { characters: "0123456789", wanted: numericOf(args), minimum: args.minNumeric },
    { characters: special, wanted: args.special, minimum: args.minSpecial },
  ];
}

function pick(from: string, count: number): string[] {
  const characters = [...from];
  return Array.from({ length: count }, () => characters[unpredictable(characters.length)]);
}
