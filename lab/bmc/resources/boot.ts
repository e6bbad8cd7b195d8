import type { Bmc } from "../bmc";
import { RedfishError } from "../http/errors";
import type { Message } from "../http/messages";
import { about, base } from "../http/messages";
import type { Json, JsonObject } from "../json";
import { link } from "../json";
import { paths, set } from "./common";
import type { Setter } from "./common";

/** The Boot object of the system. */
export function bootObject(bmc: Bmc): JsonObject {
  const { dialect, boot } = bmc;
  const { system } = paths(dialect.ids);
  return {
    BootSourceOverrideEnabled: boot.enabled,
    BootSourceOverrideTarget: boot.target,
    "BootSourceOverrideTarget@Redfish.AllowableValues": dialect.boot.targets,
    BootSourceOverrideMode: boot.mode,
    "BootSourceOverrideMode@Redfish.AllowableValues": dialect.boot.modes,
    UefiTargetBootSourceOverride: boot.uefiTarget,
    ...(dialect.boot.httpBootUri ? { HttpBootUri: boot.httpBootUri } : {}),
    BootOptions: link(`${system}/BootOptions`),
    BootOrder: boot.order,
    ...(dialect.boot.certificates ? { Certificates: link(`${system}/Boot/Certificates`) } : {}),
  };
}

/** The change that a PATCH of Boot asks for. @throws RedfishError with every mistake in it. */
export function patchBoot(bmc: Bmc, wanted: JsonObject): () => void {
  const { boot, dialect, power } = bmc;
  power.checkPost();
  const setters: Record<string, Setter> = {
    BootSourceOverrideEnabled: set.oneOf(
      "BootSourceOverrideEnabled",
      ["Disabled", "Once", "Continuous"],
      (value) => void (boot.enabled = value),
    ),
    BootSourceOverrideTarget: set.oneOf("BootSourceOverrideTarget", dialect.boot.targets, (value) => {
      boot.target = value;
      if (value === "None") boot.enabled = "Disabled";
    }),
    BootSourceOverrideMode: set.oneOf("BootSourceOverrideMode", dialect.boot.modes, (value) => {
      boot.mode = value;
      // 18: a job and a second self test, even when nothing changes.
      if (dialect.boot.modeMakesJob) {
        bmc.tasks.schedule("Configure: BIOS.Setup.1-1", () => undefined, { jobType: "BIOSConfiguration" });
      }
    }),
    UefiTargetBootSourceOverride: textOrNull("UefiTargetBootSourceOverride", (value) => void (boot.uefiTarget = value)),
    BootOrder: (value) => bootOrder(bmc, value),
    ...(dialect.boot.httpBootUri ? { HttpBootUri: httpBootUri(bmc) } : {}),
  };
  const problems: Message[] = [];
  const changes: (() => void)[] = [];
  for (const [name, value] of Object.entries(wanted)) {
    if (name.includes("@")) continue;
    const result = setters[name]?.(value ?? null) ?? unknown(bmc, name);
    if (typeof result === "function") changes.push(result);
    else problems.push(about(`/Boot/${name}`, result));
  }
  const overriding = Object.keys(wanted).some((name) => name.startsWith("BootSourceOverride"));
  if (dialect.boot.enabledRequired && overriding && wanted.BootSourceOverrideEnabled === undefined) {
    problems.push(about("/Boot/BootSourceOverrideEnabled", base("PropertyMissing", "BootSourceOverrideEnabled")));
  }
  if (wanted.BootSourceOverrideTarget === "UefiTarget" && !boot.uefiTarget && !wanted.UefiTargetBootSourceOverride) {
    problems.push(base("PropertyMissing", "UefiTargetBootSourceOverride"));
  }
  if (problems.length > 0) throw new RedfishError(400, problems);
  return () => {
    for (const change of changes) change();
  };
}

function unknown(bmc: Bmc, name: string): Message {
  return base(name in bootObject(bmc) ? "PropertyNotWritable" : "PropertyUnknown", name);
}

function textOrNull(name: string, change: (value: string | null) => void): Setter {
  return (value) =>
    value === null || typeof value === "string"
      ? () => change(value === "" ? null : value)
      : base("PropertyValueTypeError", JSON.stringify(value), name);
}

function httpBootUri(bmc: Bmc): Setter {
  return (value: Json) => {
    if (value !== null && typeof value !== "string")
      return base("PropertyValueTypeError", JSON.stringify(value), "HttpBootUri");
    if (value && !/^https?:\/\/[^/]+/.test(value)) return base("PropertyValueFormatError", value, "HttpBootUri");
    return () => void (bmc.boot.httpBootUri = value === "" ? null : value);
  };
}

function bootOrder(bmc: Bmc, value: Json): Message | (() => void) {
  const known = bmc.dialect.boot.options.map((option) => option.id);
  if (!Array.isArray(value)) return base("PropertyValueTypeError", JSON.stringify(value), "BootOrder");
  const wrong = value.find((item) => typeof item !== "string" || !known.includes(item));
  if (wrong !== undefined) return base("PropertyValueNotInList", JSON.stringify(wrong), "BootOrder");
  if (new Set(value).size !== value.length || value.length !== known.length) {
    return base("PropertyValueConflict", "BootOrder", "BootOptions");
  }
  return () => void (bmc.boot.order = value as string[]);
}
