import type { Dialect } from "../dialects/dialect";
import type { Route } from "../http/exchange";
import { link } from "../json";
import { COLLECTIONS, oem, resource, SCHEMAS } from "./common";

const SERVICES = {
  Systems: "/redfish/v1/Systems",
  Chassis: "/redfish/v1/Chassis",
  Managers: "/redfish/v1/Managers",
  Tasks: "/redfish/v1/TaskService",
  SessionService: "/redfish/v1/SessionService",
  AccountService: "/redfish/v1/AccountService",
  UpdateService: "/redfish/v1/UpdateService",
  Registries: "/redfish/v1/Registries",
};

/** The addresses that need no login. */
export function rootRoutes(dialect: Dialect): Route[] {
  const metadata = metadataDocument();
  return [
    { pattern: "/redfish", open: true, read: () => ({ status: 200, body: { v1: "/redfish/v1/" } }) },
    {
      pattern: "/redfish/v1",
      open: true,
      get: ({ bmc }) =>
        resource("ServiceRoot", "/redfish/v1/", "RootService", "Root Service", {
          ...(dialect.vendor ? { Vendor: dialect.vendor } : {}),
          ...(dialect.product ? { Product: dialect.product } : {}),
          RedfishVersion: dialect.redfishVersion,
          UUID: bmc.hardware.uuid,
          ProtocolFeaturesSupported: {
            ExpandQuery: {
              ExpandAll: dialect.expandLevels > 0,
              Levels: dialect.expandLevels > 0,
              Links: dialect.expandLevels > 0,
              NoLinks: dialect.expandLevels > 0,
              ...(dialect.expandLevels > 0 ? { MaxLevels: dialect.expandLevels } : {}),
            },
            FilterQuery: false,
            SelectQuery: true,
            OnlyMemberQuery: true,
            ExcerptQuery: false,
            DeepOperations: { DeepPATCH: false, DeepPOST: false },
          },
          ...Object.fromEntries(Object.entries(SERVICES).map(([name, path]) => [name, link(path)])),
          Links: { Sessions: link("/redfish/v1/SessionService/Sessions") },
          ...oem(bmc, dialect.oem?.root),
        }),
    },
    {
      pattern: "/redfish/v1/odata",
      open: true,
      read: () => ({
        status: 200,
        body: {
          "@odata.context": "/redfish/v1/$metadata",
          value: [
            { name: "Service", kind: "Singleton", url: "/redfish/v1/" },
            ...Object.entries(SERVICES).map(([name, url]) => ({ name, kind: "Singleton", url })),
            { name: "Sessions", kind: "Singleton", url: "/redfish/v1/SessionService/Sessions" },
          ],
        },
      }),
    },
    { pattern: "/redfish/v1/$metadata", open: true, read: () => ({ status: 200, body: metadata }) },
  ];
}

function metadataDocument(): string {
  const reference = (schema: string, ...namespaces: string[]) =>
    `  <edmx:Reference Uri="http://redfish.dmtf.org/schemas/v1/${schema}_v1.xml">\n` +
    namespaces.map((namespace) => `    <edmx:Include Namespace="${namespace}"/>\n`).join("") +
    "  </edmx:Reference>\n";
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">\n' +
    Object.entries(SCHEMAS)
      .map(([schema, version]) => reference(schema, schema, `${schema}.${version}`))
      .join("") +
    COLLECTIONS.map((schema) => reference(`${schema}Collection`, `${schema}Collection`)).join("") +
    reference("RedfishExtensions", "RedfishExtensions.v1_0_0") +
    reference("Message", "Message", "Message.v1_1_2") +
    reference("Settings", "Settings", "Settings.v1_3_5") +
    reference("Resource", "Resource", "Resource.v1_0_0") +
    "  <edmx:DataServices>\n" +
    '    <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="Service">\n' +
    `      <EntityContainer Name="Service" Extends="ServiceRoot.${SCHEMAS.ServiceRoot}.ServiceContainer"/>\n` +
    "    </Schema>\n" +
    "  </edmx:DataServices>\n" +
    "</edmx:Edmx>\n"
  );
}
