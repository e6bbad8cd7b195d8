import type { Architecture, OsImage } from "../../resources/redfish/installation-types";
import type { Mistakes } from "../private/mistakes";
import { choices } from "../private/mistakes";
import { parseUrl } from "./format";

/** A release that rackform knows how to install. */
export interface ImagePreset {
  family: "ubuntu" | "debian" | "rhel";
  version: string;
  /** Where the vendor serves it. Absent: only from a mirror (subscription needed). */
  upstream?: string;
  /** Folder below a `mirror` that holds the same tree. */
  folder: string;
  /** Where `upstream`'s package archive is, when not the same tree, and its folder below a mirror. */
  archive?: { upstream: string; folder: string };
  /** Paths in the tree. `{arch}` is the distribution's own name of the architecture. */
  files: { kernel: string; initrd: string; live?: string; shim?: string; grub?: string; tree?: string };
  /** The distribution's names of the architectures that it has installers for. */
  architectures: Partial<Record<Architecture, { arch: string; efi: string }>>;
  /** Where the layout is documented, and when it was read. */
  source: string;
}

const DEB_ARCH = { x86_64: { arch: "amd64", efi: "x64" }, aarch64: { arch: "arm64", efi: "aa64" } };
const RPM_ARCH = { x86_64: { arch: "x86_64", efi: "x64" }, aarch64: { arch: "aarch64", efi: "aa64" } };

const debian = (version: string, codename: string): ImagePreset => {
  const netboot = `dists/${codename}/main/installer-{arch}/current/images/netboot/debian-installer/{arch}`;
  return {
    family: "debian",
    version,
    upstream: "https://deb.debian.org/debian",
    folder: "debian",
    files: {
      kernel: `${netboot}/linux`,
      initrd: `${netboot}/initrd.gz`,
      shim: `${netboot}/bootnet{efi}.efi`,
      grub: `${netboot}/grub{efi}.efi`,
    },
    architectures: DEB_ARCH,
    source: `debian.org: dists/${codename}/main/installer-*/current/images/netboot (Debian installation guide, 4.2 and 4.5), November 2026`,
  };
};

const rhelFiles: ImagePreset["files"] = {
  kernel: "BaseOS/{arch}/os/images/pxeboot/vmlinuz",
  initrd: "BaseOS/{arch}/os/images/pxeboot/initrd.img",
  live: "BaseOS/{arch}/os/images/install.img",
  shim: "BaseOS/{arch}/os/EFI/BOOT/BOOT{EFI}.EFI",
  grub: "BaseOS/{arch}/os/EFI/BOOT/grub{efi}.efi",
  tree: "BaseOS/{arch}/os/",
};

const rhel = (version: string, name: string, upstream: string | undefined): ImagePreset => ({
  family: "rhel",
  version,
  ...(upstream === undefined ? {} : { upstream: `${upstream}/${version}` }),
  folder: `${name}/${version}`,
  files: rhelFiles,
  architectures: RPM_ARCH,
  source: `layout of a BaseOS tree with images/pxeboot, .treeinfo and EFI/BOOT (${name} ${version} mirror; RHEL "Preparing a network installation"), November 2026`,
});

/** The releases by the name that `image` takes. Paths follow the vendors' own trees, so that a mirror is a plain copy. */
export const IMAGES: Readonly<Record<string, ImagePreset>> = {
  "ubuntu-24.04": {
    family: "ubuntu",
    version: "24.04",
    upstream: "https://releases.ubuntu.com/24.04",
    folder: "ubuntu-releases/24.04",
    archive: { upstream: "http://archive.ubuntu.com/ubuntu", folder: "ubuntu" },
    files: {
      kernel: "netboot/{arch}/linux",
      initrd: "netboot/{arch}/initrd",
      live: "ubuntu-24.04.5-live-server-{arch}.iso",
      shim: "netboot/{arch}/boot{efi}.efi",
      grub: "netboot/{arch}/grub{efi}.efi",
    },
    architectures: { x86_64: DEB_ARCH.x86_64 },
    source:
      "releases.ubuntu.com/24.04 and the netboot artifacts that subiquity publishes beside its ISO, November 2026",
  },
  "debian-12": debian("12", "bookworm"),
  "debian-13": debian("13", "trixie"),
  "rocky-9": rhel("9", "rocky", "https://dl.rockylinux.org/pub/rocky"),
  "rocky-10": rhel("10", "rocky", "https://dl.rockylinux.org/pub/rocky"),
  "alma-9": rhel("9", "almalinux", "https://repo.almalinux.org/almalinux"),
  "alma-10": rhel("10", "almalinux", "https://repo.almalinux.org/almalinux"),
  "rhel-9": rhel("9", "rhel", undefined),
  "rhel-10": rhel("10", "rhel", undefined),
};

/** The image that a name stands for: one of the user's own, else a preset on its vendor's servers or below `mirror`. */
export function resolveImage(
  path: string,
  name: string,
  context: { own: Readonly<Record<string, OsImage>>; mirror?: string; architecture: Architecture },
  mistakes: Mistakes,
): OsImage | undefined {
  if (Object.hasOwn(context.own, name)) return context.own[name];
  const preset = Object.hasOwn(IMAGES, name) ? IMAGES[name] : undefined;
  if (!preset) {
    const known = [...Object.keys(context.own), ...Object.keys(IMAGES)];
    mistakes.error(
      path,
      `there is no image ${JSON.stringify(name)}; ${choices(name, known)}; describe your own in images`,
    );
    return undefined;
  }
  const names = preset.architectures[context.architecture];
  if (!names) {
    mistakes.error(
      path,
      `${name} has no preset for ${context.architecture}; ${choices(context.architecture, Object.keys(preset.architectures))}; describe your own in images`,
    );
    return undefined;
  }
  if (context.mirror === undefined && preset.upstream === undefined) {
    mistakes.error(
      path,
      `${name} has no public server; set mirror to a tree that holds ${preset.folder}/BaseOS, or describe the image in images`,
    );
    return undefined;
  }
  return fromPreset(preset, context.architecture, names, context.mirror);
}

function fromPreset(
  preset: ImagePreset,
  architecture: Architecture,
  names: { arch: string; efi: string },
  mirror: string | undefined,
): OsImage {
  const base = mirror === undefined ? preset.upstream! : below(mirror, preset.folder);
  const archive =
    preset.archive && (mirror === undefined ? preset.archive.upstream : below(mirror, preset.archive.folder));
  const url = (file: string) => {
    const expanded = file
      .replaceAll("{arch}", names.arch)
      .replaceAll("{efi}", names.efi)
      .replaceAll("{EFI}", names.efi.toUpperCase());
    return `${base}/${expanded}`;
  };
  const { kernel, initrd, live, shim, grub, tree } = preset.files;
  return {
    family: preset.family,
    version: preset.version,
    architecture,
    kernel: { url: url(kernel) },
    initrd: { url: url(initrd) },
    mirror: archive ?? (tree ? url(tree) : base),
    ...(live ? { liveImage: { url: url(live) } } : {}),
    ...(grub ? { bootloader: { ...(shim ? { shim: { url: url(shim) } } : {}), grub: { url: url(grub) } } } : {}),
  };
}

/** Checks an image of the user's own: URLs, checksums, what its family needs. */
export function checkImage(path: string, image: OsImage, mistakes: Mistakes): void {
  const families = ["ubuntu", "debian", "rhel", "nocloud"];
  if (!families.includes(image.family)) {
    mistakes.error(
      `${path}.family`,
      `${JSON.stringify(image.family)} is no family; ${choices(String(image.family), families)}`,
    );
  }
  const architectures = ["x86_64", "aarch64"];
  if (!architectures.includes(image.architecture)) {
    mistakes.error(
      `${path}.architecture`,
      `${JSON.stringify(image.architecture)} is no architecture; ${choices(String(image.architecture), architectures)}`,
    );
  }
  const { kernel, initrd, liveImage, diskImage, bootloader } = image;
  const files = {
    kernel,
    initrd,
    liveImage,
    diskImage,
    "bootloader.shim": bootloader?.shim,
    "bootloader.grub": bootloader?.grub,
  };
  for (const [field, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const url = parseUrl(file.url);
    if (!url) mistakes.error(`${path}.${field}.url`, `${JSON.stringify(file.url)} is no http or https URL`, 99);
    else if (url.username || url.password)
      mistakes.sensitive(
        `${path}.${field}`,
        "its URL holds credentials, which would be stored and logged; serve the file without them",
      );
    if (file.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(file.sha256)) {
      mistakes.error(
        `${path}.${field}.sha256`,
        `${JSON.stringify(file.sha256)} is no SHA-256; it has 64 hexadecimal digits`,
        99,
      );
    }
  }
  if (image.mirror !== undefined && !parseUrl(image.mirror))
    mistakes.error(`${path}.mirror`, `${JSON.stringify(image.mirror)} is no http or https URL`, 99);
  if (image.family === "nocloud" && !diskImage)
    mistakes.error(
      `${path}.diskImage`,
      "is missing; the family nocloud writes a disk image: give url, sha256 and format",
      99,
    );
  if (diskImage && image.family !== "nocloud")
    mistakes.error(
      `${path}.diskImage`,
      `is for the family nocloud, not ${image.family}; remove it or change the family`,
    );
  if (diskImage && diskImage.sha256 === undefined)
    mistakes.error(
      `${path}.diskImage.sha256`,
      "is missing; a disk image is written as it comes, so its checksum is required",
      99,
    );
  if (image.family === "ubuntu" && !liveImage)
    mistakes.error(`${path}.liveImage`, "is missing; Ubuntu's installer needs the live-server ISO");
  if ((image.family === "rhel" || image.family === "debian") && image.mirror === undefined) {
    mistakes.error(
      `${path}.mirror`,
      `is missing; the ${image.family} installer needs a ${image.family === "rhel" ? "BaseOS tree" : "package mirror"}`,
    );
  }
}

function below(mirror: string, folder: string): string {
  return `${mirror.replace(/\/+$/, "")}/${folder}`;
}
