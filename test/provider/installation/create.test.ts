import { PluginError } from "../../setup/plugin-client";
import { InstallWorld, until } from "./world";

let world: InstallWorld;
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

it("previews without a request", async () => {
  world = await InstallWorld.start();
  await expect(world.deployed().up(world.program(), { preview: true })).resolves.toMatchObject({ did: "create" });
  expect(world.bmc.journal.total).toBe(0);
  expect(world.node.logins).toBe(0);
});

it("installs a server that is off, and takes the medium out", async () => {
  world = await InstallWorld.start();
  const os = world.deployed();
  await os.up(world.program());
  expect(world.machine.problems).toEqual([]);
  expect(world.machine.installed).toBe(1);
  expect(world.machine.seed).toContain("# rackform installation=first-1 host=node1 consent=none");
  expect(os.id).toBe(`${world.bmc.url}${world.bmc.systemPath}#Installation`);
  expect(os.state).toMatchObject({
    method: "virtualMedia",
    installedAt: "2026-01-02T03:04:05.000Z",
    bootDevice: "/dev/sda",
    osRelease: "Debian GNU/Linux 13 (trixie)",
    machineId: "0123456789abcdef0123456789abcdef",
  });
  expect((os.state.phases as { name: string }[]).map(({ name }) => name)).toEqual(
    expect.arrayContaining(["prepare", "media", "boot", "install", "reboot"]),
  );
  expect(world.inserted).toEqual([]);
  expect(world.bmc.boot.enabled).toBe("Disabled");
  expect(world.resets()).toBe(1);
  expect(world.everything).toMatch(/installing debian 13 on node1 by virtualMedia: .*usually about/);

  world.bmc.journal.clear();
  await expect(os.up(world.program())).resolves.toMatchObject({ did: "same" });
  await expect(os.refresh()).resolves.toBe(true);
  await expect(os.up(world.program())).resolves.toMatchObject({ did: "same" });
  expect(world.writes()).toEqual([]);
});

it("adopts what is there, without a write", async () => {
  world = await InstallWorld.start({ poweredOn: true });
  world.machine.holds(world.system("first-1"));
  const os = world.deployed();
  await os.up(world.program());
  expect(os.state).toMatchObject({ installedAt: "2026-01-01T00:00:00.000Z" });
  expect(world.writes()).toEqual([]);
});

it("needs no phone-home when the system answers", async () => {
  world = await InstallWorld.start();
  world.machine.whims = { losesPhoneHome: true };
  const os = world.deployed();
  await os.up(world.program());
  expect(world.machine.installed).toBe(1);
  expect(os.state.installedAt).toBe("2026-01-02T03:04:05.000Z");
  expect(world.inserted).toEqual([]);
});

it("tells the installer's own words, keeps the state, and converges at the next up", async () => {
  world = await InstallWorld.start();
  world.machine.whims = { fails: "disk /dev/sda is not blank and there is no consent to wipe it" };
  const os = world.deployed();
  const error = await failure(os.up(world.program()));
  expect(error.message).toContain(
    "the installer gave up: disk /dev/sda is not blank and there is no consent to wipe it",
  );
  expect(error.kept?.id).toBe(`${world.bmc.url}${world.bmc.systemPath}#Installation`);
  expect(os.state.installedAt).toBeUndefined();
  expect(os.state.hostname).toBe("node1");

  world.machine.whims = {};
  await expect(os.up(world.program({ consent: { wipe: true } }))).resolves.toMatchObject({ did: "update" });
  expect(world.machine.seed).toContain("consent=wipe");
  expect(os.state.installedAt).toBe("2026-01-02T03:04:05.000Z");
  expect(world.inserted).toEqual([]);
});

it("falls back to the next method when the machine does not read the medium", async () => {
  world = await InstallWorld.start();
  world.machine.whims = { deafTo: ["Cd"] };
  const os = world.deployed();
  await os.up(world.program());
  expect(os.state.method).toBe("uefiHttp");
  expect(world.machine.boots.map(({ source }) => source).slice(0, 2)).toEqual(["Cd", "UefiHttp"]);
  expect(world.inserted).toEqual([]);
  expect(world.bmc.boot.enabled).toBe("Disabled");
});

it("names the firewall rule when no method works", async () => {
  world = await InstallWorld.start();
  world.machine.whims = { deafTo: ["Cd", "UefiHttp"] };
  const error = await failure(world.deployed().up(world.program()));
  expect(error.message).toMatch(
    /virtualMedia: the BMC did not read the boot medium within 2 min of power-on; let 127\.0\.0\.1 reach 127\.0\.0\.1:\d+\/tcp/,
  );
  expect(error.message).toMatch(/uefiHttp: the firmware did not read the boot medium/);
  expect(error.kept).toBeDefined();
});

it("does not believe a system with another host key", async () => {
  world = await InstallWorld.start();
  const { makeHostKey } = await import("../../../provider/handlers/host-key");
  world.machine.whims = { hostKey: makeHostKey("x").privateKey };
  const error = await failure(world.deployed().up(world.program({ timeoutSeconds: 240 })));
  expect(error.message).toMatch(/answers with another host key than this server's/);
  expect(error.kept?.state.installedAt).toBeUndefined();
});

it("says so when the installed system refuses the login, and does not install again", async () => {
  world = await InstallWorld.start();
  world.machine.whims = { locked: true };
  const os = world.deployed();
  const error = await failure(os.up(world.program({ timeoutSeconds: 240 })));
  expect(error.message).toMatch(/answers with this server's host key, but the login was refused/);
  expect(world.machine.installed).toBe(1);
});

it("notices when the machine is switched off", async () => {
  world = await InstallWorld.start();
  world.machine.whims = { switchesOff: true };
  const error = await failure(world.deployed().up(world.program()));
  expect(error.message).toMatch(/was switched off while its installer was at work/);
});

it("lets a second create of the same server wait, and installs once", async () => {
  world = await InstallWorld.start();
  let go: () => void = () => undefined;
  world.machine.whims = { holds: new Promise((resolve) => (go = resolve)) };
  const first = world.deployed("one").up(world.program());
  await until(() => world.machine.begun === 1);
  const second = world.deployed("two").up(world.program());
  await until(() => /waiting for .* working on/.test(world.everything));
  go();
  await Promise.all([first, second]);
  expect(world.machine.installed).toBe(1);
});

describe("a server in service", () => {
  it("is left alone without consent", async () => {
    world = await InstallWorld.start({ poweredOn: true });
    world.machine.holds(world.system("somebody-else"));
    const error = await failure(world.deployed().up(world.program()));
    expect(error.message).toMatch(/in service: .*is installation somebody-else.*set maintenance: true/);
    expect(error.kept).toBeUndefined();
    expect(world.writes()).toEqual([]);
  });

  it.each([{ maintenance: true }, { consent: { wipe: true } }])("is replaced with %j", async (more) => {
    world = await InstallWorld.start({ poweredOn: true });
    world.machine.holds(world.system("somebody-else"));
    const os = world.deployed();
    await os.up(world.program(more));
    expect(world.machine.installed).toBe(1);
    expect(os.state.installedAt).toBe("2026-01-02T03:04:05.000Z");
  });
});

it("touches no other machine than the expected one", async () => {
  world = await InstallWorld.start();
  const wrong = await failure(world.deployed().up(world.program({ identity: { serialNumber: "OTHER" } })));
  expect(wrong.message).toMatch(/expected a machine with serialNumber "OTHER"/);
  expect(wrong.kept).toBeUndefined();
  const { identity: _identity, ...program } = world.program();
  const consent = await failure(world.deployed().up({ ...program, consent: { wipe: true, serialNumber: "OTHER" } }));
  expect(consent.message).toMatch(/consent\.serialNumber is for another machine/);
  expect(world.writes()).toEqual([]);
});
