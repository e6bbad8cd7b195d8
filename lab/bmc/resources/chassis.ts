import type { Dialect } from "../dialects/dialect";
import type { Route } from "../http/exchange";
import { HEALTHY, link } from "../json";
import { collection, paths, resource } from "./common";

/** The box that the server is in. */
export function chassisRoutes(dialect: Dialect): Route[] {
  const { system, manager, chassis } = paths(dialect.ids);
  const drives = dialect.driveDetails ? undefined : `${chassis}/Drives`;
  return [
    {
      pattern: "/redfish/v1/Chassis",
      get: () => collection("Chassis", "/redfish/v1/Chassis", "Chassis Collection", [chassis]),
    },
    {
      pattern: chassis,
      get: ({ bmc }) =>
        resource("Chassis", chassis, dialect.ids.chassis, "Computer System Chassis", {
          ChassisType: "RackMount",
          Manufacturer: bmc.hardware.manufacturer,
          Model: bmc.hardware.model,
          SerialNumber: bmc.hardware.serialNumber,
          SKU: bmc.hardware.sku,
          AssetTag: bmc.assetTag,
          PowerState: bmc.power.shown(),
          Status: HEALTHY,
          NetworkAdapters: link(`${chassis}/NetworkAdapters`),
          ...(drives ? { Drives: link(drives) } : {}),
          Links: { ComputerSystems: [link(system)], ManagedBy: [link(manager)], ManagersInChassis: [link(manager)] },
        }),
    },
    ...(drives
      ? [
          {
            pattern: drives,
            get: ({ bmc }) =>
              collection(
                "Drive",
                drives,
                "Drive Collection",
                bmc.hardware.drives.map((drive, index) => `${drives}/${dialect.naming.drive(drive, index)}`),
              ),
          } satisfies Route,
        ]
      : []),
  ];
}
