import type { Mistakes } from "../private/mistakes";
import { isPublicKey, parseUrl } from "../topology/format";
import { parseAddress } from "../topology/ip";
import type { BareMetalFleetArgs } from "./args";

const USER = /^[a-z_][a-z0-9_-]{0,31}$/;
const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** Arguments of the whole fleet that reach the nodes' configuration. */
export function checkSite(args: BareMetalFleetArgs, mistakes: Mistakes): void {
  args.nameservers?.forEach((text, index) => {
    if (!parseAddress(text))
      mistakes.error(
        `nameservers[${index}]`,
        `${JSON.stringify(text)} is not an IP address; name servers are given by address`,
      );
  });
  args.searchDomains?.forEach((text, index) => {
    if (!HOST.test(text)) mistakes.error(`searchDomains[${index}]`, `${JSON.stringify(text)} is no domain name`);
  });
  args.ntpServers?.forEach((text, index) => {
    if (!HOST.test(text) && !parseAddress(text))
      mistakes.error(`ntpServers[${index}]`, `${JSON.stringify(text)} is neither a host name nor an IP address`);
  });
  if (args.timezone !== undefined && !isTimezone(args.timezone)) {
    mistakes.error(
      "timezone",
      `${JSON.stringify(args.timezone)} is no IANA time zone; write it like Europe/Berlin or Etc/UTC`,
    );
  }
  if (args.locale !== undefined && !/^[A-Za-z]+(_[A-Z]{2})?(\.[A-Za-z0-9-]+)?(@[a-z]+)?$/.test(args.locale)) {
    mistakes.error("locale", `${JSON.stringify(args.locale)} is no locale; write it like en_US.UTF-8`);
  }
  if (args.mirror !== undefined) checkMirror(args.mirror, mistakes);
  checkUsers(args, mistakes);
  checkPackages("packages", args.packages, mistakes);
  checkSysctls("sysctls", args.sysctls, mistakes);
  checkWords("kernelModules", args.kernelModules, /^[A-Za-z0-9_-]+$/, "kernel module", mistakes);
  checkRepositories(args, mistakes);
  if (args.bmcCaBundle !== undefined && !args.bmcCaBundle.includes("-----BEGIN CERTIFICATE-----")) {
    mistakes.error("bmcCaBundle", "holds no PEM certificate; give the text of the file, not its path");
  }
}

function checkMirror(mirror: string, mistakes: Mistakes): void {
  const url = parseUrl(mirror);
  if (!url && mirror.includes("@")) mistakes.sensitive("mirror", "is no http or https URL");
  else if (!url) mistakes.error("mirror", `${JSON.stringify(mirror)} is no http or https URL`);
  else if (url.username || url.password)
    mistakes.sensitive("mirror", "holds credentials, which would be stored on every node; serve it without them");
  else if (url.search || url.hash)
    mistakes.error("mirror", `${mirror} has a query or fragment; paths are appended to it, so give a plain base URL`);
}

function checkUsers(args: BareMetalFleetArgs, mistakes: Mistakes): void {
  if (args.user !== undefined && !USER.test(args.user)) {
    mistakes.error(
      "user",
      `${JSON.stringify(args.user)} is no login name; use lowercase letters, digits, hyphens and underscores, at most 32`,
    );
  }
  const names = new Set<string>();
  args.users?.forEach((user, index) => {
    const path = `users[${index}]`;
    if (!USER.test(user.name))
      mistakes.error(
        `${path}.name`,
        `${JSON.stringify(user.name)} is no login name; use lowercase letters, digits, hyphens and underscores, at most 32`,
      );
    if (names.has(user.name)) mistakes.error(`${path}.name`, `${user.name} is there twice; login names are unique`);
    if (user.name === (args.user ?? "root"))
      mistakes.error(`${path}.name`, `${user.name} is the login of rackform itself (user); it needs no entry`);
    names.add(user.name);
    if (user.authorizedKeys.length === 0)
      mistakes.error(`${path}.authorizedKeys`, `is empty; ${user.name} could not log in, because passwords are off`);
    user.authorizedKeys.forEach((key, position) => {
      if (!isPublicKey(key))
        mistakes.error(
          `${path}.authorizedKeys[${position}]`,
          "is no SSH public key; give one line such as ssh-ed25519 AAAA… comment, without options",
        );
    });
  });
}

function checkRepositories(args: BareMetalFleetArgs, mistakes: Mistakes): void {
  const names = new Set<string>();
  args.repositories?.forEach((repository, index) => {
    const path = `repositories[${index}]`;
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(repository.name)) {
      mistakes.error(
        `${path}.name`,
        `${JSON.stringify(repository.name)} is not allowed; use lowercase letters, digits and hyphens`,
      );
    }
    if (names.has(repository.name))
      mistakes.error(`${path}.name`, `${repository.name} is there twice; repository names are unique`);
    names.add(repository.name);
    if (!/^Types:/m.test(repository.definition) && !/^\[[^\]\n]+\]/m.test(repository.definition)) {
      mistakes.error(
        `${path}.definition`,
        "is neither deb822 (Types: deb …) nor an INI section ([name]); give the content of the file",
      );
    }
    if (repository.key !== undefined && !repository.key.includes("-----BEGIN PGP PUBLIC KEY BLOCK-----")) {
      mistakes.error(
        `${path}.key`,
        "is no ASCII-armoured public key; it begins with -----BEGIN PGP PUBLIC KEY BLOCK-----",
      );
    }
  });
}

/** Words that end up in files and on command lines of the node. */
export function checkWords(
  path: string,
  words: readonly string[] | undefined,
  allowed: RegExp,
  what: string,
  mistakes: Mistakes,
): void {
  words?.forEach((word, index) => {
    if (!allowed.test(word)) mistakes.error(`${path}[${index}]`, `${JSON.stringify(word)} is no ${what}`);
    else if (words.indexOf(word) !== index) mistakes.error(`${path}[${index}]`, `${word} is there twice`);
  });
}

/** Package names, with an optional version after `=` as apt takes it. */
export function checkPackages(path: string, packages: readonly string[] | undefined, mistakes: Mistakes): void {
  checkWords(
    path,
    packages,
    /^[a-zA-Z0-9][a-zA-Z0-9+._-]*(:[a-z0-9]+)?(=[A-Za-z0-9.+:~-]+)?$/,
    "package name",
    mistakes,
  );
}

/** Kernel settings: dotted or slashed names, values of one line. */
export function checkSysctls(
  path: string,
  sysctls: Readonly<Record<string, string>> | undefined,
  mistakes: Mistakes,
): void {
  for (const [key, value] of Object.entries(sysctls ?? {})) {
    if (!/^[a-z0-9_]+([./][A-Za-z0-9_*-]+)+$/.test(key))
      mistakes.error(`${path}[${JSON.stringify(key)}]`, "is no kernel setting; write it like net.ipv4.ip_forward");
    if (typeof value !== "string" || !/^[^\n\r]+$/.test(value))
      mistakes.error(
        `${path}[${JSON.stringify(key)}]`,
        `${JSON.stringify(value)} is not a text of one line; put numbers in quotes`,
      );
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return /^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name);
  } catch {
    return false;
  }
}
