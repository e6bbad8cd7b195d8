import type { Bmc } from "../../../lab/bmc";
import type { Values } from "../../setup/plugin-client";
import { biosOf, virtualization } from "./cases";
import { dialects, World, writes } from "./harness";

const integer = { generic: "NumaNodesPerSocket", dell: "AcPwrRcvryUserDelay", supermicro: "PXEBootWaitTime" };
const readOnly = { generic: "SerialNumber", dell: "SystemServiceTag", supermicro: "" };
const resets = (bmc: Bmc) => writes(bmc).filter((line) => line.endsWith("ComputerSystem.Reset"));

describe.each(dialects)("BiosSettings at %s", (dialect) => {
  let world: World;
  let bmc: Bmc;
  beforeEach(async () => {
    world = await World.start([{ name: "a", dialect }]);
    bmc = world.bmc("a");
  });
  afterEach(() => world.stop());

  const name = virtualization[dialect];
  const off = { [name]: "Disabled" };
  const program = (more: Values = {}) => ({ connection: world.connection(bmc), attributes: off, ...more });
  const settle = (ms = 150) => new Promise((resolve) => setTimeout(resolve, ms));

  it("never restarts a server in service without consent, and writes nothing then", async () => {
    bmc.setPower("On");
    await settle();
    const before = biosOf(bmc);
    await expect(world.deployed("BiosSettings").up(program({ apply: "immediate" }))).rejects.toThrow(
      /need a restart, and the server is on and may be in service; set maintenance: true.*nothing was written/,
    );
    expect(writes(bmc)).toEqual([]);
    expect(biosOf(bmc)).toBe(before);
    expect(bmc.bios.pending()).toEqual({});
  });

  it("restarts with consent, and verifies the values", async () => {
    bmc.setPower("On");
    await settle();
    const it1 = world.deployed("BiosSettings");
    await it1.up(program({ apply: "immediate", maintenance: true }));
    expect(biosOf(bmc)).toMatch(/^Disable/);
    expect(bmc.power.state).toBe("On");
    expect(it1.state).toMatchObject({ resetRequired: false, pending: {} });
    bmc.journal.clear();
    await expect(it1.up(program({ apply: "immediate" }))).resolves.toMatchObject({ did: "update" });
    expect(writes(bmc)).toEqual([]);
  });

  it("switches a server that is off on and off again", async () => {
    const it1 = world.deployed("BiosSettings");
    await it1.up(program({ apply: "immediate" }));
    expect(biosOf(bmc)).toMatch(/^Disable/);
    expect(bmc.power.state).toBe("Off");
    expect(resets(bmc).length).toBeGreaterThanOrEqual(2);
  });

  it("leaves settings pending until somebody restarts, which is no drift", async () => {
    const it1 = world.deployed("BiosSettings");
    await it1.up(program());
    expect(resets(bmc)).toEqual([]);
    expect(it1.state).toMatchObject({
      resetRequired: true,
      current: { [name]: expect.stringMatching(/^Enable/) as string },
    });
    expect(Object.keys(it1.state.pending as Values)).toEqual([name]);
    await it1.refresh();
    await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
    bmc.setPower("On");
    await settle(300);
    await it1.refresh();
    expect(it1.state).toMatchObject({ resetRequired: false, pending: {} });
    await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
  });

  it("manages only what it lists", async () => {
    const it1 = world.deployed("BiosSettings");
    await it1.up(program({ apply: "immediate" }));
    const other = Object.entries(bmc.bios.current()).find(
      ([key, value]) => value === "Enabled" && !key.startsWith(name),
    );
    if (other) bmc.setBios({ [other[0]]: "Disabled" });
    await it1.refresh();
    await expect(it1.up(program({ apply: "immediate" }))).resolves.toMatchObject({ did: "same" });
    expect(Object.keys(it1.state.current as Values)).toEqual([name]);
  });

  it("names similar attributes for one that is not there", async () => {
    const misspelt = `${name.slice(0, -3)}xyz`;
    await expect(world.deployed("BiosSettings").up(program({ attributes: { [misspelt]: "Enabled" } }))).rejects.toThrow(
      new RegExp(`"${misspelt}" is unknown; similar are .*${name}`),
    );
    expect(writes(bmc)).toEqual([]);
  });

  it("judges values by the registry before it writes, all at once", async () => {
    const attributes: Values = { [name]: "Sometimes", [integer[dialect]]: 9_999 };
    if (readOnly[dialect]) attributes[readOnly[dialect]] = "mine";
    const failure = await world
      .deployed("BiosSettings")
      .up(program({ attributes }))
      .catch((error: Error) => error.message);
    expect(failure).toMatch(/"Sometimes" is not allowed; it is one of Enable/);
    expect(failure).toMatch(/9999 is not allowed; it is from \d+ to \d+/);
    if (readOnly[dialect]) expect(failure).toMatch(/"mine" cannot be set, because the attribute is read-only/);
    expect(failure).toMatch(/nothing was written/);
    expect(writes(bmc)).toEqual([]);
    await expect(
      world.deployed("BiosSettings").up(program({ attributes: { [integer[dialect]]: "many" } })),
    ).rejects.toThrow(/"many" is not allowed; it is a number/);
  });

  it("understands the spelling of the other vendors", async () => {
    const it1 = world.deployed("BiosSettings");
    await it1.up(program({ apply: "immediate", attributes: { [name.toUpperCase()]: "disable" } }));
    expect(biosOf(bmc)).toMatch(/^Disable/);
    await it1.refresh();
    await expect(
      it1.up(program({ apply: "immediate", attributes: { [name.toUpperCase()]: "disable" } })),
    ).resolves.toMatchObject({ did: "same" });
  });

  it("keeps what it knows when the values do not come into force, and goes on from there", async () => {
    const it1 = world.deployed("BiosSettings");
    bmc.faults.add({ id: "lie", method: "POST", path: "**/ComputerSystem.Reset", fault: { kind: "lie" } });
    const urgent = { apply: "immediate", timeoutSeconds: 20 };
    await expect(it1.up(program(urgent))).rejects.toThrow(/did not become On|did not come into force/);
    expect(it1.id).toBe(`${bmc.url}${bmc.systemPath}/Bios`);
    expect(it1.initErrors).toHaveLength(1);
    bmc.faults.clear();
    await expect(it1.up(program(urgent))).resolves.toMatchObject({ did: "update" });
    expect(biosOf(bmc)).toMatch(/^Disable/);
    expect(it1.state).toMatchObject({ resetRequired: false });
  });

  it("resets to defaults on delete only when told", async () => {
    const it1 = world.deployed("BiosSettings");
    await it1.up(program({ apply: "immediate" }));
    bmc.journal.clear();
    const { id, state } = it1;
    await it1.destroy();
    expect(bmc.journal.total).toBe(0);
    await world.client.delete(it1.type, "it", id!, { ...state, resetOnDelete: true });
    expect(writes(bmc)).toEqual([expect.stringMatching(/Bios.ResetBios$/)]);
    expect(bmc.bios.defaultsPending || Object.keys(bmc.bios.pending()).length > 0).toBe(true);
  });
});
