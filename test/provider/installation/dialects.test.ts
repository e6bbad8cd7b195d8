import { InstallWorld } from "./world";

let world: InstallWorld;
afterEach(async () => {
  world.expectNoSecrets();
  await world.stop();
});

it.each([
  ["generic", "virtualMedia"],
  ["generic", "uefiHttp"],
  ["dell", "virtualMedia"],
  ["dell", "uefiHttp"],
  ["supermicro", "virtualMedia"],
  ["supermicro", "uefiHttp"],
] as const)("installs a server behind a BMC of kind %s by %s, and again", async (dialect, method) => {
  world = await InstallWorld.start({ dialect });
  const os = world.deployed();
  const program = world.program({ methods: [method], consent: { wipe: true } });
  await os.up(program);
  expect(world.machine.problems).toEqual([]);
  expect(world.machine.installed).toBe(1);
  expect(os.state).toMatchObject({ method, installedAt: "2026-01-02T03:04:05.000Z" });
  expect(world.inserted).toEqual([]);
  await expect(os.up(program)).resolves.toMatchObject({ did: "same" });

  await os.up({ ...program, installationId: "second-2" });
  expect(world.machine.installed).toBe(2);
  expect(os.state.installationId).toBe("second-2");
  expect(world.inserted).toEqual([]);
});
