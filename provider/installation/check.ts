import ipaddr from "ipaddr.js";
import { utils } from "ssh2";
import type { InstallationArgs, RemoteFile } from "../../resources/redfish/installation";
import { Checker, checkConnection, checkIdentity, checkSystemId, isUnknown, notAllowed } from "../handlers/check";
import type { CheckFailure } from "../kit/handler";
import { hasUnknown } from "../kit/values";
import { seedProblems } from "../seed/validate";
import { DEFAULT_METHODS } from "./installer";

/** What is wrong with the arguments of an Installation beyond their types. Secrets are never shown, and unknown values not judged. */
export function checkInstallation(args: InstallationArgs): CheckFailure[] {
  const checker = new Checker();
  checkConnection(checker, args.connection);
  checkSystemId(checker, args.systemId);
  checkIdentity(checker, args.identity);
  checkSeed(checker, args);
  checkImage(checker, args);
  checkMethods(checker, args);
  checkDisks(checker, args);
  checkNetwork(checker, args);
  checkLogin(checker, args);
  checkServerSecrets(checker, args);
  checker.judge("timeoutSeconds", args.timeoutSeconds, (seconds) =>
    Number.isInteger(seconds) && seconds >= 60 && seconds <= 86_400
      ? undefined
      : notAllowed(seconds, "it is a whole number of seconds from 60 to 86400"),
  );
  return checker.failures;
}

/** What the renderers of seeds object to. A list that is not known yet counts as empty, any other part makes it wait. */
function checkSeed(checker: Checker, args: InstallationArgs): void {
  const { users, installationId, hostname, image, network, ...more } = args;
  const required = [installationId, hostname, image, network, users];
  if (required.some((part) => part === undefined || part === null)) return;
  if (hasUnknown([installationId, hostname, image, network])) return;
  const optional = ["keepDisks", "timezone", "locale", "packages", "rootDisk", "provisionNetwork", "identity"] as const;
  const known = Object.fromEntries(
    optional.filter((name) => !hasUnknown(more[name])).map((name) => [name, more[name] ?? undefined]),
  );
  const judged = { installationId, hostname, image, network, users: hasUnknown(users) ? [] : users, ...known };
  for (const { property, reason } of seedProblems(judged)) checker.fail(property, reason);
}

function checkImage(checker: Checker, { image, methods = DEFAULT_METHODS }: InstallationArgs): void {
  if (!image || isUnknown(image)) return;
  const { kernel, initrd, liveImage, bootloader } = image;
  const files: [string, RemoteFile | undefined][] = [
    ["image.kernel", kernel],
    ["image.initrd", initrd],
    ["image.liveImage", liveImage],
    ["image.bootloader.shim", bootloader?.shim],
    ["image.bootloader.grub", bootloader?.grub],
  ];
  for (const [path, file] of files) {
    if (!file || isUnknown(file)) continue;
    checker.judge(`${path}.url`, file.url, (url) =>
      URL.canParse(url) && /^(https?|file):$/.test(new URL(url).protocol)
        ? undefined
        : notAllowed(url, "it is an http or https URL"),
    );
    checker.judge(`${path}.sha256`, file.sha256, (digest) =>
      /^[0-9a-f]{64}$/i.test(digest) ? undefined : notAllowed(digest, "a SHA-256 has 64 hexadecimal digits"),
    );
  }
  const ours = Array.isArray(methods)
    ? methods.filter((method) => method === "virtualMedia" || method === "uefiHttp")
    : [];
  if (ours.length > 0 && !bootloader) {
    checker.fail(
      "image.bootloader",
      `is missing; ${ours.join(" and ")} need${ours.length === 1 ? "s" : ""} the distribution's UEFI boot loader: give bootloader.grub ` +
        "(and bootloader.shim for Secure Boot)",
    );
  }
}

function checkMethods(checker: Checker, args: InstallationArgs): void {
  const { methods, bootMode, network } = args;
  checker.judge("methods", methods, (list) => {
    if (list.length === 0) return `is empty; name at least one of virtualMedia, uefiHttp, pxe, or leave it out`;
    const twice = list.find((method, index) => list.indexOf(method) !== index && !isUnknown(method));
    return twice === undefined ? undefined : `has ${twice} twice; each is tried once, in the order of the list`;
  });
  const list = methods ?? DEFAULT_METHODS;
  if (!Array.isArray(list)) return;
  if (bootMode === "Legacy" && list.some((method) => method === "virtualMedia" || method === "uefiHttp")) {
    checker.fail(
      "bootMode",
      notAllowed(bootMode, 'our boot medium starts by UEFI only; use UEFI, or methods: ["pxe"]'),
    );
  }
  if (!list.includes("pxe") || !network || hasUnknown(network)) return;
  const named = network.interfaces.some(({ mac, bond }) => mac !== undefined || (bond?.members.length ?? 0) > 0);
  if (!named) {
    checker.fail("network.interfaces", "has no mac; pxe needs one at least, by which the machine is recognised");
  }
}

function checkDisks(checker: Checker, { rootDisk, keepDisks, consent, identity }: InstallationArgs): void {
  if (rootDisk && !isUnknown(rootDisk)) {
    const { minSizeGb: min, maxSizeGb: max, serialNumber, deviceName } = rootDisk;
    for (const [name, size] of [["minSizeGb", min] as const, ["maxSizeGb", max] as const]) {
      checker.judge(`rootDisk.${name}`, size, (value) =>
        value > 0 ? undefined : notAllowed(value, "it is more than 0 GB"),
      );
    }
    if (typeof min === "number" && typeof max === "number" && min > max) {
      checker.fail("rootDisk.maxSizeGb", notAllowed(max, `it is at least minSizeGb (${min})`));
    }
    checker.judge("rootDisk.deviceName", deviceName, (name) =>
      /^\/dev\/[^\s]+$/.test(name) ? undefined : notAllowed(name, "it is a path such as /dev/nvme0n1"),
    );
    if (typeof serialNumber === "string" && Array.isArray(keepDisks) && keepDisks.includes(serialNumber)) {
      checker.fail(
        "keepDisks",
        `has ${JSON.stringify(serialNumber)}, which rootDisk chooses; a disk is either kept or written`,
      );
    }
  }
  const expected = [identity?.serialNumber, identity?.sku].filter((serial) => typeof serial === "string");
  checker.judge("consent.serialNumber", consent?.serialNumber, (serial) => {
    if (serial.trim() === "") return "is empty; give the one printed on the machine, or leave it out";
    return expected.length === 0 || expected.some((one) => sameSerial(one, serial))
      ? undefined
      : notAllowed(serial, `identity expects ${expected.join(" or ")}, and consent is for one machine`);
  });
}

/** Serial numbers are compared without regard to case and blanks around. */
export function sameSerial(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase();
}

function checkNetwork(checker: Checker, { network, provisionNetwork, ssh }: InstallationArgs): void {
  checker.judge("provisionNetwork", provisionNetwork, (cidr) =>
    ipaddr.isValidCIDR(cidr) ? undefined : notAllowed(cidr, "it is a network such as 10.20.0.0/24"),
  );
  if (ssh && !isUnknown(ssh)) {
    checker.judge("ssh.address", ssh.address, (address) =>
      /^[A-Za-z0-9]([A-Za-z0-9.:%-]*)$/.test(address) || ipaddr.isValid(address)
        ? undefined
        : notAllowed(address, "it is an address or a host name, without a port"),
    );
    checker.judge("ssh.port", ssh.port, (port) =>
      Number.isInteger(port) && port >= 1 && port <= 65_535 ? undefined : notAllowed(port, "a port is from 1 to 65535"),
    );
  }
  if (!network || isUnknown(network) || !Array.isArray(network.interfaces)) return;
  network.interfaces.forEach((one, index) => {
    if (isUnknown(one) || hasUnknown(one.addresses)) return;
    checker.judge(`network.interfaces[${index}].gateway`, one.gateway, (gateway) =>
      !ipaddr.isValid(gateway) || one.addresses.some((cidr) => contains(cidr, gateway))
        ? undefined
        : notAllowed(gateway, `it lies in a network of this interface (${one.addresses.join(", ") || "it has none"})`),
    );
  });
}

function contains(cidr: string, address: string): boolean {
  if (!ipaddr.isValidCIDR(cidr)) return true;
  const [base, length] = ipaddr.parseCIDR(cidr);
  const parsed = ipaddr.parse(address);
  return parsed.kind() === base.kind() && parsed.match(base, length);
}

function checkLogin(checker: Checker, { users, ssh, loginKey }: InstallationArgs): void {
  const names = Array.isArray(users) ? users.map((user) => (isUnknown(user) ? user : user.name)) : [];
  const certain = Array.isArray(users) && !names.some(isUnknown);
  if (certain && ssh && !isUnknown(ssh)) {
    checker.judge("ssh.user", ssh.user, (user) =>
      names.includes(user)
        ? undefined
        : notAllowed(user, `it is one of users (${names.join(", ") || "which is empty"})`),
    );
  }
  checker.judge("loginKey", loginKey, (key) => {
    const { problem, blob } = parseKey(key);
    if (problem !== undefined) return problem;
    const user = certain && ssh && !isUnknown(ssh) ? users.find(({ name }) => name === ssh.user) : undefined;
    if (!user || hasUnknown(user.authorizedKeys) || !Array.isArray(user.authorizedKeys)) return undefined;
    return user.authorizedKeys.some((line) => line.split(/\s+/).includes(blob))
      ? undefined
      : `does not belong to any of authorizedKeys of user "${user.name}", who is ssh.user; add its public key there`;
  });
}

/** The public part in base64, or what is wrong. Never quotes the key. */
function parseKey(text: string): { problem: string; blob?: undefined } | { problem?: undefined; blob: string } {
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) {
    return /passphrase|encrypted/i.test(parsed.message)
      ? { problem: "has a passphrase; give a key without one" }
      : { problem: "cannot be read as a private key; pass the content of the file, in OpenSSH or PEM format" };
  }
  const [key] = Array.isArray(parsed) ? parsed : [parsed];
  if (!key.isPrivateKey()) return { problem: "is a public key; give the private one" };
  return { blob: key.getPublicSSH().toString("base64") };
}

function checkServerSecrets(checker: Checker, { hostKey, tokenSecret }: InstallationArgs): void {
  checker.judge("tokenSecret", tokenSecret, (secret) =>
    secret.length >= 32 ? undefined : "is too short; pass tokenSecret of the Server",
  );
  if (!hostKey || hasUnknown(hostKey)) return;
  const { publicKey, privateKey } = hostKey;
  if (typeof publicKey !== "string" || typeof privateKey !== "string") return;
  const { problem, blob } = parseKey(privateKey);
  if (problem !== undefined) checker.fail("hostKey", `privateKey ${problem}; pass hostKey of the Server`);
  else if (!publicKey.split(/\s+/).includes(blob))
    checker.fail("hostKey", "publicKey and privateKey are no pair; pass hostKey of the Server");
}
