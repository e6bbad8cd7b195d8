import type { BiosAttribute, Dialect } from "../dialects/dialect";
import type { Route } from "../http/exchange";
import type { MessageDefinition } from "../http/messages";
import { BASE_MESSAGES, BASE_VERSION } from "../http/messages";
import type { JsonObject } from "../json";
import { collection, resource } from "./common";

const ALL = "/redfish/v1/Registries";

interface Registry {
  id: string;
  name: string;
  uri: string;
  registry: string;
  content: JsonObject;
}

/** Registries: the messages the service sends, and the BIOS attributes. */
export function registryRoutes(dialect: Dialect): Route[] {
  const registries = registriesOf(dialect);
  return [
    {
      pattern: ALL,
      get: () =>
        collection(
          "MessageRegistryFile",
          ALL,
          "Registry File Collection",
          registries.map(({ id }) => `${ALL}/${id}`),
        ),
    },
    ...registries.flatMap(({ id, name, uri, registry, content }): Route[] => [
      {
        pattern: `${ALL}/${id}`,
        get: () =>
          resource("MessageRegistryFile", `${ALL}/${id}`, id, name, {
            Registry: registry,
            Languages: ["en"],
            Location: [{ Language: "en", Uri: uri }],
          }),
      },
      { pattern: uri, read: () => ({ status: 200, body: content }) },
    ]),
  ];
}

function registriesOf(dialect: Dialect): Registry[] {
  const { prefix, table } = dialect.messages;
  const [vendor = "", ...version] = prefix.split(".");
  const list: Registry[] = [
    {
      id: "Base",
      name: "Base Message Registry File",
      uri: `${ALL}/Base.${BASE_VERSION}.json`,
      registry: `Base.${BASE_VERSION.split(".").slice(0, 2).join(".")}`,
      content: messageRegistry("Base", BASE_VERSION, "DMTF", BASE_MESSAGES),
    },
    {
      id: dialect.bios.registry,
      name: "BIOS Attribute Registry File",
      uri: dialect.bios.registryUri,
      registry: dialect.bios.registry,
      content: attributeRegistry(dialect),
    },
  ];
  if (Object.keys(table).length > 0) {
    list.push({
      id: vendor,
      name: `${vendor} Message Registry File`,
      uri: `${ALL}/${prefix}.json`,
      registry: prefix,
      content: messageRegistry(vendor, `${version.join(".")}.0`, vendor, table),
    });
  }
  return list;
}

function messageRegistry(
  prefix: string,
  version: string,
  owner: string,
  table: Record<string, MessageDefinition>,
): JsonObject {
  return {
    "@odata.type": "#MessageRegistry.v1_6_0.MessageRegistry",
    Id: `${prefix}.${version}`,
    Name: `${prefix} Message Registry`,
    Language: "en",
    Description: "The messages of this service.",
    RegistryPrefix: prefix,
    RegistryVersion: version,
    OwningEntity: owner,
    Messages: Object.fromEntries(
      Object.entries(table).map(([id, message]) => [
        id,
        {
          Description: message.text,
          Message: message.text,
          MessageSeverity: message.severity,
          Severity: message.severity,
          NumberOfArgs: message.args,
          ...(message.args > 0 ? { ParamTypes: Array<string>(message.args).fill("string") } : {}),
          Resolution: message.resolution,
        },
      ]),
    ),
  };
}

function attributeRegistry(dialect: Dialect): JsonObject {
  const { registry, attributes } = dialect.bios;
  return {
    "@odata.type": "#AttributeRegistry.v1_3_6.AttributeRegistry",
    Id: registry,
    Name: "BIOS Attribute Registry",
    Language: "en",
    OwningEntity: dialect.vendor ?? dialect.oem?.key ?? "Contoso",
    RegistryVersion: registry.split(".v")[1]?.replace(/_/g, ".") ?? "1.0.0",
    RegistryEntries: { Attributes: attributes.map(registryAttribute) },
  };
}

function registryAttribute(attribute: BiosAttribute, index: number): JsonObject {
  return {
    AttributeName: attribute.name,
    DisplayName: attribute.display,
    DisplayOrder: index + 1,
    HelpText: attribute.display,
    MenuPath: "./",
    Type: attribute.type,
    ReadOnly: attribute.readOnly ?? false,
    Immutable: attribute.readOnly ?? false,
    Hidden: false,
    WriteOnly: attribute.type === "Password",
    ResetRequired: true,
    DefaultValue: attribute.initial,
    ...(attribute.values
      ? { Value: attribute.values.map((value) => ({ ValueName: value, ValueDisplayName: value })) }
      : {}),
    ...(attribute.min === undefined ? {} : { LowerBound: attribute.min }),
    ...(attribute.max === undefined ? {} : { UpperBound: attribute.max, ScalarIncrement: 1 }),
    ...(attribute.maxLength === undefined ? {} : { MinLength: 0, MaxLength: attribute.maxLength }),
  };
}
