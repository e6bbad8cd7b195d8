import type { OsImage } from "../../resources/redfish/installation-types";
import { choices, type Mistakes } from "../private/mistakes";
import { NAME, NAME_RULE } from "../topology/format";
import { checkRequirements } from "../topology/hardware";
import { checkImage, resolveImage } from "../topology/images";
import { checkInterfaces } from "../topology/network-plan-interfaces";
import type { PlannedNetwork } from "../topology/network-plan-networks";
import { classDefaults, NODE_CLASSES } from "../topology/node-classes";
import type { BareMetalFleetArgs, NodeClassSpec } from "./args";
import { checkPackages, checkSysctls, checkWords } from "./plan-base-checks";

/** A class with its defaults filled in. */
export interface PlannedClass extends NodeClassSpec {
  role: string;
  firstSlot: number;
  networks: string[];
  /** The network with the nodes' addresses; undefined when there is none (all servers are already running, or a mistake). */
  management?: PlannedNetwork;
  /** The network on which installers fetch their files. */
  provision?: PlannedNetwork;
  osImage?: OsImage;
}

/** The roles that exist: built in, or in `classes`. */
export function rolesOf(args: Pick<BareMetalFleetArgs, "classes">): string[] {
  return [...new Set([...Object.keys(NODE_CLASSES), ...Object.keys(args.classes ?? {})])];
}

/**
 * Checks every class that is given and fills in the classes in use.
 * @param installed roles with at least one server that rackform installs: only they need networks and an image.
 */
export function planClasses(
  args: BareMetalFleetArgs,
  networks: ReadonlyMap<string, PlannedNetwork>,
  installed: ReadonlySet<string>,
  mistakes: Mistakes,
): Map<string, PlannedClass> {
  for (const [name, image] of Object.entries(args.images ?? {})) checkImage(`images.${name}`, image, mistakes);
  const planned = new Map<string, PlannedClass>();
  for (const role of rolesOf(args)) {
    const given = args.classes && Object.hasOwn(args.classes, role) ? args.classes[role] : undefined;
    if (given || installed.has(role))
      planned.set(role, planClass(role, given ?? {}, args, networks, installed.has(role), mistakes));
    else planned.set(role, { role, firstSlot: classDefaults(role).firstSlot, networks: [] });
  }
  return planned;
}

function planClass(
  role: string,
  spec: NodeClassSpec,
  args: BareMetalFleetArgs,
  networks: ReadonlyMap<string, PlannedNetwork>,
  installed: boolean,
  mistakes: Mistakes,
): PlannedClass {
  const path = `classes.${role}`;
  const defaults = classDefaults(role);
  if (!NAME.test(role)) mistakes.error(path, `the name ${JSON.stringify(role)} is not allowed; ${NAME_RULE}`);
  checkSpec(path, spec, mistakes);
  checkReboot(path, spec, args, mistakes);
  const used =
    spec.networks ??
    [...networks.values()].filter(({ purpose }) => defaults.purposes.includes(purpose)).map(({ name }) => name);
  used.forEach((name, index) => {
    if (!networks.has(name))
      mistakes.error(
        `${path}.networks[${index}]`,
        `there is no network ${JSON.stringify(name)}; ${choices(name, networks.keys())}`,
      );
    if (used.indexOf(name) !== index) mistakes.error(`${path}.networks[${index}]`, `${name} is there twice`);
  });
  if (spec.interfaces) checkInterfaces(`${path}.interfaces`, spec.interfaces, networks, used, mistakes);
  const own = used.flatMap((name) => networks.get(name) ?? []);
  const management = oneManagement(path, own, installed, mistakes);
  const routed = own.filter((network) => network.defaultRoute && (network.ipv4?.gateway || network.ipv6?.gateway));
  if (routed.length > 1) {
    mistakes.error(
      `${path}.networks`,
      `${routed.map(({ name }) => name).join(" and ")} both lead the default route; set defaultRoute: false on all but one`,
    );
  }
  const name = spec.image ?? args.image ?? "debian-13";
  const at = spec.image === undefined ? "image" : `${path}.image`;
  const context = {
    own: args.images ?? {},
    mirror: args.mirror,
    architecture: args.architecture ?? ("x86_64" as const),
  };
  const osImage = installed || spec.image !== undefined ? resolveImage(at, name, context, mistakes) : undefined;
  return {
    ...spec,
    role,
    requirements: spec.requirements ?? defaults.requirements,
    firstSlot: spec.firstSlot ?? defaults.firstSlot,
    networks: used,
    ...(management ? { management } : {}),
    ...(management ? { provision: own.find((network) => network.purpose === "provision") ?? management } : {}),
    ...(osImage ? { osImage } : {}),
  };
}

function oneManagement(
  path: string,
  own: PlannedNetwork[],
  installed: boolean,
  mistakes: Mistakes,
): PlannedNetwork | undefined {
  const found = own.filter((network) => network.purpose === "management");
  if (found.length > 1) {
    mistakes.error(
      `${path}.networks`,
      `${found.map(({ name }) => name).join(" and ")} are both management networks; a class has one, for its nodes' addresses`,
    );
  }
  if (found.length === 0 && installed) {
    mistakes.error(
      own.length === 0 ? "networks" : `${path}.networks`,
      `class ${path.slice("classes.".length)} has no management network; add one with a cidr, such as management: { cidr: "10.0.0.0/24", gateway: "10.0.0.1" }`,
    );
  }
  return found[0];
}

function checkSpec(path: string, spec: NodeClassSpec, mistakes: Mistakes): void {
  if (spec.requirements) checkRequirements(`${path}.requirements`, spec.requirements, mistakes);
  const methods = ["virtualMedia", "uefiHttp", "pxe"];
  if (spec.methods?.length === 0)
    mistakes.error(`${path}.methods`, `is empty; leave it out, or name at least one of ${methods.join(", ")}`);
  spec.methods?.forEach((method, index) => {
    if (!methods.includes(method))
      mistakes.error(
        `${path}.methods[${index}]`,
        `${JSON.stringify(method)} is no installation method; ${choices(String(method), methods)}`,
      );
    else if (spec.methods!.indexOf(method) !== index)
      mistakes.error(`${path}.methods[${index}]`, `${method} is there twice; each is tried once`);
  });
  if (spec.bootMode !== undefined && !["UEFI", "Legacy"].includes(spec.bootMode)) {
    mistakes.error(`${path}.bootMode`, `${JSON.stringify(spec.bootMode)} is neither UEFI nor Legacy`);
  }
  if (spec.bootMode === "Legacy" && spec.methods?.includes("uefiHttp")) {
    mistakes.error(`${path}.methods`, "uefiHttp needs bootMode UEFI; remove the method or change the mode");
  }
  if (spec.biosProfile && Object.keys(spec.biosProfile.attributes ?? {}).length === 0) {
    mistakes.error(`${path}.biosProfile.attributes`, "is empty; name at least one attribute, or leave biosProfile out");
  }
  if (
    spec.firstSlot !== undefined &&
    (!Number.isInteger(spec.firstSlot) || spec.firstSlot < 0 || spec.firstSlot > 1_048_576)
  ) {
    mistakes.error(`${path}.firstSlot`, `${spec.firstSlot} is no slot; use an integer from 0 to 1048576`);
  }
  const { timeoutSeconds: timeout } = spec;
  if (timeout !== undefined && (!Number.isInteger(timeout) || timeout < 300 || timeout > 14_400)) {
    mistakes.error(
      `${path}.timeoutSeconds`,
      `${timeout} is not allowed; use 300 to 14400 seconds (servers take minutes to start)`,
    );
  }
  checkDisks(path, spec, mistakes);
  checkWords(`${path}.kernelModules`, spec.kernelModules, /^[A-Za-z0-9_-]+$/, "kernel module", mistakes);
  checkWords(
    `${path}.kernelParameters`,
    spec.kernelParameters,
    /^[A-Za-z0-9_.-]+(=[^\s"'\\$`]*)?$/,
    "kernel parameter",
    mistakes,
  );
  checkPackages(`${path}.packages`, spec.packages, mistakes);
  checkSysctls(`${path}.sysctls`, spec.sysctls, mistakes);
}

function checkDisks(path: string, spec: NodeClassSpec, mistakes: Mistakes): void {
  const hint = spec.rootDisk;
  if (hint && Object.values(hint).every((value) => value === undefined))
    mistakes.error(
      `${path}.rootDisk`,
      "is empty; give at least one of deviceName, serialNumber, model, minSizeGb, maxSizeGb, type, wwn",
    );
  if (hint?.minSizeGb !== undefined && hint.maxSizeGb !== undefined && hint.minSizeGb > hint.maxSizeGb) {
    mistakes.error(
      `${path}.rootDisk.minSizeGb`,
      `${hint.minSizeGb} is more than maxSizeGb ${hint.maxSizeGb}; no disk can match`,
    );
  }
  if (hint?.deviceName !== undefined && !/^\/dev\/[A-Za-z0-9/_.:+-]+$/.test(hint.deviceName)) {
    mistakes.error(
      `${path}.rootDisk.deviceName`,
      `${JSON.stringify(hint.deviceName)} is no device; write it like /dev/nvme0n1 or /dev/disk/by-path/…`,
    );
  }
  if (hint?.serialNumber !== undefined && spec.keepDisks?.includes(hint.serialNumber)) {
    mistakes.error(
      `${path}.keepDisks`,
      `${hint.serialNumber} is the root disk too; a disk cannot be both kept and installed on`,
      27,
    );
  }
  checkWords(`${path}.keepDisks`, spec.keepDisks, /^[A-Za-z0-9._:-]+$/, "serial number of a disk", mistakes);
}

function checkReboot(path: string, spec: NodeClassSpec, args: BareMetalFleetArgs, mistakes: Mistakes): void {
  if (spec.allowReboot) return;
  for (const field of ["kernelModules", "kernelParameters"] as const) {
    if (spec[field]?.length)
      mistakes.error(
        `${path}.${field}`,
        `may need a restart; set ${path}.allowReboot to true to consent, or remove ${field}`,
        28,
      );
  }
  if (args.kernelModules?.length)
    mistakes.error(
      `${path}.allowReboot`,
      `kernelModules of the fleet may need a restart of class ${path.slice("classes.".length)}; set it to true to consent`,
      28,
    );
}
