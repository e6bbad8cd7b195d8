import type { Bmc } from "../bmc";
import type { Dialect } from "../dialects/dialect";
import { RedfishError, refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import { base } from "../http/messages";
import type { JsonObject } from "../json";
import { isObject, link } from "../json";
import { accepted, carryOut, checkLicence, changed, isoDate, parameters, paths, resource } from "./common";
import type { Task } from "../tasks";

/** BIOS settings, in force and pending. */
export function biosRoutes(dialect: Dialect): Route[] {
  const path = `${paths(dialect.ids).system}/Bios`;
  const settings = `${path}/${dialect.bios.settingsId}`;
  return [
    { pattern: path, get: ({ bmc }) => biosResource(bmc, path, settings) },
    {
      pattern: settings,
      get: ({ bmc }) => settingsResource(bmc, path, settings),
      patch: (x) => patchSettings(x, path, settings),
    },
    {
      pattern: `${path}/Actions/Bios.ResetBios`,
      action: true,
      post: (x) => {
        parameters(x, "Bios.ResetBios", {});
        return carryOut(x, "Reset BIOS", () => void (x.bmc.bios.defaultsPending = true));
      },
    },
    {
      pattern: `${path}/Actions/Bios.ChangePassword`,
      action: true,
      post: (x) => {
        const known = { PasswordName: "string", OldPassword: "string", NewPassword: "string" } as const;
        parameters(x, "Bios.ChangePassword", known, Object.keys(known));
        return carryOut(x, "Change BIOS Password", () => x.bmc.log.add("a BIOS password was changed"));
      },
    },
    ...(dialect.jobs ? [clearPending(settings)] : []),
  ];
}

/** Commits the pending BIOS settings: a job that the next reset carries out (11). */
export function commitBios(bmc: Bmc, fate: Exchange["taskFate"]): Task {
  const { committed } = bmc.dialect.bios;
  if (bmc.bios.committed && committed) throw new RedfishError(committed.status, [committed.message]);
  bmc.bios.committed = true;
  return bmc.tasks.schedule("Configure: BIOS.Setup.1-1", () => void bmc.bios.apply(), {
    jobType: "BIOSConfiguration",
    fate,
    failure: () => bmc.bios.discard(),
  });
}

function biosResource(bmc: Bmc, path: string, settings: string): JsonObject {
  const rules = bmc.dialect.bios;
  return resource("Bios", path, "Bios", "BIOS Configuration Current Settings", {
    AttributeRegistry: rules.registry,
    Attributes: bmc.bios.current(),
    ResetBiosToDefaultsPending: bmc.bios.defaultsPending,
    "@Redfish.Settings": {
      "@odata.type": "#Settings.v1_3_5.Settings",
      SettingsObject: link(settings),
      SupportedApplyTimes: rules.applyTimes,
      ...(bmc.bios.appliedAt === undefined ? {} : { Time: isoDate(bmc.bios.appliedAt) }),
    },
    Actions: {
      "#Bios.ResetBios": { target: `${path}/Actions/Bios.ResetBios` },
      "#Bios.ChangePassword": { target: `${path}/Actions/Bios.ChangePassword` },
    },
  });
}

function settingsResource(bmc: Bmc, path: string, settings: string): JsonObject {
  const rules = bmc.dialect.bios;
  const pending = bmc.bios.shownPending();
  // A Supermicro leaves Attributes out while nothing is pending.
  const hidden = rules.settingsId === "SD" && Object.keys(pending).length === 0;
  return resource("Bios", settings, rules.settingsId, rules.settingsName, {
    AttributeRegistry: rules.registry,
    ...(hidden ? {} : { Attributes: pending }),
    ...(bmc.dialect.jobs
      ? {
          Actions: {
            Oem: { "#DellManager.ClearPending": { target: `${settings}/Actions/Oem/DellManager.ClearPending` } },
          },
        }
      : { Description: `Takes effect at the next reset of ${path}.` }),
  });
}

function patchSettings(x: Exchange, path: string, settings: string): Reply {
  const { bmc, body } = x;
  const { bios, dialect } = bmc;
  checkLicence(bmc);
  bmc.power.checkPost();
  const { Attributes: attributes, "@Redfish.SettingsApplyTime": applyTime } = body;
  const unknown = Object.keys(body).filter((name) => name !== "Attributes" && !name.startsWith("@"));
  if (unknown.length > 0)
    throw new RedfishError(
      400,
      unknown.map((name) => base("PropertyUnknown", name)),
    );
  if (!isObject(attributes)) throw refuse(400, "PropertyMissing", "Attributes");
  const { committed } = dialect.bios;
  if (bios.committed && committed) throw new RedfishError(committed.status, [committed.message]);
  const problems = bios.check(attributes);
  if (problems.length > 0) throw new RedfishError(400, problems);
  const commits = checkApplyTime(dialect, applyTime);
  bios.stage(attributes);
  if (dialect.jobs && commits) return accepted(x, commitBios(bmc, x.taskFate));
  if (!dialect.bios.applyTimeRequired) bios.committed = true;
  return changed(x, settingsResource(bmc, path, settings));
}

function checkApplyTime(dialect: Dialect, applyTime: unknown): boolean {
  if (applyTime === undefined) return false;
  const name = "@Redfish.SettingsApplyTime";
  if (!isObject(applyTime)) throw refuse(400, "PropertyValueTypeError", JSON.stringify(applyTime), name);
  const { ApplyTime: time } = applyTime;
  if (typeof time !== "string" || !dialect.bios.applyTimes.includes(time)) {
    throw refuse(400, "PropertyValueNotInList", JSON.stringify(time), `${name}/ApplyTime`);
  }
  return true;
}

function clearPending(settings: string): Route {
  return {
    pattern: `${settings}/Actions/Oem/DellManager.ClearPending`,
    action: true,
    post: (x) => {
      const { committed } = x.bmc.dialect.bios;
      if (x.bmc.bios.committed && committed) throw new RedfishError(committed.status, [committed.message]);
      return carryOut(x, "Clear Pending", () => x.bmc.bios.discard());
    },
  };
}
