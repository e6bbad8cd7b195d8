import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { buffer } from "node:stream/consumers";
import { FatImage } from "../../../../lab/installer/fat";
import { defaultEntry } from "../../../../lab/installer/grub";
import { certificatesIn, ramFiles } from "../../../../lab/installer/initramfs";
import { Iso9660 } from "../../../../lab/installer/iso9660";
import { Authority, subjectHash } from "../../../../provider/media/authority";
import { bootFiles, bootImage, type BootImageInput, sizeWarning } from "../../../../provider/media/boot-image";
import { read } from "../../../../provider/media/layout";

let folder: string;
let input: BootImageInput;
beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-boot-"));
  const file = (name: string, size: number) => {
    writeFileSync(path.join(folder, name), Buffer.alloc(size, name));
    return { file: path.join(folder, name), size };
  };
  input = {
    installationId: "id1",
    hostname: "node1",
    architecture: "x86_64",
    ramdisk: "debian-installer",
    kernelArguments: ["auto=true", "ds=nocloud;s=https://10.0.0.5:8620/s/t/", "console=ttyS0,115200n8"],
    caPem: (await Authority.open(path.join(folder, "state"))).pem,
    kernel: file("kernel", 50_000),
    initrd: file("initrd", 70_000),
    grub: file("grub", 30_000),
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function opened(changes: Partial<BootImageInput> = {}): Promise<{ iso: Iso9660; esp: FatImage }> {
  const iso = new Iso9660(await buffer(read(bootImage({ ...input, ...changes }).iso)));
  return { iso, esp: new FatImage(iso.efiImage()!) };
}

it("starts the boot loader by itself, or through shim", async () => {
  const plain = await opened();
  expect(plain.esp.file("EFI/BOOT/BOOTX64.EFI")!.toString()).toMatch(/^grubgrub/);
  const shim = { file: path.join(folder, "kernel"), size: 50_000 };
  const signed = await opened({ shim });
  expect(signed.esp.file("EFI/BOOT/BOOTX64.EFI")!.toString()).toMatch(/^kernel/);
  expect(signed.esp.file("EFI/BOOT/grubx64.efi")!.toString()).toMatch(/^grubgrub/);
  const arm = await opened({ architecture: "aarch64" });
  expect(arm.esp.file("EFI/BOOT/BOOTAA64.EFI")).toHaveLength(30_000);
});

it("tells GRUB what to start, wherever the distribution's GRUB looks", async () => {
  const { iso, esp } = await opened();
  const menu = esp.file("EFI/BOOT/grub.cfg")!.toString();
  expect(menu.split("\n")[0]).toBe("# rackform installation=id1 host=node1");
  expect(defaultEntry(menu)).toMatchObject({
    kernel: "/rackform/vmlinuz",
    arguments: input.kernelArguments.join(" "),
    initrds: ["/rackform/initrd", "/rackform/ca.cpio"],
  });
  for (const place of ["boot/grub/grub.cfg", "EFI/debian/grub.cfg", "EFI/ubuntu/grub.cfg", "EFI/redhat/grub.cfg"]) {
    expect(esp.file(place)!.toString()).toBe(menu);
    expect(iso.file(place)!.toString()).toBe(menu);
  }
  expect(iso.file("rackform/vmlinuz")).toHaveLength(50_000);
  expect(iso.file("rackform/initrd")).toHaveLength(70_000);
});

it.each([
  ["debian-installer", (): string => `etc/ssl/certs/${subjectHash(input.caPem)}.0`],
  ["initramfs-tools", (): string => "scripts/init-bottom/rackform"],
  ["dracut", (): string => "usr/lib/dracut/hooks/cmdline/00-rackform.sh"],
] as const)("makes a ramdisk of %s trust the seed server", async (ramdisk, expected) => {
  const { iso } = await opened({ ramdisk });
  const files = ramFiles(iso.file("rackform/ca.cpio")!);
  expect(files.map(({ path }) => path)).toEqual(expect.arrayContaining(["rackform/ca.pem", expected()]));
  expect(certificatesIn(files).map((pem) => pem.trim())).toContain(input.caPem.trim());
  expect(bootFiles({ ...input, ramdisk }).get("rackform/ca.cpio")).toEqual(iso.file("rackform/ca.cpio"));
});

it("depends on its input alone", async () => {
  const [one, other] = await Promise.all([1, 2].map(() => buffer(read(bootImage(input).iso))));
  expect(one.equals(other)).toBe(true);
});

it.each(["a b", "a'b", 'a"b', "a\\b", "a\nb", "", "ä"])(
  "refuses the kernel argument %j, which GRUB's quoting cannot carry",
  (argument) => {
    expect(() => bootImage({ ...input, kernelArguments: [argument] })).toThrow(
      /kernel argument .* cannot be passed; allowed/,
    );
  },
);

it("warns of media that some BMCs refuse, with their limits", () => {
  expect(sizeWarning(100 * 1024 * 1024)).toBeUndefined();
  expect(sizeWarning(200 * 1024 * 1024)).toMatch(
    /has 200 MiB; some BMCs refuse media above 150 MB, Lenovo's take 250 MB, DGX 419 MB.*52 KB\/s/,
  );
});
