import type { Bmc } from "../bmc";
import type { Dialect } from "../dialects/dialect";
import type { Exchange, Reply, Route } from "../http/exchange";
import { refuse } from "../http/errors";
import type { Json, JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import { bootObject, patchBoot } from "./boot";
import { certificateRoutes } from "./certificates";
import { carryOut, collection, isoDate, nested, oem, parameters, patch, paths, resource, set } from "./common";

/** The server: identity, power, boot, secure boot. */
export function systemRoutes(dialect: Dialect): Route[] {
  const { system } = paths(dialect.ids);
  const one: Pick<Route, "get"> = { get: ({ bmc }) => systemResource(bmc) };
  return [
    {
      pattern: "/redfish/v1/Systems",
      get: () => collection("ComputerSystem", "/redfish/v1/Systems", "Computer System Collection", [system]),
    },
    { pattern: system, get: one.get, patch: (x) => patchSystem(x, one) },
    { pattern: `${system}/Actions/ComputerSystem.Reset`, action: true, post: reset },
    ...(dialect.reset.listed === "inline" ? [] : [resetInfo(dialect, system)]),
    {
      pattern: `${system}/BootOptions`,
      get: () =>
        collection(
          "BootOption",
          `${system}/BootOptions`,
          "Boot Options Collection",
          dialect.boot.options.map((option) => `${system}/BootOptions/${option.id}`),
        ),
    },
    {
      pattern: `${system}/BootOptions/:option`,
      get: ({ params }) => {
        const option = dialect.boot.options.find((candidate) => candidate.id === params.option);
        return (
          option &&
          resource("BootOption", `${system}/BootOptions/${option.id}`, option.id, option.name, {
            BootOptionReference: option.id,
            BootOptionEnabled: true,
            DisplayName: option.name,
          })
        );
      },
    },
    ...secureBootRoutes(system),
    ...(dialect.boot.certificates
      ? certificateRoutes(`${system}/Boot/Certificates`, (x) => x.bmc.boot.certificates)
      : []),
  ];
}

function systemResource(bmc: Bmc): JsonObject {
  const { dialect, hardware, power } = bmc;
  const { system, manager, chassis } = paths(dialect.ids);
  const mediaAt = dialect.media.views.some((view) => view.at === "system") ? system : manager;
  const cores = hardware.cpus.reduce((sum, cpu) => sum + cpu.cores, 0);
  const threads = hardware.cpus.reduce((sum, cpu) => sum + cpu.threads, 0);
  const target = `${system}/Actions/ComputerSystem.Reset`;
  return resource("ComputerSystem", system, dialect.ids.system, "System", {
    SystemType: "Physical",
    Manufacturer: hardware.manufacturer,
    Model: hardware.model,
    SerialNumber: hardware.serialNumber,
    SKU: hardware.sku,
    UUID: hardware.uuid,
    AssetTag: bmc.assetTag,
    HostName: bmc.hostName,
    BiosVersion: bmc.updates.get("BIOS") ?? hardware.biosVersion,
    PowerState: power.shown(),
    LastResetTime: isoDate(power.lastReset),
    LocationIndicatorActive: bmc.locatorLit,
    Status: { ...HEALTHY, HealthRollup: "OK" },
    Boot: bootObject(bmc),
    BootProgress: { LastState: power.progress },
    ProcessorSummary: {
      Count: hardware.cpus.length,
      ...(dialect.coreCount ? { CoreCount: cores } : {}),
      LogicalProcessorCount: threads,
      Model: hardware.cpus[0]?.model ?? null,
      Status: HEALTHY,
    },
    MemorySummary: { TotalSystemMemoryGiB: hardware.memoryGiB, MemoryMirroring: "None", Status: HEALTHY },
    ...(hardware.tpm
      ? { TrustedModules: [{ InterfaceType: hardware.tpm, FirmwareVersion: "7.2.2.0", Status: { State: "Enabled" } }] }
      : {}),
    Bios: link(`${system}/Bios`),
    SecureBoot: link(`${system}/SecureBoot`),
    Processors: link(`${system}/Processors`),
    Memory: link(`${system}/Memory`),
    Storage: link(`${system}/Storage`),
    EthernetInterfaces: link(`${system}/EthernetInterfaces`),
    VirtualMedia: link(`${mediaAt}/VirtualMedia`),
    Links: { Chassis: [link(chassis)], ManagedBy: [link(manager)] },
    Actions: {
      "#ComputerSystem.Reset": {
        target,
        ...(dialect.reset.listed === "actionInfo" ? {} : { "ResetType@Redfish.AllowableValues": dialect.reset.types }),
        ...(dialect.reset.listed === "inline" ? {} : { "@Redfish.ActionInfo": `${system}/ResetActionInfo` }),
      },
    },
    ...oem(bmc, dialect.oem?.system(hardware)),
  });
}

function patchSystem(x: Exchange, one: Pick<Route, "get">): Promise<Reply> | Reply {
  const { bmc } = x;
  if (x.body.Boot !== undefined) nested(x.body.Boot, "Boot");
  return patch(x, one, {
    AssetTag: set.text("AssetTag", (value) => void (bmc.assetTag = value), 63),
    HostName: set.text("HostName", (value) => void (bmc.hostName = value), 63),
    LocationIndicatorActive: set.flag("LocationIndicatorActive", (value) => void (bmc.locatorLit = value)),
    Boot: (value: Json) => patchBoot(bmc, nested(value, "Boot")),
  });
}

function reset(x: Exchange): Reply {
  const { dialect, power } = x.bmc;
  const { ResetType: type } = parameters(x, "ComputerSystem.Reset", { ResetType: "string" });
  const wanted = typeof type === "string" ? type : undefined;
  if (wanted === undefined) throw refuse(400, "ActionParameterMissing", "ComputerSystem.Reset", "ResetType");
  if (!dialect.reset.types.includes(wanted)) {
    throw refuse(400, "ActionParameterValueNotInList", wanted, "ResetType", "ComputerSystem.Reset");
  }
  return carryOut(x, `Reset ${wanted}`, () => power.reset(wanted));
}

function resetInfo(dialect: Dialect, system: string): Route {
  return {
    pattern: `${system}/ResetActionInfo`,
    get: () =>
      resource("ActionInfo", `${system}/ResetActionInfo`, "ResetActionInfo", "Reset Action Info", {
        Parameters: [{ Name: "ResetType", Required: true, DataType: "String", AllowableValues: dialect.reset.types }],
      }),
  };
}

function secureBootRoutes(system: string): Route[] {
  const path = `${system}/SecureBoot`;
  const one: Pick<Route, "get"> = {
    get: ({ bmc }) =>
      resource("SecureBoot", path, "SecureBoot", "UEFI Secure Boot", {
        SecureBootEnable: bmc.secureBoot.enabled,
        SecureBootCurrentBoot: bmc.secureBoot.inForce ? "Enabled" : "Disabled",
        SecureBootMode: "DeployedMode",
        Actions: {
          "#SecureBoot.ResetKeys": {
            target: `${path}/Actions/SecureBoot.ResetKeys`,
            "ResetKeysType@Redfish.AllowableValues": ["ResetAllKeysToDefault", "DeleteAllKeys", "DeletePK"],
          },
        },
      }),
  };
  return [
    {
      pattern: path,
      get: one.get,
      patch: (x) =>
        patch(x, one, {
          SecureBootEnable: set.flag("SecureBootEnable", (value) => void (x.bmc.secureBoot.enabled = value)),
        }),
    },
    {
      pattern: `${path}/Actions/SecureBoot.ResetKeys`,
      action: true,
      post: (x) => {
        const { ResetKeysType: type } = parameters(x, "SecureBoot.ResetKeys", { ResetKeysType: "string" }, [
          "ResetKeysType",
        ]);
        return carryOut(x, "Reset Secure Boot Keys", () => x.bmc.log.add(`secure boot keys: ${String(type)}`));
      },
    },
  ];
}
