import { makeHostKey } from "../../../../provider/handlers/host-key";
import type { InstallationArgs } from "../../../../resources/redfish/installation";

/** A login made for these tests only. */
export const login = makeHostKey("admin");
const serverKey = makeHostKey("node1");

/** Arguments in which nothing is wrong. */
export function installation(changes: Partial<InstallationArgs> = {}): InstallationArgs {
  return {
    connection: { endpoint: "https://10.0.0.11" },
    hostname: "node1",
    installationId: "first-1",
    hostKey: serverKey,
    tokenSecret: "5e".repeat(32),
    identity: { serialNumber: "ABC123" },
    image: {
      family: "debian",
      version: "13",
      architecture: "x86_64",
      kernel: { url: "https://mirror.example.com/linux" },
      initrd: { url: "https://mirror.example.com/initrd.gz", sha256: "ab".repeat(32) },
      mirror: "https://mirror.example.com/debian",
      bootloader: { grub: { url: "https://mirror.example.com/grubx64.efi" } },
    },
    consent: { wipe: false },
    network: {
      interfaces: [{ name: "eno1", mac: "52:54:00:00:00:01", addresses: ["10.0.1.11/24"], gateway: "10.0.1.1" }],
      nameservers: ["10.0.1.1"],
    },
    users: [{ name: "admin", authorizedKeys: [`${login.publicKey} admin@example`] }],
    loginKey: login.privateKey,
    ssh: { address: "10.0.1.11", user: "admin" },
    ...changes,
  };
}
