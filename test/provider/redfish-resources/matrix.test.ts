import { cases } from "./cases";
import { credentials, dialects, withoutSecrets, World, writes } from "./harness";

describe.each(dialects)("%s", (dialect) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start(
      cases.map(({ type, poweredOn }) => ({ name: type, dialect, poweredOn })),
      credentials,
    );
  });
  afterAll(() => world.stop());

  describe.each(cases)("$type", (one) => {
    const bmc = () => world.bmc(one.type);
    const program = (more = {}) => ({ connection: world.connection(bmc()), ...one.program(dialect), ...more });
    let it1: ReturnType<World["deployed"]>;
    const states: unknown[] = [];
    beforeAll(() => {
      it1 = world.deployed(one.type);
    });

    it("previews without asking the BMC", async () => {
      bmc().journal.clear();
      await expect(it1.up(program(), { preview: true })).resolves.toMatchObject({ did: "create" });
      expect(bmc().journal.total).toBe(0);
    });

    it("creates", async () => {
      await expect(it1.up(program())).resolves.toMatchObject({ did: "create" });
      expect(one.wanted(bmc())).toBe(true);
      expect(it1.id).toBe(one.id(bmc()));
    });

    it("finds no change, before and after a refresh, and writes nothing", async () => {
      bmc().journal.clear();
      await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
      await expect(it1.refresh()).resolves.toBe(true);
      await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
      expect(writes(bmc())).toEqual([]);
    });

    it("creates again over what is there, and writes as little as it can", async () => {
      bmc().journal.clear();
      const again = world.deployed(one.type, "again");
      await expect(again.up(program())).resolves.toMatchObject({ did: "create" });
      expect(again.id).toBe(it1.id);
      expect(writes(bmc()).length).toBeLessThanOrEqual(one.type === "Account" ? 1 : 0);
      expect(one.wanted(bmc())).toBe(true);
    });

    it("shows drift after a refresh, and repairs it", async () => {
      one.drift(bmc());
      await it1.refresh();
      const preview = await it1.up(program(), { preview: true });
      expect(preview).toMatchObject({ did: "update" });
      expect(Object.keys(preview.difference!.detailed)).toEqual([one.drifted(dialect)]);
      expect(one.wanted(bmc())).toBe(false);
      await expect(
        it1.up(program({ maintenance: one.type === "BiosSettings" ? true : undefined })),
      ).resolves.toMatchObject({ did: "update" });
      expect(one.wanted(bmc())).toBe(true);
    });

    it("updates in place", async () => {
      const change = program(one.change(dialect));
      await expect(it1.up(change)).resolves.toMatchObject({ did: "update" });
      expect(one.changed(bmc())).toBe(true);
      await it1.refresh();
      await expect(it1.up(change)).resolves.toMatchObject({ did: "same" });
    });

    it("imports from the id alone", async () => {
      const imported = world.deployed(one.type, "imported");
      await imported.import(it1.id!);
      expect(imported.id).toBe(it1.id);
      expect(imported.inputs.connection).toEqual({ endpoint: bmc().url });
      const { connection: _connection, ...rest } = program(one.change(dialect));
      const next = await imported.up({ connection: { endpoint: bmc().url }, ...rest }, { preview: true });
      expect(next.difference!.replaces).toEqual([]);
      const differing = next.difference!.diffs.filter((name) => name !== "maintenance");
      expect(differing.filter((name) => !one.importDiffers.includes(name))).toEqual([]);
    });

    it("deletes, also what is gone", async () => {
      const { id, state } = it1;
      states.push(state, it1.inputs);
      await it1.destroy();
      expect(one.deleted(bmc())).toBe(true);
      await world.client.delete(it1.type, "it", id!, state);
      expect(one.deleted(bmc())).toBe(true);
    });

    it("never shows a secret", () => {
      const passwords = [credentials.password, "hush-Operator-1", "hush-Operator-2"];
      const seen = [
        world.engine.shown,
        JSON.stringify(world.exchanges),
        JSON.stringify(states.map(withoutSecrets)),
      ].join("\n");
      expect(states).toHaveLength(2);
      for (const password of passwords) expect(seen).not.toContain(password);
      expect(seen).not.toMatch(/PRIVATE KEY|"tokenSecret"/);
    });
  });
});
