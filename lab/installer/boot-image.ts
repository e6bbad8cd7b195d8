import type { BootMedium, BootPlan } from "../bmc/machine";
import { CommandLine } from "./command-line";
import { download, shownUrl } from "./download";
import type { Architecture } from "./executable";
import { efiApplication, kernelArchitecture, REMOVABLE_LOADER } from "./executable";
import { BootFailure, type Stage } from "./failure";
import { FatImage } from "./fat";
import { defaultEntry } from "./grub";
import { certificatesIn, type RamFile, ramFiles } from "./initramfs";
import { Iso9660 } from "./iso9660";

/** What the firmware and the boot loader have loaded: a kernel about to start. */
export interface LoadedKernel {
  commandLine: CommandLine;
  /** Files that archives beside the distribution's initrd brought. */
  ramFiles: RamFile[];
  /** PEM certificates among them: all that the installer trusts. */
  trusted: string[];
}

/** What loading may depend on. */
export interface LoadContext {
  architecture: Architecture;
  signal: AbortSignal;
  console: (line: string) => void;
}

/** Largest medium that the emulated drives take, in bytes. */
const LARGEST_MEDIUM = 1024 * 1024 * 1024;
const PIECE = 1024 * 1024;

/** Starts from a virtual CD. @throws BootFailure */
export async function loadFromMedium(medium: BootMedium, plan: BootPlan, context: LoadContext): Promise<LoadedKernel> {
  context.console(`booting from ${medium.slot}: ${shownUrl(medium.url)}`);
  const image = await download(medium.url, {
    stage: "download",
    signal: context.signal,
    username: medium.username,
    password: medium.password,
    trusted: plan.caCertificates,
    anyCertificate: !medium.verifyCertificate,
    limit: LARGEST_MEDIUM,
    pieces: PIECE,
  });
  return loadFromIso(image, plan, context);
}

/** Starts over HTTP: a boot loader or an ISO image. @throws BootFailure */
export async function loadOverHttp(uri: string, plan: BootPlan, context: LoadContext): Promise<LoadedKernel> {
  context.console(`booting over HTTP: ${shownUrl(uri)}`);
  const fetch = (url: string, stage: Stage) =>
    download(url, { stage, signal: context.signal, trusted: plan.caCertificates, limit: LARGEST_MEDIUM });
  const file = await fetch(uri, "download");
  if (/\.(iso|img)$/i.test(new URL(uri).pathname)) return loadFromIso(file, plan, context);
  checkLoader(file, uri, plan, context.architecture);
  const base = uri.replace(/[^/]*$/, "");
  return startGrub(context, async (path) => {
    // GRUB finds its configuration beside itself or in the folder of its own on that server; other files from the server's root or there.
    const places =
      path === undefined ? ["grub.cfg", "EFI/BOOT/grub.cfg", "boot/grub/grub.cfg"] : [path.replace(/^\//, "")];
    let last: unknown;
    for (const place of places) {
      try {
        return await fetch(base + place, path === undefined ? "boot loader" : "kernel");
      } catch (error) {
        last = error;
      }
    }
    throw last;
  });
}

async function loadFromIso(image: Buffer, plan: BootPlan, context: LoadContext): Promise<LoadedKernel> {
  const iso = within("boot image", () => new Iso9660(image));
  if (plan.mode === "Legacy")
    throw new BootFailure("boot image", "the medium has no boot sector for the legacy mode, only UEFI's");
  const esp = within("boot image", () => iso.efiImage());
  if (!esp) throw new BootFailure("boot image", "the medium has no boot image for UEFI (El Torito)");
  const fat = within("boot image", () => new FatImage(esp));
  const loaderPath = `EFI/BOOT/${REMOVABLE_LOADER[context.architecture]}`;
  const loader = within("boot image", () => fat.file(loaderPath));
  if (!loader)
    throw new BootFailure("boot image", `the medium has no ${loaderPath}: nothing to start on ${context.architecture}`);
  checkLoader(loader, loaderPath, plan, context.architecture);
  return startGrub(context, (path) => {
    const places = path === undefined ? ["EFI/BOOT/grub.cfg", "boot/grub/grub.cfg", "EFI/debian/grub.cfg"] : [path];
    const stage = path === undefined ? "boot loader" : "kernel";
    for (const place of places) {
      const found = within(stage, () => fat.file(place) ?? iso.file(place));
      if (found) return Promise.resolve(found);
    }
    throw new BootFailure(stage, `file '${places[0]}' not found`);
  });
}

function checkLoader(file: Buffer, name: string, plan: BootPlan, architecture: Architecture): void {
  const shown = shownUrl(name);
  const loader = within("firmware", () => efiApplication(file), shown);
  if (loader.architecture !== architecture) {
    throw new BootFailure("firmware", `${shown} is for ${loader.architecture}, this machine is ${architecture}`);
  }
  if (plan.secureBoot && !loader.signed)
    throw new BootFailure("firmware", `${shown} is not signed and Secure Boot is on: security violation`);
}

async function startGrub(context: LoadContext, file: (path?: string) => Promise<Buffer>): Promise<LoadedKernel> {
  const config = (await file()).toString("utf8");
  const entry = within("boot loader", () => defaultEntry(config), "grub.cfg");
  context.console(`GRUB: ${entry.title}`);
  const kernel = await file(entry.kernel);
  const architecture = within("kernel", () => kernelArchitecture(kernel), entry.kernel);
  if (architecture !== context.architecture) {
    throw new BootFailure("kernel", `${entry.kernel} is for ${architecture}, this machine is ${context.architecture}`);
  }
  if (entry.initrds.length === 0)
    throw new BootFailure("kernel", "no initrd: the kernel panics without a root file system");
  const files: RamFile[] = [];
  for (const path of entry.initrds) {
    const content = await file(path);
    files.push(...within("kernel", () => ramFiles(content), path));
  }
  const line = new CommandLine(entry.arguments);
  return { commandLine: line, ramFiles: files, trusted: certificatesIn(files) };
}

/** A parser's error as what the stage's program would show. */
function within<T>(stage: Stage, work: () => T, what?: string): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BootFailure) throw error;
    throw new BootFailure(stage, `${what === undefined ? "" : `${what}: `}${(error as Error).message}`);
  }
}
