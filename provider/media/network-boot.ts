import type { Publication } from "./publication";

/**
 * A script for iPXE, for sites whose own PXE chain-loads `http://<media server>/pxe/<MAC, UUID or serial number>`. It carries the seed's token: whoever
 * can ask for it on that network can read the seed, which is what booting over PXE amounts to.
 */
export function networkBootScript({ kernelArguments, hostname, installationId }: Publication, base: string): string {
  return [
    "#!ipxe",
    `# rackform installation=${installationId} host=${hostname}`,
    `kernel ${base}/rackform/vmlinuz initrd=initrd initrd=ca.cpio ${kernelArguments.join(" ")}`,
    `initrd --name initrd ${base}/rackform/initrd`,
    `initrd --name ca.cpio ${base}/rackform/ca.cpio`,
    "boot",
    "",
  ].join("\n");
}
