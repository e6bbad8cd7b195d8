import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { Authority } from "../../../provider/media/authority";
import { bootImage } from "../../../provider/media/boot-image";
import { cpioArchive } from "../../../provider/media/cpio";
import { read } from "../../../provider/media/layout";
import { command, describeWith, file } from "../../setup/need";
import { debian, debianPackage } from "../debian-package";
import { kernelPackage } from "./kernel-package";

const FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd";
const VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.ms.fd";
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-firmware-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sized = (name: string) => ({ file: name, size: statSync(name).size });

/** Boots a virtual CD until the console shows what is expected, or for at most two minutes; returns what it showed. */
async function boot(iso: string, expected: RegExp): Promise<string> {
  const console = path.join(folder, "console");
  const variables = path.join(folder, "variables");
  copyFileSync(VARIABLES, variables);
  const machine = [
    "-machine",
    "q35,smm=on",
    "-accel",
    "tcg",
    "-cpu",
    "max",
    "-m",
    "768",
    "-nic",
    "none",
    "-display",
    "none",
  ];
  const firmware = [
    ...["-global", "driver=cfi.pflash01,property=secure,value=on"],
    ...["-drive", `if=pflash,format=raw,unit=0,file=${FIRMWARE},readonly=on`],
    ...["-drive", `if=pflash,format=raw,unit=1,file=${variables}`],
  ];
  const rest = ["-cdrom", iso, "-serial", `file:${console}`, "-monitor", "none", "-no-reboot"];
  const qemu = spawn("qemu-system-x86_64", [...machine, ...firmware, ...rest], { stdio: "ignore" });
  const ended = once(qemu, "exit");
  const shown = () => (existsSync(console) ? readFileSync(console, "latin1") : "");
  try {
    for (let waited = 0; waited < 120_000 && !expected.test(shown()) && qemu.exitCode === null; waited += 500) {
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  } finally {
    qemu.kill("SIGKILL");
    await ended;
  }
  return shown();
}

describeWith(
  [
    command("qemu-system-x86_64"),
    file(FIRMWARE, "UEFI firmware for QEMU (Debian's ovmf)"),
    debian("shim-signed"),
    debian("grub-efi-amd64-signed"),
    debian(kernelPackage() ?? "linux-image-cloud-amd64"),
  ],
  "real firmware with Secure Boot starts the medium",
  () => {
    it.each(["gcdx64.efi.signed", "grubnetx64-installer.efi.signed"])("through %s", async (grub) => {
      const kernel = path.join(debianPackage(kernelPackage()!)!, "boot");
      const name = readdirSync(kernel).find((one) => one.startsWith("vmlinuz-"))!;
      const initrd = path.join(folder, "initrd");
      writeFileSync(initrd, cpioArchive([{ path: "not-a-system", content: "" }]));
      const image = bootImage({
        installationId: "firmware-test",
        hostname: "node1",
        architecture: "x86_64",
        ramdisk: "debian-installer",
        kernelArguments: [
          "console=ttyS0",
          "ds=nocloud;s=https://192.0.2.5:8620/s/token/",
          "rackform.installation=firmware-test",
        ],
        caPem: (await Authority.open(path.join(folder, "state"))).pem,
        kernel: sized(path.join(kernel, name)),
        initrd: sized(initrd),
        shim: sized(path.join(debianPackage("shim-signed")!, "usr/lib/shim/shimx64.efi.signed")),
        grub: sized(path.join(debianPackage("grub-efi-amd64-signed")!, "usr/lib/grub/x86_64-efi-signed", grub)),
      });
      const iso = path.join(folder, "node1.iso");
      await pipeline(read(image.iso), createWriteStream(iso));
      // Without a system in the initrd the kernel can do no more than unpack it and give up.
      const shown = await boot(iso, /Kernel panic/);
      expect(shown).toMatch(/secureboot: Secure boot enabled/);
      expect(shown).toMatch(
        /Command line: .*console=ttyS0 ds=nocloud;s=https:\/\/192\.0\.2\.5:8620\/s\/token\/ rackform\.installation=firmware-test/,
      );
      expect(shown).toMatch(/Trying to unpack rootfs image as initramfs/);
      expect(shown).not.toMatch(/(Initramfs unpacking failed|invalid magic)/i);
    });
  },
);
