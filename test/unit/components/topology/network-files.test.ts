import { parse } from "yaml";
import { Mistakes } from "../../../../components/private/mistakes";
import { networkFiles } from "../../../../components/topology/network-files";
import { planInterfaces } from "../../../../components/topology/network-plan-interfaces";
import { parseAddress } from "../../../../components/topology/ip";
import { planNetworks } from "../../../../components/topology/network-plan-networks";

const mistakes = new Mistakes();
const networks = planNetworks(
  {
    management: { cidr: "10.0.0.0/24", cidr6: "fd00:1::/64", gateway: "10.0.0.1", gateway6: "fd00:1::1" },
    storage: { cidr: "10.1.0.0/24", vlan: 100, mtu: 9000 },
    tenant: { cidr: "10.2.0.0/24", vlan: 200 },
  },
  mistakes,
);
const addresses = new Map([
  ["management", { ipv4: parseAddress("10.0.0.11")!, ipv6: parseAddress("fd00:1::b")! }],
  ["storage", { ipv4: parseAddress("10.1.0.11")! }],
  ["tenant", { ipv4: parseAddress("10.2.0.11")! }],
]);
const server = {
  name: "n-1",
  at: (field: string) => field,
  nics: [
    { name: "eno1", mac: "AA:BB:CC:00:00:01" },
    { name: "eno2", mac: "aa:bb:cc:00:00:02" },
    { name: "eno3", mac: "aa:bb:cc:00:00:03" },
  ],
};
const interfaces = planInterfaces(
  server,
  [
    { name: "bond0", networks: ["management", "storage"], bond: { mode: "802.3ad", members: ["eno1", "eno2"] } },
    { name: "eno3", networks: ["tenant"] },
  ],
  networks,
  addresses,
  mistakes,
);
const resolver = { nameservers: ["10.0.0.1", "fd00:1::1"], searchDomains: ["example.com"] };
const render = (backend: "netplan" | "networkd" | "networkmanager") =>
  Object.fromEntries(networkFiles(backend, interfaces, resolver).map(({ path, content }) => [path, content]));

describe("planInterfaces", () => {
  it("gives the bond its networks' MTU, the untagged addresses and the routers, and each tagged network an interface", () => {
    expect(mistakes.errors).toEqual([]);
    expect(interfaces).toEqual([
      {
        name: "bond0",
        addresses: ["10.0.0.11/24", "fd00:1::b/64"],
        gateway: "10.0.0.1",
        gateway6: "fd00:1::1",
        mtu: 9000,
        bond: { mode: "802.3ad", members: ["aa:bb:cc:00:00:01", "aa:bb:cc:00:00:02"], memberNames: ["eno1", "eno2"] },
      },
      { name: "bond0.100", addresses: ["10.1.0.11/24"], mtu: 9000, vlan: { id: 100, link: "bond0" } },
      { name: "eno3", mac: "aa:bb:cc:00:00:03", addresses: [], mtu: 1500 },
      { name: "eno3.200", addresses: ["10.2.0.11/24"], mtu: 1500, vlan: { id: 200, link: "eno3" } },
    ]);
  });
});

describe("networkFiles", () => {
  it("renders netplan", () => {
    expect(parse(render("netplan")["/etc/netplan/90-rackform.yaml"])).toEqual({
      network: {
        version: 2,
        ethernets: {
          eno1: {
            match: { macaddress: "aa:bb:cc:00:00:01" },
            "set-name": "eno1",
            mtu: 9000,
            dhcp4: false,
            dhcp6: false,
            "accept-ra": false,
          },
          eno2: {
            match: { macaddress: "aa:bb:cc:00:00:02" },
            "set-name": "eno2",
            mtu: 9000,
            dhcp4: false,
            dhcp6: false,
            "accept-ra": false,
          },
          eno3: {
            match: { macaddress: "aa:bb:cc:00:00:03" },
            "set-name": "eno3",
            mtu: 1500,
            dhcp4: false,
            dhcp6: false,
            "accept-ra": false,
          },
        },
        bonds: {
          bond0: {
            interfaces: ["eno1", "eno2"],
            parameters: { mode: "802.3ad", "mii-monitor-interval": 100, "lacp-rate": "fast" },
            addresses: ["10.0.0.11/24", "fd00:1::b/64"],
            routes: [
              { to: "default", via: "10.0.0.1" },
              { to: "default", via: "fd00:1::1" },
            ],
            nameservers: { addresses: ["10.0.0.1", "fd00:1::1"], search: ["example.com"] },
            "accept-ra": false,
            mtu: 9000,
          },
        },
        vlans: {
          "bond0.100": { id: 100, link: "bond0", addresses: ["10.1.0.11/24"], "accept-ra": false, mtu: 9000 },
          "eno3.200": { id: 200, link: "eno3", addresses: ["10.2.0.11/24"], "accept-ra": false, mtu: 1500 },
        },
      },
    });
  });

  it("renders systemd-networkd: a netdev a bond and VLAN, a network an interface and port", () => {
    const files = render("networkd");
    expect(Object.keys(files).map((file) => file.replace("/etc/systemd/network/10-rackform-", ""))).toEqual([
      "bond0.netdev",
      "eno1.network",
      "eno2.network",
      "bond0.network",
      "bond0.100.netdev",
      "bond0.100.network",
      "eno3.network",
      "eno3.200.netdev",
      "eno3.200.network",
    ]);
    expect(files["/etc/systemd/network/10-rackform-bond0.network"]).toBe(
      "[Match]\nName=bond0\n\n[Link]\nMTUBytes=9000\n\n[Network]\nDHCP=no\nIPv6AcceptRA=no\nAddress=10.0.0.11/24\nAddress=fd00:1::b/64\nGateway=10.0.0.1\nGateway=fd00:1::1\nDNS=10.0.0.1\nDNS=fd00:1::1\nDomains=example.com\nVLAN=bond0.100\n",
    );
    expect(files["/etc/systemd/network/10-rackform-eno1.network"]).toContain("PermanentMACAddress=aa:bb:cc:00:00:01");
    expect(files["/etc/systemd/network/10-rackform-eno3.network"]).toContain("LinkLocalAddressing=no\nVLAN=eno3.200\n");
  });

  it("renders NetworkManager: families apart, the default route only where there is a router", () => {
    const files = render("networkmanager");
    const bond = files["/etc/NetworkManager/system-connections/rackform-bond0.nmconnection"];
    expect(bond).toContain(
      "[ipv4]\nmethod=manual\naddress1=10.0.0.11/24\ngateway=10.0.0.1\ndns=10.0.0.1;\ndns-search=example.com;\n",
    );
    expect(bond).toContain("[ipv6]\nmethod=manual\naddress1=fd00:1::b/64\ngateway=fd00:1::1\ndns=fd00:1::1;\n");
    const vlan = files["/etc/NetworkManager/system-connections/rackform-bond0.100.nmconnection"];
    expect(vlan).toContain("[vlan]\nid=100\nparent=bond0\n");
    expect(vlan).toContain("[ipv4]\nmethod=manual\naddress1=10.1.0.11/24\nnever-default=true\n");
    expect(files["/etc/NetworkManager/system-connections/rackform-eno2.nmconnection"]).toContain(
      "master=bond0\nslave-type=bond\n",
    );
  });

  it("renders nothing for no interfaces", () => {
    expect(networkFiles("netplan", [], resolver)).toEqual([]);
  });
});
