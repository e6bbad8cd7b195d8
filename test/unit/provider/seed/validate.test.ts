import { renderSeed, seedProblems, type SeedInput } from "../../../../provider/seed";
import { bootInterface } from "../../../../provider/seed/network";
import { seedInput } from "./fixtures";

type Family = SeedInput["image"]["family"];
type Change = (input: SeedInput) => void;

it.each(["debian", "ubuntu", "rhel", "nocloud"] as const)("finds nothing wrong with a good seed of %s", (family) => {
  expect(seedProblems(seedInput(family))).toEqual([]);
});

const bad: [string, Family, Change, RegExp][] = [
  ["installationId", "debian", (input) => (input.installationId = 'x"; rm'), /not valid; allowed: up to 128 letters/],
  ["hostname", "debian", (input) => (input.hostname = "-node"), /allowed: a host name/],
  ["hostname", "debian", (input) => (input.hostname = "a".repeat(64)), /allowed: a host name/],
  ["timezone", "debian", (input) => (input.timezone = "../../etc"), /IANA time zone/],
  ["locale", "debian", (input) => (input.locale = "en_US;x"), /a locale such as/],
  ["packages[0]", "rhel", (input) => (input.packages = ["%end"]), /the name of a package/],
  ["packages[1]", "debian", (input) => (input.packages = ["jq", "a b"]), /the name of a package/],
  ["keepDisks[0]", "debian", (input) => (input.keepDisks = ["A\nB"]), /serial number of a disk/],
  ["rootDisk.model", "debian", (input) => (input.rootDisk = { model: "a\u0000" }), /one line of text/],
  ["identity.serialNumber", "debian", (input) => (input.identity = { serialNumber: "" }), /one line of text/],
  ["proxy", "debian", (input) => (input.proxy = "ftp://proxy"), /http or https URL/],
  ["image.mirror", "debian", (input) => (input.image.mirror = "http://user:pass@mirror"), /without a login/],
  ["image.mirror", "rhel", (input) => (input.image.mirror = undefined), /rhel needs the URL of an installation tree/],
  ["image.liveImage", "ubuntu", (input) => (input.image.liveImage = undefined), /ubuntu needs the URL/],
  ["image.diskImage", "nocloud", (input) => (input.image.diskImage = undefined), /nocloud needs a disk image/],
  [
    "image.diskImage.format",
    "nocloud",
    (input) => (input.image.diskImage!.format = "qcow2"),
    /allowed: raw, raw.gz, raw.xz \(convert/,
  ],
  ["image.diskImage.sha256", "nocloud", (input) => (input.image.diskImage!.sha256 = "abc"), /64 hexadecimal digits/],
  [
    "image.kernelArguments[0]",
    "debian",
    (input) => (input.image.kernelArguments = ["a b"]),
    /without quotes, backslashes and blanks/,
  ],
  ["users[0].name", "debian", (input) => (input.users[0].name = "Admin"), /a login name/],
  ["users[1].name", "debian", (input) => (input.users[1].name = "admin"), /appears twice/],
  ["users[0].authorizedKeys", "debian", (input) => (input.users[0].authorizedKeys = []), /each user needs a key/],
  [
    "users[0].authorizedKeys[0]",
    "debian",
    (input) => (input.users[0].authorizedKeys = ["ssh-ed25519 AAAA\nevil"]),
    /in one line/,
  ],
  [
    "users[0].authorizedKeys[0]",
    "debian",
    (input) => (input.users[0].authorizedKeys = ["-----BEGIN"]),
    /no line for authorized_keys/,
  ],
  ["network.interfaces", "debian", (input) => (input.network.interfaces = []), /one interface is needed/],
  ["network.interfaces", "debian", (input) => (input.network.interfaces[1].name = "prov0"), /two of the same name/],
  [
    "network.interfaces[0].name",
    "debian",
    (input) => (input.network.interfaces[0].name = "sixteen-letters-"),
    /up to 15/,
  ],
  ["network.interfaces[0].mac", "debian", (input) => (input.network.interfaces[0].mac = "52-54"), /six pairs/],
  [
    "network.interfaces[0].addresses[0]",
    "debian",
    (input) => (input.network.interfaces[0].addresses = ["10.0.1.11"]),
    /with prefix length/,
  ],
  [
    "network.interfaces[0].gateway",
    "debian",
    (input) => (input.network.interfaces[0].gateway = "router"),
    /an address/,
  ],
  ["network.interfaces[0].mtu", "debian", (input) => (input.network.interfaces[0].mtu = 100), /576 to 65535/],
  [
    "network.interfaces[1].bond.members",
    "debian",
    (input) => (input.network.interfaces[1].bond!.members = []),
    /needs a port/,
  ],
  ["network.interfaces[2].vlan.id", "debian", (input) => (input.network.interfaces[2].vlan!.id = 4095), /1 to 4094/],
  [
    "network.interfaces[2].vlan.link",
    "debian",
    (input) => (input.network.interfaces[2].vlan!.link = "bond1"),
    /no other interface/,
  ],
  ["network.nameservers[0]", "debian", (input) => (input.network.nameservers = ["dns"]), /an address/],
  ["network.ntpServers[0]", "rhel", (input) => (input.network.ntpServers = ["a b"]), /a host name or address/],
  ["network", "debian", (input) => (input.provisionNetwork = "10.0.2.0/24"), /cannot load over a tagged VLAN \(102\)/],
  [
    "network",
    "ubuntu",
    (input) => (input.network.interfaces[0].addresses = ["2001:db8::5/64"]),
    /cannot load over IPv6 alone/,
  ],
];

it.each(bad)("%s of %s is refused", (property, family, change, reason) => {
  const input = seedInput(family);
  change(input);
  const problems = seedProblems(input);
  expect(problems.map((problem) => problem.property)).toContain(property);
  expect(problems.find((problem) => problem.property === property)!.reason).toMatch(reason);
  expect(() => renderSeed(input)).toThrow(property);
});

it("names every mistake at once", () => {
  const input = seedInput("debian", { hostname: "-", timezone: "x y", packages: ["a b"] });
  expect(seedProblems(input).map(({ property }) => property)).toEqual(["hostname", "timezone", "packages[0]"]);
});

describe("the interface that the installer brings up", () => {
  const { network } = seedInput("debian");

  it("is the one with a gateway", () => {
    expect(bootInterface(network)).toMatchObject({
      mac: "52:54:00:aa:bb:01",
      address: "10.0.1.11/24",
      gateway: "10.0.1.1",
    });
  });

  it("is the one in the provision network, by the port below it", () => {
    expect(bootInterface(network, "10.0.2.0/24")).toMatchObject({
      mac: "52:54:00:aa:bb:02",
      address: "10.0.2.11/24",
      vlanId: 102,
      mtu: 9000,
    });
    expect(bootInterface(network, "2001:db8:1::/64")).toMatchObject({
      address: "2001:db8:1::11/64",
      gateway: undefined,
    });
  });

  it("is the first without addresses at all", () => {
    expect(bootInterface({ interfaces: [{ name: "eno1", addresses: [] }], nameservers: [] })).toEqual({
      ...{ device: "eno1", address: undefined, gateway: undefined, mtu: undefined, vlanId: undefined },
    });
  });
});

it("a locale of no country keeps Debian's installer from asking on which continent it is", () => {
  const preseed = (locale?: string) =>
    renderSeed(seedInput("debian", { locale })).files.find(({ path }) => path === "preseed.cfg")!.content;
  expect(preseed("de_DE.UTF-8")).toContain("d-i debian-installer/locale string de_DE.UTF-8");
  for (const locale of [undefined, "C.UTF-8"]) {
    expect(preseed(locale)).toContain("d-i debian-installer/locale string en_US.UTF-8");
    const environment = renderSeed(seedInput("debian", { locale })).files.find(
      ({ path }) => path === "finish.env",
    )!.content;
    expect(environment).toContain("'/etc/default/locale'");
    expect(environment).toContain("LANG=C.UTF-8");
  }
});
