import type { Bmc } from "../bmc";
import type { Dialect } from "../dialects/dialect";
import { refuse } from "../http/errors";
import type { Route } from "../http/exchange";
import type { JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import { collection, isoDate, parameters, paths, resource } from "./common";

/** Milliseconds from the answer to a Manager.Reset to the BMC going away. */
const FAREWELL_MS = 20;

/** The BMC itself. */
export function managerRoutes(dialect: Dialect): Route[] {
  const { manager } = paths(dialect.ids);
  const nic = `${manager}/EthernetInterfaces/${dialect.ids.managerNic}`;
  return [
    {
      pattern: "/redfish/v1/Managers",
      get: () => collection("Manager", "/redfish/v1/Managers", "Manager Collection", [manager]),
    },
    { pattern: manager, get: ({ bmc }) => managerResource(bmc) },
    {
      pattern: `${manager}/Actions/Manager.Reset`,
      action: true,
      privilege: "ConfigureManager",
      post: (x) => {
        const { ResetType: type = "GracefulRestart" } = parameters(x, "Manager.Reset", { ResetType: "string" });
        if (!dialect.reset.managerTypes.includes(String(type))) {
          throw refuse(400, "ActionParameterValueNotInList", String(type), "ResetType", "Manager.Reset");
        }
        setTimeout(() => x.bmc.reboot(), FAREWELL_MS).unref();
        return { status: 204 };
      },
    },
    {
      pattern: `${manager}/EthernetInterfaces`,
      get: () =>
        collection("EthernetInterface", `${manager}/EthernetInterfaces`, "Ethernet Interface Collection", [nic]),
    },
    {
      pattern: nic,
      get: ({ bmc }) =>
        resource("EthernetInterface", nic, dialect.ids.managerNic, "Manager Ethernet Interface", {
          InterfaceEnabled: true,
          LinkStatus: "LinkUp",
          SpeedMbps: 1000,
          FullDuplex: true,
          HostName: bmc.name,
          IPv4Addresses: [
            { Address: bmc.spec.address, SubnetMask: "255.0.0.0", AddressOrigin: "Static", Gateway: null },
          ],
          Status: HEALTHY,
        }),
    },
    ...logRoutes(manager),
  ];
}

function managerResource(bmc: Bmc): JsonObject {
  const { dialect, hardware } = bmc;
  const { system, manager, chassis } = paths(dialect.ids);
  const mediaAt = dialect.media.views.some((view) => view.at === "manager") ? manager : system;
  return resource("Manager", manager, dialect.ids.manager, "Manager", {
    ManagerType: "BMC",
    Description: "BMC",
    Model: dialect.product ?? "BMC",
    UUID: hardware.uuid,
    FirmwareVersion: bmc.updates.get("BMC") ?? hardware.bmcVersion,
    PowerState: "On",
    LastResetTime: isoDate(bmc.lastBmcReset),
    Status: HEALTHY,
    EthernetInterfaces: link(`${manager}/EthernetInterfaces`),
    VirtualMedia: link(`${mediaAt}/VirtualMedia`),
    LogServices: link(`${manager}/LogServices`),
    Links: { ManagerForServers: [link(system)], ManagerForChassis: [link(chassis)], ManagerInChassis: link(chassis) },
    Actions: {
      "#Manager.Reset": {
        target: `${manager}/Actions/Manager.Reset`,
        "ResetType@Redfish.AllowableValues": dialect.reset.managerTypes,
      },
    },
  });
}

function logRoutes(manager: string): Route[] {
  const services = `${manager}/LogServices`;
  const log = `${services}/Log`;
  return [
    { pattern: services, get: () => collection("LogService", services, "Log Service Collection", [log]) },
    {
      pattern: log,
      get: () =>
        resource("LogService", log, "Log", "Event Log", {
          ServiceEnabled: true,
          OverWritePolicy: "WrapsWhenFull",
          MaxNumberOfRecords: 500,
          Entries: link(`${log}/Entries`),
          Actions: { "#LogService.ClearLog": { target: `${log}/Actions/LogService.ClearLog` } },
          Status: HEALTHY,
        }),
    },
    {
      pattern: `${log}/Actions/LogService.ClearLog`,
      action: true,
      privilege: "ConfigureManager",
      post: ({ bmc }) => {
        bmc.log.entries = [];
        return { status: 204 };
      },
    },
    {
      pattern: `${log}/Entries`,
      get: ({ bmc }) =>
        collection(
          "LogEntry",
          `${log}/Entries`,
          "Log Entry Collection",
          bmc.log.entries.map((_, index) => `${log}/Entries/${index + 1}`),
        ),
    },
    {
      pattern: `${log}/Entries/:entry`,
      get: ({ bmc, params, path }) => {
        const entry = bmc.log.entries[Number(params.entry) - 1];
        return (
          entry &&
          resource("LogEntry", path, params.entry ?? "", "Log Entry", {
            EntryType: "Event",
            Created: isoDate(entry.at),
            Severity: entry.severity,
            Message: entry.text,
          })
        );
      },
    },
  ];
}
