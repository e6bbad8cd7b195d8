import { ejectMedia, insertMedia, restart, setBootOverride, setPower } from "../../../provider/redfish";
import { Bench, connectionTo, failure, fastClock, type Handler, type Reply, type Seen } from "./server";

const bench = new Bench();
afterEach(() => bench.close());

const S = "/redfish/v1/Systems/1";
type Json = Record<string, unknown>;

/** A server whose system is an object that the test can look at; `special` comes first. */
function server(system: Json, special: (seen: Seen) => Reply | undefined = () => undefined): Handler {
  return (seen) => {
    const answer = special(seen);
    if (answer) return answer;
    if (seen.path === "/redfish/v1/") return { body: { "@odata.id": "/redfish/v1/", RedfishVersion: "1.6.0" } };
    if (seen.path === "/redfish/v1/Systems") return { body: { Members: [{ "@odata.id": S }] } };
    if (seen.path === S && seen.method === "GET") return { body: { "@odata.id": S, Id: "1", ...system } };
    return undefined;
  };
}

const patches = (bmc: { seen: Seen[] }) =>
  bmc.seen.filter(({ method }) => method === "PATCH").map(({ path, body }) => [path, body]);
const resets = (bmc: { seen: Seen[] }) =>
  bmc.seen.flatMap(({ path, body }) => (path.endsWith("Reset") ? [body.ResetType] : []));

describe("power", () => {
  it("asks again for up to a minute while the BMC refuses On after Off (quirk 4)", async () => {
    const system: Json = { PowerState: "Off" };
    let refusals = 5;
    const bmc = await bench.bmc(
      server(system, ({ path }) => {
        if (!path.endsWith("Reset")) return undefined;
        if (refusals-- > 0) return failure(409, "Base.1.18.ActionParameterValueConflict");
        system.PowerState = "On";
        return { status: 204 };
      }),
    );
    await expect(setPower(bench.pool().get(connectionTo(bmc)), "On")).resolves.toEqual({
      powerState: "On",
      resets: ["On"],
    });
    expect(resets(bmc)).toHaveLength(6);
  });

  it.each([400, 409])("takes %i for success when the state is there (quirk 26)", async (status) => {
    const system: Json = { PowerState: "On" };
    const bmc = await bench.bmc(
      server(system, ({ path }) => {
        if (!path.endsWith("Reset")) return undefined;
        system.PowerState = "Off";
        return failure(status, "Base.1.0.Already");
      }),
    );
    await expect(setPower(bench.pool().get(connectionTo(bmc)), "Off")).resolves.toMatchObject({ powerState: "Off" });
  });

  it.each([
    [["On", "ForceOff"], "Off", "ForceOff"],
    [["PushPowerButton"], "Off", "PushPowerButton"],
    [["ForceOn", "ForceOff"], "On", "ForceOn"],
    [["PushPowerButton", "ForceOff"], "On", "PushPowerButton"],
  ] as const)("of %j chooses for %s %s", async (offered, target, expected) => {
    const system: Json = {
      PowerState: target === "On" ? "Off" : "On",
      Actions: { "#ComputerSystem.Reset": { target: `${S}/Reset`, "@Redfish.ActionInfo": `${S}/Info` } },
    };
    const bmc = await bench.bmc(
      server(system, ({ path }) => {
        if (path === `${S}/Info`) return { body: { Parameters: [{ Name: "ResetType", AllowableValues: offered }] } };
        if (path !== `${S}/Reset`) return undefined;
        system.PowerState = target;
        return { status: 204 };
      }),
    );
    const client = bench.pool().get(connectionTo(bmc));
    await setPower(client, target);
    expect(resets(bmc)).toEqual([expected]);
  });

  it("forces off when the operating system does not obey", async () => {
    const system: Json = { PowerState: "On" };
    const bmc = await bench.bmc(
      server(system, ({ path, body }) => {
        if (!path.endsWith("Reset")) return undefined;
        if (body.ResetType === "ForceOff") system.PowerState = "Off";
        return { status: 204 };
      }),
    );
    const clock = fastClock();
    await setPower(bench.pool(clock).get(connectionTo(bmc)), "Off", { graceful: true, gracefulSeconds: 60 });
    expect(resets(bmc)).toEqual(["GracefulShutdown", "ForceOff"]);
    expect(clock.pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThanOrEqual(60_000);
  });

  it("restarts a Lenovo by off, wait, on (quirk 61)", async () => {
    const system: Json = { PowerState: "On", Manufacturer: "Lenovo" };
    const bmc = await bench.bmc(
      server(system, ({ path, body }) => {
        if (!path.endsWith("Reset")) return undefined;
        system.PowerState = body.ResetType === "On" ? "On" : "Off";
        return { status: 204 };
      }),
    );
    await restart(bench.pool().get(connectionTo(bmc)));
    expect(resets(bmc)).toEqual(["ForceOff", "On"]);
  });

  it("waits for a server that is on its way, and says nothing more", async () => {
    const states = ["PoweringOn", "PoweringOn", "On"];
    const system = {
      get PowerState() {
        return states.length > 1 ? states.shift() : states[0];
      },
    };
    const bmc = await bench.bmc(server(system));
    await expect(setPower(bench.pool().get(connectionTo(bmc)), "On")).resolves.toEqual({
      powerState: "On",
      resets: [],
    });
  });
});

describe("boot override", () => {
  const off = {
    BootSourceOverrideTarget: "None",
    BootSourceOverrideEnabled: "Disabled",
    BootSourceOverrideMode: "UEFI",
  };
  const pxe = { BootSourceOverrideTarget: "Pxe", BootSourceOverrideEnabled: "Once" };

  it("goes to the settings resource where the system is read-only (quirk 1)", async () => {
    const settings: Json = { "@odata.id": `${S}/Settings`, Boot: { ...off } };
    const bmc = await bench.bmc(
      server({ Boot: off, "@Redfish.Settings": { SettingsObject: { "@odata.id": `${S}/Settings` } } }, (seen) => {
        if (seen.path === S && seen.method === "PATCH") return failure(400, "Base.1.18.PropertyNotWritable");
        if (seen.path !== `${S}/Settings`) return undefined;
        if (seen.method === "GET") return { body: settings, headers: { etag: '"9"' } };
        if (seen.headers["if-match"] !== '"9"') return { status: 412 };
        settings.Boot = seen.body.Boot;
        return { status: 200, body: {} };
      }),
    );
    const result = await setBootOverride(bench.pool().get(connectionTo(bmc)), { target: "Pxe" });
    expect(result.state).toMatchObject({ target: "Pxe", enabled: "Once" });
    expect(patches(bmc).at(-1)).toEqual([`${S}/Settings`, { Boot: pxe }]);
  });

  it("does not write to a settings resource without Boot (quirk 2)", async () => {
    const bmc = await bench.bmc(
      server({ Boot: off, "@Redfish.Settings": { SettingsObject: { "@odata.id": `${S}/Settings` } } }, (seen) => {
        if (seen.path === `${S}/Settings` && seen.method === "GET")
          return { body: { "@odata.id": `${S}/Settings`, AssetTag: "" } };
        return seen.method === "PATCH" ? failure(400, "Base.1.18.PropertyNotWritable", "not here") : undefined;
      }),
    );
    await expect(setBootOverride(bench.pool().get(connectionTo(bmc)), { target: "Pxe" })).rejects.toThrow("not here");
    expect(patches(bmc).every(([path]) => path === S)).toBe(true);
  });

  it("goes to SD with its ETag on AMI (quirk 63), with a full Boot object (quirk 64)", async () => {
    const sd: Json = { "@odata.id": `${S}/SD`, Boot: { ...off } };
    const bmc = await bench.bmc(
      server({ Manufacturer: "AMI", Boot: off }, (seen) => {
        if (seen.path === S && seen.method === "PATCH")
          return failure(400, "Ami.1.0.OperationSupportedInFutureStateURI");
        if (seen.path !== `${S}/SD`) return undefined;
        if (seen.method === "GET") return { body: sd, headers: { etag: '"3"' } };
        if (!seen.headers["if-match"]) return failure(428, "Ami.1.0.PreconditionHeaderMissing");
        sd.Boot = seen.body.Boot;
        return { status: 204 };
      }),
    );
    await setBootOverride(bench.pool().get(connectionTo(bmc)), { target: "Pxe" });
    expect(patches(bmc).at(-1)).toEqual([`${S}/SD`, { Boot: { ...pxe, BootSourceOverrideMode: "UEFI" } }]);
  });

  it("looks again after 400: 13G answers it although it obeyed (quirk 27)", async () => {
    const system: Json = { Boot: off };
    const bmc = await bench.bmc(
      server(system, (seen) => {
        if (seen.method !== "PATCH") return undefined;
        system.Boot = seen.body.Boot;
        return failure(400, "Base.1.0.GeneralError");
      }),
    );
    await expect(setBootOverride(bench.pool().get(connectionTo(bmc)), { target: "Pxe" })).resolves.toMatchObject({
      changed: true,
    });
    expect(patches(bmc)).toHaveLength(1);
  });

  it("says so when only Once is possible (quirk 57)", async () => {
    const system: Json = {
      Boot: { ...off, "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Once", "Disabled"] },
    };
    const bmc = await bench.bmc(
      server(system, (seen) => {
        if (seen.method !== "PATCH") return undefined;
        system.Boot = { ...off, ...(seen.body.Boot as Json) };
        return { status: 200, body: {} };
      }),
    );
    const client = bench.pool().get(connectionTo(bmc));
    await expect(setBootOverride(client, { target: "Pxe", enabled: "Continuous" })).resolves.toMatchObject({
      onceOnly: true,
      state: { enabled: "Once" },
    });
  });
});

describe("virtual media", () => {
  const slotPath = `${S}/VirtualMedia`;
  const image = "http://h/boot.iso";

  function media(
    slots: Record<string, Json>,
    special: (seen: Seen, slot: Json, action: string) => Reply | undefined,
    system: Json = {},
  ): Handler {
    return server({ ...system, VirtualMedia: { "@odata.id": slotPath } }, (seen) => {
      if (seen.path === slotPath)
        return { body: { Members: Object.keys(slots).map((id) => ({ "@odata.id": `${slotPath}/${id}` })) } };
      const [, id, action = ""] = /VirtualMedia\/([^/]+)(?:\/Actions\/VirtualMedia\.(\w+))?$/.exec(seen.path) ?? [];
      const slot = slots[id];
      if (!slot) return undefined;
      const answer = special(seen, slot, action);
      if (answer) return answer;
      if (seen.method === "GET") return { body: { "@odata.id": `${slotPath}/${id}`, Id: id, ...slot } };
      if (action === "InsertMedia" || seen.method === "PATCH")
        Object.assign(slot, { Image: seen.body.Image, Inserted: seen.body.Image !== null });
      if (action === "EjectMedia") Object.assign(slot, { Image: null, Inserted: false });
      return { status: 204 };
    });
  }

  const withActions = (id: string): Json => ({
    MediaTypes: ["CD", "DVD"],
    Image: null,
    Inserted: false,
    Actions: Object.fromEntries(
      ["InsertMedia", "EjectMedia"].map((name) => [
        `#VirtualMedia.${name}`,
        { target: `${slotPath}/${id}/Actions/VirtualMedia.${name}` },
      ]),
    ),
  });

  it("uses PATCH on EXT1, not RDOC1 or Remote1, of a Lenovo (quirk 56)", async () => {
    const plain = () => ({ MediaTypes: ["CD", "DVD", "USBStick"], Image: null, Inserted: false });
    const slots = { RDOC1: plain(), Remote1: plain(), EXT1: plain(), EXT2: plain() };
    const bmc = await bench.bmc(media(slots, () => undefined, { Manufacturer: "Lenovo" }));
    const client = bench.pool().get(connectionTo(bmc));
    await expect(insertMedia(client, { image })).resolves.toMatchObject({ slot: { id: "EXT1" }, changed: true });
    expect(patches(bmc)).toEqual([[`${slotPath}/EXT1`, { Image: image, Inserted: true, WriteProtected: true }]]);
    await expect(ejectMedia(client)).resolves.toMatchObject([{ id: "EXT1", inserted: false }]);
    expect(patches(bmc).at(-1)).toEqual([`${slotPath}/EXT1`, { Image: null, Inserted: false }]);
  });

  it("climbs down until an old Supermicro takes it (quirk 43)", async () => {
    const slots = { "1": withActions("1") };
    const bmc = await bench.bmc(
      media(slots, (seen, _, action) =>
        action === "InsertMedia" && Object.keys(seen.body).length > 1
          ? failure(400, "Base.1.0.PropertyUnknown")
          : undefined,
      ),
    );
    await insertMedia(bench.pool().get(connectionTo(bmc)), { image });
    expect(slots["1"]).toMatchObject({ Image: image, Inserted: true });
  });

  it("tries the next slot when the first takes nothing (Cisco, quirk 70)", async () => {
    const slots = { "0": withActions("0"), "1": withActions("1") };
    const bmc = await bench.bmc(
      media(slots, (_, slot, action) =>
        action === "InsertMedia" && slot === slots["0"] ? failure(400, "Base.1.0.BadRequest") : undefined,
      ),
    );
    await expect(insertMedia(bench.pool().get(connectionTo(bmc)), { image })).resolves.toMatchObject({
      slot: { id: "1" },
    });
  });

  it("ejects and inserts again while an eject is under way (quirk 10)", async () => {
    const slots = { "1": { ...withActions("1"), Image: "http://h/old.iso", Inserted: true } as Json };
    let busy = 2;
    const bmc = await bench.bmc(
      media(slots, (_, __, action) =>
        action === "InsertMedia" && busy-- > 0 ? failure(500, "Base.1.0.InternalError") : undefined,
      ),
    );
    await insertMedia(bench.pool().get(connectionTo(bmc)), { image });
    expect(slots["1"].Image).toBe(image);
  });

  it("does not take a left-over image name for a medium (quirk 47)", async () => {
    const slots = { "1": { ...withActions("1"), Image: image, Inserted: false } as Json };
    const bmc = await bench.bmc(media(slots, () => undefined));
    const client = bench.pool().get(connectionTo(bmc));
    await expect(ejectMedia(client)).resolves.toEqual([]);
    await expect(insertMedia(client, { image })).resolves.toMatchObject({ changed: true });
  });

  it("does nothing when the image is in", async () => {
    const bmc = await bench.bmc(media({ "1": { ...withActions("1"), Image: image, Inserted: true } }, () => undefined));
    await expect(insertMedia(bench.pool().get(connectionTo(bmc)), { image })).resolves.toMatchObject({
      changed: false,
    });
    expect(bmc.log.every((line) => line.startsWith("GET"))).toBe(true);
  });

  it("says which slots there are when the wanted one is not", async () => {
    const bmc = await bench.bmc(media({ "1": withActions("1") }, () => undefined));
    const client = bench.pool().get(connectionTo(bmc));
    await expect(insertMedia(client, { image }, { slot: "9" })).rejects.toThrow(
      'no virtual media slot "9"; it has "1"',
    );
  });
});
