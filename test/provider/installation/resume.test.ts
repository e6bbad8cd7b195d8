import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { PluginError } from "../../setup/plugin-client";
import { InstallWorld, until } from "./world";

let world: InstallWorld;
afterEach(async () => {
  world.expectNoSecrets();
  await world.stop();
});

/** Begins an installation, stops the plugin in the middle of it, and starts another one. */
async function interrupted(program = {}): Promise<{ go: () => void; error: PluginError; port: number }> {
  world = await InstallWorld.start();
  let go: () => void = () => undefined;
  world.machine.whims = { holds: new Promise((resolve) => (go = resolve)) };
  const creating = world
    .deployed()
    .up(world.program(program))
    .catch((thrown: unknown) => thrown);
  await until(() => world.machine.begun === 1);
  await until(() => /the installer is at work/.test(world.everything));
  const port = Number(new URL(world.inserted[0]).port);
  await world.end();
  const error = await creating;
  if (!(error instanceof PluginError)) throw new Error(`expected a refusal, got ${String(error)}`);
  world.expectNoSecrets(error.message);
  await world.begin();
  return { go, error, port };
}

it("keeps partial state at a cancel and leaves the machine to its installer", async () => {
  const { go, error } = await interrupted();
  expect(error.message).toMatch(
    /cancelled; the machine is left as it is \(install\): the next up waits for its installer/,
  );
  expect(error.kept?.state.installedAt).toBeUndefined();
  expect(error.kept?.state.method).toBe("virtualMedia");
  expect(world.inserted).toHaveLength(1);
  expect(world.bmc.power.state).toBe("On");
  go();
});

it("waits for the installer of a killed process, serves its seed again, and installs once", async () => {
  const { go } = await interrupted();
  const resets = world.resets();
  const os = world.deployed();
  const again = os.up(world.program());
  await until(() => /an installer that was started earlier is at work/.test(world.everything));
  go();
  await again;
  expect(world.machine.installed).toBe(1);
  expect(world.machine.problems).toEqual([]);
  expect(world.resets()).toBe(resets);
  expect(os.state).toMatchObject({
    installedAt: "2026-01-02T03:04:05.000Z",
    bootDevice: "/dev/sda",
    method: "virtualMedia",
  });
  expect(world.inserted).toEqual([]);
});

it("recognises its installer by the medium in the machine when the notes of the killed process are lost", async () => {
  const { go } = await interrupted();
  const resets = world.resets();
  const notes = path.join(world.folder, "media", "attempts");
  expect(readdirSync(notes)).toHaveLength(1);
  rmSync(notes, { recursive: true });
  const os = world.deployed();
  const again = os.up(world.program());
  await until(() => /an installer that was started earlier is at work/.test(world.everything));
  go();
  await again;
  expect(world.machine.installed).toBe(1);
  expect(world.resets()).toBe(resets);
  expect(world.inserted).toEqual([]);
});

it("takes over what was installed while no process was there", async () => {
  const { go } = await interrupted();
  world.machine.whims.losesPhoneHome = true;
  go();
  await until(() => world.node.system !== undefined);
  const resets = world.resets();
  const os = world.deployed();
  await os.up(world.program());
  expect(world.machine.installed).toBe(1);
  expect(world.resets()).toBe(resets);
  expect(world.inserted).toEqual([]);
  expect(world.bmc.boot.enabled).toBe("Disabled");
});

it("starts anew when the installer of the killed process is gone", async () => {
  await interrupted();
  world.bmc.setPower("Off");
  world.machine.whims = {};
  const os = world.deployed();
  await os.up(world.program());
  expect(world.machine.installed).toBe(1);
  expect(world.machine.begun).toBe(2);
  expect(os.state.installedAt).toBe("2026-01-02T03:04:05.000Z");
});

it("starts anew when nothing is heard of that installer any more", async () => {
  await interrupted({ timeoutSeconds: 240 });
  world.machine.whims = {};
  const os = world.deployed();
  await os.up(world.program({ timeoutSeconds: 240 }));
  expect(world.everything).toMatch(/nothing was heard of the installer for 2 min; the installation is started anew/);
  expect(world.machine.begun).toBe(2);
  expect(world.machine.installed).toBe(1);
});
