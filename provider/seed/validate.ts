import ipaddr from "ipaddr.js";
import type { InstallationArgs, NodeInterface } from "../../resources/redfish/installation";
import { bootInterface, isIpv4 } from "./network";

/** An argument that no seed can be made of: its path, and what is allowed. */
export interface Problem {
  property: string;
  reason: string;
}

/** The arguments that end up in a seed. */
export type SeedArguments = Pick<InstallationArgs, "installationId" | "hostname" | "image" | "network" | "users"> &
  Partial<
    Pick<
      InstallationArgs,
      "keepDisks" | "timezone" | "locale" | "packages" | "rootDisk" | "provisionNetwork" | "identity"
    >
  > & {
    proxy?: string;
    sshPort?: number;
  };

/** Everything that is wrong at once. Values are judged by their form; whether they exist is for the installer to find out. */
export function seedProblems(input: SeedArguments): Problem[] {
  const problems: Problem[] = [];
  const check = (property: string, good: boolean, reason: string) => {
    if (!good) problems.push({ property, reason });
  };
  const text = (property: string, value: string | undefined, pattern: RegExp, allowed: string) =>
    check(property, value === undefined || pattern.test(value), `${shown(value)} is not valid; allowed: ${allowed}`);
  text(
    "installationId",
    input.installationId,
    /^[A-Za-z0-9._-]{1,128}$/,
    "up to 128 letters, digits, dots, dashes and underscores",
  );
  text(
    "hostname",
    input.hostname,
    /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/,
    "a host name: labels of letters, digits and dashes, up to 63 characters each",
  );
  text("timezone", input.timezone, /^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+)*$/, "an IANA time zone such as Europe/Berlin");
  text("locale", input.locale, /^[A-Za-z0-9_.@-]+$/, "a locale such as en_US.UTF-8");
  input.packages?.forEach((name, index) =>
    text(`packages[${index}]`, name, /^[@^A-Za-z0-9][A-Za-z0-9^._+*:-]*$/, "the name of a package"),
  );
  input.keepDisks?.forEach((serial, index) =>
    text(`keepDisks[${index}]`, serial, plainText, "the serial number of a disk"),
  );
  for (const [parent, members] of Object.entries({ rootDisk: input.rootDisk, identity: input.identity })) {
    for (const [name, value] of Object.entries(members ?? {})) {
      if (typeof value === "string") text(`${parent}.${name}`, value, plainText, "one line of text");
    }
  }
  if (input.proxy !== undefined) urlProblem(input.proxy, "proxy", check);
  imageProblems(input, check);
  userProblems(input, check, text);
  networkProblems(input, check, text);
  return problems;
}

type Check = (property: string, good: boolean, reason: string) => void;
type Text = (property: string, value: string | undefined, pattern: RegExp, allowed: string) => void;

const plainText = /^[^\u0000-\u001f\u007f\u0085\u2028\u2029]{1,256}$/;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 77)}..."` : text;
}

function urlProblem(value: string, property: string, check: Check): void {
  let good = false;
  try {
    const url = new URL(value);
    good =
      ["http:", "https:"].includes(url.protocol) &&
      url.username === "" &&
      /^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(value);
  } catch {
    good = false;
  }
  check(
    property,
    good,
    `${shown(value)} is not valid; allowed: an http or https URL without a login, quotes and blanks`,
  );
}

function imageProblems({ image }: SeedArguments, check: Check): void {
  if (image.mirror !== undefined) urlProblem(image.mirror, "image.mirror", check);
  if (image.liveImage !== undefined) urlProblem(image.liveImage.url, "image.liveImage.url", check);
  image.kernelArguments?.forEach((argument, index) =>
    check(
      `image.kernelArguments[${index}]`,
      /^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(argument),
      `${shown(argument)} cannot be passed; allowed: visible ASCII characters without quotes, backslashes and blanks`,
    ),
  );
  if (image.family === "ubuntu") {
    check(
      "image.liveImage",
      image.liveImage !== undefined,
      "is missing; ubuntu needs the URL of the server's ISO or squashfs",
    );
  }
  if (image.family === "rhel") {
    check("image.mirror", image.mirror !== undefined, "is missing; rhel needs the URL of an installation tree");
  }
  if (image.family === "nocloud") {
    check("image.diskImage", image.diskImage !== undefined, "is missing; nocloud needs a disk image");
    if (image.diskImage) {
      urlProblem(image.diskImage.url, "image.diskImage.url", check);
      check(
        "image.diskImage.format",
        ["raw", "raw.gz", "raw.xz"].includes(image.diskImage.format),
        `${shown(image.diskImage.format)} cannot be written by the ramdisk; allowed: raw, raw.gz, raw.xz (convert with qemu-img convert -O raw)`,
      );
      check(
        "image.diskImage.sha256",
        /^[0-9a-f]{64}$/i.test(image.diskImage.sha256),
        `${shown(image.diskImage.sha256)} is not valid; allowed: 64 hexadecimal digits`,
      );
    }
  }
}

function userProblems(input: SeedArguments, check: Check, text: Text): void {
  const names = new Set<string>();
  input.users.forEach((user, index) => {
    const at = `users[${index}]`;
    text(
      `${at}.name`,
      user.name,
      /^[a-z_][a-z0-9_-]{0,31}$/,
      "a login name: lower-case letters, digits, dashes and underscores, up to 32",
    );
    check(`${at}.name`, !names.has(user.name), `${shown(user.name)} appears twice`);
    names.add(user.name);
    check(
      `${at}.authorizedKeys`,
      user.authorizedKeys.length > 0,
      "is empty; passwords are switched off, so each user needs a key",
    );
    user.authorizedKeys.forEach((key, line) =>
      check(
        `${at}.authorizedKeys[${line}]`,

        /^[^\u0000-\u001f]*(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/=]+[^\u0000-\u001f]*$/.test(key.trim()),
        "is no line for authorized_keys; allowed: type, key and comment in one line",
      ),
    );
  });
}

function networkProblems(input: SeedArguments, check: Check, text: Text): void {
  const { network, image } = input;
  const names = new Set(network.interfaces.map(({ name }) => name));
  check("network.interfaces", network.interfaces.length > 0, "is empty; one interface is needed");
  check("network.interfaces", names.size === network.interfaces.length, "has two of the same name");
  network.interfaces.forEach((one, index) =>
    interfaceProblems(one, `network.interfaces[${index}]`, names, check, text),
  );
  network.nameservers.forEach((address, index) =>
    check(
      `network.nameservers[${index}]`,
      ipaddr.isValid(address),
      `${shown(address)} is not valid; allowed: an address`,
    ),
  );
  network.searchDomains?.forEach((name, index) => text(`network.searchDomains[${index}]`, name, hostLike, "a domain"));
  network.ntpServers?.forEach((name, index) =>
    text(`network.ntpServers[${index}]`, name, hostLike, "a host name or address"),
  );
  if (network.interfaces.length === 0) return;
  const boot = bootInterface(network, input.provisionNetwork);
  check(
    "network",
    boot.vlanId === undefined || image.family === "rhel",
    `the installer of ${image.family} cannot load over a tagged VLAN (${boot.vlanId}); give it an untagged provision network and set provisionNetwork`,
  );
  check(
    "network",
    boot.address === undefined || isIpv4(boot.address) || image.family !== "ubuntu",
    "the installer of ubuntu cannot load over IPv6 alone; give the interface an IPv4 address and set provisionNetwork",
  );
}

const hostLike = /^[A-Za-z0-9:]([A-Za-z0-9.:-]{0,252})$/;

function interfaceProblems(one: NodeInterface, at: string, names: Set<string>, check: Check, text: Text): void {
  const mac = /^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$/;
  text(
    `${at}.name`,
    one.name,
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/,
    "up to 15 letters, digits, dots, dashes and underscores",
  );
  text(`${at}.mac`, one.mac, mac, "six pairs of hexadecimal digits with colons");
  one.addresses.forEach((address, index) =>
    check(
      `${at}.addresses[${index}]`,
      ipaddr.isValidCIDR(address),
      `${shown(address)} is not valid; allowed: an address with prefix length`,
    ),
  );
  if (one.gateway !== undefined) {
    check(`${at}.gateway`, ipaddr.isValid(one.gateway), `${shown(one.gateway)} is not valid; allowed: an address`);
  }
  if (one.mtu !== undefined) {
    check(
      `${at}.mtu`,
      Number.isInteger(one.mtu) && one.mtu >= 576 && one.mtu <= 65535,
      `${one.mtu} is not valid; allowed: 576 to 65535`,
    );
  }
  if (one.bond) {
    check(`${at}.bond.members`, one.bond.members.length > 0, "is empty; a bond needs a port");
    one.bond.members.forEach((member, index) => text(`${at}.bond.members[${index}]`, member, mac, "a MAC address"));
  }
  if (one.vlan) {
    const { id, link } = one.vlan;
    check(`${at}.vlan.id`, Number.isInteger(id) && id >= 1 && id <= 4094, `${id} is not valid; allowed: 1 to 4094`);
    check(
      `${at}.vlan.link`,
      names.has(link) && link !== one.name,
      `${shown(link)} is no other interface of this network`,
    );
  }
  check(at, !(one.bond && one.vlan), "is a bond and a VLAN at once; make the VLAN an interface of its own on the bond");
}
