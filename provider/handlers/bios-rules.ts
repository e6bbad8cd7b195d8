import type { BiosAttributes, RegistryAttribute } from "../redfish";
import { read, sameValue } from "../redfish";

/**
 * What the attribute registry, and the type of the value in force, say against the wanted values (by the BMC's names). Each mistake
 * names the attribute, the value and what is allowed. An attribute that the registry does not list is judged by its type alone.
 */
export function biosMistakes(wanted: BiosAttributes, current: BiosAttributes, registry: RegistryAttribute[]): string[] {
  const described = new Map(registry.map((attribute) => [attribute.name, attribute]));
  return Object.entries(wanted).flatMap(([name, value]) => {
    const reason = mistake(value, current[name], described.get(name));
    return reason === undefined ? [] : [`${name}: ${reason}`];
  });
}

function mistake(value: unknown, current: unknown, attribute: RegistryAttribute | undefined): string | undefined {
  const shown = JSON.stringify(value);
  if (attribute?.readOnly) return `${shown} cannot be set, because the attribute is read-only`;
  if (attribute && attribute.values.length > 0) {
    const allowed = attribute.values.some((one) => sameValue(one, value as string));
    return allowed ? undefined : `${shown} is not allowed; it is one of ${attribute.values.slice(0, 20).join(", ")}`;
  }
  if (typeof current === "boolean")
    return read.bool(value) === undefined ? `${shown} is not allowed; it is true or false` : undefined;
  if (typeof current !== "number") return undefined;
  const number = read.num(value);
  if (number === undefined) return `${shown} is not allowed; it is a number`;
  const { lower, upper } = attribute ?? {};
  const below = lower !== undefined && number < lower;
  const above = upper !== undefined && number > upper;
  return below || above ? `${shown} is not allowed; it is ${range(lower, upper)}` : undefined;
}

function range(lower: number | undefined, upper: number | undefined): string {
  if (lower === undefined) return `at most ${upper}`;
  return upper === undefined ? `at least ${lower}` : `from ${lower} to ${upper}`;
}
