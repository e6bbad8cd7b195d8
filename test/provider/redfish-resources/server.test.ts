import type { Bmc } from "../../../lab/bmc";
import { reveal, type Values } from "../../setup/plugin-client";
import { credentials, dialects, withoutSecrets, World, writes } from "./harness";

describe.each(dialects)("Server at %s", (dialect) => {
  let world: World;
  let bmc: Bmc;
  let other: Bmc;
  beforeEach(async () => {
    world = await World.start([
      { name: "a", dialect },
      { name: "b", dialect },
    ]);
    bmc = world.bmc("a");
    other = world.bmc("b");
  });
  afterEach(() => world.stop());

  const program = (more: Values = {}, at = bmc) => ({ connection: world.connection(at), ...more });
  const printed = () => (dialect === "dell" ? bmc.hardware.sku : bmc.hardware.serialNumber);

  it("refuses another machine before it writes anything, naming both", async () => {
    const it1 = world.deployed("Server");
    const identity = { serialNumber: "NOT-THIS-ONE" };
    await expect(it1.up(program({ identity, powerState: "On" }))).rejects.toThrow(
      new RegExp(
        `expected a machine with serialNumber "NOT-THIS-ONE", found serialNumber "${printed()}".*nothing was changed`,
      ),
    );
    expect(writes(bmc)).toEqual([]);
    expect(it1.id).toBeUndefined();
  });

  it("takes serial number, service tag and UUID in any case and byte order", async () => {
    const groups = bmc.hardware.uuid.split("-");
    const swap = (group: string) => group.match(/../g)!.reverse().join("");
    const uuid = [...groups.slice(0, 3).map(swap), ...groups.slice(3)].join("-").toUpperCase();
    for (const identity of [
      { serialNumber: ` ${printed().toLowerCase()} ` },
      { serialNumber: bmc.hardware.serialNumber, sku: bmc.hardware.sku },
      { uuid: bmc.hardware.uuid.toUpperCase() },
      { uuid },
    ]) {
      await expect(world.deployed("Server").up(program({ identity }))).resolves.toMatchObject({ did: "create" });
    }
  });

  it("refuses a machine that does not say who it is, and warns when it tells a part", async () => {
    bmc.faults.add({ method: "GET", path: bmc.systemPath, fault: { kind: "merge", body: { UUID: null } } });
    const uuid = "4c4c4544-0035-3010-8048-b7c04f4a3732";
    await expect(world.deployed("Server").up(program({ identity: { uuid } }))).rejects.toThrow(
      /does not tell uuid.*cannot be identified/,
    );
    const both = { uuid, serialNumber: printed() };
    await expect(world.deployed("Server").up(program({ identity: both }))).resolves.toMatchObject({ did: "create" });
    expect(world.engine.shown).toMatch(/does not tell uuid; the rest of identity matches/);
  });

  it("finds at refresh that the cable leads elsewhere", async () => {
    const it1 = world.deployed("Server");
    await it1.up(program({ identity: { serialNumber: printed() } }));
    bmc.setHardware({ serialNumber: "SWAPPED", sku: "SWAPPED" });
    await expect(it1.refresh()).rejects.toThrow(/found serialNumber "SWAPPED": another machine answers/);
    expect(it1.id).toBeDefined();
  });

  it("follows a machine to another address, in place, and refuses another machine there", async () => {
    const it1 = world.deployed("Server");
    await it1.up(program());
    const { hostKey } = it1.state;
    await expect(it1.up(program({}, other))).rejects.toThrow(/another machine answers.*connection.endpoint was https:/);
    other.setHardware({ ...bmc.hardware });
    await expect(it1.up(program({}, other))).resolves.toMatchObject({ did: "update" });
    await expect(it1.refresh()).resolves.toBe(true);
    expect((it1.state.connection as Values).endpoint).toBe(other.url);
    expect(it1.state.hostKey).toEqual(hostKey);
  });

  it("keeps host key and token secret through everything, secret", async () => {
    const it1 = world.deployed("Server");
    await it1.up(program());
    const { hostKey, tokenSecret } = it1.state;
    expect(reveal<Values>(hostKey).publicKey).toMatch(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA/);
    expect(JSON.stringify(withoutSecrets(it1.state))).not.toMatch(/PRIVATE KEY/);
    expect(reveal(tokenSecret)).toMatch(/^[0-9a-f]{64}$/);
    await it1.refresh();
    await it1.up(program({ powerState: "On", identity: { serialNumber: printed() } }));
    await it1.refresh();
    expect(it1.state).toMatchObject({ hostKey, tokenSecret });
    const imported = world.deployed("Server", "imported");
    await world.client.configure({ ...credentials, caBundle: world.rack.caCertificate, leaseDirectory: world.leases });
    await imported.import(it1.id!);
    expect(reveal(imported.state.hostKey)).not.toEqual(reveal(hostKey));
    const first = imported.state.hostKey;
    await imported.refresh();
    expect(imported.state.hostKey).toEqual(first);
  });

  it("has facts within 4 KB, and takes new hardware for a fact, not for a change", async () => {
    const drive = {
      name: "Bay",
      model: "A very long model name of a drive",
      serial: "S",
      capacityBytes: 8e12,
      mediaType: "HDD",
      protocol: "SAS",
    } as const;
    bmc.setHardware({
      drives: Array.from({ length: 80 }, (_, index) => ({ ...drive, name: `Bay ${index}`, serial: `S${index}` })),
    });
    const it1 = world.deployed("Server");
    await it1.up(program());
    expect(JSON.stringify(it1.state.facts).length).toBeLessThanOrEqual(4096);
    expect(it1.state.facts).toMatchObject({ abridged: true, memoryGib: bmc.hardware.memoryGiB });
    bmc.setHardware({ memoryGiB: bmc.hardware.memoryGiB * 2 });
    await it1.refresh();
    expect(it1.state.facts).toMatchObject({ memoryGib: bmc.hardware.memoryGiB });
    await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
  });

  it("names everything that a machine lacks, and changes nothing", async () => {
    const requirements = {
      minCores: 10_000,
      minMemoryGib: 100_000,
      drives: [{ type: "NVMe", minCount: 50 }],
      nics: [{ minSpeedGbps: 800 }],
    };
    await expect(world.deployed("Server").up(program({ requirements, powerState: "On" }))).rejects.toThrow(
      /10000 cores.*100000 GiB of memory.*50 NVMe drive.*800 Gb\/s.*nothing was changed/,
    );
    expect(writes(bmc)).toEqual([]);
  });

  it("takes unknown for neither yes nor no", async () => {
    bmc.faults.add({ method: "GET", path: "**/Processors**", fault: { kind: "status", status: 404 } });
    bmc.faults.add({
      method: "GET",
      path: bmc.systemPath,
      fault: { kind: "merge", body: { ProcessorSummary: null, Processors: null } },
    });
    const requirements = { minCores: 1 };
    await expect(world.deployed("Server").up(program({ requirements }))).resolves.toMatchObject({ did: "create" });
    expect(world.engine.logs.filter(({ severity }) => severity === "warn").map(({ message }) => message)).toEqual([
      expect.stringMatching(/does not tell how many cores there are \(requirements.minCores 1\); accepted/),
    ]);
    await expect(
      world.deployed("Server", "b").up(program({ requirements: { ...requirements, unknown: "refuse" } })),
    ).rejects.toThrow(/does not tell how many cores.*requirements.unknown is "refuse"/);
  });

  it("switches off what is on only with consent", async () => {
    bmc.setPower("On");
    const it1 = world.deployed("Server");
    await it1.up(program());
    bmc.journal.clear();
    await expect(it1.up(program({ powerState: "Off" }))).rejects.toThrow(/may be in service; set maintenance: true/);
    expect(writes(bmc)).toEqual([]);
    await expect(it1.up(program({ powerState: "Off", maintenance: true }))).resolves.toMatchObject({ did: "update" });
    expect(bmc.power.state).toBe("Off");
  });

  it("switches off on delete only when told", async () => {
    bmc.setPower("On");
    other.setPower("On");
    for (const [at, powerOffOnDelete] of [
      [bmc, false],
      [other, true],
    ] as const) {
      const it1 = world.deployed("Server");
      await it1.up(program({ powerOffOnDelete }, at));
      at.journal.clear();
      await it1.destroy();
      expect(at.power.state).toBe(powerOffOnDelete ? "Off" : "On");
      if (!powerOffOnDelete) expect(at.journal.total).toBe(0);
    }
  });

  it("does not touch a server in quarantine, and learns it when that ends", async () => {
    const it1 = world.deployed("Server");
    await bmc.dead();
    await expect(it1.up(program({ quarantine: true, powerState: "On" }))).resolves.toMatchObject({ did: "create" });
    const { hostKey } = it1.state;
    await expect(it1.refresh()).resolves.toBe(true);
    await expect(it1.up(program({ quarantine: true, requirements: { minCores: 1 } }))).resolves.toMatchObject({
      did: "update",
    });
    await bmc.revive();
    await expect(it1.up(program({ requirements: { minCores: 1 } }))).resolves.toMatchObject({ did: "update" });
    expect(it1.state).toMatchObject({
      systemPath: bmc.systemPath,
      hostKey,
      facts: { memoryGib: bmc.hardware.memoryGiB },
    });
    await expect(it1.refresh()).resolves.toBe(true);
    await bmc.dead();
    await expect(it1.up(program({ quarantine: true, requirements: { minCores: 2 } }))).resolves.toMatchObject({
      did: "update",
    });
    expect(it1.state).toMatchObject({ systemPath: bmc.systemPath });
    await it1.destroy();
  });

  it("replaces nothing when systemId names the system that it has", async () => {
    const it1 = world.deployed("Server");
    await it1.up(program());
    const systemId = bmc.systemPath.split("/").pop();
    await expect(it1.up(program({ systemId }))).resolves.toMatchObject({ did: "same" });
    await expect(it1.up(program({ systemId: "other" }), { preview: true })).resolves.toMatchObject({ did: "replace" });
  });
});
