import { choices, CONSENT_RULES, type Mistakes } from "../private/mistakes";
import type { BareMetalFleetArgs } from "./args";
import type { PlannedClass } from "./plan-classes";
import type { ServerEntry } from "./plan-servers";

/** Who is installed when, who is set aside, who may be wiped. */
export interface Rollout {
  canary: Set<string>;
  /** Names of servers to install, batch by batch, without the canary and the quarantined. */
  batches: string[][];
  quarantined: Set<string>;
  decommissioned: Set<string>;
  maintained: Set<string>;
}

/** Checks every argument that names servers, and the consent that reinstallation and wiping need [rule 27]. */
export function planRollout(
  args: BareMetalFleetArgs,
  entries: readonly ServerEntry[],
  classes: ReadonlyMap<string, PlannedClass>,
  mistakes: Mistakes,
): Rollout {
  const byName = new Map(entries.map((entry) => [entry.spec.name, entry]));
  const list = (argument: "canary" | "quarantine" | "decommission" | "maintenance", installed: boolean) => {
    const names = args[argument] ?? [];
    names.forEach((name, index) => checkName(`${argument}[${index}]`, name, byName, installed, mistakes));
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index) mistakes.error(`${argument}[${index}]`, `${name} is there twice`);
    });
    return new Set(names);
  };
  const rollout = {
    canary: list("canary", true),
    quarantined: list("quarantine", false),
    decommissioned: list("decommission", false),
    maintained: list("maintenance", true),
  };
  for (const name of rollout.canary) {
    if (rollout.quarantined.has(name))
      mistakes.error("canary", `${name} is in quarantine; a server that is set aside cannot go first`);
  }
  const { batchSize } = args;
  if (batchSize !== undefined && (!Number.isInteger(batchSize) || batchSize < 1)) {
    mistakes.error(
      "batchSize",
      `${batchSize} is no number of servers; use an integer of at least 1, or leave it out to install all at once`,
    );
  }
  checkReinstall(args, byName, classes, mistakes);
  checkWipe(args, entries, mistakes);
  checkIgnored(args, mistakes);
  const rest = entries
    .filter(({ spec, joined }) => !joined && !rollout.canary.has(spec.name) && !rollout.quarantined.has(spec.name))
    .map(({ spec }) => spec.name)
    .sort();
  const size =
    batchSize !== undefined && Number.isInteger(batchSize) && batchSize >= 1 ? batchSize : Math.max(1, rest.length);
  const batches = Array.from({ length: Math.ceil(rest.length / size) }, (_, index) =>
    rest.slice(index * size, (index + 1) * size),
  );
  return { ...rollout, batches };
}

function checkName(
  path: string,
  name: string,
  byName: ReadonlyMap<string, ServerEntry>,
  installed: boolean,
  mistakes: Mistakes,
): ServerEntry | undefined {
  const entry = byName.get(name);
  if (!entry)
    mistakes.error(
      path,
      `there is no server ${JSON.stringify(name)}; ${byName.size > 20 ? "see servers and inventoryFile" : choices(String(name), byName.keys())}`,
    );
  else if (installed && entry.joined)
    mistakes.error(
      path,
      `server ${name} is already running (no bmc): rackform neither installs nor restarts it; remove it here`,
    );
  return entry;
}

function checkReinstall(
  args: BareMetalFleetArgs,
  byName: ReadonlyMap<string, ServerEntry>,
  classes: ReadonlyMap<string, PlannedClass>,
  mistakes: Mistakes,
): void {
  for (const [name, token] of Object.entries(args.reinstall ?? {})) {
    const path = `reinstall.${name}`;
    if (typeof token !== "string" || token.trim() === "")
      mistakes.error(path, "has an empty token; use any text that was not used before, such as a date");
    const entry = checkName(path, name, byName, true, mistakes);
    if (!entry || entry.joined) continue;
    const { serialNumber } = entry.spec;
    const consent = classes.get(entry.role)?.wipe?.serialNumbers ?? [];
    if (serialNumber === undefined)
      mistakes.error(
        path,
        `wipes the root disk of ${name}, but the server has no serialNumber to be sure which machine that is; add it`,
        27,
      );
    else if (!consent.includes(serialNumber)) {
      mistakes.error(
        path,
        `wipes the root disk of ${name}; consent by adding ${JSON.stringify(serialNumber)} to classes.${entry.role}.wipe.serialNumbers in an up before`,
        27,
      );
    }
  }
}

function checkWipe(args: BareMetalFleetArgs, entries: readonly ServerEntry[], mistakes: Mistakes): void {
  for (const [role, spec] of Object.entries(args.classes ?? {})) {
    if (!spec.wipe) continue;
    const path = `classes.${role}.wipe.serialNumbers`;
    const serials = spec.wipe.serialNumbers ?? [];
    if (serials.length === 0)
      mistakes.error(
        path,
        "is empty; name the serial number of each server whose disks may be wiped, or leave wipe out",
        27,
      );
    serials.forEach((serial, index) => {
      const owner = entries.find((entry) => entry.spec.serialNumber === serial);
      if (serials.indexOf(serial) !== index) mistakes.error(`${path}[${index}]`, `${serial} is there twice`);
      else if (!owner)
        mistakes.error(
          `${path}[${index}]`,
          `no server has the serial number ${JSON.stringify(serial)}; consent is given for known machines only`,
          27,
        );
      else if (owner.role !== role)
        mistakes.error(
          `${path}[${index}]`,
          `${serial} is server ${owner.spec.name} of class ${owner.role}; give the consent in classes.${owner.role}.wipe`,
          27,
        );
    });
  }
}

function checkIgnored(args: BareMetalFleetArgs, mistakes: Mistakes): void {
  args.ignoreRules?.forEach((rule, index) => {
    if (CONSENT_RULES.includes(rule))
      mistakes.error(
        `ignoreRules[${index}]`,
        `rule ${rule} is consent and cannot be ignored; give the consent that it asks for`,
      );
    else if (!Number.isInteger(rule) || rule < 1) mistakes.error(`ignoreRules[${index}]`, `${rule} is no rule number`);
  });
}
