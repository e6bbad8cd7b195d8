import type { BareMetalFleetArgs } from "../../../../components/bare-metal-fleet/args";
import { planFleet } from "../../../../components/bare-metal-fleet/plan";
import { describeMistake } from "../../../../components/private/mistakes";
import {
  ada,
  bonded,
  fleet,
  hostKey,
  other,
  ownImage,
  repository,
  running,
  server,
  twoNetworks,
  uuid,
} from "./fixtures";

/** What is wrong, the arguments that differ from those of a good fleet, and every message in full. */
const cases: [string, Partial<BareMetalFleetArgs>, string[]][] = [
  [
    "no servers",
    { servers: [] },
    [
      "servers: is empty; give at least one server in servers or inventoryFile (a fleet is never planned for zero servers)",
    ],
  ],
  [
    "name with capitals",
    { servers: [{ ...server, name: "Node_1" }] },
    [
      'servers[0].name: "Node_1" is no server name; use lowercase letters, digits and hyphens, at most 63, beginning and ending with a letter or digit',
    ],
  ],
  [
    "name missing",
    { servers: [{ ...server, name: undefined as unknown as string }] },
    [
      "servers[0].name: undefined is no server name; use lowercase letters, digits and hyphens, at most 63, beginning and ending with a letter or digit",
    ],
  ],
  [
    "name twice",
    { servers: [server, { ...other, name: "n-1" }] },
    ["servers[1].name: n-1 is there twice; server names are unique in a fleet"],
  ],
  [
    "unknown role",
    { servers: [{ ...server, role: "contol" }] },
    [
      'servers[0].role: there is no class "contol"; allowed are control, network, storage, compute; did you mean control?; add your own to classes',
    ],
  ],
  [
    "role of Object's prototype",
    { servers: [{ ...server, role: "constructor" }] },
    [
      'servers[0].role: there is no class "constructor"; allowed are control, network, storage, compute; add your own to classes',
    ],
  ],
  [
    "BMC with a path",
    { servers: [{ ...server, bmc: "https://10.9.0.1/redfish/v1" }] },
    [
      'servers[0].bmc: "https://10.9.0.1/redfish/v1" is no base URL of a BMC; write https://10.0.0.11, https://bmc1.example.com:8443 or an address, without a path',
    ],
  ],
  [
    "BMC with another protocol",
    { servers: [{ ...server, bmc: "ipmi://10.9.0.1" }] },
    [
      'servers[0].bmc: "ipmi://10.9.0.1" is no base URL of a BMC; write https://10.0.0.11, https://bmc1.example.com:8443 or an address, without a path',
    ],
  ],
  [
    "BMC with a password",
    { servers: [{ ...server, bmc: "https://root:hunter2@10.9.0.1" }] },
    [
      "servers[0].bmc: holds a user or password; give the base URL alone and the account in bmcUsername, bmcPassword or bmcCredentials",
    ],
  ],
  [
    "BMC twice, spelt differently",
    { servers: [server, { ...other, bmc: "10.9.0.1" }] },
    ["servers[1].bmc: server n-2 has the same BMC as n-1 (https://10.9.0.1); each server has its own [rule 92]"],
  ],
  [
    "MAC twice",
    { servers: [server, { ...other, mac: "AA-BB-CC-00-00-01" }] },
    [
      "servers[1].mac: server n-2 has the same MAC address as n-1 (aa:bb:cc:00:00:01); each server has its own [rule 92]",
    ],
  ],
  [
    "MAC twice by nics",
    { servers: [server, { ...other, mac: undefined, nics: [{ name: "eno1", mac: "aabbcc000001" }] }] },
    [
      "servers[1].nics: server n-2 has the same MAC address as n-1 (aa:bb:cc:00:00:01); each server has its own [rule 92]",
    ],
  ],
  [
    "serial number twice",
    { servers: [server, { ...other, serialNumber: "s1 " }] },
    ["servers[1].serialNumber: server n-2 has the same serial number as n-1 (s1); each server has its own"],
  ],
  [
    "UUID twice",
    {
      servers: [
        { ...server, uuid },
        { ...other, uuid: uuid.toUpperCase() },
      ],
    },
    [
      "servers[1].uuid: server n-2 has the same UUID as n-1 (4c4c4544-0035-3510-8052-b6c04f585131); each server has its own",
    ],
  ],
  [
    "MAC that is none",
    { servers: [{ ...server, mac: "aa:bb:cc:00:00" }] },
    ['servers[0].mac: "aa:bb:cc:00:00" is no unicast MAC address; write it like aa:bb:cc:00:00:01'],
  ],
  [
    "MAC that is multicast",
    { servers: [{ ...server, mac: "01:00:5e:00:00:01" }] },
    ['servers[0].mac: "01:00:5e:00:00:01" is no unicast MAC address; write it like aa:bb:cc:00:00:01'],
  ],
  [
    "nic with a bad MAC",
    { servers: [{ ...server, nics: [{ name: "eno1", mac: "zz" }] }] },
    ['servers[0].nics[0].mac: "zz" is no unicast MAC address; write it like aa:bb:cc:00:00:01'],
  ],
  [
    "nic with a bad name",
    { servers: [{ ...server, nics: [{ name: "an-interface-too-long", mac: "aa:bb:cc:00:00:01" }] }] },
    [
      'servers[0].nics[0].name: "an-interface-too-long" is no interface name; use 1 to 15 letters, digits, dots, hyphens or underscores',
    ],
  ],
  [
    "nic twice",
    {
      servers: [
        {
          ...server,
          nics: [
            { name: "eno1", mac: "aa:bb:cc:00:00:01" },
            { name: "eno1", mac: "aa:bb:cc:00:00:02" },
          ],
        },
      ],
    },
    ["servers[0].nics[1].name: eno1 is there twice"],
  ],
  [
    "no way to find the port",
    { servers: [{ ...server, mac: undefined }] },
    [
      "servers[0].mac: is missing; without it (or nics, or classes.compute.interfaces) the installer cannot tell which port of server n-1 carries the management network",
    ],
  ],
  [
    "PXE without MAC",
    {
      servers: [{ ...server, mac: undefined }],
      classes: { compute: { methods: ["pxe"], interfaces: [{ name: "eno1", networks: ["management"] }] } },
    },
    [
      "servers[0].mac: is missing; class compute may install by PXE, which finds server n-1 by its MAC address [rule 93]",
    ],
  ],
  [
    "address that is none",
    { servers: [{ ...server, address: "10.0.0.300" }] },
    ['servers[0].address: "10.0.0.300" is not an IP address (without prefix length)'],
  ],
  [
    "address with a prefix",
    { servers: [{ ...server, address: "10.0.0.5/24" }] },
    ['servers[0].address: "10.0.0.5/24" is not an IP address (without prefix length)'],
  ],
  [
    "address outside the network",
    { servers: [{ ...server, address: "10.0.1.5" }] },
    ["servers[0].addresses: 10.0.1.5 is not a host address of network management (10.0.0.0/24)"],
  ],
  [
    "address of the gateway",
    { servers: [{ ...server, address: "10.0.0.1" }] },
    ["servers[0].addresses: 10.0.0.1 is reserved in network management (gateway or reserved); choose another"],
  ],
  [
    "address of the network",
    { servers: [{ ...server, address: "10.0.0.0" }] },
    ["servers[0].addresses: 10.0.0.0 is not a host address of network management (10.0.0.0/24)"],
  ],
  [
    "address given twice",
    { servers: [{ ...server, address: "10.0.0.5", addresses: { management: ["10.0.0.6"] } }] },
    ["servers[0].address: server n-1 has another address for management in addresses; give it once"],
  ],
  [
    "address in a network that it is not on",
    { servers: [{ ...server, addresses: { storage: ["10.1.0.5"] } }] },
    ["servers[0].addresses: server n-1 is not on network storage; its class compute is on management"],
  ],
  [
    "two addresses of a family",
    { servers: [{ ...server, addresses: { management: ["10.0.0.5", "10.0.0.6"] } }] },
    ["servers[0].addresses.management: has two IPv4 addresses in network management; give at most one of each family"],
  ],
  [
    "two servers with one static address",
    {
      servers: [
        { ...server, address: "10.0.0.5" },
        { ...other, address: "10.0.0.5" },
      ],
    },
    [
      "servers[1].address: servers n-1, n-2 would all have 10.0.0.5; addresses never move by themselves, so give the newest one another slot, such as slot: 0 for n-2, or a static address",
    ],
  ],
  [
    "two servers with one slot",
    {
      servers: [
        { ...server, slot: 5 },
        { ...other, slot: 5 },
      ],
    },
    [
      "servers[1].slot: servers n-1, n-2 would all have 10.0.0.15; addresses never move by themselves, so give the newest one another slot, such as slot: 0 for n-2, or a static address",
    ],
  ],
  [
    "two classes that meet in a slot",
    {
      servers: [
        { ...server, name: "a-1", role: "left" },
        { ...other, name: "b-1", role: "right" },
      ],
      classes: { left: {}, right: {} },
    },
    [
      "servers[1].slot: servers a-1, b-1 would all have 10.0.0.201; addresses never move by themselves, so give the newest one another slot, such as slot: 0 for b-1, or a static address",
    ],
  ],
  [
    "slot outside the pool",
    { servers: [{ ...server, slot: 500 }] },
    [
      "servers[0].slot: slot 500 of server n-1 is outside the pool 10.0.0.10-10.0.0.254 of network management (slots 0 to 244); give the server a slot, its class another firstSlot, or the network a larger pool",
    ],
  ],
  [
    "slot that is none",
    { servers: [{ ...server, slot: 1.5 }] },
    ["servers[0].slot: 1.5 is no slot; use an integer from 0 to 1048576"],
  ],
  [
    "slot on a reserved address",
    {
      servers: [server],
      networks: { management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1", reserved: ["10.0.0.100-10.0.0.110"] } },
    },
    [
      "servers[0].slot: slot 91 of server n-1 is 10.0.0.101, which is reserved in network management; give the server another slot",
    ],
  ],
  [
    "rack unit that is none",
    { servers: [{ ...server, position: 0 }] },
    ["servers[0].position: 0 is no rack unit; use an integer from 1 to 100"],
  ],
  [
    "rack unit taken",
    {
      servers: [
        { ...server, rack: "r1", position: 3 },
        { ...other, rack: "r1", position: 3 },
      ],
    },
    ["servers[1].position: unit 3 of rack r1 is taken by n-1"],
  ],
  [
    "rack with spaces",
    { servers: [{ ...server, rack: "Rack 1" }] },
    [
      'servers[0].rack: "Rack 1" is not allowed; use lowercase letters, digits and hyphens, at most 63, beginning and ending with a letter or digit',
    ],
  ],
  [
    "label that Kubernetes refuses",
    { servers: [{ ...server, labels: { "a b": "x", tier: "gold!" } }] },
    [
      'servers[0].labels: "a b" is no label name; use letters, digits, dots, hyphens and underscores, at most 63, with an optional domain and slash before',
      'servers[0].labels: "gold!" is no value for label tier; use letters, digits, dots, hyphens and underscores, at most 63',
    ],
  ],
  ["UUID that is none", { servers: [{ ...server, uuid: "4c4c4544" }] }, ['servers[0].uuid: "4c4c4544" is no UUID']],
  [
    "fingerprint that is none",
    { servers: [{ ...server, bmcFingerprint: "ab:cd" }] },
    ['servers[0].bmcFingerprint: "ab:cd" is no SHA-256 fingerprint; it has 64 hexadecimal digits, colons allowed'],
  ],
  [
    "empty serial number",
    { servers: [{ ...server, serialNumber: " " }] },
    ["servers[0].serialNumber: is empty; leave it out when it is not known"],
  ],
  [
    "host key of a server to install",
    { servers: [{ ...server, hostKey }] },
    [
      "servers[0].hostKey: is for servers that are already running; server n-1 has a bmc and is installed by rackform: remove hostKey",
    ],
  ],
  [
    "neither BMC nor host key",
    { servers: [{ name: "n-1", address: "10.0.0.5" }] },
    [
      "servers[0]: server n-1 has neither bmc nor hostKey; give bmc to have it installed, or address and hostKey when it is already running",
    ],
  ],
  [
    "running server without address",
    { servers: [{ name: "n-1", hostKey }] },
    ["servers[0].address: is missing; server n-1 is already running (hostKey), so its address is needed"],
  ],
  [
    "running server with a serial number",
    { servers: [{ name: "n-1", hostKey, address: "10.0.0.5", serialNumber: "S1" }] },
    ["servers[0].serialNumber: needs bmc; server n-1 joins by address and hostKey, and nothing is asked of its BMC"],
  ],
  [
    "host key that is none",
    { servers: [{ name: "n-1", hostKey: "ssh-ed25519 AAAA", address: "10.0.0.5" }] },
    ["servers[0].hostKey: is no SSH public key; copy the line from /etc/ssh/ssh_host_ed25519_key.pub"],
  ],
  [
    "port that is none",
    { servers: [{ name: "n-1", hostKey, address: "10.0.0.5", port: 70000 }] },
    ["servers[0].port: 70000 is no TCP port; use 1 to 65535"],
  ],
  [
    "running server with the address of another",
    { servers: [server, { name: "old", hostKey, address: "10.0.0.101" }] },
    [
      "servers[0].slot: servers n-1, old would all have 10.0.0.101; addresses never move by themselves, so give the newest one another slot, such as slot: 0 for n-1, or a static address",
    ],
  ],
  [
    "no networks",
    { networks: {} },
    [
      'networks: class compute has no management network; add one with a cidr, such as management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1" }',
    ],
  ],
  [
    "network without CIDR",
    { networks: { management: {} } },
    ["networks.management: has neither cidr nor cidr6; give the network in CIDR notation, such as 10.0.0.0/24"],
  ],
  [
    "CIDR that is none",
    { networks: { management: { cidr: "10.0.0.0" } } },
    ['networks.management.cidr: "10.0.0.0" is not an IPv4 network; write it like 10.0.0.0/24'],
  ],
  [
    "CIDR with host bits",
    { networks: { management: { cidr: "10.0.0.5/24" } } },
    ["networks.management.cidr: 10.0.0.5/24 has host bits set; write 10.0.0.0/24"],
  ],
  [
    "CIDR of the other family",
    { networks: { management: { cidr: "fd00::/64" } } },
    ['networks.management.cidr: "fd00::/64" is not an IPv4 network; write it like 10.0.0.0/24'],
  ],
  [
    "CIDR too small",
    { networks: { management: { cidr: "10.0.0.0/31" } } },
    [
      "networks.management.cidr: 10.0.0.0/31 has a prefix of 31; allowed is 8 to 30",
      "servers[0].slot: slot 91 of server n-1 is outside the pool 10.0.0.0-10.0.0.1 of network management (slots 0 to 1); give the server a slot, its class another firstSlot, or the network a larger pool",
    ],
  ],
  [
    "gateway outside",
    { networks: { management: { cidr: "10.0.0.0/24", gateway: "10.0.1.1" } } },
    ["networks.management.gateway: 10.0.1.1 is not a host address of 10.0.0.0/24; the router must be on the network"],
  ],
  [
    "gateway that is none",
    { networks: { management: { cidr: "10.0.0.0/24", gateway: "router" } } },
    ['networks.management.gateway: "router" is not an IPv4 address'],
  ],
  [
    "gateway6 without cidr6",
    { networks: { management: { cidr: "10.0.0.0/24", gateway6: "fd00::1" } } },
    ['networks.management.gateway6: "fd00::1" needs cidr6, which is not given'],
  ],
  [
    "pool that runs backwards",
    { networks: { management: { cidr: "10.0.0.0/24", pool: "10.0.0.200-10.0.0.10" } } },
    [
      'networks.management.pool: "10.0.0.200-10.0.0.10" is not a range of addresses in ascending order; write it like 10.0.0.10-10.0.0.254 [rule 96]',
    ],
  ],
  [
    "pool that leaves the network",
    { networks: { management: { cidr: "10.0.0.0/24", pool: "10.0.0.10-10.0.1.10" } } },
    [
      "networks.management.pool: 10.0.0.10-10.0.1.10 leaves 10.0.0.0/24; host addresses are 10.0.0.1-10.0.0.254 [rule 96]",
    ],
  ],
  [
    "reserved that is none",
    { networks: { management: { cidr: "10.0.0.0/24", reserved: ["vip"] } } },
    ['networks.management.reserved[0]: "vip" is no address, range (first-last) or network'],
  ],
  [
    "networks that overlap",
    { networks: { management: { cidr: "10.0.0.0/16" }, storage: { cidr: "10.0.4.0/24", vlan: 4 } } },
    [
      "networks.storage.cidr: 10.0.4.0/24 overlaps 10.0.0.0/16 of network management; networks must be disjoint [rule 96]",
    ],
  ],
  [
    "VLAN out of range",
    { networks: { management: { cidr: "10.0.0.0/24", vlan: 4095 } } },
    ["networks.management.vlan: 4095 is no VLAN ID; allowed is 1 to 4094, unset means untagged [rule 104]"],
  ],
  [
    "VLAN twice",
    { networks: { management: { cidr: "10.0.0.0/24", vlan: 5 }, storage: { cidr: "10.1.0.0/24", vlan: 5 } } },
    ["networks.storage.vlan: VLAN 5 is already network management; give each its own ID [rule 104]"],
  ],
  [
    "MTU too large",
    { networks: { management: { cidr: "10.0.0.0/24", mtu: 10000 } } },
    ["networks.management.mtu: 10000 is no usable MTU; allowed is 576 to 9216 bytes (1280 and more with IPv6)"],
  ],
  [
    "MTU too small for IPv6",
    { networks: { management: { cidr6: "fd00::/64", mtu: 600 } } },
    ["networks.management.mtu: 600 is too small for IPv6; use at least 1280"],
  ],
  [
    "purpose that is none",
    {
      networks: {
        management: { cidr: "10.0.0.0/24" },
        lab: { cidr: "10.2.0.0/24", vlan: 7, purpose: "tenants" as never },
      },
    },
    [
      'networks.lab.purpose: "tenants" is no purpose; allowed are management, provision, storage, tenant; did you mean tenant?',
    ],
  ],
  [
    "network name with capitals",
    { networks: { management: { cidr: "10.0.0.0/24" }, "Lab Net": { cidr: "10.2.0.0/24", vlan: 7 } } },
    [
      'networks.Lab Net: the name "Lab Net" is not allowed; use lowercase letters, digits and hyphens, at most 63, beginning and ending with a letter or digit',
    ],
  ],
  [
    "two management networks",
    {
      networks: {
        management: { cidr: "10.0.0.0/24" },
        second: { cidr: "10.2.0.0/24", vlan: 7, purpose: "management" },
      },
    },
    [
      "classes.compute.networks: management and second are both management networks; a class has one, for its nodes' addresses",
    ],
  ],
  [
    "two untagged networks on one port",
    { networks: { management: { cidr: "10.0.0.0/24" }, storage: { cidr: "10.2.0.0/24" } } },
    [
      "servers[0].nics: management and storage are untagged but class compute has no interfaces to keep them apart; describe classes.compute.interfaces, or give all but one a vlan",
    ],
  ],
  [
    "two default routes",
    {
      networks: {
        management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1" },
        tenant: { cidr: "10.2.0.0/24", gateway: "10.2.0.1", vlan: 7, defaultRoute: true },
      },
    },
    [
      "classes.compute.networks: management and tenant both lead the default route; set defaultRoute: false on all but one",
    ],
  ],
  [
    "interface that carries an unknown network",
    { classes: { compute: { interfaces: [{ name: "eno1", networks: ["managment"] }] } } },
    [
      'classes.compute.interfaces[0].networks: there is no network "managment"; allowed is management',
      "classes.compute.interfaces: no interface carries management; name every network of the class in the networks of one interface",
    ],
  ],
  [
    "network that no interface carries",
    { networks: twoNetworks, classes: { compute: { interfaces: [{ name: "eno1", networks: ["management"] }] } } },
    [
      "classes.compute.interfaces: no interface carries storage; name every network of the class in the networks of one interface",
    ],
  ],
  [
    "network carried twice",
    {
      classes: {
        compute: {
          interfaces: [
            { name: "eno1", networks: ["management"] },
            { name: "eno2", networks: ["management"] },
          ],
        },
      },
    },
    [
      "classes.compute.interfaces[1].networks: network management is carried by eno1 already; a network has one interface",
    ],
  ],
  [
    "interface twice",
    {
      networks: twoNetworks,
      classes: {
        compute: {
          interfaces: [
            { name: "eno1", networks: ["management"] },
            { name: "eno1", networks: ["storage"] },
          ],
        },
      },
    },
    ["classes.compute.interfaces[1].name: eno1 is there twice; interface names are unique in a class"],
  ],
  [
    "interface MTU below its network's",
    {
      networks: { management: { cidr: "10.0.0.0/24", mtu: 9000 } },
      classes: { compute: { interfaces: [{ name: "eno1", networks: ["management"], mtu: 1500 }] } },
    },
    [
      "classes.compute.interfaces[0].mtu: 1500 is smaller than the 9000 of network management; an interface's MTU is at least that of each network on it",
    ],
  ],
  [
    "interface name too long with its VLAN",
    {
      networks: twoNetworks,
      classes: { compute: { interfaces: [{ name: "enp129s0f0np0", networks: ["management", "storage"] }] } },
    },
    [
      "classes.compute.interfaces[0].name: enp129s0f0np0.100 (network storage) is longer than the 15 characters of an interface name; shorten enp129s0f0np0",
    ],
  ],
  [
    "network carried but not used",
    {
      networks: twoNetworks,
      classes: {
        compute: { networks: ["management"], interfaces: [{ name: "eno1", networks: ["management", "storage"] }] },
      },
    },
    [
      "classes.compute.interfaces: network storage is carried but not one of the class's networks (management); add it there or remove it here",
    ],
  ],
  [
    "bond without members",
    { classes: { compute: { interfaces: [{ name: "bond0", networks: ["management"], bond: { members: [] } }] } } },
    ["classes.compute.interfaces[0].bond.members: is empty; name the ports that make up the bond"],
  ],
  [
    "bond mode that is none",
    {
      servers: [bonded],
      classes: {
        compute: {
          interfaces: [{ name: "bond0", networks: ["management"], bond: { members: ["eno1"], mode: "lacp" as never } }],
        },
      },
    },
    [
      'classes.compute.interfaces[0].bond.mode: "lacp" is no bonding mode; allowed are active-backup, 802.3ad, balance-rr, balance-xor, broadcast, balance-tlb, balance-alb',
    ],
  ],
  [
    "bond of ports that the server lacks",
    {
      classes: {
        compute: { interfaces: [{ name: "bond0", networks: ["management"], bond: { members: ["eno1", "eno2"] } }] },
      },
    },
    ["servers[0].nics: server n-1 has no MAC address for eno1, eno2, needed for bond0; add the ports to nics"],
  ],
  [
    "port in two bonds",
    {
      networks: twoNetworks,
      servers: [bonded],
      classes: {
        compute: {
          interfaces: [
            { name: "bond0", networks: ["management"], bond: { members: ["eno1"] } },
            { name: "bond1", networks: ["storage"], bond: { members: ["eno1"] } },
          ],
        },
      },
    },
    ["classes.compute.interfaces[1].bond.members: eno1 is a member of bond0 already; a port belongs to one bond"],
  ],
  [
    "bonded port that carries a network itself",
    {
      networks: twoNetworks,
      servers: [bonded],
      classes: {
        compute: {
          interfaces: [
            { name: "bond0", networks: ["management"], bond: { members: ["eno1"] } },
            { name: "eno1", networks: ["storage"] },
          ],
        },
      },
    },
    [
      "classes.compute.interfaces: eno1 is a member of bond0 and an interface of its own; a bonded port carries nothing itself",
    ],
  ],
  [
    "unknown network of a class",
    { classes: { compute: { networks: ["management", "storag"] } } },
    ['classes.compute.networks[1]: there is no network "storag"; allowed is management'],
  ],
  [
    "class without management network",
    { networks: twoNetworks, classes: { compute: { networks: ["storage"] } } },
    [
      'classes.compute.networks: class compute has no management network; add one with a cidr, such as management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1" }',
    ],
  ],
  [
    "class name with capitals",
    { classes: { GPU: {} } },
    [
      'classes.GPU: the name "GPU" is not allowed; use lowercase letters, digits and hyphens, at most 63, beginning and ending with a letter or digit',
    ],
  ],
  [
    "requirement that is negative",
    { classes: { compute: { requirements: { minCores: -1 } } } },
    ["classes.compute.requirements.minCores: -1 is no number of cores; use an integer of at least 1, or leave it out"],
  ],
  [
    "drive type that is none",
    { classes: { compute: { requirements: { drives: [{ type: "SATA" as never }] } } } },
    ['classes.compute.requirements.drives[0].type: "SATA" is no drive type; allowed are NVMe, SSD, HDD'],
  ],
  [
    "method that is none",
    { classes: { compute: { methods: ["vmedia" as never] } } },
    ['classes.compute.methods[0]: "vmedia" is no installation method; allowed are virtualMedia, uefiHttp, pxe'],
  ],
  [
    "no methods",
    { classes: { compute: { methods: [] } } },
    ["classes.compute.methods: is empty; leave it out, or name at least one of virtualMedia, uefiHttp, pxe"],
  ],
  [
    "uefiHttp in Legacy mode",
    { classes: { compute: { bootMode: "Legacy", methods: ["uefiHttp"] } } },
    ["classes.compute.methods: uefiHttp needs bootMode UEFI; remove the method or change the mode"],
  ],
  [
    "boot mode that is none",
    { classes: { compute: { bootMode: "BIOS" as never } } },
    ['classes.compute.bootMode: "BIOS" is neither UEFI nor Legacy'],
  ],
  [
    "empty BIOS profile",
    { classes: { compute: { biosProfile: { attributes: {} } } } },
    ["classes.compute.biosProfile.attributes: is empty; name at least one attribute, or leave biosProfile out"],
  ],
  [
    "root disk that nothing can match",
    { classes: { compute: { rootDisk: { minSizeGb: 500, maxSizeGb: 100 } } } },
    ["classes.compute.rootDisk.minSizeGb: 500 is more than maxSizeGb 100; no disk can match"],
  ],
  [
    "root disk hint that is empty",
    { classes: { compute: { rootDisk: {} } } },
    [
      "classes.compute.rootDisk: is empty; give at least one of deviceName, serialNumber, model, minSizeGb, maxSizeGb, type, wwn",
    ],
  ],
  [
    "root disk that is no device",
    { classes: { compute: { rootDisk: { deviceName: "sda" } } } },
    ['classes.compute.rootDisk.deviceName: "sda" is no device; write it like /dev/nvme0n1 or /dev/disk/by-path/…'],
  ],
  [
    "root disk that is kept",
    { classes: { compute: { rootDisk: { serialNumber: "D1" }, keepDisks: ["D1"] } } },
    ["classes.compute.keepDisks: D1 is the root disk too; a disk cannot be both kept and installed on [rule 27]"],
  ],
  [
    "first slot that is none",
    { classes: { compute: { firstSlot: -1 } } },
    ["classes.compute.firstSlot: -1 is no slot; use an integer from 0 to 1048576"],
  ],
  [
    "timeout too short",
    { classes: { compute: { timeoutSeconds: 10 } } },
    ["classes.compute.timeoutSeconds: 10 is not allowed; use 300 to 14400 seconds (servers take minutes to start)"],
  ],
  [
    "kernel modules without consent to restart",
    { classes: { compute: { kernelModules: ["br_netfilter"] } } },
    [
      "classes.compute.kernelModules: may need a restart; set classes.compute.allowReboot to true to consent, or remove kernelModules [rule 28]",
    ],
  ],
  [
    "kernel parameters without consent to restart",
    { classes: { compute: { kernelParameters: ["intel_iommu=on"] } } },
    [
      "classes.compute.kernelParameters: may need a restart; set classes.compute.allowReboot to true to consent, or remove kernelParameters [rule 28]",
    ],
  ],
  [
    "fleet's kernel modules without consent to restart",
    { kernelModules: ["br_netfilter"], classes: { compute: {} } },
    [
      "classes.compute.allowReboot: kernelModules of the fleet may need a restart of class compute; set it to true to consent [rule 28]",
    ],
  ],
  [
    "kernel module that is none",
    { kernelModules: ["br netfilter"], classes: { compute: { allowReboot: true } } },
    ['kernelModules[0]: "br netfilter" is no kernel module'],
  ],
  [
    "kernel parameter with a shell in it",
    { classes: { compute: { allowReboot: true, kernelParameters: ["a=$(reboot)"] } } },
    ['classes.compute.kernelParameters[0]: "a=$(reboot)" is no kernel parameter'],
  ],
  [
    "sysctl that is none",
    { sysctls: { forwarding: "1" } },
    ['sysctls["forwarding"]: is no kernel setting; write it like net.ipv4.ip_forward'],
  ],
  [
    "sysctl that is no text",
    { sysctls: { "net.ipv4.ip_forward": 1 as never } },
    ['sysctls["net.ipv4.ip_forward"]: 1 is not a text of one line; put numbers in quotes'],
  ],
  ["package that is none", { packages: ["jq; reboot"] }, ['packages[0]: "jq; reboot" is no package name']],
  [
    "unknown image",
    { image: "debian-31" },
    [
      'image: there is no image "debian-31"; allowed are ubuntu-24.04, debian-12, debian-13, rocky-9, rocky-10, alma-9, alma-10, rhel-9, rhel-10; did you mean debian-12?; describe your own in images',
    ],
  ],
  [
    "image without a public server",
    { image: "rhel-9" },
    [
      "image: rhel-9 has no public server; set mirror to a tree that holds rhel/9/BaseOS, or describe the image in images",
    ],
  ],
  [
    "image without that architecture",
    { image: "ubuntu-24.04", architecture: "aarch64" },
    ["image: ubuntu-24.04 has no preset for aarch64; allowed is x86_64; describe your own in images"],
  ],
  [
    "own image with a bad URL",
    { images: { mine: { ...ownImage, kernel: { url: "file:///vmlinuz" } } } },
    ['images.mine.kernel.url: "file:///vmlinuz" is no http or https URL [rule 99]'],
  ],
  [
    "own image with credentials in a URL",
    { images: { mine: { ...ownImage, kernel: { url: "https://u:hunter2@mirror.example.com/linux" } } } },
    ["images.mine.kernel: its URL holds credentials, which would be stored and logged; serve the file without them"],
  ],
  [
    "own image with a bad checksum",
    { images: { mine: { ...ownImage, kernel: { url: "https://mirror.example.com/linux", sha256: "abc" } } } },
    ['images.mine.kernel.sha256: "abc" is no SHA-256; it has 64 hexadecimal digits [rule 99]'],
  ],
  [
    "disk image without checksum",
    {
      images: {
        mine: {
          ...ownImage,
          family: "nocloud",
          diskImage: { url: "https://mirror.example.com/d.img", format: "raw" } as never,
        },
      },
    },
    [
      "images.mine.diskImage.sha256: is missing; a disk image is written as it comes, so its checksum is required [rule 99]",
    ],
  ],
  [
    "nocloud without disk image",
    { images: { mine: { ...ownImage, family: "nocloud" } } },
    [
      "images.mine.diskImage: is missing; the family nocloud writes a disk image: give url, sha256 and format [rule 99]",
    ],
  ],
  [
    "own image without mirror",
    { images: { mine: { ...ownImage, mirror: undefined } } },
    ["images.mine.mirror: is missing; the debian installer needs a package mirror"],
  ],
  [
    "Ubuntu image without ISO",
    { images: { mine: { ...ownImage, family: "ubuntu" } } },
    ["images.mine.liveImage: is missing; Ubuntu's installer needs the live-server ISO"],
  ],
  ["mirror that is none", { mirror: "mirror.example.com" }, ['mirror: "mirror.example.com" is no http or https URL']],
  [
    "mirror with credentials",
    { mirror: "https://u:hunter2@mirror.example.com" },
    ["mirror: holds credentials, which would be stored on every node; serve it without them"],
  ],
  [
    "mirror with a query",
    { mirror: "https://mirror.example.com/?a=b" },
    [
      "mirror: https://mirror.example.com/?a=b has a query or fragment; paths are appended to it, so give a plain base URL",
    ],
  ],
  [
    "name server by name",
    { nameservers: ["dns.example.com"] },
    ['nameservers[0]: "dns.example.com" is not an IP address; name servers are given by address'],
  ],
  [
    "NTP server that is none",
    { ntpServers: ["time server"] },
    ['ntpServers[0]: "time server" is neither a host name nor an IP address'],
  ],
  ["search domain that is none", { searchDomains: ["-x"] }, ['searchDomains[0]: "-x" is no domain name']],
  [
    "time zone that is none",
    { timezone: "Berlin" },
    ['timezone: "Berlin" is no IANA time zone; write it like Europe/Berlin or Etc/UTC'],
  ],
  [
    "locale that is none",
    { locale: "german" + " utf8" },
    ['locale: "german utf8" is no locale; write it like en_US.UTF-8'],
  ],
  [
    "login that is none",
    { user: "Root User" },
    ['user: "Root User" is no login name; use lowercase letters, digits, hyphens and underscores, at most 32'],
  ],
  ["user twice", { users: [ada, ada] }, ["users[1].name: ada is there twice; login names are unique"]],
  [
    "user that is rackform's",
    { users: [{ ...ada, name: "root" }] },
    ["users[0].name: root is the login of rackform itself (user); it needs no entry"],
  ],
  [
    "user without keys",
    { users: [{ ...ada, authorizedKeys: [] }] },
    ["users[0].authorizedKeys: is empty; ada could not log in, because passwords are off"],
  ],
  [
    "key that is none",
    { users: [{ ...ada, authorizedKeys: ["ssh-rsa hello"] }] },
    [
      "users[0].authorizedKeys[0]: is no SSH public key; give one line such as ssh-ed25519 AAAA… comment, without options",
    ],
  ],
  [
    "key with a command",
    { users: [{ ...ada, authorizedKeys: [`command="x" ${hostKey}`] }] },
    [
      "users[0].authorizedKeys[0]: is no SSH public key; give one line such as ssh-ed25519 AAAA… comment, without options",
    ],
  ],
  [
    "repository twice",
    { repositories: [repository, repository] },
    ["repositories[1].name: ceph is there twice; repository names are unique"],
  ],
  [
    "repository that is neither",
    { repositories: [{ ...repository, definition: "deb http://x y z" }] },
    [
      "repositories[0].definition: is neither deb822 (Types: deb …) nor an INI section ([name]); give the content of the file",
    ],
  ],
  [
    "repository key that is none",
    { repositories: [{ ...repository, key: "ssh-rsa" }] },
    ["repositories[0].key: is no ASCII-armoured public key; it begins with -----BEGIN PGP PUBLIC KEY BLOCK-----"],
  ],
  [
    "certificate that is a path",
    { bmcCaBundle: "/etc/ssl/ca.pem" },
    ["bmcCaBundle: holds no PEM certificate; give the text of the file, not its path"],
  ],
  ["canary that is unknown", { canary: ["n-9"] }, ['canary[0]: there is no server "n-9"; allowed is n-1']],
  [
    "canary in quarantine",
    { canary: ["n-1"], quarantine: ["n-1"] },
    ["canary: n-1 is in quarantine; a server that is set aside cannot go first"],
  ],
  [
    "canary that is already running",
    { servers: [server, running], canary: ["old-7"] },
    ["canary[0]: server old-7 is already running (no bmc): rackform neither installs nor restarts it; remove it here"],
  ],
  ["quarantine that is unknown", { quarantine: ["n1"] }, ['quarantine[0]: there is no server "n1"; allowed is n-1']],
  ["decommission twice", { decommission: ["n-1", "n-1"] }, ["decommission[1]: n-1 is there twice"]],
  [
    "batch size of zero",
    { batchSize: 0 },
    ["batchSize: 0 is no number of servers; use an integer of at least 1, or leave it out to install all at once"],
  ],
  [
    "reinstall of an unknown server",
    { reinstall: { nobody: "1" } },
    ['reinstall.nobody: there is no server "nobody"; allowed is n-1'],
  ],
  [
    "reinstall without consent",
    { reinstall: { "n-1": "1" } },
    [
      'reinstall.n-1: wipes the root disk of n-1; consent by adding "S1" to classes.compute.wipe.serialNumbers in an up before [rule 27]',
    ],
  ],
  [
    "reinstall of a server without serial number",
    { servers: [{ ...server, serialNumber: undefined, uuid }], reinstall: { "n-1": "1" } },
    [
      "reinstall.n-1: wipes the root disk of n-1, but the server has no serialNumber to be sure which machine that is; add it [rule 27]",
    ],
  ],
  [
    "reinstall without token",
    { reinstall: { "n-1": "" }, classes: { compute: { wipe: { serialNumbers: ["S1"] } } } },
    ["reinstall.n-1: has an empty token; use any text that was not used before, such as a date"],
  ],
  [
    "wipe of everything",
    { classes: { compute: { wipe: { serialNumbers: [] } } } },
    [
      "classes.compute.wipe.serialNumbers: is empty; name the serial number of each server whose disks may be wiped, or leave wipe out [rule 27]",
    ],
  ],
  [
    "wipe of an unknown machine",
    { classes: { compute: { wipe: { serialNumbers: ["S9"] } } } },
    [
      'classes.compute.wipe.serialNumbers[0]: no server has the serial number "S9"; consent is given for known machines only [rule 27]',
    ],
  ],
  [
    "wipe in the wrong class",
    { classes: { storage: { wipe: { serialNumbers: ["S1"] } } } },
    [
      "classes.storage.wipe.serialNumbers[0]: S1 is server n-1 of class compute; give the consent in classes.compute.wipe [rule 27]",
    ],
  ],
  [
    "consent that is ignored",
    { ignoreRules: [27] },
    ["ignoreRules[0]: rule 27 is consent and cannot be ignored; give the consent that it asks for"],
  ],
  [
    "label of a class that Kubernetes refuses",
    { classes: { compute: { labels: { tier: "a b" } } } },
    [
      'classes.compute.labels: "a b" is no value for label tier; use letters, digits, dots, hyphens and underscores, at most 63',
    ],
  ],
];

describe("planFleet refuses", () => {
  it("nothing in the good fleet that every case starts from", () => {
    expect(planFleet(fleet).errors).toEqual([]);
    expect(planFleet({ ...fleet, servers: [server, other, running] }).errors).toEqual([]);
    expect(
      planFleet({
        ...fleet,
        networks: twoNetworks,
        users: [ada],
        repositories: [repository],
        images: { own: ownImage },
        image: "own",
      }).errors,
    ).toEqual([]);
    expect(planFleet({ ...fleet, servers: [bonded] }).errors).toEqual([]);
  });

  it.each(cases)("%s", (_label, change, messages) => {
    const plan = planFleet({ ...fleet, ...change });
    expect(plan.errors.map(describeMistake)).toEqual(messages);
    expect(plan.nodes).toEqual([]);
    expect(plan.servers).toEqual({});
  });

  it("says all mistakes at once", () => {
    const all = Object.assign(
      {},
      ...cases
        .filter(([label]) => /^(mirror that|time zone|locale|user twice|batch size|canary that is unknown)/.test(label))
        .map(([, change]) => change),
    ) as BareMetalFleetArgs;
    expect(planFleet({ ...fleet, ...all }).errors).toHaveLength(6);
  });

  it("never repeats a password", () => {
    for (const [, change] of cases) {
      const { errors, warnings } = planFleet({ ...fleet, ...change });
      expect(JSON.stringify([errors, warnings])).not.toContain("hunter2");
    }
  });

  it("ends no message with a full stop and begins none with a capital of a sentence", () => {
    for (const [, , messages] of cases) {
      for (const message of messages) {
        expect(message).not.toMatch(/\.$/);
        expect(message.slice(message.indexOf(": ") + 2)).toMatch(/^([a-z0-9"-]|VLAN|D1|S1|Ubuntu)/);
      }
    }
  });
});

describe("ignoreRules", () => {
  it("turns a numbered rule into a warning, and nothing else", () => {
    const twins = { ...fleet, servers: [server, { ...other, mac: server.mac }], ignoreRules: [92] };
    const plan = planFleet(twins);
    expect(plan.errors).toEqual([]);
    expect(plan.warnings.map(({ rule }) => rule)).toContain(92);
    expect(planFleet({ ...twins, ignoreRules: [93] }).errors).toHaveLength(1);
  });
});
