import { SimulatedBody } from "../nodes/simulated";
import type { LoadedKernel } from "./boot-image";
import { installerChoice } from "./command-line";
import { download, shownUrl } from "./download";
import { inStage, type InstallContext } from "./context";
import { BootFailure } from "./failure";
import { installScripted } from "./install-scripted";
import { installSimulated } from "./install-simulated";
import { readSeed } from "./seed";

/** What is left to do when an installer has ended well. */
export interface InstallerEnd {
  ejects: boolean;
  hostname?: string;
}

/** Runs a loaded kernel's installer to its end. @throws BootFailure with what the installer refused */
export async function runInstaller(kernel: LoadedKernel, context: InstallContext): Promise<InstallerEnd> {
  context.stage("seed");
  const line = kernel.commandLine;
  const choice = inStage("seed", () => installerChoice(line));
  context.console(`installer of the family ${choice.family}; seed ${shownUrl(choice.seedUrl)}`);
  if (!choice.seedUrl.startsWith("https:")) {
    throw new BootFailure("seed", `${shownUrl(choice.seedUrl)}: a seed with keys in it must come over https`);
  }
  if (kernel.trusted.length === 0)
    throw new BootFailure("seed", "the boot image carries no certificate: no seed server can be trusted");
  const fetch = (url: string) => download(url, { stage: "seed", signal: context.signal, trusted: kernel.trusted });
  const seed = await readSeed(choice, line, fetch).catch((error: unknown) => {
    if (error instanceof BootFailure || context.signal.aborted) throw error;
    throw new BootFailure("seed", (error as Error).message);
  });
  for (const url of seed.needs) {
    // An https mirror is verified with the distribution's own authorities, which are not the lab's to judge.
    const options = { stage: "seed" as const, signal: context.signal, anyCertificate: true, limit: 4 * 1024 ** 3 };
    await download(url, options);
  }
  if (context.body instanceof SimulatedBody) await installSimulated(seed, context.body, fetch, context);
  else await installScripted(seed, kernel, context);
  context.console("installation complete");
  return { ejects: seed.ejects, hostname: seed.hostname };
}
