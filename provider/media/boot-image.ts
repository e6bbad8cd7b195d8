import { createHash } from "node:crypto";
import { subjectHash } from "./authority";
import { cpioArchive, type CpioFile } from "./cpio";
import { fatImage } from "./fat";
import { isoImage } from "./iso9660";
import type { Content, Entry, FileContent, Layout } from "./layout";

export type Architecture = "x86_64" | "aarch64";

/** Which installer the initrd holds: the Debian installer, a live system of initramfs-tools, or Anaconda (dracut). */
export type Ramdisk = "debian-installer" | "initramfs-tools" | "dracut";

/** What is put on the medium that starts an installer. */
export interface BootImageInput {
  installationId: string;
  hostname: string;
  architecture: Architecture;
  ramdisk: Ramdisk;
  /** In order; each without quotes, backslashes, spaces and control characters. */
  kernelArguments: string[];
  /** Certificate of the authority that the installer is to trust. */
  caPem: string;
  kernel: FileContent;
  initrd: FileContent;
  /** UEFI boot loader. */
  grub: FileContent;
  /** Signed first stage for Secure Boot; it starts `grub`. */
  shim?: FileContent;
}

/** The medium, and its files for boot over HTTP without an ISO. */
export interface BootImage {
  iso: Layout;
  /** By path. */
  files: Map<string, Content>;
}

/** Bytes from which some BMCs refuse a medium; see {@link sizeWarning}. */
export const SMALLEST_LIMIT = 150 * 1024 * 1024;

const names: Record<Architecture, { boot: string; grub: string }> = {
  x86_64: { boot: "BOOTX64.EFI", grub: "grubx64.efi" },
  aarch64: { boot: "BOOTAA64.EFI", grub: "grubaa64.efi" },
};

/** Where the distributions' signed GRUBs look for their configuration: those for disks, for CDs, and Debian's for its netboot installer. */
const menuFolders = [
  ...["EFI/BOOT", "boot/grub", "grub"],
  ...["debian", "ubuntu", "redhat", "centos", "rocky", "almalinux", "fedora"].map((vendor) => `EFI/${vendor}`),
  ...["amd64", "arm64"].map((architecture) => `debian-installer/${architecture}/grub`),
];

/**
 * A boot medium of volume `RACKFORM` for one installation. The kernel, initrd and boot loader are files the user named; what is ours are
 * texts: the boot menu, and an archive that makes the installer trust the seed server.
 *
 * @throws Error naming a kernel argument that GRUB's quoting cannot carry
 */
export function bootImage(input: BootImageInput): BootImage {
  const menu = Buffer.from(grubConfig(input));
  const ca = Buffer.from(input.caPem);
  const archive = trustArchive(input.caPem, input.ramdisk);
  const { boot, grub } = names[input.architecture];
  const loaders: Entry[] = [
    { path: `EFI/BOOT/${boot}`, content: input.shim ?? input.grub },
    { path: `EFI/BOOT/${grub}`, content: input.grub },
    ...menuFolders.map((folder) => ({ path: `${folder}/grub.cfg`, content: menu })),
    { path: ".disk/info", content: Buffer.from("rackform\n") },
    { path: "rackform/ca.cpio", content: archive },
    { path: "rackform/ca.pem", content: ca },
  ];
  const serial = createHash("sha256").update(input.installationId).digest().readUInt32LE(0);
  const tree: Entry[] = [
    ...loaders,
    { path: "rackform/vmlinuz", content: input.kernel },
    { path: "rackform/initrd", content: input.initrd },
  ];
  const partition = fatImage(loaders, { label: "RACKFORM-EF", serial });
  const iso = isoImage([...tree, { path: "boot/efi.img", content: partition }], {
    label: "RACKFORM",
    efiImage: "boot/efi.img",
  });
  return { iso, files: new Map(tree.map(({ path, content }) => [path, content])) };
}

/** The files that a network boot loader of the site's own needs, by path. */
export function bootFiles(
  input: Pick<BootImageInput, "kernel" | "initrd" | "caPem" | "ramdisk">,
): Map<string, Content> {
  return new Map<string, Content>([
    ["rackform/vmlinuz", input.kernel],
    ["rackform/initrd", input.initrd],
    ["rackform/ca.cpio", trustArchive(input.caPem, input.ramdisk)],
    ["rackform/ca.pem", Buffer.from(input.caPem)],
  ]);
}

/** A sentence about BMCs that will not take a medium of this size, or undefined when all known ones do. */
export function sizeWarning(bytes: number): string | undefined {
  if (bytes <= SMALLEST_LIMIT) return undefined;
  return (
    `the boot medium has ${Math.ceil(bytes / 1024 / 1024)} MiB; some BMCs refuse media above 150 MB, Lenovo's take 250 MB, DGX 419 MB, and ` +
    "reading through a BMC can be as slow as 52 KB/s: use a smaller kernel and initrd (a netboot or netinst one), or method uefiHttp"
  );
}

function grubConfig(input: BootImageInput): string {
  const quoted = input.kernelArguments.map((argument) => {
    if (!/^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(argument)) {
      throw new Error(
        `kernel argument ${JSON.stringify(argument)} cannot be passed; allowed: visible ASCII characters without quotes, backslashes and spaces`,
      );
    }
    return `'${argument}'`;
  });
  return [
    `# rackform installation=${input.installationId} host=${input.hostname}`,
    "set default=0",
    "set timeout=0",
    "search --no-floppy --set=root --file /rackform/vmlinuz",
    `menuentry 'rackform: install ${input.hostname}' {`,
    `  linux /rackform/vmlinuz ${quoted.join(" ")}`,
    "  initrd /rackform/initrd /rackform/ca.cpio",
    "}",
    "",
  ].join("\n");
}

/**
 * Loaded after the installer's initrd, into the same root. It brings only what this kind of ramdisk needs: a folder in an archive replaces
 * a symbolic link of that name.
 */
function trustArchive(caPem: string, ramdisk: Ramdisk): Buffer {
  const trust: Record<Ramdisk, CpioFile[]> = {
    // OpenSSL's folder of hashed certificates, which wget reads.
    "debian-installer": [{ path: `etc/ssl/certs/${subjectHash(caPem)}.0`, content: caPem }],
    "initramfs-tools": [
      { path: "conf/conf.d/rackform", content: initramfsConfiguration },
      { path: "scripts/init-bottom/rackform", content: initramfsScript, mode: 0o755 },
    ],
    dracut: [{ path: "usr/lib/dracut/hooks/cmdline/00-rackform.sh", content: dracutHook, mode: 0o755 }],
  };
  return cpioArchive([{ path: "rackform/ca.pem", content: caPem }, ...trust[ramdisk]]);
}

const dracutHook = `#!/bin/sh
# Sourced by dracut: the installer must trust rackform's seed server.
mkdir -p /run/rackform
cp /rackform/ca.pem /run/rackform/ca.pem
for bundle in /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/certs/ca-certificates.crt; do
    if [ -e "$bundle" ]; then
        cat /rackform/ca.pem >> "$bundle"
    fi
done
`;

/** Sourced by initramfs-tools before any script runs; its lists of scripts are fixed when the initrd is made. */
const initramfsConfiguration = `if [ -e /scripts/init-bottom/ORDER ]; then
    printf '%s\\n' '/scripts/init-bottom/rackform "$@"' >> /scripts/init-bottom/ORDER
fi
`;

const initramfsScript = `#!/bin/sh
# The live system must trust rackform's seed server.
if [ "$1" = prereqs ]; then
    exit 0
fi
mkdir -p /run/rackform
cp /rackform/ca.pem /run/rackform/ca.pem
if [ -n "\${rootmnt:-}" ] && [ -d "$rootmnt/etc/ssl/certs" ]; then
    mkdir -p "$rootmnt/usr/local/share/ca-certificates"
    cp /rackform/ca.pem "$rootmnt/usr/local/share/ca-certificates/rackform.crt"
    cat /rackform/ca.pem >> "$rootmnt/etc/ssl/certs/ca-certificates.crt"
fi
exit 0
`;
