/** How a field of the inventory is written. */
export type FieldKind = "text" | "integer" | "texts" | "macs" | "map";

/** A field of a server in an inventory file. The JSON schema and both readers come from this table. */
export interface Field {
  name: string;
  kind: FieldKind;
  description: string;
  /** Never repeated in messages. */
  secret?: boolean;
  minimum?: number;
  maximum?: number;
  /** Pattern of a text, for editors that know JSON schema. The planner says more when it is broken. */
  pattern?: string;
  /** How it looks in a cell of a CSV file, when not as it is. */
  csv?: string;
}

const name = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/** All fields of a server, in the order in which they are documented. */
export const FIELDS: readonly Field[] = [
  {
    name: "name",
    kind: "text",
    pattern: name,
    description: "Host name, unique in the fleet; stays when the machine is replaced.",
  },
  {
    name: "role",
    kind: "text",
    pattern: name,
    description: "Class: control, compute, storage, network or one of the fleet's own. Default: compute.",
  },
  {
    name: "bmc",
    kind: "text",
    description: "Base URL, host name or address of the BMC. Absent: the server is already running.",
  },
  { name: "bmcUsername", kind: "text", description: "Account on this BMC, when it differs from the fleet's." },
  {
    name: "bmcPassword",
    kind: "text",
    secret: true,
    description: "Password of that account. Becomes a secret; keep the file out of version control.",
  },
  { name: "bmcFingerprint", kind: "text", description: "SHA-256 fingerprint of the BMC's certificate, hexadecimal." },
  { name: "systemId", kind: "text", description: "Redfish Id of the system, for a BMC that serves several." },
  { name: "serialNumber", kind: "text", description: "Expected serial number (Dell: service tag)." },
  { name: "sku", kind: "text", description: "Expected Redfish SKU." },
  { name: "uuid", kind: "text", description: "Expected UUID." },
  { name: "mac", kind: "text", description: "MAC address of the management port." },
  {
    name: "nics",
    kind: "macs",
    description: "Ports with their MAC addresses.",
    csv: "eno1=aa:bb:cc:00:00:01;eno2=aa:bb:cc:00:00:02",
  },
  { name: "address", kind: "text", description: "Static address in the management network." },
  {
    name: "addresses",
    kind: "texts",
    description: "Static addresses by network name.",
    csv: "storage=10.1.0.5;storage=fd00:1::5",
  },
  {
    name: "slot",
    kind: "integer",
    minimum: 0,
    maximum: 1048576,
    description: "Place in every address pool, counted from 0.",
  },
  { name: "rack", kind: "text", description: "Rack that it is in." },
  { name: "zone", kind: "text", description: "Failure domain above the rack." },
  { name: "position", kind: "integer", minimum: 1, maximum: 100, description: "Lowest rack unit that it occupies." },
  { name: "labels", kind: "map", description: "Labels for the other components.", csv: "gpu=a100;tier=gold" },
  { name: "hostKey", kind: "text", description: "SSH host key of a server that is already running." },
  { name: "user", kind: "text", description: "Login of a server that is already running." },
  {
    name: "port",
    kind: "integer",
    minimum: 1,
    maximum: 65535,
    description: "SSH port of a server that is already running.",
  },
];

/** The JSON schema of an inventory in YAML, as committed in `inventory.schema.json`. */
export function inventorySchema(): object {
  const properties = Object.fromEntries(FIELDS.map((field) => [field.name, fieldSchema(field)]));
  const { name: _name, ...shared } = properties;
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "rackform inventory",
    description: "Servers of a BareMetalFleet. CSV files have the same fields as columns.",
    type: "object",
    required: ["servers"],
    additionalProperties: false,
    properties: {
      defaults: {
        description: "Fields for every server that does not set them itself.",
        type: "object",
        additionalProperties: false,
        properties: shared,
      },
      servers: {
        type: "array",
        items: { type: "object", required: ["name"], additionalProperties: false, properties },
      },
    },
  };
}

function fieldSchema(field: Field): object {
  const { description, minimum, maximum, pattern } = field;
  switch (field.kind) {
    case "text":
      return { description, type: "string", minLength: 1, ...(pattern ? { pattern } : {}) };
    case "integer":
      return { description, type: "integer", minimum, maximum };
    case "map":
      return { description, type: "object", additionalProperties: { type: "string" } };
    case "texts":
      return { description, type: "object", additionalProperties: { type: "array", items: { type: "string" } } };
    case "macs":
      return {
        description,
        type: "array",
        items: {
          type: "object",
          required: ["name", "mac"],
          additionalProperties: false,
          properties: { name: { type: "string" }, mac: { type: "string" } },
        },
      };
  }
}
