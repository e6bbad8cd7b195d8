import type { HardwareRequirements } from "../../resources/redfish/facts";
import type { ServerArgs } from "../../resources/redfish/server";
import type { CheckFailure } from "../kit/handler";
import { Checker, checkConnection, checkIdentity, checkSystemId, isUnknown, notAllowed } from "./check";

/** What is wrong with the arguments of a Server beyond their types. */
export function checkServer(args: ServerArgs): CheckFailure[] {
  const checker = new Checker();
  checkConnection(checker, args.connection);
  checkSystemId(checker, args.systemId);
  checkIdentity(checker, args.identity);
  checkRequirements(checker, args.requirements);
  return checker.failures;
}

function checkRequirements(checker: Checker, required: HardwareRequirements | undefined): void {
  if (!required || isUnknown(required)) return;
  const whole = (value: number) =>
    Number.isInteger(value) && value >= 1 ? undefined : notAllowed(value, "it is a whole number of at least 1");
  const positive = (value: number) => (value > 0 ? undefined : notAllowed(value, "it is more than 0"));
  checker.judge("requirements.minCores", required.minCores, whole);
  checker.judge("requirements.minMemoryGib", required.minMemoryGib, positive);
  for (const [name, member] of [
    ["drives", "minSizeGb"],
    ["nics", "minSpeedGbps"],
  ] as const) {
    const entries = required[name];
    if (!Array.isArray(entries)) continue;
    entries.forEach((entry: object, index) => {
      if (isUnknown(entry)) return;
      const values = entry as Record<string, number | undefined>;
      checker.judge(`requirements.${name}[${index}].minCount`, values.minCount, whole);
      checker.judge(`requirements.${name}[${index}].${member}`, values[member], positive);
    });
  }
  for (const name of ["virtualization", "sriov", "tpm"] as const) {
    checker.judge(`requirements.${name}`, required[name], (value) =>
      value === false ? notAllowed(value, "leave it out: true requires it, and nothing can forbid it") : undefined,
    );
  }
}
