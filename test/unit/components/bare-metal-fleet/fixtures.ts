import type { BareMetalFleetArgs, RepositorySpec } from "../../../../components/bare-metal-fleet/args";
import type { InstallationUser } from "../../../../resources/redfish/installation";
import type { OsImage } from "../../../../resources/redfish/installation-types";
import type { ServerSpec } from "../../../../components/topology/inventory";
import type { NetworkSpec } from "../../../../components/topology/networks";

export const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIhBFSb1mR+2WBQzCwXpXbzD2vBzQ5sBBNbjnEAuJ9Wf";
export const uuid = "4c4c4544-0035-3510-8052-b6c04f585131";

export const server: ServerSpec = {
  name: "n-1",
  bmc: "https://10.9.0.1",
  serialNumber: "S1",
  mac: "aa:bb:cc:00:00:01",
};
export const other: ServerSpec = { name: "n-2", bmc: "https://10.9.0.2", serialNumber: "S2", mac: "aa:bb:cc:00:00:02" };
export const running: ServerSpec = { name: "old-7", address: "10.0.0.7", hostKey };
export const bonded: ServerSpec = {
  ...server,
  mac: undefined,
  nics: [
    { name: "eno1", mac: "aa:bb:cc:00:00:01" },
    { name: "eno2", mac: "aa:bb:cc:00:01:01" },
  ],
};

export const twoNetworks: Record<string, NetworkSpec> = {
  management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1" },
  storage: { cidr: "10.1.0.0/24", vlan: 100, mtu: 9000 },
};

export const ownImage: OsImage = {
  family: "debian",
  version: "13",
  architecture: "x86_64",
  kernel: { url: "https://mirror.example.com/linux" },
  initrd: { url: "https://mirror.example.com/initrd.gz" },
  mirror: "https://mirror.example.com/debian",
};

export const ada: InstallationUser = { name: "ada", authorizedKeys: [`${hostKey} ada@example.com`], sudo: true };
export const repository: RepositorySpec = {
  name: "ceph",
  definition: "Types: deb\nURIs: https://mirror.example.com/ceph\n",
};

/** A fleet of one server without a mistake. */
export const fleet: BareMetalFleetArgs = {
  servers: [server],
  networks: { management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1" } },
};
