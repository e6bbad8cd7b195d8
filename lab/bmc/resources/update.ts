import type { Bmc } from "../bmc";
import type { Dialect } from "../dialects/dialect";
import { refuse } from "../http/errors";
import type { Exchange, Reply, Route } from "../http/exchange";
import type { JsonObject } from "../json";
import { HEALTHY, link } from "../json";
import { accepted, collection, parameters, paths, resource } from "./common";

const SERVICE = "/redfish/v1/UpdateService";
const INVENTORY = `${SERVICE}/FirmwareInventory`;
const COMPONENTS = ["BMC", "BIOS"] as const;
type Component = (typeof COMPONENTS)[number];

/** Firmware: what is installed, and replacing it. */
export function updateRoutes(dialect: Dialect): Route[] {
  const id = (bmc: Bmc, component: Component) =>
    dialect.jobs ? `Installed-${component === "BIOS" ? "159" : "25227"}-${version(bmc, component)}` : component;
  return [
    {
      pattern: SERVICE,
      get: () =>
        resource("UpdateService", SERVICE, "UpdateService", "Update Service", {
          ServiceEnabled: true,
          Status: HEALTHY,
          FirmwareInventory: link(INVENTORY),
          Actions: {
            "#UpdateService.SimpleUpdate": {
              target: `${SERVICE}/Actions/UpdateService.SimpleUpdate`,
              "TransferProtocol@Redfish.AllowableValues": ["HTTP", "HTTPS"],
            },
          },
        }),
    },
    {
      pattern: INVENTORY,
      get: ({ bmc }) =>
        collection(
          "SoftwareInventory",
          INVENTORY,
          "Firmware Inventory Collection",
          COMPONENTS.map((component) => `${INVENTORY}/${id(bmc, component)}`),
        ),
    },
    {
      pattern: `${INVENTORY}/:item`,
      get: ({ bmc, params, path }): JsonObject | undefined => {
        const component = COMPONENTS.find((candidate) => id(bmc, candidate) === params.item);
        const { system, manager } = paths(dialect.ids);
        return (
          component &&
          resource("SoftwareInventory", path, params.item ?? "", component, {
            Version: version(bmc, component),
            Updateable: true,
            Status: HEALTHY,
            RelatedItem: [link(component === "BIOS" ? `${system}/Bios` : manager)],
          })
        );
      },
    },
    {
      pattern: `${SERVICE}/Actions/UpdateService.SimpleUpdate`,
      action: true,
      post: (x) => simpleUpdate(x, (component) => id(x.bmc, component)),
    },
  ];
}

function version(bmc: Bmc, component: Component): string {
  return bmc.updates.get(component) ?? (component === "BIOS" ? bmc.hardware.biosVersion : bmc.hardware.bmcVersion);
}

/** The image's name ends in `-<version>.<ending>`; its name or the targets say for which component it is. */
function simpleUpdate(x: Exchange, id: (component: Component) => string): Reply {
  const action = "UpdateService.SimpleUpdate";
  const known = {
    ImageURI: "string",
    TransferProtocol: "string",
    Targets: "strings",
    Username: "string",
    Password: "string",
  } as const;
  const given = parameters(x, action, known, ["ImageURI"]);
  const image = String(given.ImageURI);
  const found = /-(\d[\w.]*)\.[a-z]+$/i.exec(image)?.[1];
  if (!found) throw refuse(400, "ActionParameterValueFormatError", image, "ImageURI", action);
  const targets = Array.isArray(given.Targets) ? given.Targets.map(String) : [];
  const named = COMPONENTS.find((component) => targets.some((target) => target === `${INVENTORY}/${id(component)}`));
  const component = named ?? (/bios/i.test(image) ? "BIOS" : "BMC");
  const task = x.bmc.tasks.start(
    `Update ${component}`,
    () => {
      x.bmc.updates.set(component, found);
      if (component === "BMC") x.bmc.reboot();
    },
    { fate: x.taskFate, jobType: "FirmwareUpdate" },
  );
  return accepted(x, task);
}
