import { createHash, randomInt } from "node:crypto";

/** A whole number from 0 to `below` - 1, all equally likely. */
export type Draw = (below: number) => number;

export const unpredictable: Draw = (below) => randomInt(below);

/** The same numbers for the same seed, always; not the numbers that the official plugin draws from it. */
export function seeded(seed: string): Draw {
  let round = 0;
  const next = () => createHash("sha256").update(`${round++}:${seed}`).digest().readUIntBE(0, 6);
  return (below) => {
    const limit = 2 ** 48 - (2 ** 48 % below);
    for (;;) {
      const drawn = next();
      if (drawn < limit) return drawn % below;
    }
  };
}

/** A copy in random order (Fisher-Yates). */
export function shuffled<T>(items: readonly T[], draw: Draw): T[] {
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}
