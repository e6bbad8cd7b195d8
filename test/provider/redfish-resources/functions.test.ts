import { secret, type Values } from "../../setup/plugin-client";
import { credentials, dialects, World, writes } from "./harness";

describe("functions", () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start([
      ...dialects.map((dialect) => ({ name: dialect, dialect, poweredOn: dialect === "dell" })),
      { name: "dead", dialect: "generic" },
    ]);
    await world.bmc("dead").dead();
  });
  afterAll(() => world.stop());

  it.each(dialects)("getServer tells facts and power of %s", async (dialect) => {
    const bmc = world.bmc(dialect);
    const { result } = await world.client.invoke("rackform:redfish:getServer", { connection: world.connection(bmc) });
    expect(result).toMatchObject({
      id: `${bmc.url}${bmc.systemPath}`,
      systemPath: bmc.systemPath,
      powerState: dialect === "dell" ? "On" : "Off",
      facts: {
        serialNumber: dialect === "dell" ? bmc.hardware.sku : bmc.hardware.serialNumber,
        uuid: bmc.hardware.uuid,
        cores: bmc.hardware.cpus.reduce((sum, { cores }) => sum + cores, 0),
        memoryGib: bmc.hardware.memoryGiB,
        virtualization: "enabled",
        tpm: "TPM2_0",
        biosVersion: bmc.hardware.biosVersion,
        bmcVersion: bmc.hardware.bmcVersion,
      },
    });
    const { drives, nics } = result.facts as { drives: Values[]; nics: Values[] };
    expect(drives.map(({ serialNumber }) => serialNumber).sort()).toEqual(
      bmc.hardware.drives.map(({ serial }) => serial).sort(),
    );
    expect(drives.filter(({ type }) => type === "NVMe")).toHaveLength(
      dialect === "supermicro"
        ? drives.filter(({ type }) => type === "NVMe").length
        : bmc.hardware.drives.filter(({ protocol }) => protocol === "NVMe").length,
    );
    expect(nics.map(({ mac }) => mac)).toEqual(expect.arrayContaining([bmc.hardware.nics[0].mac]));
    expect(writes(bmc)).toEqual([]);
  });

  it.each(dialects)("getInventory tells all of %s, and what it could not read", async (dialect) => {
    const bmc = world.bmc(dialect);
    const whole = await world.client.invoke("rackform:redfish:getInventory", { connection: world.connection(bmc) });
    expect(whole.result).toMatchObject({
      id: `${bmc.url}${bmc.systemPath}`,
      warnings: [],
      accounts: [credentials.username],
    });
    expect(Object.keys(whole.result.biosAttributes as Values).length).toBeGreaterThan(5);
    expect(whole.result.managers).toEqual([expect.objectContaining({ firmwareVersion: bmc.hardware.bmcVersion })]);
    expect((whole.result.virtualMedia as Values[]).length).toBeGreaterThan(0);
    bmc.faults.add({ method: "GET", path: "**/AccountService**", fault: { kind: "status", status: 403 } });
    const part = await world.client.invoke("rackform:redfish:getInventory", { connection: world.connection(bmc) });
    bmc.faults.clear();
    expect(part.result).toMatchObject({ accounts: [], warnings: [expect.stringMatching(/^accounts: .*403/)] });
  });

  it("getServer fails at a dead BMC, naming it", async () => {
    const bmc = world.bmc("dead");
    await expect(
      world.client.invoke("rackform:redfish:getServer", { connection: world.connection(bmc) }),
    ).rejects.toThrow(bmc.url);
  });

  it("discover finds BMCs, and reports the dead without failing", async () => {
    const addresses = ["127.0.0.1:1", ...dialects.map((dialect) => world.bmc(dialect).url)];
    const { result } = await world.client.invoke("rackform:redfish:discover", {
      addresses,
      username: credentials.username,
      password: secret(credentials.password),
      timeoutSeconds: 1,
    });
    const servers = result.servers as Values[];
    expect(servers.map(({ id }) => id)).toEqual(
      dialects.map((dialect) => `${world.bmc(dialect).url}${world.bmc(dialect).systemPath}`),
    );
    for (const [index, dialect] of dialects.entries()) {
      const bmc = world.bmc(dialect);
      expect(servers[index]).toMatchObject({
        endpoint: bmc.url,
        uuid: bmc.hardware.uuid,
        macs: expect.arrayContaining([bmc.hardware.nics[0].mac]) as unknown,
      });
      expect(servers[index].fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    }
    expect(result.unreachable).toEqual([
      { endpoint: "https://127.0.0.1:1", reason: expect.stringMatching(/no connection/) as string },
    ]);
    expect(world.engine.shown).not.toMatch(/hush/);
  });

  it("discover does not hand a password to a certificate that nobody knows", async () => {
    await world.client.configure({ leaseDirectory: world.leases });
    const bmc = world.bmc("generic");
    bmc.journal.clear();
    const { result } = await world.client.invoke("rackform:redfish:discover", {
      addresses: [bmc.url],
      username: credentials.username,
      password: secret(credentials.password),
    });
    expect(result.servers).toEqual([
      expect.objectContaining({ endpoint: bmc.url, error: expect.stringMatching(/fingerprint/) as string }),
    ]);
    expect(bmc.journal.entries().every(({ method }) => method === "GET")).toBe(true);
    const pinned = { [new URL(bmc.url).host]: (result.servers as Values[])[0].fingerprint };
    await world.client.configure({ leaseDirectory: world.leases, fingerprints: pinned });
    const again = await world.client.invoke("rackform:redfish:discover", {
      addresses: [bmc.url],
      username: credentials.username,
      password: secret(credentials.password),
    });
    expect(again.result.servers).toEqual([expect.objectContaining({ uuid: bmc.hardware.uuid })]);
  });

  it("discover counts the silent addresses of a range, and refuses nonsense", async () => {
    const { result } = await world.client.invoke("rackform:redfish:discover", {
      addresses: ["127.0.0.1-127.0.0.4"],
      port: 1,
      timeoutSeconds: 1,
    });
    expect(result).toEqual({ servers: [], unreachable: [], silent: 4 });
    await expect(world.client.invoke("rackform:redfish:discover", { addresses: ["10.0.0.0/8"] })).rejects.toThrow(
      /"10.0.0.0\/8" makes more than 65536 addresses/,
    );
    await expect(world.client.invoke("rackform:redfish:discover", { addresses: ["no such host!"] })).rejects.toThrow(
      /target "no such host!" is neither/,
    );
  });
});
