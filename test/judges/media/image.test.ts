import { execFileSync } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fatImage } from "../../../provider/media/fat";
import { isoImage } from "../../../provider/media/iso9660";
import { read, type Entry, type Layout } from "../../../provider/media/layout";
import { command, describeWith } from "../../setup/need";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rackform-image-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function write(layout: Layout, name: string): Promise<string> {
  const path = join(folder, name);
  await pipeline(read(layout), createWriteStream(path));
  return path;
}

function big(name: string, mebibytes: number): Entry["content"] {
  const file = join(folder, name);
  const content = Buffer.alloc(mebibytes * 1024 * 1024, `${name} `);
  writeFileSync(file, content);
  return { file, size: content.length };
}

/** Contents for each FAT size, with nested directories, long names, a name clash in 8.3, an empty file. */
function espEntries(mebibytes: number): Entry[] {
  return [
    { path: "EFI/BOOT/BOOTX64.EFI", content: big("payload", mebibytes) },
    { path: "EFI/BOOT/grub.cfg", content: Buffer.from("set timeout=0\n") },
    { path: "EFI/debian/grub.cfg", content: Buffer.from("debian\n") },
    { path: ".disk/info", content: Buffer.from("RACKFORM\n") },
    { path: "rackform/ca-certificate-one.pem", content: Buffer.from("one") },
    { path: "rackform/ca-certificate-two.pem", content: Buffer.from("two") },
    { path: "rackform/empty", content: Buffer.alloc(0) },
  ];
}

describeWith([command("mdir"), command("mtype"), command("mcopy")], "mtools reads the FAT image", () => {
  it.each([
    [12, 1],
    [16, 20],
    [32, 140],
  ])("FAT%i", async (type, mebibytes) => {
    const entries = espEntries(mebibytes);
    const image = fatImage(entries, { label: "RACKFORM-EF", serial: 0x1234abcd });
    expect(image.type).toBe(type);
    expect(image.size % 2048).toBe(0);
    const path = await write(image, "efi.img");
    const listing = execFileSync("mdir", ["-/", "-b", "-i", path, "::"], { encoding: "utf8" });
    expect(
      listing
        .split("\n")
        .filter((line) => line && !line.endsWith("/"))
        .sort(),
    ).toEqual(entries.map((entry) => `::/${entry.path}`).sort());
    expect(execFileSync("mlabel", ["-s", "-i", path, "::"], { encoding: "utf8" })).toContain("RACKFORM-EF");
    expect(execFileSync("minfo", ["-i", path, "::"], { encoding: "utf8" })).toContain(`disk type="FAT${type}`);
    for (const entry of entries.slice(1)) {
      expect(execFileSync("mtype", ["-i", path, `::${entry.path}`])).toEqual(entry.content);
    }
    execFileSync("mcopy", ["-i", path, "::EFI/BOOT/BOOTX64.EFI", join(folder, "back")]);
    expect(readFileSync(join(folder, "back")).equals(readFileSync(join(folder, "payload")))).toBe(true);
  });
});

describeWith([command("fsck.vfat")], "fsck.vfat finds nothing to repair", () => {
  it.each([1, 20, 140])("%i MiB", async (mebibytes) => {
    const path = await write(fatImage(espEntries(mebibytes), { label: "RACKFORM-EF", serial: 1 }), "efi.img");
    expect(execFileSync("fsck.vfat", ["-n", "-v", path], { encoding: "utf8" })).not.toMatch(
      /error|differ|orphan|wrong/i,
    );
  });
});

describeWith([command("xorriso")], "xorriso reads the ISO image", () => {
  const entries = (): Entry[] => [
    { path: "boot/efi.img", content: fatImage(espEntries(2), { label: "RACKFORM-EF", serial: 7 }) },
    { path: "boot/grub/grub.cfg", content: Buffer.from("set timeout=0\n") },
    { path: "rackform/vmlinuz", content: big("vmlinuz", 3) },
    { path: "rackform/a-rather-long-name-that-iso9660-cannot-hold.cpio", content: Buffer.from("x".repeat(5000)) },
    ...Array.from({ length: 90 }, (_, index) => ({
      path: `many/file-number-${index}.txt`,
      content: Buffer.from(`${index}`),
    })),
  ];

  it.each([
    ["Rock Ridge", ["-read_fs", "nojoliet"]],
    ["Joliet", ["-read_fs", "norock"]],
  ])("every file through %s", async (_name, options) => {
    const list = entries();
    const path = await write(isoImage(list, { label: "RACKFORM", efiImage: "boot/efi.img" }), "boot.iso");
    const out = join(folder, "out");
    execFileSync("xorriso", ["-osirrox", "on", ...options, "-indev", path, "-extract", "/", out], { stdio: "pipe" });
    for (const entry of list.slice(1)) {
      const expected = Buffer.isBuffer(entry.content) ? entry.content : readFileSync(join(folder, "vmlinuz"));
      expect(readFileSync(join(out, entry.path)).equals(expected)).toBe(true);
    }
    execFileSync("chmod", ["-R", "u+w", out]);
  });

  it("volume label and El Torito", async () => {
    const layout = isoImage(entries(), { label: "RACKFORM", efiImage: "boot/efi.img" });
    const path = await write(layout, "boot.iso");
    const report = execFileSync(
      "sh",
      ["-c", 'xorriso -indev "$1" -report_el_torito plain -pvd_info 2>&1', "sh", path],
      {
        encoding: "utf8",
      },
    );
    expect(report).toMatch(/El Torito boot img :\s+1\s+UEFI\s+y\s+none/);
    expect(report).toContain("/boot/efi.img");
    expect(report).toMatch(/Volume Id\s*:\s*RACKFORM/);
    expect(report).not.toMatch(/(WARNING|FAILURE)/);
  });
});
