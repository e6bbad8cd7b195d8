import { buffer } from "node:stream/consumers";
import fc from "fast-check";
import { FatImage } from "../../../../lab/installer/fat";
import { Iso9660 } from "../../../../lab/installer/iso9660";
import { cpioArchive } from "../../../../provider/media/cpio";
import { fatImage } from "../../../../provider/media/fat";
import { isoImage } from "../../../../provider/media/iso9660";
import { read, type Entry } from "../../../../provider/media/layout";
import { ramFiles } from "../../../../lab/installer/initramfs";

const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}(\.[A-Za-z0-9]{1,5})?$/);
const tree = fc
  .uniqueArray(fc.tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.uint8Array({ maxLength: 9000 })), {
    maxLength: 25,
    selector: ([path]) => path.join("/").toLowerCase(),
  })
  // A path that is a folder of another cannot be a file.
  .filter((entries) => {
    const paths = entries.map(([path]) => path.join("/").toLowerCase());
    return !paths.some((one) => paths.some((other) => other.startsWith(`${one}/`)));
  })
  // Folders that differ in case only are one folder on FAT.
  .filter((entries) => {
    const folders = entries.flatMap(([path]) =>
      path.slice(0, -1).map((_, index) => path.slice(0, index + 1).join("/")),
    );
    return new Set(folders).size === new Set(folders.map((folder) => folder.toLowerCase())).size;
  })
  .map((entries): Entry[] => entries.map(([path, bytes]) => ({ path: path.join("/"), content: Buffer.from(bytes) })));

it("an independent reader finds every file of a FAT image", async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (entries) => {
      const layout = fatImage(entries, { label: "TEST", serial: 1 });
      const found = new FatImage(await buffer(read(layout)));
      for (const { path, content } of entries) expect(found.file(path)?.equals(content as Buffer)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

it("an independent reader finds every file of an ISO image, and its EFI image", async () => {
  await fc.assert(
    fc.asyncProperty(tree, async (entries) => {
      const efi = fatImage([{ path: "EFI/BOOT/BOOTX64.EFI", content: Buffer.from("loader") }], {
        label: "EFI",
        serial: 1,
      });
      const list = [
        ...entries.filter(({ path }) => !/^efi-image/i.test(path)),
        { path: "efi-image.img", content: efi },
      ];
      const image = await buffer(read(isoImage(list, { label: "TEST", efiImage: "efi-image.img" })));
      const found = new Iso9660(image);
      for (const { path, content } of entries) expect(found.file(path)?.equals(content as Buffer)).toBe(true);
      expect(new FatImage(found.efiImage()!).file("EFI/BOOT/BOOTX64.EFI")).toEqual(Buffer.from("loader"));
    }),
    { numRuns: 60 },
  );
});

it("images are the same whenever they are made", async () => {
  const entries: Entry[] = [{ path: "boot/efi.img", content: Buffer.alloc(5000, 1) }];
  const make = () => buffer(read(isoImage(entries, { label: "TEST", efiImage: "boot/efi.img" })));
  expect((await make()).equals(await make())).toBe(true);
});

it("an EFI image larger than the boot catalog can count goes to the end of the medium", async () => {
  const large = { size: 40 * 1024 * 1024, parts: [] };
  const { parts } = isoImage(
    [
      { path: "efi.img", content: large },
      { path: "z", content: Buffer.from("z") },
    ],
    {
      label: "TEST",
      efiImage: "efi.img",
    },
  );
  const catalog = parts.find(({ offset }) => offset === 20 * 2048) as { data: Buffer };
  expect(catalog.data.readUInt16LE(38)).toBe(0);
  const iso = isoImage([{ path: "efi.img", content: large }], { label: "TEST", efiImage: "efi.img" });
  expect(catalog.data.readUInt32LE(40) * 2048 + large.size).toBe(iso.size + 2048);
});

it("refuses what ISO9660 cannot hold", () => {
  const huge = { file: "/nowhere", size: 5 * 1024 ** 3 };
  const make = (entries: Entry[], efiImage = "a") => isoImage(entries, { label: "TEST", efiImage });
  expect(() => make([{ path: "a", content: huge }])).toThrow("a is larger than 4 GiB");
  expect(() => make([{ path: "1/2/3/4/5/6/7/8", content: Buffer.alloc(1) }])).toThrow("nested deeper");
  expect(() => make([{ path: "b", content: Buffer.alloc(1) }])).toThrow("the image has no file a");
});

it("an independent reader unpacks the archive for the initrd", () => {
  const files = [
    { path: "a/b/c.pem", content: "text", mode: 0o600 },
    { path: "d", content: Buffer.from([1, 2, 3]) },
  ];
  const archive = cpioArchive(files);
  expect(archive.length % 512).toBe(0);
  const found = ramFiles(archive);
  expect(found.map(({ path, content }) => [path, content.toString("latin1")])).toEqual(
    expect.arrayContaining([
      ["a/b/c.pem", "text"],
      ["d", "\u0001\u0002\u0003"],
    ]),
  );
});
