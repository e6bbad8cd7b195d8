import { discover, RedfishError } from "../../../provider/redfish";
import { BmcRack } from "../../../lab/bmc";
import { credentials } from "./emulator";

describe("discover", () => {
  let rack: BmcRack;
  const dialects = ["generic", "dell", "supermicro"] as const;
  beforeAll(async () => {
    rack = await BmcRack.start(
      dialects.map((dialect) => ({ name: `r-${dialect}`, address: "127.0.0.1", port: 0, dialect, credentials })),
    );
  });
  afterAll(() => rack.close());
  const targets = () => rack.bmcs().map((bmc) => bmc.url.replace("https://", ""));

  it("finds BMCs without credentials, with vendor, UUID and the certificate to pin", async () => {
    const { bmcs, probed, failed } = await discover({ targets: targets() });
    expect([probed, failed]).toEqual([3, []]);
    expect(bmcs.map(({ endpoint, vendor }) => [endpoint, vendor])).toEqual([
      [rack.bmc("r-generic").url, expect.anything()],
      [rack.bmc("r-dell").url, "Dell"],
      [rack.bmc("r-supermicro").url, "Supermicro"],
    ]);
    for (const [index, { fingerprint }] of bmcs.entries()) {
      expect(fingerprint).toBe((await rack.bmcs()[index].certificate()).fingerprint256);
    }
  });

  it("never gives credentials to a certificate that is not trusted", async () => {
    rack.bmcs().forEach((bmc) => bmc.journal.clear());
    const { bmcs } = await discover({ targets: targets(), ...credentials });
    for (const bmc of bmcs) {
      expect(bmc.inventory).toBeUndefined();
      expect(bmc.error).toContain(`set fingerprint to "${bmc.fingerprint}"`);
    }
    expect(rack.bmcs().map((bmc) => bmc.journal.writes)).toEqual([0, 0, 0]);
  });

  it.each([
    ["an authority", () => ({ caBundle: rack.caCertificate })],
    ["trust on first use", () => ({ trustOnFirstUse: true })],
    ["insecure", () => ({ insecure: true })],
  ])("reads the inventory with %s, in few requests, and logs out", async (_, trust) => {
    rack.bmcs().forEach((bmc) => bmc.journal.clear());
    const { bmcs } = await discover({ targets: targets(), ...credentials, ...trust() });
    for (const [index, { inventory, error }] of bmcs.entries()) {
      const bmc = rack.bmcs()[index];
      expect(error).toBeUndefined();
      expect(inventory).toMatchObject({
        uuid: bmc.hardware.uuid,
        model: bmc.hardware.model,
        powerState: "Off",
        memoryGiB: bmc.hardware.memoryGiB,
      });
      expect([...(inventory?.macs ?? [])].sort()).toEqual(bmc.hardware.nics.map(({ mac }) => mac).sort());
      expect(bmc.sessions.list()).toEqual([]);
      expect(bmc.journal.total).toBeLessThanOrEqual(10);
    }
  });

  it("reads with known fingerprints only those that have one", async () => {
    const [first] = rack.bmcs();
    const fingerprints = { [first.url]: (await first.certificate()).fingerprint256 };
    const { bmcs } = await discover({ targets: targets(), ...credentials, fingerprints });
    expect(bmcs.map(({ inventory }) => inventory !== undefined)).toEqual([true, false, false]);
  });

  it("reports a wrong password, without showing it", async () => {
    const { bmcs } = await discover({
      targets: targets().slice(0, 1),
      username: "admin",
      password: "wrong-pass-1",
      insecure: true,
    });
    expect(bmcs[0].error).toContain('login as "admin" failed');
    expect(JSON.stringify(bmcs)).not.toContain("wrong-pass-1");
  });

  it("passes over silent addresses of a range quickly, and lists single ones", async () => {
    const started = Date.now();
    const { bmcs, probed, failed } = await discover({
      targets: ["127.9.9.0/24:9", "127.0.0.1:1"],
      connectTimeoutSeconds: 1,
    });
    expect([bmcs, probed]).toEqual([[], 255]);
    expect(failed).toEqual([
      { endpoint: "https://127.0.0.1:1", error: expect.stringContaining("no connection") as string },
    ]);
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it("can be cancelled", async () => {
    const work = discover({ targets: targets(), signal: AbortSignal.abort() });
    await expect(work).rejects.toBeInstanceOf(RedfishError);
    await expect(discover({ targets: targets(), signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: "cancelled",
    });
  });
});
