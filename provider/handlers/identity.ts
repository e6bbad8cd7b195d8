import type { HardwareIdentity } from "../../resources/redfish/facts";
import { identityOf, read, type SystemRef } from "../redfish";

/** The machine at a BMC, as far as it tells. */
export function machineOf(system: SystemRef): HardwareIdentity {
  const { serial, sku, uuid } = identityOf(system);
  return {
    ...(serial === "unknown" ? {} : { serialNumber: serial }),
    ...(sku === "unknown" ? {} : { sku }),
    ...(uuid === "unknown" ? {} : { uuid }),
  };
}

/** Another machine than the expected one answers, or it does not say who it is. Nothing has been changed. */
export class WrongMachine extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WrongMachine";
  }
}

/**
 * Compares the machine with what is expected. Every expected member that the BMC tells must match, and one at least must be told.
 * Returns the members that it does not tell.
 */
export function verifyIdentity(endpoint: string, system: SystemRef, expected: HardwareIdentity | undefined): string[] {
  const wanted = Object.entries(expected ?? {}).filter((entry): entry is [keyof HardwareIdentity, string] =>
    Boolean(entry[1]),
  );
  if (wanted.length === 0) return [];
  const found = machineOf(system);
  const untold: string[] = [];
  for (const [member, value] of wanted) {
    const candidates = candidatesOf(member, found, system);
    if (candidates.length === 0) untold.push(member);
    else if (!candidates.some((candidate) => matches(member, candidate, value))) {
      throw new WrongMachine(
        `${endpoint}: expected a machine with ${member} "${value}", found ${member} "${candidates[0]}": another machine answers ` +
          "at this address, and nothing was changed; check cabling and the BMC's address, or correct identity",
      );
    }
  }
  if (untold.length === wanted.length) {
    throw new WrongMachine(
      `${endpoint}: the BMC does not tell ${untold.join(", ")} of ${system.path}, so the machine cannot be identified, and nothing ` +
        `was changed; expect something it tells (${describe(found)}) in identity`,
    );
  }
  return untold;
}

/** `serialNumber "X", uuid "Y"`. */
function describe(identity: HardwareIdentity): string {
  const told = Object.entries(identity).map(([member, value]) => `${member} "${value}"`);
  return told.length > 0 ? told.join(", ") : "nothing at all";
}

/** The board's serial number and the service tag are both printed on the machine. */
function candidatesOf(member: keyof HardwareIdentity, found: HardwareIdentity, system: SystemRef): string[] {
  if (member !== "serialNumber") return found[member] === undefined ? [] : [found[member]];
  const own = read.str(system.resource.body.SerialNumber);
  return [...new Set([found.serialNumber, own].flatMap((value) => value ?? []))];
}

function matches(member: keyof HardwareIdentity, found: string, wanted: string): boolean {
  const same = (left: string, right: string) => left.trim().toLowerCase() === right.trim().toLowerCase();
  return same(found, wanted) || (member === "uuid" && same(swapped(found), wanted));
}

/** SMBIOS writes the first three groups of a UUID in the other byte order; some BMCs hand that on. */
function swapped(uuid: string): string {
  const reverse = (group: string) => (group.match(/../g) ?? []).reverse().join("");
  const groups = uuid.trim().split("-");
  return groups.length === 5 ? [...groups.slice(0, 3).map(reverse), ...groups.slice(3)].join("-") : uuid;
}
