import { Bench, connectionTo, failure, type Handler } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const C = "/redfish/v1/Things";
const member = (id: number) => ({ "@odata.id": `${C}/${id}`, Id: String(id), "@odata.etag": `"${id}"` });
const reference = (id: number) => ({ "@odata.id": `${C}/${id}` });
const expandQuery = "?$expand=.($levels=1)";

/** Things 1 to n; `expand` as the root promises it, `does` as it is. */
function things(
  count: number,
  promise: boolean,
  does: "expand" | "ignore" | 400 | 501 | 500 | 404 = "ignore",
): Handler {
  return ({ path }) => {
    if (path === "/redfish/v1/") {
      return {
        body: {
          RedfishVersion: "1",
          ProtocolFeaturesSupported: { ExpandQuery: { NoLinks: promise, Levels: true, MaxLevels: 1 } },
        },
      };
    }
    const ids = Array.from({ length: count }, (_, index) => index + 1);
    if (path === C) return { body: { "@odata.id": C, Members: ids.map(reference) } };
    if (path === C + expandQuery) {
      if (typeof does === "number")
        return does === 404 ? { status: 404, body: "" } : failure(does, "Base.1.0.QueryNotSupported");
      return { body: { "@odata.id": C, Members: ids.map(does === "expand" ? member : reference) } };
    }
    const id = Number(/\/Things\/(\d+)$/.exec(path)?.[1]);
    return ids.includes(id) ? { body: member(id) } : undefined;
  };
}

describe("collections", () => {
  it("are read in one request where the BMC can expand", async () => {
    const bmc = await bench.bmc(things(5, true, "expand"));
    const client = bench.pool().get(connectionTo(bmc));
    const found = await client.collection(C);
    expect(found.map(({ path, body, etag }) => [path, body.Id, etag])[4]).toEqual([`${C}/5`, "5", '"5"']);
    await client.collection(C);
    expect(bmc.log).toEqual(["GET /redfish/v1/", `GET ${C}${expandQuery}`, `GET ${C}${expandQuery}`]);
  });

  it.each([400, 501, 500, 404, "ignore"] as const)(
    "are read one by one where it says that it can and answers %s, and it is not asked again",
    async (does) => {
      const bmc = await bench.bmc(things(3, true, does));
      const client = bench.pool().get(connectionTo(bmc));
      expect(await client.collection(C)).toHaveLength(3);
      const first = bmc.count("GET", C + expandQuery);
      expect(await client.collection(C)).toHaveLength(3);
      if (does !== "ignore") expect(bmc.count("GET", C + expandQuery)).toBe(first);
    },
  );

  it("are not expanded where the root does not offer it, or when told not to", async () => {
    const bmc = await bench.bmc(things(2, false, "expand"));
    expect(await bench.pool().get(connectionTo(bmc)).collection(C)).toHaveLength(2);
    const other = await bench.bmc(things(2, true, "expand"));
    expect(await bench.pool().get(connectionTo(other)).collection(C, { expand: false })).toHaveLength(2);
    expect([...bmc.log, ...other.log].some((line) => line.includes("$expand"))).toBe(false);
  });

  it("are read over all their pages, each member once", async () => {
    const pages: Record<string, unknown> = {
      [C]: { Members: [member(1), member(2)], "Members@odata.nextLink": `${C}?$skip=2` },
      [`${C}?$skip=2`]: { Members: [member(2), member(3)], "Members@odata.nextLink": { "@odata.id": `${C}?$skip=4` } },
      [`${C}?$skip=4`]: { Members: [reference(4), { "@odata.id": `${C}/4/` }] },
      [`${C}/4`]: member(4),
    };
    const bmc = await bench.bmc(({ path }) => (path in pages ? { body: pages[path] } : undefined));
    const found = await bench.pool().get(connectionTo(bmc)).collection(C, { expand: false });
    expect(found.map(({ body }) => body.Id)).toEqual(["1", "2", "3", "4"]);
  });

  it("leave out members that are gone, and do not read those that are not wanted", async () => {
    const bmc = await bench.bmc(({ path }) => {
      if (path === C) return { body: { Members: [1, 2, 3].map(reference) } };
      return path === `${C}/1` ? { body: member(1) } : undefined;
    });
    const client = bench.pool().get(connectionTo(bmc));
    expect(await client.collection(C, { expand: false, filter: (path) => !path.endsWith("/3") })).toHaveLength(1);
    expect(bmc.count("GET", `${C}/3`)).toBe(0);
  });

  it("fail when a member cannot be read for another reason", async () => {
    const bmc = await bench.bmc(({ path }) =>
      path === C ? { body: { Members: [reference(1)] } } : failure(403, "Base.1.0.InsufficientPrivilege"),
    );
    await expect(bench.pool().get(connectionTo(bmc)).collection(C, { expand: false })).rejects.toMatchObject({
      kind: "auth",
    });
  });
});
