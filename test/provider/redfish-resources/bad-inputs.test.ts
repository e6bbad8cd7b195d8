import { secret, type Values } from "../../setup/plugin-client";
import { World } from "./harness";

type Bad = [resource: string, what: string, inputs: Values, property: string, reason: string | RegExp];

const connection = { endpoint: "https://bmc1.example.com" };
const at = (more: Values) => ({ connection: { ...connection, ...more } });
const server = (more: Values) => ({ connection, ...more });
const boot = (more: Values) => ({ connection, target: "Pxe", ...more });
const media = (more: Values) => ({ connection, image: "https://images.example.com/a.iso", ...more });
const bios = (more: Values) => ({ connection, attributes: { ProcVirtualization: "Enabled" }, ...more });
const account = (more: Values) => ({ connection, userName: "admin2", ...more });

const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----";

/** Property "" means that the engine must not print the value, which is or holds a secret. */
const table: Bad[] = [
  ["Server", "no connection", {}, "connection", "is required"],
  ["Server", "a connection without an endpoint", { connection: {} }, "connection.endpoint", "is required"],
  ["Server", "a connection that is a text", { connection: "https://bmc" }, "connection", "has to be an object"],
  [
    "Server",
    "an empty endpoint",
    at({ endpoint: "" }),
    "connection.endpoint",
    "write https://host or https://host:port",
  ],
  [
    "Server",
    "an endpoint with a path",
    at({ endpoint: "https://bmc/redfish/v1" }),
    "connection.endpoint",
    "leave out path",
  ],
  ["Server", "an endpoint with a query", at({ endpoint: "https://bmc/?a=b" }), "connection.endpoint", "leave out path"],
  [
    "Server",
    "an endpoint with another scheme",
    at({ endpoint: "ipmi://bmc" }),
    "connection.endpoint",
    "the scheme is https",
  ],
  ["Server", "plain http", at({ endpoint: "http://bmc" }), "connection.endpoint", "which only insecure: true allows"],
  [
    "Server",
    "an endpoint with a bad port",
    at({ endpoint: "https://bmc:99999" }),
    "connection.endpoint",
    "is not allowed",
  ],
  ["Server", "an endpoint with a blank", at({ endpoint: "https://b mc" }), "connection.endpoint", "is not allowed"],
  [
    "Server",
    "credentials in the endpoint",
    at({ endpoint: "https://u:hush@bmc" }),
    "connection.endpoint",
    "holds credentials",
  ],
  ["Server", "a number as endpoint", at({ endpoint: 7 }), "connection.endpoint", "has to be a string"],
  ["Server", "an empty user name", at({ username: " " }), "connection.username", "is empty"],
  ["Server", "an empty password", at({ password: secret("") }), "connection.password", "is empty"],
  ["Server", "a short fingerprint", at({ fingerprint: "AB:CD" }), "connection.fingerprint", "64 hexadecimal digits"],
  [
    "Server",
    "a fingerprint of letters",
    at({ fingerprint: "zz".repeat(32) }),
    "connection.fingerprint",
    "64 hexadecimal digits",
  ],
  ["Server", "a path for certificates", at({ caBundle: "/etc/ca.pem" }), "connection.caBundle", "not its path"],
  ["Server", "a broken certificate", at({ caBundle: broken }), "connection.caBundle", "cannot be read"],
  ["Server", "no time to connect", at({ connectTimeoutSeconds: 0 }), "connection.connectTimeoutSeconds", "more than 0"],
  ["Server", "days to connect", at({ connectTimeoutSeconds: 1e6 }), "connection.connectTimeoutSeconds", "at most 3600"],
  [
    "Server",
    "a negative time to answer",
    at({ requestTimeoutSeconds: -1 }),
    "connection.requestTimeoutSeconds",
    "more than 0",
  ],
  [
    "Server",
    "a text for a time",
    at({ requestTimeoutSeconds: "soon" }),
    "connection.requestTimeoutSeconds",
    "has to be a number",
  ],
  ["Server", "a misspelt connection", at({ user: "root" }), "connection.user", "is not a property"],
  ["Server", "a path as systemId", server({ systemId: "/redfish/v1/Systems/1" }), "systemId", "without a path"],
  ["Server", "an empty systemId", server({ systemId: "" }), "systemId", "it is the Id"],
  ["Server", "an identity of nothing", server({ identity: {} }), "identity", "is empty"],
  ["Server", "an empty serial number", server({ identity: { serialNumber: "" } }), "identity.serialNumber", "is empty"],
  ["Server", "an empty sku", server({ identity: { sku: " " } }), "identity.sku", "is empty"],
  ["Server", "a UUID that is none", server({ identity: { uuid: "4c4c4544" } }), "identity.uuid", "a UUID looks like"],
  ["Server", "a misspelt identity", server({ identity: { serial: "X" } }), "identity.serial", "is not a property"],
  [
    "Server",
    "an unknown power state",
    server({ powerState: "Reboot" }),
    "powerState",
    '"Reboot" (a string) is not allowed',
  ],
  ["Server", "a power state in lower case", server({ powerState: "on" }), "powerState", '"On", "Off"'],
  ["Server", "yes for a boolean", server({ powerOffOnDelete: "yes" }), "powerOffOnDelete", "has to be a boolean"],
  ["Server", "no cores", server({ requirements: { minCores: 0 } }), "requirements.minCores", "at least 1"],
  ["Server", "half a core", server({ requirements: { minCores: 1.5 } }), "requirements.minCores", "whole number"],
  [
    "Server",
    "negative memory",
    server({ requirements: { minMemoryGib: -1 } }),
    "requirements.minMemoryGib",
    "more than 0",
  ],
  [
    "Server",
    "drives that are no list",
    server({ requirements: { drives: 2 } }),
    "requirements.drives",
    "has to be a list",
  ],
  [
    "Server",
    "a drive type",
    server({ requirements: { drives: [{ type: "Tape" }] } }),
    "requirements.drives[0].type",
    "is not allowed",
  ],
  [
    "Server",
    "no drives",
    server({ requirements: { drives: [{}, { minCount: 0 }] } }),
    "requirements.drives[1].minCount",
    "at least 1",
  ],
  [
    "Server",
    "drives of no size",
    server({ requirements: { drives: [{ minSizeGb: 0 }] } }),
    "requirements.drives[0].minSizeGb",
    "more than 0",
  ],
  [
    "Server",
    "ports of no speed",
    server({ requirements: { nics: [{ minSpeedGbps: -10 }] } }),
    "requirements.nics[0].minSpeedGbps",
    "more than 0",
  ],
  ["Server", "forbidden SR-IOV", server({ requirements: { sriov: false } }), "requirements.sriov", "leave it out"],
  [
    "Server",
    "a wish for unknowns",
    server({ requirements: { unknown: "ignore" } }),
    "requirements.unknown",
    '"accept", "refuse"',
  ],
  ["BootOverride", "no target", { connection }, "target", "is missing"],
  ["BootOverride", "target None without Disabled", boot({ target: "None" }), "target", "is missing"],
  ["BootOverride", "an unknown target", boot({ target: "Tape" }), "target", "is not allowed"],
  ["BootOverride", "a target although Disabled", boot({ enabled: "Disabled" }), "target", 'with enabled "Disabled"'],
  ["BootOverride", "an unknown duration", boot({ enabled: "Always" }), "enabled", '"Once", "Continuous", "Disabled"'],
  [
    "BootOverride",
    "a URI without UefiHttp",
    boot({ httpBootUri: "https://x/a.efi" }),
    "httpBootUri",
    'with target "UefiHttp" only',
  ],
  [
    "BootOverride",
    "a URI that is none",
    boot({ target: "UefiHttp", httpBootUri: "a.efi" }),
    "httpBootUri",
    "http or https URL",
  ],
  [
    "BootOverride",
    "a URI of another protocol",
    boot({ target: "UefiHttp", httpBootUri: "tftp://x/a" }),
    "httpBootUri",
    "http or https URL",
  ],
  [
    "BootOverride",
    "a password in the URI",
    boot({ target: "UefiHttp", httpBootUri: "https://u:hush@x/a" }),
    "httpBootUri",
    "holds credentials",
  ],
  ["BootOverride", "HTTP boot in legacy mode", boot({ target: "UefiHttp", mode: "Legacy" }), "mode", 'needs "UEFI"'],
  ["BootOverride", "an unknown mode", boot({ mode: "BIOS" }), "mode", '"UEFI", "Legacy"'],
  ["VirtualMedia", "no image", { connection }, "image", "is required"],
  ["VirtualMedia", "a local file", media({ image: "rescue.iso" }), "image", "it is a URL"],
  ["VirtualMedia", "a file URL", media({ image: "file:///rescue.iso" }), "image", "a BMC fetches over"],
  [
    "VirtualMedia",
    "a URL without a file",
    media({ image: "https://images.example.com/" }),
    "image",
    "a host and a file",
  ],
  ["VirtualMedia", "a URL with a blank", media({ image: "https://images.example.com/a b.iso" }), "image", "%20"],
  [
    "VirtualMedia",
    "credentials in the image",
    media({ image: "https://u:hush@images.example.com/a.iso" }),
    "image",
    "holds credentials",
  ],
  [
    "VirtualMedia",
    "a path as slot",
    media({ slot: "/redfish/v1/Managers/1/VirtualMedia/CD" }),
    "slot",
    "without a path",
  ],
  ["VirtualMedia", "a password without a user", media({ password: secret("hush") }), "username", "is missing"],
  ["VirtualMedia", "an empty user", media({ username: "" }), "username", "is empty"],
  [
    "VirtualMedia",
    "an unknown transfer method",
    media({ transferMethod: "Copy" }),
    "transferMethod",
    '"Stream", "Upload"',
  ],
  [
    "VirtualMedia",
    "an unknown transfer protocol",
    media({ transferProtocol: "GOPHER" }),
    "transferProtocol",
    "is not allowed",
  ],
  [
    "VirtualMedia",
    "maybe write-protected",
    media({ writeProtected: "maybe" }),
    "writeProtected",
    "has to be a boolean",
  ],
  ["BiosSettings", "no attributes", { connection }, "attributes", "is required"],
  ["BiosSettings", "empty attributes", bios({ attributes: {} }), "attributes", "is empty"],
  ["BiosSettings", "a list of attributes", bios({ attributes: ["A=B"] }), "attributes", "has to be a map"],
  ["BiosSettings", "an attribute without a name", bios({ attributes: { "": "On" } }), "attributes", "without a name"],
  ["BiosSettings", "an attribute that is a list", bios({ attributes: { A: ["x"] } }), "attributes.A", "has to be"],
  ["BiosSettings", "an unknown moment", bios({ apply: "now" }), "apply", '"onNextReset", "immediate"'],
  ["BiosSettings", "no time", bios({ timeoutSeconds: 0 }), "timeoutSeconds", "from 1 to 86400"],
  ["BiosSettings", "half a second", bios({ timeoutSeconds: 0.5 }), "timeoutSeconds", "whole number"],
  ["BiosSettings", "consent in words", bios({ maintenance: "please" }), "maintenance", "has to be a boolean"],
  ["Account", "no name", { connection }, "userName", "is required"],
  ["Account", "an empty name", account({ userName: "" }), "userName", "is empty"],
  ["Account", "a name with a blank", account({ userName: "a b" }), "userName", "no blanks"],
  ["Account", "a name with a colon", account({ userName: "a:b" }), "userName", "none of :"],
  ["Account", "a name too long", account({ userName: "a".repeat(65) }), "userName", "at most 64"],
  ["Account", "an empty password", account({ password: secret("") }), "", "password: is empty"],
  [
    "Account",
    "a password with its line break",
    account({ password: "hush\n" }),
    "",
    "password: holds a control character",
  ],
  ["Account", "an empty factory password", account({ factoryPassword: "" }), "", "factoryPassword: is empty"],
  ["Account", "a number as password", account({ password: 12345 }), "", "password: has to be a string"],
  ["Account", "a role with a blank", account({ role: "Power User" }), "role", "it is Administrator"],
  ["Account", "an empty role", account({ role: "" }), "role", "it is Administrator"],
  [
    "Account",
    "disabling itself",
    { connection: { ...connection, username: "me" }, userName: "me", enabled: false },
    "enabled",
    "logs in by itself",
  ],
];

describe("bad inputs", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start([]);
  });
  afterAll(() => world.stop());

  it("are enough to be worth a table", () => {
    expect(table.length).toBeGreaterThanOrEqual(60);
    expect(new Set(table.map(([resource, what]) => `${resource} ${what}`)).size).toBe(table.length);
  });

  it.each(table)("%s: %s", async (resource, _what, inputs, property, reason) => {
    const { failures } = await world.client.check(`rackform:redfish:${resource}`, "it", inputs);
    expect(failures).toHaveLength(1);
    expect(failures[0].property).toBe(property);
    expect(failures[0].reason).toContain(reason);
    expect(failures[0].reason).not.toMatch(/hush|12345|\.$/);
  });

  it("are all told at once", async () => {
    const { failures } = await world.client.check("rackform:redfish:Account", "it", {
      connection: { endpoint: "ipmi://x", requestTimeoutSeconds: 0 },
      userName: "",
      role: " ",
    });
    expect(failures.map(({ property }) => property).sort()).toEqual([
      "connection.endpoint",
      "connection.requestTimeoutSeconds",
      "role",
      "userName",
    ]);
  });

  const ids: [string, string, RegExp][] = [
    ["no URL", "Systems/1", /it does not begin with the URL of a BMC; write it as https:/],
    ["no path", "https://bmc.example.com", /it has no path of a Redfish resource/],
    ["another path", "https://bmc.example.com/ui/login", /it has no path of a Redfish resource/],
    [
      "credentials",
      "https://root:x@bmc.example.com/redfish/v1/Systems/1",
      /credentials belong into the provider's configuration/,
    ],
  ];
  it.each(ids)("an id with %s", async (_what, id, message) => {
    for (const resource of ["Server", "BootOverride", "VirtualMedia", "BiosSettings", "Account"]) {
      await expect(world.client.read(`rackform:redfish:${resource}`, "it", id)).rejects.toThrow(message);
    }
  });
});
