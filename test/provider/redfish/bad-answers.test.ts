import {
  type BmcClient,
  discover,
  ejectMedia,
  findAccount,
  insertMedia,
  listAccounts,
  mediaSlots,
  readBios,
  readFacts,
  readInventory,
  readPower,
  RedfishError,
  setBios,
  setBootOverride,
  setPower,
} from "../../../provider/redfish";
import { dialects, Emulated } from "./emulator";
import { operations, remember } from "./matrix";
import { Bench, connectionTo, failure, type Handler, type Reply } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const S = "/redfish/v1/Systems/1";
const info = (entry: unknown) => ({ error: { "@Message.ExtendedInfo": entry } });

/** A small BMC whose resources can be replaced one by one. */
function bmc(changes: Record<string, unknown>): Handler {
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

const reply = (answer: Reply) => ({ reply: answer });
const power = (client: BmcClient) => readPower(client);
const off = (client: BmcClient) => setPower(client, "Off", { waitSeconds: 10 });

type Case = [
  name: string,
  changes: Record<string, unknown>,
  run: (client: BmcClient) => Promise<unknown>,
  expected: object | string | RegExp,
];

/** `expected`: an object to match the result, or a text that the error must contain. */
const cases: Case[] = [
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

describe("bad answers", () => {
  it("are at least sixty", () => expect(cases.length).toBeGreaterThanOrEqual(60));

  it.each(cases)("%s", async (_, changes, run, expected) => {
    const server = await bench.bmc(bmc(changes));
    const client = bench.pool({ maxBodyBytes: 1_000_000, retryBudgetSeconds: 20 }).get(connectionTo(server));
    const outcome: unknown = await run(client).catch((error: unknown) => error);
    if (typeof expected === "string" || expected instanceof RegExp) {
      expect(outcome).toBeInstanceOf(RedfishError);
      const { message } = outcome as RedfishError;
      if (typeof expected === "string") expect(message).toContain(expected);
      else expect(message).toMatch(expected);
      expect(message).toContain(server.endpoint);
      expect(message).not.toContain(server.password);
      expect(message.length).toBeLessThan(1_500);
    } else {
      if (outcome instanceof Error) throw outcome;
      expect(typeof outcome === "string" ? { value: outcome } : outcome).toMatchObject(expected);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("never ends in a page after page", async () => {
    let page = 0;
    const server = await bench.bmc((seen) =>
      seen.path.startsWith(`${S}/VirtualMedia`)
        ? { body: { Members: [], "Members@odata.nextLink": `${S}/VirtualMedia?page=${++page}` } }
        : bmc({})(seen),
    );
    await expect(mediaSlots(bench.pool().get(connectionTo(server)))).rejects.toMatchObject({ kind: "protocol" });
    expect(page).toBeLessThan(300);
  });
});

describe.each(dialects)("a %s whose answers", (dialect) => {
  let lab: Emulated;
  beforeEach(async () => (lab = await Emulated.start(dialect)));
  afterEach(() => lab.close());

  it.each([
    { kind: "wrongTypes" },
    { kind: "malformed" },
    { kind: "truncate" },
    { kind: "oversize", bytes: 20_000_000 },
    {
      kind: "merge",
      body: { Members: null, Attributes: null, Boot: null, Links: null, Actions: null, PowerState: null },
    },
  ] as const)("are always $kind: every operation ends, with a RedfishError or a tolerant result", async (fault) => {
    lab.bmc.faults.add({ method: "GET", fault });
    const client = remember(lab.client({ retryBudgetSeconds: 6 }), dialect);
    for (const { run } of operations) {
      const outcome: unknown = await run(client).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(RedfishError);
    }
  });
});

describe("discovery of what is no BMC", () => {
  it.each([
    ["a web page", { body: "<html></html>" }, "no JSON object"],
    ["another JSON service", { body: { hello: "world" } }, "not as a Redfish service"],
    ["an error", { status: 500, body: "" }, "answered 500"],
    ["silence", { hang: true }, "no complete answer"],
  ] as [string, Reply, string][])("%s is listed with the reason", async (_, answer, text) => {
    const server = await bench.bmc(() => answer);
    const { bmcs, failed } = await discover({ targets: [server.endpoint], requestTimeoutSeconds: 0.2 });
    expect(bmcs).toEqual([]);
    expect(failed).toEqual([{ endpoint: server.endpoint, error: expect.stringContaining(text) as string }]);
  });
});
