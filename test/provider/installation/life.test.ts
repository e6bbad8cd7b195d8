import { type Deployed, PluginError } from "../../setup/plugin-client";
import { InstallWorld } from "./world";

let world: InstallWorld;
let os: Deployed;

/** A server with installation `first-1`, as it is after an `up`. */
beforeEach(async () => {
  world = await InstallWorld.start({ poweredOn: true });
  world.machine.holds(world.system("first-1"));
  os = world.deployed();
});
afterEach(async () => {
  world.expectNoSecrets();
  await world.stop();
});

const failure = async (work: Promise<unknown>): Promise<PluginError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PluginError)) throw new Error(`expected a refusal, got ${String(error)}`);
  world.expectNoSecrets(error.message);
  return error;
};

describe("a new installationId", () => {
  const second = { installationId: "second-2", reinstall: "2" };

  it("is refused in the preview without a consent that an earlier up stored, even with one now", async () => {
    await os.up(world.program());
    for (const program of [second, { ...second, consent: { wipe: true } }]) {
      const error = await failure(os.up(world.program(program), { preview: true }));
      expect(error.message).toMatch(/installation first-1, wanted is second-2; .*consent that an earlier up stored/);
    }
    expect(world.writes()).toEqual([]);
  });

  it("reinstalls in place once the consent was stored", async () => {
    await os.up(world.program());
    const { id } = os;
    const consent = { wipe: true, serialNumber: world.bmc.hardware.serialNumber };
    await expect(os.up(world.program({ consent }))).resolves.toMatchObject({ did: "update" });
    expect(world.writes()).toEqual([]);
    const preview = await os.up(world.program({ ...second, consent }), { preview: true });
    expect(preview).toMatchObject({ did: "update", difference: { replaces: [] } });
    await expect(os.up(world.program({ ...second, consent }))).resolves.toMatchObject({ did: "update" });
    expect(world.machine.installed).toBe(1);
    expect(world.machine.seed).toContain("installation=second-2 host=node1 consent=wipe");
    expect(os.id).toBe(id);
    expect(os.state).toMatchObject({ installationId: "second-2", installedAt: "2026-01-02T03:04:05.000Z" });
    await expect(os.up(world.program({ ...second, consent }))).resolves.toMatchObject({ did: "same" });
  });

  it("is refused when the stored consent is for another machine", async () => {
    await os.up(world.program());
    os.inputs = { ...os.inputs, consent: { wipe: true, serialNumber: "OTHER" } };
    const error = await failure(os.up(world.program(second), { preview: true }));
    expect(error.message).toMatch(/consent that an earlier up stored/);
  });

  it("goes on after a reinstallation that failed half-way", async () => {
    await os.up(world.program());
    const consent = { wipe: true };
    await os.up(world.program({ consent }));
    world.machine.whims = { fails: "the mirror does not answer" };
    const error = await failure(os.up(world.program({ ...second, consent })));
    expect(error.message).toContain("the installer gave up: the mirror does not answer");
    expect(os.state.installedAt).toBeUndefined();
    world.machine.whims = {};
    await expect(os.up(world.program({ ...second, consent }))).resolves.toMatchObject({ did: "update" });
    expect(os.state.installationId).toBe("second-2");
  });
});

it("does not reinstall for other changes, and stores them", async () => {
  await os.up(world.program());
  const change = { packages: ["htop"], timezone: "Europe/Berlin", consent: { wipe: true } };
  await expect(os.up(world.program(change))).resolves.toMatchObject({ did: "update", difference: { replaces: [] } });
  expect(os.state).toMatchObject({ ...change, installedAt: "2026-01-01T00:00:00.000Z" });
  expect(world.writes()).toEqual([]);
  expect(world.machine.begun).toBe(0);
});

it("proves another way to the machine before it stores it", async () => {
  await os.up(world.program());
  const before = os.state;
  const error = await failure(os.up(world.program({ ssh: { address: "127.0.0.1", port: 1, user: "admin" } })));
  expect(error.message).toMatch(
    /admin@127\.0\.0\.1:1 does not answer .*stored only when installation first-1 answers there/,
  );
  expect(error.kept).toBeUndefined();
  expect(os.state).toBe(before);
  const same = { ssh: { address: "localhost", port: world.node.port, user: "admin" } };
  await expect(os.up(world.program(same))).resolves.toMatchObject({ did: "update" });
  expect(world.writes()).toEqual([]);
});

it("shows another installation after a refresh, and does not overwrite it without stored consent", async () => {
  await os.up(world.program());
  world.machine.holds(world.system("somebody-else"));
  await os.refresh();
  expect(os.state.installationId).toBe("somebody-else");
  const error = await failure(os.up(world.program(), { preview: true }));
  expect(error.message).toMatch(/the server has installation somebody-else, wanted is first-1/);
});

it("keeps what it knows of a system that does not answer", async () => {
  await os.up(world.program());
  const before = os.state;
  world.machine.holds(undefined);
  await expect(os.refresh()).resolves.toBe(true);
  expect(os.state).toEqual(before);
  expect(world.everything).toMatch(/does not answer .*what is known of the installation is kept/);
  await expect(os.up(world.program())).resolves.toMatchObject({ did: "same" });
});

it("notices that the system is gone from the BMC", async () => {
  await os.up(world.program());
  os.id = os.id!.replace(/[^/]+#/, "nowhere#");
  await expect(os.refresh()).resolves.toBe(false);
});

it("imports from the id alone, and takes the installation over when the program is complete", async () => {
  await world.plugin.client.configure({
    caBundle: world.rack.caCertificate,
    leaseDirectory: `${world.folder}/leases`,
    username: "admin",
    password: "hush-admin-pass-1",
  });
  await os.import(`${world.bmc.url}${world.bmc.systemPath}#Installation`);
  expect(os.inputs).toMatchObject({ connection: { endpoint: world.bmc.url }, consent: { wipe: false } });
  await expect(os.up(world.program())).resolves.toMatchObject({ did: "update", difference: { replaces: [] } });
  expect(os.state).toMatchObject({ installationId: "first-1", installedAt: "2026-01-01T00:00:00.000Z" });
  expect(world.writes()).toEqual([]);
});

it("never installs over an imported server that is something else", async () => {
  await os.import(`${world.bmc.url}${world.bmc.systemPath}#Installation`).catch(() => undefined);
  world.machine.holds(world.system("somebody-else"));
  os.id = `${world.bmc.url}${world.bmc.systemPath}#Installation`;
  os.inputs = { connection: world.program().connection };
  os.state = { ...os.inputs };
  const error = await failure(os.up(world.program({ consent: { wipe: true }, maintenance: true })));
  expect(error.message).toMatch(/is installation somebody-else .*consent that an earlier up stored/);
  expect(world.writes()).toEqual([]);
});

it("leaves a server in quarantine alone, and installs when that ends", async () => {
  world.bmc.setPower("Off");
  world.machine.holds(undefined);
  await os.up(world.program({ quarantine: true }));
  expect(world.bmc.journal.total).toBe(0);
  await expect(os.up(world.program({ quarantine: true }))).resolves.toMatchObject({ did: "same" });
  await os.refresh();
  expect(world.bmc.journal.total).toBe(0);
  await expect(os.up(world.program())).resolves.toMatchObject({ did: "update" });
  expect(world.machine.installed).toBe(1);
  expect(os.state.installedAt).toBe("2026-01-02T03:04:05.000Z");
});

describe("delete", () => {
  it("does nothing by default", async () => {
    await os.up(world.program());
    world.bmc.journal.clear();
    await os.destroy();
    expect(world.bmc.journal.total).toBe(0);
    expect(world.bmc.power.state).toBe("On");
  });

  it("switches off when told to, also what is off already", async () => {
    await os.up(world.program({ powerOffOnDelete: true }));
    const { id, state } = os;
    await os.destroy();
    expect(world.bmc.power.state).toBe("Off");
    await world.plugin.client.delete(os.type, "os", id!, state);
  });
});
