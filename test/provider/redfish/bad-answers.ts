import { type BmcClient, mediaSlots, readPower, setPower } from "../../../provider/redfish";
import type { Handler, Reply } from "./server";

export const S = "/redfish/v1/Systems/1";
export const info = (entry: unknown) => ({ error: { "@Message.ExtendedInfo": entry } });

/** A small BMC whose resources can be replaced one by one. */
export function bmc(changes: Record<string, unknown>): Handler {
  const resources: Record<string, unknown> = {
    "/redfish/v1/": { "@odata.id": "/redfish/v1/", RedfishVersion: "1.6.0" },
    "/redfish/v1/Systems": { Members: [{ "@odata.id": S }] },
    [S]: {
      "@odata.id": S,
      Id: "1",
      PowerState: "On",
      Boot: { BootSourceOverrideTarget: "None", BootSourceOverrideEnabled: "Disabled" },
      Bios: { "@odata.id": `${S}/Bios` },
      Processors: { "@odata.id": `${S}/Processors` },
      EthernetInterfaces: { "@odata.id": `${S}/EthernetInterfaces` },
      Storage: { "@odata.id": `${S}/Storage` },
      VirtualMedia: { "@odata.id": `${S}/VirtualMedia` },
      Links: { ManagedBy: [{ "@odata.id": "/redfish/v1/Managers/1" }] },
    },
    [`${S}/Bios`]: { "@odata.id": `${S}/Bios`, Attributes: { A: "Enabled" } },
    "/redfish/v1/Managers/1": { "@odata.id": "/redfish/v1/Managers/1", FirmwareVersion: "1" },
    ...changes,
  };
  return ({ method, path }) => {
    const found = resources[`${method} ${path}`] ?? (method === "GET" ? resources[path] : undefined);
    if (typeof found === "function") return (found as () => Reply)();
    if (found !== undefined && typeof found === "object" && found !== null && "reply" in found)
      return found.reply as Reply;
    return found === undefined ? undefined : { body: found };
  };
}

export const reply = (answer: Reply) => ({ reply: answer });
export const power = (client: BmcClient) => readPower(client);
export const off = (client: BmcClient) => setPower(client, "Off", { waitSeconds: 10 });

export type Case = [
  name: string,
  changes: Record<string, unknown>,
  run: (client: BmcClient) => Promise<unknown>,
  expected: object | string | RegExp,
];

/** `expected`: an object to match the result, or a text that the error must contain. */
export const answers: Case[] = [
  // Not Redfish at all.
  ["an empty body", { [S]: reply({ body: "" }) }, power, "empty body"],
  ["204 for GET", { [S]: reply({ status: 204 }) }, power, "empty body"],
  [
    "HTML with status 200",
    { [S]: reply({ body: "<html><body>login</body></html>" }) },
    power,
    "no JSON object: <html>",
  ],
  ["half a JSON document", { [S]: reply({ body: '{"PowerState": "O' }) }, power, "no JSON object"],
  ["a JSON list", { [S]: reply({ body: "[1, 2]" }) }, power, "no JSON object"],
  ["a JSON string", { [S]: reply({ body: '"On"' }) }, power, "no JSON object"],
  ["null", { [S]: reply({ body: "null" }) }, power, "no JSON object"],
  ["a number", { [S]: reply({ body: "42" }) }, power, "no JSON object"],
  ["{}", { [S]: {} }, power, "empty body"],
  ["binary rubbish", { [S]: reply({ body: Buffer.from([0, 255, 1, 254, 7]) }) }, power, "no JSON object"],
  [
    "rubbish that claims to be gzip",
    { [S]: reply({ body: Buffer.from([0x1f, 0x8b, 9, 9, 9]), headers: { "content-encoding": "gzip" } }) },
    power,
    /not valid HTTP|broke/,
  ],
  ["a byte order mark", { [S]: reply({ body: '\ufeff{"PowerState":"On"}' }) }, power, { value: "On" }],
  [
    "invalid UTF-8 in a string",
    {
      [S]: reply({
        body: Buffer.concat([Buffer.from('{"PowerState":"On","Name":"'), Buffer.from([0xff]), Buffer.from('"}')]),
      }),
    },
    power,
    { value: "On" },
  ],
  [
    "very deep JSON",
    { [S]: reply({ body: `{"PowerState":"On","A":${"[".repeat(5000)}${"]".repeat(5000)}}` }) },
    power,
    { value: "On" },
  ],
  [
    "a member named __proto__",
    { [S]: reply({ body: '{"PowerState":"On","__proto__":{"polluted":true}}' }) },
    power,
    { value: "On" },
  ],
  ["duplicate members", { [S]: reply({ body: '{"PowerState":"Off","PowerState":"On"}' }) }, power, { value: "On" }],
  ["a huge body", { [S]: reply({ body: `{"A":"${"x".repeat(2_000_000)}"}` }) }, power, "larger than 1000000 bytes"],
  [
    "text/plain as content type",
    { [S]: reply({ body: '{"PowerState":"On"}', headers: { "content-type": "text/plain" } }) },
    power,
    { value: "On" },
  ],
  [
    "an error in disguise of 200",
    { [S]: info([{ MessageId: "Base.1.0.InternalError", Message: "it broke", Severity: "Critical" }]) },
    power,
    "it broke",
  ],
  [
    "a success in disguise of an error",
    { [S]: { ...info([{ MessageId: "Base.1.0.Success" }]), PowerState: "On" } },
    power,
    { value: "On" },
  ],
  // Wrong and missing members.
  ["a power state of a wrong type", { [S]: { PowerState: 1 } }, power, { value: "unknown" }],
  ["a power state nobody knows", { [S]: { PowerState: "Warp" } }, power, { value: "unknown" }],
  ["a power state in other letters", { [S]: { PowerState: "on" } }, power, { value: "On" }],
  ["no power state", { [S]: { Id: "1" } }, power, { value: "unknown" }],
  ["no systems", { "/redfish/v1/Systems": { Members: [] } }, power, "lists no systems"],
  ["Members null", { "/redfish/v1/Systems": { Members: null } }, power, "lists no systems"],
  ["Members an object", { "/redfish/v1/Systems": { Members: { "@odata.id": S } } }, power, { value: "On" }],
  ["Members missing", { "/redfish/v1/Systems": { Name: "Systems" } }, power, "lists no systems"],
  [
    "Members of rubbish",
    { "/redfish/v1/Systems": { Members: [null, 1, "x", {}, { "@odata.id": 7 }, { "@odata.id": S }] } },
    power,
    { value: "On" },
  ],
  [
    "a bogus system beside the real one",
    {
      "/redfish/v1/Systems": { Members: [{ "@odata.id": "/redfish/v1/Systems/HGX_Baseboard_0" }, { "@odata.id": S }] },
    },
    power,
    { value: "On" },
  ],
  [
    "a second system that is gone",
    { "/redfish/v1/Systems": { Members: [{ "@odata.id": "/redfish/v1/Systems/2" }, { "@odata.id": S }] } },
    power,
    { value: "On" },
  ],
  [
    "two real systems",
    {
      "/redfish/v1/Systems": { Members: [{ "@odata.id": S }, { "@odata.id": "/redfish/v1/Systems/2" }] },
      "/redfish/v1/Systems/2": { Id: "2", Boot: {}, PowerState: "Off" },
    },
    power,
    'choose one of "1", "2" as systemId',
  ],
  [
    "systems elsewhere",
    {
      "/redfish/v1/Systems": undefined,
      "/redfish/v1/": { RedfishVersion: "1", Systems: { "@odata.id": "/redfish/v1/Hosts" } },
      "/redfish/v1/Hosts": { Members: [{ "@odata.id": S }] },
    },
    power,
    { value: "On" },
  ],
  [
    "a service root without links",
    { "/redfish/v1/Systems": undefined, "/redfish/v1/": { RedfishVersion: "1" } },
    power,
    "404",
  ],
  // Hostile links.
  ...[
    "https://evil.example/redfish/v1/Systems/1",
    "//evil.example/x",
    "/redfish/../../etc",
    "/redfish/v1/%2e%2e/x",
    "\\\\evil\\x",
    "javascript:alert(1)",
    "redfish/v1/Systems/1",
    `/${"a".repeat(4000)}`,
    "/redfish/v1/\u0000x",
    "/redfish\r\nX-Injected: 1",
  ].map((link): Case => [
    `a system at ${JSON.stringify(link.slice(0, 40))}`,
    { "/redfish/v1/Systems": { Members: [{ "@odata.id": link }] } },
    power,
    "lists no systems",
  ]),
  [
    "a reset action on another host",
    { [S]: { PowerState: "On", Actions: { "#ComputerSystem.Reset": { target: "https://evil.example/reset" } } } },
    off,
    /404|did not become Off/,
  ],
  [
    "ActionInfo on another host",
    {
      [S]: {
        PowerState: "On",
        Actions: { "#ComputerSystem.Reset": { target: `${S}/reset`, "@Redfish.ActionInfo": "https://evil.example/i" } },
      },
      [`POST ${S}/reset`]: reply({ status: 400, body: {} }),
    },
    off,
    "400",
  ],
  [
    "a next page on another host",
    { [`${S}/VirtualMedia`]: { Members: [], "Members@odata.nextLink": "https://evil.example/page2" } },
    (client) => mediaSlots(client),
    "not on this BMC",
  ],
  // Paging.
  [
    "pages that lead in circles",
    {
      [`${S}/VirtualMedia`]: {
        Members: [{ "@odata.id": `${S}/VirtualMedia/1` }],
        "Members@odata.nextLink": `${S}/VirtualMedia`,
      },
      [`${S}/VirtualMedia/1`]: { Id: "1", Image: null, Inserted: false, MediaTypes: ["CD"] },
    },
    (client) => mediaSlots(client),
    [{ id: "1" }],
  ],
  [
    "a page whose next link is itself",
    {
      [`${S}/VirtualMedia`]: { Members: [], "Members@odata.nextLink": `${S}/VirtualMedia?p=2` },
      [`${S}/VirtualMedia?p=2`]: { Members: [], "Members@odata.nextLink": `${S}/VirtualMedia?p=2` },
    },
    (client) => mediaSlots(client),
    [],
  ],
  [
    "a next link of a wrong type",
    { [`${S}/VirtualMedia`]: { Members: [], "Members@odata.nextLink": 7 } },
    (client) => mediaSlots(client),
    [],
  ],
  [
    "too many members",
    {
      [`${S}/VirtualMedia`]: {
        Members: Array.from({ length: 3000 }, (_, index) => ({ "@odata.id": `${S}/VirtualMedia/${index}` })),
      },
    },
    (client) => mediaSlots(client),
    "repeats itself",
  ],
  [
    "members that are gone",
    { [`${S}/VirtualMedia`]: { Members: [{ "@odata.id": `${S}/VirtualMedia/9` }] } },
    (client) => mediaSlots(client),
    [],
  ],
];
