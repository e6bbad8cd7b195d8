import { discover, mediaSlots, RedfishError } from "../../../provider/redfish";
import { answers, bmc, S } from "./bad-answers";
import { operationCases } from "./bad-operations";
import { dialects, Emulated } from "./emulator";
import { operations, remember } from "./matrix";
import { Bench, connectionTo, type Reply } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const cases = [...answers, ...operationCases];

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
