import type { NodeBody, NodeNetwork } from "../nodes/backend";
import { BootFailure, type Stage } from "./failure";
import type { InstallerSeed } from "./seed";

/** What an installation needs to know and tell. */
export interface InstallContext {
  body: NodeBody;
  network: NodeNetwork;
  signal: AbortSignal;
  console: (line: string) => void;
  /** A new stage has begun, shown in the lab's status. */
  stage: (stage: Stage) => void;
  /** Milliseconds that unpacking takes beside what it really takes. */
  installMs: number;
}

/** The address that the node will have on the rack's network. @throws BootFailure when the seed gives none there */
export function addressOn(network: NodeNetwork, addresses: string[]): string {
  const [base, bits] = network.subnet.split("/");
  const size = 2 ** (32 - Number(bits));
  const block = (address: string) =>
    Math.floor(address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) / size);
  const found = addresses.find((address) => block(address) === block(base));
  if (found !== undefined) return found;
  const given = addresses.length === 0 ? "no address" : addresses.join(", ");
  throw new BootFailure(
    "install",
    `network unreachable: the seed gives the node ${given}, the rack's nodes are on ${network.subnet}`,
  );
}

/** @throws BootFailure in place of the work's own error */
export function inStage<T>(stage: Stage, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BootFailure) throw error;
    throw new BootFailure(stage, (error as Error).message);
  }
}

/** Why this disk must not be written, if so: the lab's own judgement, whatever the seed's guard said. */
export function consentMissing(seed: InstallerSeed, usedDisks: string[], disk: string): string | undefined {
  if (seed.consent || !usedDisks.includes(disk)) return undefined;
  return `${disk} is not blank and the seed carries no consent to wipe it (no marker with consent=wipe)`;
}

export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
