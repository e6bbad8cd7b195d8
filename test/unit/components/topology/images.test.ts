import type { Architecture } from "../../../../resources/redfish/installation-types";
import { Mistakes } from "../../../../components/private/mistakes";
import { checkImage, IMAGES, resolveImage } from "../../../../components/topology/images";
import { ownImage } from "../bare-metal-fleet/fixtures";

const resolve = (name: string, mirror?: string, architecture: Architecture = "x86_64") =>
  resolveImage("image", name, { own: {}, mirror, architecture }, new Mistakes());

describe("image presets", () => {
  it.each([
    [
      "debian-12",
      "https://deb.debian.org/debian/dists/bookworm/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux",
      "https://deb.debian.org/debian",
    ],
    [
      "debian-13",
      "https://deb.debian.org/debian/dists/trixie/main/installer-amd64/current/images/netboot/debian-installer/amd64/linux",
      "https://deb.debian.org/debian",
    ],
    ["ubuntu-24.04", "https://releases.ubuntu.com/24.04/netboot/amd64/linux", "http://archive.ubuntu.com/ubuntu"],
    [
      "rocky-9",
      "https://dl.rockylinux.org/pub/rocky/9/BaseOS/x86_64/os/images/pxeboot/vmlinuz",
      "https://dl.rockylinux.org/pub/rocky/9/BaseOS/x86_64/os/",
    ],
    [
      "alma-10",
      "https://repo.almalinux.org/almalinux/10/BaseOS/x86_64/os/images/pxeboot/vmlinuz",
      "https://repo.almalinux.org/almalinux/10/BaseOS/x86_64/os/",
    ],
  ])("%s comes from its vendor", (name, kernel, mirror) => {
    expect(resolve(name)).toMatchObject({ kernel: { url: kernel }, mirror });
  });

  it("come from below a mirror when there is one, with and without a slash at its end", () => {
    for (const mirror of ["https://mirror.example.com/os", "https://mirror.example.com/os/"]) {
      expect(resolve("rhel-9", mirror)).toEqual({
        family: "rhel",
        version: "9",
        architecture: "x86_64",
        kernel: { url: "https://mirror.example.com/os/rhel/9/BaseOS/x86_64/os/images/pxeboot/vmlinuz" },
        initrd: { url: "https://mirror.example.com/os/rhel/9/BaseOS/x86_64/os/images/pxeboot/initrd.img" },
        mirror: "https://mirror.example.com/os/rhel/9/BaseOS/x86_64/os/",
        liveImage: { url: "https://mirror.example.com/os/rhel/9/BaseOS/x86_64/os/images/install.img" },
        bootloader: {
          shim: { url: "https://mirror.example.com/os/rhel/9/BaseOS/x86_64/os/EFI/BOOT/BOOTX64.EFI" },
          grub: { url: "https://mirror.example.com/os/rhel/9/BaseOS/x86_64/os/EFI/BOOT/grubx64.efi" },
        },
      });
      expect(resolve("ubuntu-24.04", mirror)?.mirror).toBe("https://mirror.example.com/os/ubuntu");
      expect(resolve("ubuntu-24.04", mirror)?.liveImage?.url).toMatch(
        /os\/ubuntu-releases\/24\.04\/ubuntu-24\.04\.\d-live-server-amd64\.iso$/,
      );
    }
  });

  it("use each distribution's own name of the architecture", () => {
    expect(resolve("debian-13", undefined, "aarch64")?.bootloader?.grub.url).toMatch(
      /installer-arm64.*arm64\/grubaa64\.efi$/,
    );
    expect(resolve("rocky-10", undefined, "aarch64")?.bootloader?.shim?.url).toMatch(
      /BaseOS\/aarch64\/os\/EFI\/BOOT\/BOOTAA64\.EFI$/,
    );
  });

  it("are all complete, have no hole in a URL, and pass the checks of an image of one's own", () => {
    for (const name of Object.keys(IMAGES)) {
      const mistakes = new Mistakes();
      const image = resolve(name, "https://mirror.example.com");
      checkImage("image", image!, mistakes);
      expect(mistakes.errors).toEqual([]);
      expect(JSON.stringify(image)).not.toMatch(/[{]arch|[{]efi|undefined/i);
      expect(IMAGES[name].source).toMatch(/2026$/);
    }
  });

  it("give way to an image of one's own of the same name", () => {
    const own = { "debian-13": ownImage };
    expect(resolveImage("image", "debian-13", { own, architecture: "x86_64" }, new Mistakes())).toBe(ownImage);
  });
});
