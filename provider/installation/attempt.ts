import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { InstallationArgs, InstallationMethod, OsFamily } from "../../resources/redfish/installation";
import type { Ramdisk } from "../media/boot-image";
import { type Publication, seedToken } from "../media/publication";
import type { Place } from "../media/service";
import { renderSeed } from "../seed";

/** The arguments that belong to the server rather than to what is installed. */
type Secrets = Pick<InstallationArgs, "tokenSecret" | "installationId">;

/**
 * The public part of a medium's URL, new for each attempt. Whoever has the server's secret recognises it as one of this installation, so
 * that a process which knows nothing of an earlier one finds in the BMC what that one started.
 */
export function newNonce(secrets: Secrets): string {
  const random = randomBytes(12);
  return Buffer.concat([random, proof(secrets, random)]).toString("base64url");
}

/** The nonce in the URL of a medium, when it is one of this installation. */
export function ownNonce(secrets: Secrets, url: string | undefined): string | undefined {
  const nonce = /\/m\/([A-Za-z0-9_-]{32})\//.exec(url ?? "")?.[1];
  if (nonce === undefined) return undefined;
  const bytes = Buffer.from(nonce, "base64url");
  return timingSafeEqual(bytes.subarray(12), proof(secrets, bytes.subarray(0, 12))) ? nonce : undefined;
}

function proof({ tokenSecret, installationId }: Secrets, random: Buffer): Buffer {
  return createHmac("sha256", tokenSecret).update(`nonce\0${installationId}\0`).update(random).digest().subarray(0, 12);
}

const ramdisks: Record<OsFamily, Ramdisk> = {
  debian: "debian-installer",
  nocloud: "debian-installer",
  ubuntu: "initramfs-tools",
  rhel: "dracut",
};

/** What the media server has to serve for one attempt. */
export function publicationOf(
  inputs: InstallationArgs,
  place: Pick<Place, "seedUrl" | "caPem">,
  attempt: { nonce: string; method: InstallationMethod; wipe: boolean },
): Publication {
  const { installationId, hostname, image, network, identity } = inputs;
  const token = seedToken(inputs.tokenSecret, installationId, attempt.nonce);
  const seed = renderSeed({
    ...{ installationId, hostname, image, network, identity, hostKey: inputs.hostKey, users: inputs.users },
    ...{ rootDisk: inputs.rootDisk, keepDisks: inputs.keepDisks, packages: inputs.packages },
    ...{ timezone: inputs.timezone, locale: inputs.locale, provisionNetwork: inputs.provisionNetwork },
    wipe: attempt.wipe,
    sshPort: inputs.ssh.port,
    seedUrl: `${place.seedUrl}/${token}`,
    caPem: place.caPem,
  });
  const { architecture, kernel, initrd, bootloader, family } = image;
  return {
    ...{ nonce: attempt.nonce, token, installationId, hostname },
    seed: seed.files,
    kernelArguments: seed.kernelArguments,
    boot: { architecture, ramdisk: ramdisks[family], kernel, initrd, bootloader },
    ...(attempt.method === "pxe" ? { machine: machineNames(inputs) } : {}),
  };
}

function machineNames({ network, identity }: InstallationArgs): Publication["machine"] {
  const macs = network.interfaces.flatMap(({ mac, bond }) => [...(mac ? [mac] : []), ...(bond?.members ?? [])]);
  return { macs, uuid: identity?.uuid, serialNumber: identity?.serialNumber };
}
