import { debianSeed } from "./debian";
import type { Seed, SeedInput } from "./input";
import { nocloudSeed } from "./nocloud";
import { rhelSeed } from "./rhel";
import { ubuntuSeed } from "./ubuntu";
import { seedProblems } from "./validate";

export type { Seed, SeedFile, SeedInput } from "./input";
export { seedProblems, type Problem } from "./validate";

const renderers: Record<SeedInput["image"]["family"], (input: SeedInput) => Seed> = {
  debian: debianSeed,
  ubuntu: ubuntuSeed,
  rhel: rhelSeed,
  nocloud: nocloudSeed,
};

/**
 * Everything an installer fetches for one machine, and the kernel's command line that leads it there. The same input gives the same bytes.
 *
 * @throws Error with every problem of {@link seedProblems}
 */
export function renderSeed(input: SeedInput): Seed {
  const problems = seedProblems(input);
  if (problems.length > 0) {
    throw new Error(problems.map(({ property, reason }) => `${property} ${reason}`).join("; "));
  }
  return renderers[input.image.family](input);
}
