import fc from "fast-check";
import { gzipSync } from "node:zlib";
import { CommandLine, installerChoice } from "../../../../lab/installer/command-line";
import { efiApplication, kernelArchitecture } from "../../../../lab/installer/executable";
import { FatImage } from "../../../../lab/installer/fat";
import { defaultEntry } from "../../../../lab/installer/grub";
import { certificatesIn, ramFiles } from "../../../../lab/installer/initramfs";
import { Iso9660 } from "../../../../lab/installer/iso9660";
import { shellValues } from "../../../../lab/installer/shell-values";
import { efiStandIn, initrdStandIn, kernelStandIn } from "../../../../lab/mirror/stand-ins";
import { cpioArchive } from "../../../../provider/media/cpio";
import { shellFile } from "../../../../provider/seed/quote";
import { medium } from "../../../setup/boot-site";

describe("shell assignments", () => {
  it("reads back what a seed writes, whatever the values hold", () => {
    const value = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0"));
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,9}$/), value), (values) => {
        expect([...shellValues(shellFile(values))]).toEqual(Object.entries(values));
      }),
    );
  });

  it.each(["rm -rf /", "A=$(reboot)", "A=`x`", "A=b; reboot", 'A="$B"', "A='open", "A=b c", "export A=b", "A=b&"])(
    "refuses %s",
    (text) => {
      expect(() => shellValues(`# fine\nB='x'\n${text}\n`)).toThrow(/line 3/);
    },
  );
});

describe("GRUB's menu", () => {
  const entry = (body: string, head = "set timeout=0\n") =>
    defaultEntry(`${head}menuentry 'one' --class x {\n${body}\n}\n`);

  it("takes quotes away as GRUB does", () => {
    const {
      arguments: line,
      kernel,
      initrds,
    } = entry(`linux ($root)/vmlinuz 'ds=nocloud;s=https://h/s/' "a b" c\\ d $unset quiet # comment\n  initrd /i1 /i2`);
    expect({ line, kernel, initrds }).toEqual({
      line: 'ds=nocloud;s=https://h/s/ "a b" "c d"  quiet',
      kernel: "/vmlinuz",
      initrds: ["/i1", "/i2"],
    });
  });

  it("cuts at an open semicolon, expands variables, follows default by number and by title", () => {
    expect(entry("linux /v ds=nocloud;s=x\ninitrd /i").arguments).toBe("ds=nocloud");
    expect(entry('linux /v url=${base}/p "$base"\ninitrd /i', "set base=https://h\n").arguments).toBe(
      "url=https://h/p https://h",
    );
    const two = "menuentry a {\nlinux /a\n}\nmenuentry 'b c' {\nlinux /b\n}\n";
    expect(defaultEntry(`set default=1\n${two}`).kernel).toBe("/b");
    expect(defaultEntry(`set default="b c"\n${two}`).kernel).toBe("/b");
    expect(() => defaultEntry(`set default=7\n${two}`)).toThrow('"7" does not exist');
    expect(() => entry("echo hello")).toThrow("loads no kernel");
  });
});

describe("command lines", () => {
  it("splits as the kernel does, the last one winning", () => {
    const line = new CommandLine('a=1 b="x y" quiet a=2');
    expect([line.get("a"), line.get("b"), line.has("quiet"), line.get("quiet"), line.all("a")]).toEqual([
      "2",
      "x y",
      true,
      undefined,
      ["1", "2"],
    ]);
  });

  it.each([
    ["auto=true url=https://h/p.cfg", "debian"],
    ["auto preseed/url=https://h/p.cfg", "debian"],
    ["autoinstall ds=nocloud;s=https://h/", "ubuntu"],
    ["boot=casper ds=nocloud-net;h=x;s=https://h/", "ubuntu"],
    ["ds=nocloud;s=https://h/", "nocloud"],
    ["inst.ks=https://h/ks", "rhel"],
  ])("%s starts the installer of %s", (text, family) => {
    expect(installerChoice(new CommandLine(text)).family).toBe(family);
  });
});

describe("initramfs", () => {
  const own = cpioArchive([
    { path: "rackform/ca.pem", content: "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n", mode: 0o600 },
  ]);

  it("unpacks archives one after the other, plain and compressed", () => {
    const files = ramFiles(Buffer.concat([own, Buffer.alloc(512), own]));
    expect(files.map(({ path, mode }) => [path, mode])).toEqual(Array(2).fill(["rackform/ca.pem", 0o600]));
    expect(certificatesIn(files)).toHaveLength(2);
    expect(ramFiles(gzipSync(own))).toHaveLength(1);
    expect(ramFiles(initrdStandIn()).map(({ path }) => path)).toEqual(["lab-stand-in"]);
    expect(ramFiles(Buffer.from("fd377a585a000004", "hex"))).toEqual([]);
  });

  it("never loops or crashes on damaged ones", () => {
    fc.assert(
      fc.property(fc.nat(own.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(own);
        damaged[at] = byte;
        try {
          ramFiles(damaged);
        } catch (error) {
          expect((error as Error).message).toMatch(/initramfs/);
        }
      }),
    );
  });
});

describe("images", () => {
  const image = medium({ ca: null }, "");

  it("finds files on the CD and in its boot image, in any case", () => {
    const iso = new Iso9660(image);
    expect(iso.label).toBe("RACKFORM");
    expect(iso.file("/rackform/VMLINUZ")).toEqual(kernelStandIn("x86_64"));
    expect(iso.file("/rackform")).toBeUndefined();
    const fat = new FatImage(iso.efiImage()!);
    expect(fat.file("efi/boot/bootx64.efi")).toEqual(efiStandIn("x86_64"));
    expect(fat.file("EFI/BOOT/none.efi")).toBeUndefined();
  });

  it("gives an error, never a crash, on damaged ones", () => {
    const range = fc.nat(40 * 2048);
    fc.assert(
      fc.property(range, fc.uint8Array({ minLength: 1, maxLength: 64 }), (at, bytes) => {
        const damaged = Buffer.from(image);
        damaged.set(bytes.subarray(0, damaged.length - at), at);
        try {
          const iso = new Iso9660(damaged);
          iso.file("rackform/vmlinuz");
          const efi = iso.efiImage();
          if (efi) new FatImage(efi).file("EFI/BOOT/BOOTX64.EFI");
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 300 },
    );
  });
});

it("tells executables apart", () => {
  expect(efiApplication(efiStandIn("aarch64"))).toEqual({ architecture: "aarch64", signed: true });
  expect(efiApplication(efiStandIn("x86_64", false)).signed).toBe(false);
  expect(() => efiApplication(Buffer.from("MZ"))).toThrow("not an EFI application");
  expect([kernelArchitecture(kernelStandIn("x86_64")), kernelArchitecture(kernelStandIn("aarch64"))]).toEqual([
    "x86_64",
    "aarch64",
  ]);
});
