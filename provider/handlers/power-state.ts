import type { ServerPowerState } from "../../resources/redfish/server";
import type { PowerState } from "../redfish";

/** A transition counts as what it leads to; undefined when the BMC does not say. */
export function settledPower(state: PowerState): ServerPowerState | undefined {
  if (state === "unknown") return undefined;
  return state === "Off" || state === "PoweringOff" ? "Off" : "On";
}
