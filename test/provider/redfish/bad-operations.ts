import {
  ejectMedia,
  findAccount,
  insertMedia,
  listAccounts,
  readBios,
  readFacts,
  readInventory,
  setBios,
  setBootOverride,
} from "../../../provider/redfish";
import { type Case, info, off, power, reply, S } from "./bad-answers";
import { failure } from "./server";

/** More of the table: errors of all shapes, and answers to operations. */
export const operationCases: Case[] = [
  // Errors of all shapes.
  [
    "ExtendedInfo as an object",
    { [S]: reply({ status: 400, body: info({ MessageId: "X.1.0.Bad", Message: "single" }) }) },
    power,
    "single (X.1.0.Bad)",
  ],
  [
    "ExtendedInfo of rubbish",
    { [S]: reply({ status: 400, body: info([null, 1, "x", {}, { MessageId: 7 }]) }) },
    power,
    "answered 400",
  ],
  ["error as a string", { [S]: reply({ status: 400, body: { error: "just text" } }) }, power, "just text"],
  ["error null", { [S]: reply({ status: 400, body: { error: null } }) }, power, "answered 400"],
  [
    "error with code and message only",
    { [S]: reply({ status: 400, body: { error: { code: "Base.1.0.X", message: "coded" } } }) },
    power,
    "coded (Base.1.0.X)",
  ],
  [
    "MessageArgs of wrong types",
    {
      [S]: reply({
        status: 400,
        body: info([{ MessageId: "X", MessageArgs: [1, null, {}, "a"], RelatedProperties: 7 }]),
      }),
    },
    power,
    "1, a (X)",
  ],
  [
    "a message of a megabyte",
    { [S]: reply({ status: 400, body: info([{ MessageId: "X", Message: "y".repeat(900_000) }]) }) },
    power,
    /^.{1,700}$/s,
  ],
  [
    "control characters in a message",
    { [S]: reply({ status: 400, body: info([{ MessageId: "X", Message: "a\u001b[31m\r\nb" }]) }) },
    power,
    "a [31m b",
  ],
  ["an unknown status", { [S]: reply({ status: 299, body: { PowerState: "On" } }) }, power, { value: "On" }],
  ["status 418", { [S]: reply({ status: 418, body: "" }) }, power, "answered 418"],
  ["a redirect without a place", { [S]: reply({ status: 302 }) }, power, "answered 302"],
  // Operations.
  [
    "a reset that is refused without a word",
    { [`POST ${S}/Actions/ComputerSystem.Reset`]: reply({ status: 400 }) },
    off,
    "answered 400",
  ],
  [
    "a reset that does nothing",
    { [`POST ${S}/Actions/ComputerSystem.Reset`]: reply({ status: 204 }) },
    off,
    "did not become Off within 10 s",
  ],
  [
    "allowable values of wrong types",
    {
      [S]: {
        PowerState: "On",
        Actions: { "#ComputerSystem.Reset": { target: `${S}/R`, "ResetType@Redfish.AllowableValues": [1, null] } },
      },
      [`POST ${S}/R`]: reply({ status: 409 }),
    },
    off,
    "answered 409",
  ],
  [
    "no reset that switches off",
    {
      [S]: {
        PowerState: "On",
        Actions: { "#ComputerSystem.Reset": { target: `${S}/R`, "ResetType@Redfish.AllowableValues": ["On", "Nmi"] } },
      },
    },
    off,
    "offers no reset that leads to Off",
  ],
  [
    "an override that is accepted and not kept",
    { [`PATCH ${S}`]: reply({ status: 200, body: {} }) },
    (client) => setBootOverride(client, { target: "Pxe" }, { verifySeconds: 1 }),
    "accepted the boot override Pxe",
  ],
  [
    "an override that is refused everywhere",
    { [`PATCH ${S}`]: reply(failure(400, "Base.1.0.PropertyValueNotInList", "no such target")) },
    (client) => setBootOverride(client, { target: "Pxe" }),
    "was refused",
  ],
  [
    "Boot of a wrong type",
    { [S]: { PowerState: "On", Boot: "Pxe" }, [`PATCH ${S}`]: reply({ status: 400 }) },
    (client) => setBootOverride(client, { target: "Pxe" }),
    "was refused",
  ],
  [
    "virtual media without a slot (quirk 55)",
    { [`${S}/VirtualMedia`]: { Members: [] } },
    (client) => insertMedia(client, { image: "http://h/a.iso" }),
    "lists no virtual media; enable them",
  ],
  [
    "virtual media for floppies only",
    {
      [`${S}/VirtualMedia`]: { Members: [{ "@odata.id": `${S}/VirtualMedia/1` }] },
      [`${S}/VirtualMedia/1`]: { Id: "1", Image: null, MediaTypes: ["Floppy"] },
    },
    (client) => insertMedia(client, { image: "http://h/a.iso" }),
    "no virtual media slot for CD",
  ],
  [
    "a slot whose payloads are all refused",
    {
      [`${S}/VirtualMedia`]: { Members: [{ "@odata.id": `${S}/VirtualMedia/1` }] },
      [`${S}/VirtualMedia/1`]: {
        "@odata.id": `${S}/VirtualMedia/1`,
        Id: "1",
        Image: null,
        Inserted: false,
        MediaTypes: ["CD"],
      },
      [`PATCH ${S}/VirtualMedia/1`]: reply(failure(400, "Base.1.0.Nope", "no")),
    },
    (client) => insertMedia(client, { image: "http://h/a.iso" }),
    "answered 400: no",
  ],
  [
    "slots of wrong types",
    {
      [`${S}/VirtualMedia`]: { Members: [{ "@odata.id": `${S}/VirtualMedia/1` }] },
      [`${S}/VirtualMedia/1`]: { Inserted: "perhaps", Image: 7, MediaTypes: {}, Actions: [] },
    },
    (client) => ejectMedia(client),
    [],
  ],
  [
    "BIOS attributes of a wrong type",
    { [`${S}/Bios`]: { "@odata.id": `${S}/Bios`, Attributes: [1, 2] } },
    (client) => setBios(client, { X: "1" }),
    '"X" is unknown',
  ],
  [
    "BIOS attributes null",
    { [`${S}/Bios`]: { Attributes: null, AttributeRegistry: 7 } },
    (client) => readBios(client),
    { attributes: {}, pending: {} },
  ],
  [
    "BIOS attributes that are objects",
    { [`${S}/Bios`]: { Attributes: { A: {}, B: [1], C: "x", "A@odata": 1 } } },
    (client) => readBios(client),
    { attributes: { C: "x" } },
  ],
  [
    "a settings link to nowhere",
    {
      [`${S}/Bios`]: {
        Attributes: { A: "1" },
        "@Redfish.Settings": { SettingsObject: { "@odata.id": `${S}/Nowhere` } },
      },
    },
    (client) => readBios(client),
    { attributes: { A: "1" }, pending: {} },
  ],
  [
    "settings that are accepted and not pending",
    { [`PATCH ${S}/Bios`]: reply({ status: 200, body: {} }) },
    (client) => setBios(client, { A: "Disabled" }, { verifySeconds: 1 }),
    "accepted but is not pending",
  ],
  [
    "accounts of wrong types",
    {
      "/redfish/v1/AccountService/Accounts": { Members: [{ "@odata.id": "/a/1" }, { "@odata.id": "/a/2" }] },
      "/a/1": { UserName: 7 },
      "/a/2": { UserName: "x", Enabled: "yes", Locked: 1, RoleId: [] },
    },
    (client) => listAccounts(client),
    [{ username: "x", enabled: true, locked: false }],
  ],
  ["no account service", {}, (client) => findAccount(client, "x"), "404"],
  [
    "a tree of wrong types",
    {
      [S]: {
        Manufacturer: 1,
        Model: [],
        SKU: {},
        UUID: 5,
        ProcessorSummary: "two",
        MemorySummary: 3,
        Links: "x",
        Processors: 1,
        Storage: [],
        EthernetInterfaces: { "@odata.id": 5 },
        TrustedModules: 7,
      },
      [`${S}/Bios`]: { Attributes: 5 },
      "/redfish/v1/Managers": { Members: [] },
    },
    (client) => readFacts(client),
    {
      manufacturer: "unknown",
      uuid: "unknown",
      memoryGiB: "unknown",
      drives: "unknown",
      nics: "unknown",
      tpm: "unknown",
      firmware: { bios: "unknown", bmc: "unknown" },
    },
  ],
  [
    "drives of wrong types",
    {
      [`${S}/Storage`]: { Members: [{ "@odata.id": `${S}/Storage/1` }] },
      [`${S}/Storage/1`]: { Drives: [null, { "@odata.id": `${S}/D1` }, { "@odata.id": `${S}/D2` }, "x"] },
      [`${S}/D1`]: { Id: "D1", CapacityBytes: "lots", MediaType: 5, Protocol: null, Status: "fine" },
    },
    (client) => readFacts(client),
    { drives: [{ name: "D1", sizeGB: "unknown", type: "unknown", protocol: "unknown" }] },
  ],
  [
    "MACs of all sorts",
    {
      [`${S}/EthernetInterfaces`]: { Members: [1, 2, 3, 4].map((index) => ({ "@odata.id": `/n/${index}` })) },
      "/n/1": { Id: "1", MACAddress: "" },
      "/n/2": { Id: "2", MACAddress: "00:00:00:00:00:00" },
      "/n/3": { Id: "3", MACAddress: "AA-BB-CC-DD-EE-01", SpeedMbps: -1 },
      "/n/4": { Id: "4", MACAddress: 7, SpeedMbps: "10000" },
    },
    (client) => readInventory(client, { macs: true }),
    { macs: ["aa:bb:cc:dd:ee:01"] },
  ],
];
