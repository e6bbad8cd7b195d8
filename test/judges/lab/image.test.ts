import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { FatImage } from "../../../lab/installer/fat";
import { ramFiles } from "../../../lab/installer/initramfs";
import { Iso9660 } from "../../../lab/installer/iso9660";
import { efiStandIn, kernelStandIn } from "../../../lab/mirror/stand-ins";
import { command, describeWith } from "../../setup/need";

// The lab's readers of images against what the usual tools write: a reader that only knows our own writer proves nothing.
describeWith(["xorriso", "mformat", "mcopy", "cpio"].map(command), "images of other makers", () => {
  let folder: string;
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const big = Buffer.alloc(3_000_000, "rackform ");

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), "rackform-iso-"));
    mkdirSync(path.join(folder, "tree/EFI/BOOT"), { recursive: true });
    writeFileSync(path.join(folder, "tree/EFI/BOOT/BOOTX64.EFI"), efiStandIn("x86_64"));
    writeFileSync(path.join(folder, "tree/a file with a long name.cfg"), "menu");
    writeFileSync(path.join(folder, "tree/vmlinuz"), kernelStandIn("x86_64"));
    writeFileSync(path.join(folder, "tree/big"), big);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["FAT12", ["-f", "1440"], 1440],
    ["FAT16", ["-h", "16", "-s", "32", "-t", "64"], 16_384],
    ["FAT32", ["-F", "-h", "64", "-s", "32", "-t", "64"], 65_536],
  ] as const)("reads mtools' %s and xorriso's CD around it", (_, format, kibibytes) => {
    writeFileSync(path.join(folder, "tree/efi.img"), Buffer.alloc(kibibytes * 1024));
    run("mformat", "-i", "tree/efi.img", ...format, "::");
    run("mcopy", "-i", "tree/efi.img", "-s", "tree/EFI", "::");
    run("mcopy", "-i", "tree/efi.img", "tree/a file with a long name.cfg", "::EFI/BOOT/");
    if (kibibytes > 4096) run("mcopy", "-i", "tree/efi.img", "tree/big", "::");
    run("xorriso", ..."-as mkisofs -quiet -J -R -V OTHER -o cd.iso -e efi.img -no-emul-boot tree".split(" "));
    const iso = new Iso9660(readFileSync(path.join(folder, "cd.iso")));
    expect(iso.label).toBe("OTHER");
    expect(iso.file("vmlinuz")).toEqual(kernelStandIn("x86_64"));
    expect(iso.file("big")?.equals(big)).toBe(true);
    const fat = new FatImage(iso.efiImage()!);
    expect(fat.file("EFI/BOOT/BOOTX64.EFI")).toEqual(efiStandIn("x86_64"));
    expect(fat.file("efi/boot/A file with a long name.cfg")?.toString()).toBe("menu");
    if (kibibytes > 4096) expect(fat.file("big")?.equals(big)).toBe(true);
  });

  it("reads a CD without Joliet, and finds no boot image on one that does not boot", () => {
    run("xorriso", ..."-as mkisofs -quiet -V PLAIN -o plain.iso tree".split(" "));
    const iso = new Iso9660(readFileSync(path.join(folder, "plain.iso")));
    expect(iso.file("EFI/BOOT/BOOTX64.EFI")).toEqual(efiStandIn("x86_64"));
    expect(iso.efiImage()).toBeUndefined();
  });

  it("unpacks cpio's archives", () => {
    const archive = execFileSync("cpio", ["-o", "-H", "newc", "--quiet"], {
      cwd: path.join(folder, "tree"),
      input: "EFI\nEFI/BOOT\nEFI/BOOT/BOOTX64.EFI\nvmlinuz\n",
    });
    expect(ramFiles(archive).map(({ path: name, content }) => [name, content.length])).toEqual([
      ["EFI/BOOT/BOOTX64.EFI", 1024],
      ["vmlinuz", 2048],
    ]);
  });
});
