import { readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Bmc, FaultRule } from "../../../lab/bmc";
import { Leases } from "../../../provider/leases";
import { PluginError, type Values } from "../../setup/plugin-client";
import { cases } from "./cases";
import { credentials, World, writes } from "./harness";

const programs: Record<string, Values> = {
  ...Object.fromEntries(cases.map((one) => [one.type, one.program("generic")])),
  Server: { powerState: "On", powerOffOnDelete: true },
};
const types = Object.keys(programs);

describe("when things fail", () => {
  let world: World;
  let bmc: Bmc;
  let other: Bmc;
  const config = () => ({
    ...credentials,
    caBundle: world.rack.caCertificate,
    leaseDirectory: world.leases,
    requestTimeoutSeconds: 1,
    connectTimeoutSeconds: 1,
    retryBudgetSeconds: 20,
  });
  beforeEach(async () => {
    world = await World.start([
      { name: "a", dialect: "generic" },
      { name: "b", dialect: "generic" },
    ]);
    await world.client.configure(config());
    bmc = world.bmc("a");
    other = world.bmc("b");
  });
  afterEach(() => world.stop());

  const program = (type: string, at = bmc) => ({ connection: world.connection(at), ...programs[type] });
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  describe.each(types)("%s", (type) => {
    const one = cases.find((candidate) => candidate.type === type)!;

    it("previews although the BMC is dead", async () => {
      const it1 = world.deployed(type);
      await bmc.dead();
      await expect(it1.up(program(type), { preview: true })).resolves.toMatchObject({ did: "create" });
      await bmc.revive();
      await it1.up(program(type));
      await bmc.dead();
      const change = { ...program(type), ...one.change("generic") };
      await expect(it1.up(change, { preview: true })).resolves.toMatchObject({ did: "update" });
    });

    it.each(["refuse", "hang"] as const)("is not taken for gone at a BMC that is dead (%s)", async (how) => {
      const it1 = world.deployed(type);
      await it1.up(program(type));
      await bmc.dead(how);
      await expect(it1.refresh()).rejects.toThrow(bmc.url);
      expect(it1.id).toBeDefined();
    });

    it("fails to be made at a dead BMC with one readable line", async () => {
      await bmc.dead();
      const failure = await world
        .deployed(type)
        .up(program(type))
        .catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(PluginError);
      expect((failure as PluginError).kept).toBeUndefined();
      expect((failure as Error).message).toMatch(
        /^https:\/\/127\.0\.0\.1:\d+: .*check address, power and network of the BMC/,
      );
      expect((failure as Error).message).not.toMatch(/\n|hush|    at /);
    });

    it("tells how to let go of what cannot be undone", async () => {
      const it1 = world.deployed(type);
      await it1.up(program(type));
      await bmc.dead();
      if (type === "BiosSettings") await it1.destroy();
      else await expect(it1.destroy()).rejects.toThrow(/could not be undone.*pulumi state delete/);
    });

    it("adopts what was done by an operation that was cancelled half-way", async () => {
      const cut: FaultRule = {
        method: ["POST", "PATCH"],
        path: type === "Account" ? "**/Accounts**" : "**/Systems/**",
        times: 1,
        fault: { kind: "hang", when: "after" },
      };
      bmc.faults.add(cut);
      const it1 = world.deployed(type);
      const failing = it1.up(program(type)).catch((error: unknown) => error);
      while (bmc.faults.list()[0].struck === 0) await pause(10);
      await pause(30);
      await world.client.cancel();
      const failure = await failing;
      expect(failure).toBeInstanceOf(PluginError);
      expect((failure as Error).message).toMatch(/cancelled/);
      if (type === "Account") expect(it1.id).toBeUndefined();
      else expect(it1.id).toBe(one.id(bmc));
      const keys = it1.state.hostKey;
      await world.client.configure(config());
      await it1.up(program(type));
      expect(one.wanted(bmc)).toBe(true);
      expect(it1.initErrors).toEqual([]);
      if (type === "Server") expect(it1.state.hostKey).toEqual(keys);
      await expect(it1.up(program(type))).resolves.toMatchObject({ did: "same" });
    });

    it("writes nothing after the engine has gone", async () => {
      bmc.faults.add({
        method: ["POST", "PATCH"],
        path: type === "Account" ? "**/Accounts**" : "**/Systems/**",
        fault: { kind: "status", status: 503 },
      });
      const failing = world
        .deployed(type)
        .up(program(type))
        .catch((error: unknown) => error);
      while (writes(bmc).length === 0) await pause(5);
      await world.plugin.host.lifecycle.engineGone();
      const before = writes(bmc).length;
      await failing;
      await pause(200);
      expect(writes(bmc).length).toBe(before);
      expect(one.wanted(bmc)).toBe(false);
    });
  });

  it.each(["Server", "BootOverride", "BiosSettings"])(
    "%s is gone only when the BMC lists other systems",
    async (type) => {
      const it1 = world.deployed(type);
      await it1.up(program(type));
      bmc.faults.add({ method: "GET", path: bmc.systemPath, fault: { kind: "status", status: 404 } });
      bmc.faults.add({
        id: "none",
        method: "GET",
        path: "/redfish/v1/Systems",
        fault: { kind: "merge", body: { Members: [] } },
      });
      await expect(it1.refresh()).rejects.toThrow(/lists no systems at the moment.*try again/);
      expect(it1.id).toBeDefined();
      bmc.faults.remove("none");
      await expect(it1.refresh()).resolves.toBe(false);
    },
  );

  it("waits for a BMC that somebody else is working on, and says for whom", async () => {
    const leases = new Leases({ directory: world.leases });
    const lease = await leases.acquire(bmc.url, { purpose: 'update of Installation "os1"' });
    const it1 = world.deployed("BootOverride");
    const running = it1.up(program("BootOverride"));
    while (!world.engine.shown.includes("waiting for")) await pause(10);
    expect(world.engine.shown).toMatch(
      /waiting for https:.*, which this process \(update of Installation "os1", for \d+ s\) is working on/,
    );
    expect(world.engine.logs.some(({ message, ephemeral }) => ephemeral && message.startsWith("waiting for"))).toBe(
      true,
    );
    expect(writes(bmc)).toEqual([]);
    lease.release();
    await expect(running).resolves.toMatchObject({ did: "create" });
  });

  const lost: [string, RegExp, () => void][] = [
    ["somebody else took the lease", /another process took over this BMC/, () => writeFileSync(leaseFile(), "{}")],
    ["the engine is gone", /the engine is gone; nothing more is written/, () => world.access.engineGone()],
  ];
  const leaseFile = () =>
    path.join(
      world.leases,
      readdirSync(world.leases).find((name) => name.endsWith(".lease"))!,
    );
  it.each(lost)("does not even repeat a write when %s, before it is told to stop", async (_what, message, lose) => {
    bmc.faults.add({ method: "PATCH", path: "**/Systems/**", fault: { kind: "status", status: 503, retryAfter: 5 } });
    const failing = world
      .deployed("BootOverride")
      .up(program("BootOverride"))
      .catch((error: unknown) => error);
    while (writes(bmc).length === 0) await pause(2);
    lose();
    expect(((await failing) as Error).message).toMatch(message);
    expect(writes(bmc)).toHaveLength(1);
  });

  it("takes turns at one BMC and works at others meanwhile", async () => {
    const all = ["BootOverride", "VirtualMedia", "BiosSettings", "Account"].flatMap((type) =>
      [bmc, other].map((at) => world.deployed(type).up(program(type, at))),
    );
    await Promise.all(all);
    for (const one of cases.filter(({ type }) => type !== "Server"))
      expect([one.type, one.wanted(bmc), one.wanted(other)]).toEqual([one.type, true, true]);
    expect(new Leases({ directory: world.leases }).look(bmc.url)).toBeUndefined();
  });

  it("begins nothing new when the failure budget is used up", async () => {
    await world.client.configure({ ...config(), failureBudget: 1 });
    await bmc.dead();
    await expect(world.deployed("Server").up(program("Server"))).rejects.toThrow(/no connection/);
    await expect(world.deployed("Server", "b").up(program("Server", other))).rejects.toThrow(
      new RegExp(`${other.url}: not begun, because the failure budget of 1 is used up by ${bmc.url}`),
    );
    expect(other.journal.total).toBe(0);
    await bmc.revive();
    // The circuit breaker leaves the BMC alone for 30 s, of the tests' quicker clock.
    await pause(1_000);
    await expect(world.deployed("Server").up(program("Server"))).resolves.toMatchObject({ did: "create" });
  });

  const hostile: [string, FaultRule][] = [
    ["malformed JSON", { fault: { kind: "malformed" } }],
    ["wrong types", { fault: { kind: "wrongTypes" } }],
    ["half an answer", { fault: { kind: "truncate" } }],
    ["a huge answer", { fault: { kind: "oversize", bytes: 40_000_000 } }],
    ["a redirect elsewhere", { fault: { kind: "redirect", location: "https://192.0.2.1/redfish/v1/Systems/1" } }],
    [
      "links elsewhere",
      {
        fault: {
          kind: "merge",
          body: {
            "@odata.id": "https://192.0.2.1/x",
            Bios: { "@odata.id": "//192.0.2.1/x" },
            VirtualMedia: { "@odata.id": "../../etc" },
            Members: [{ "@odata.id": "https://192.0.2.1/x" }],
          },
        },
      },
    ],
    [
      "nothing but nulls",
      {
        fault: {
          kind: "merge",
          body: { Boot: null, PowerState: null, Actions: null, Attributes: null, Members: null },
        },
      },
    ],
  ];
  describe.each(types)("%s", (type) => {
    it.each(hostile)("survives %s", async (_what, rule) => {
      bmc.faults.add({ ...rule, method: "GET", path: "/redfish/v1/**" });
      const outcome = await world
        .deployed(type)
        .up(program(type), { timeout: 20 })
        .catch((error: unknown) => error);
      if (outcome instanceof Error) {
        expect(outcome).toBeInstanceOf(PluginError);
        expect(outcome.message).toMatch(/https:\/\/127\.0\.0\.1|did not end within/);
        expect(outcome.message).not.toMatch(/TypeError|undefined|hush|Cannot read|\[object/);
      }
      bmc.faults.clear();
      await expect(world.deployed("Server", "after").up(program("Server"))).resolves.toMatchObject({ did: "create" });
    });
  });
});
