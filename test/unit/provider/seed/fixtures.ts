import type { SeedInput } from "../../../../provider/seed";

/** An Ed25519 key made for these tests only. */
export const hostKey = {
  publicKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFBqzDzE3dQ4Tm0qMSdqVqEjM4nZ1bPzYV1d8mGQq3aV node1",
  privateKey: "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n",
};

export const caPem = "-----BEGIN CERTIFICATE-----\nMIIBbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";

const userKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFBqzDzE3dQ4Tm0qMSdqVqEjM4nZ1bPzYV1d8mGQq3aV admin@example";

const images: Record<SeedInput["image"]["family"], Partial<SeedInput["image"]>> = {
  debian: { version: "12", mirror: "http://mirror.example.com/debian" },
  ubuntu: { version: "24.04", liveImage: { url: "http://mirror.example.com/ubuntu-24.04-live-server-amd64.iso" } },
  rhel: { version: "9", mirror: "http://mirror.example.com/rocky/9/BaseOS/x86_64/os" },
  nocloud: {
    version: "12",
    diskImage: { url: "http://mirror.example.com/debian-12.raw.xz", sha256: "ab".repeat(32), format: "raw.xz" },
  },
};

/** A machine with everything set: bond, VLAN, MTU, both IP versions, several users. */
export function seedInput(family: SeedInput["image"]["family"], changes: Partial<SeedInput> = {}): SeedInput {
  return {
    installationId: "5c1f0e7a",
    hostname: "node1",
    image: {
      family,
      version: "",
      architecture: "x86_64",
      kernel: { url: "http://mirror.example.com/linux" },
      initrd: { url: "http://mirror.example.com/initrd.gz" },
      ...images[family],
    },
    hostKey,
    identity: { serialNumber: "ABC123", uuid: "4c4c4544-0042-3510-8052-b4c04f4b3732" },
    rootDisk: { type: "SSD", minSizeGb: 100 },
    keepDisks: ["KEEP1"],
    wipe: false,
    network: {
      interfaces: [
        {
          name: "prov0",
          mac: "52:54:00:AA:BB:01",
          addresses: ["10.0.1.11/24", "2001:db8:1::11/64"],
          gateway: "10.0.1.1",
        },
        {
          name: "bond0",
          addresses: [],
          mtu: 9000,
          bond: { mode: "802.3ad", members: ["52:54:00:aa:bb:02", "52:54:00:aa:bb:03"] },
        },
        { name: "storage", addresses: ["10.0.2.11/24"], mtu: 9000, vlan: { id: 102, link: "bond0" } },
      ],
      nameservers: ["10.0.1.1", "2001:db8:1::1"],
      searchDomains: ["example.com"],
      ntpServers: ["ntp1.example.com", "ntp2.example.com"],
    },
    users: [
      { name: "admin", authorizedKeys: [userKey], sudo: true },
      { name: "backup", authorizedKeys: [userKey, userKey.replace("admin@", "other's $HOME `key`@")] },
    ],
    timezone: "Europe/Berlin",
    locale: "en_US.UTF-8",
    packages: ["jq"],
    seedUrl: "https://10.0.1.5:8620/s/0123456789abcdef0123456789abcdef",
    caPem,
    ...changes,
  };
}
