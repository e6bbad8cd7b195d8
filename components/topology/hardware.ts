import type { HardwareRequirements } from "../../resources/redfish/facts";
import { choices, type Mistakes } from "../private/mistakes";

const DRIVE_TYPES = ["NVMe", "SSD", "HDD"];

/** Requirements that could never be met or mean nothing. */
export function checkRequirements(path: string, requirements: HardwareRequirements, mistakes: Mistakes): void {
  const atLeast = (field: string, value: number | undefined, least: number, unit: string, whole = true) => {
    if (value === undefined || (Number.isFinite(value) && value >= least && (!whole || Number.isInteger(value))))
      return;
    mistakes.error(
      `${path}.${field}`,
      `${value} is no number of ${unit}; use ${whole ? "an integer" : "a number"} of at least ${least}, or leave it out`,
    );
  };
  atLeast("minCores", requirements.minCores, 1, "cores");
  atLeast("minMemoryGib", requirements.minMemoryGib, 0, "GiB", false);
  requirements.drives?.forEach((drive, index) => {
    atLeast(`drives[${index}].minCount`, drive.minCount, 1, "drives");
    atLeast(`drives[${index}].minSizeGb`, drive.minSizeGb, 0, "GB", false);
    if (drive.type !== undefined && !DRIVE_TYPES.includes(drive.type)) {
      mistakes.error(
        `${path}.drives[${index}].type`,
        `${JSON.stringify(drive.type)} is no drive type; ${choices(drive.type, DRIVE_TYPES)}`,
      );
    }
  });
  requirements.nics?.forEach((nic, index) => {
    atLeast(`nics[${index}].minCount`, nic.minCount, 1, "ports");
    atLeast(`nics[${index}].minSpeedGbps`, nic.minSpeedGbps, 0, "Gbit/s", false);
  });
  if (requirements.unknown !== undefined && !["accept", "refuse"].includes(requirements.unknown)) {
    mistakes.error(`${path}.unknown`, `${JSON.stringify(requirements.unknown)} is neither accept nor refuse`);
  }
}
