import type { Bmc, BmcRack } from "../../../../lab/bmc";
import { NullMachine } from "../../../../lab/bmc";
import type { Client } from "./client";
import { messageIds, one, until } from "./client";

const SYSTEM = "/redfish/v1/Systems/1";
const DRIVE = "/redfish/v1/Managers/1/VirtualMedia/VirtualMedia1";

describe("a Supermicro BMC", () => {
  let rack: BmcRack;
  let bmc: Bmc;
  let client: Client;
  let machine: NullMachine;

  beforeEach(async () => {
    ({ rack, bmc, client } = await one({ dialect: "supermicro" }));
    machine = new NullMachine();
    bmc.onPower(machine);
  });

  afterEach(async () => {
    client.close();
    await rack.close();
  });

  const insert = (body: object) => client.post(`${DRIVE}/Actions/VirtualMedia.InsertMedia`, body);

  test("has no Vendor, and its reset types only in ActionInfo (49, 50)", async () => {
    const root = (await client.get("/redfish/v1")).body;
    expect(root.Vendor).toBeUndefined();
    expect(root.Oem).toHaveProperty("Supermicro");
    const reset = (await client.get(SYSTEM)).body.Actions?.["#ComputerSystem.Reset"];
    expect(reset).not.toHaveProperty("ResetType@Redfish.AllowableValues");
    const info = await client.get(String(reset?.["@Redfish.ActionInfo"]));
    expect(info.body.Parameters).toMatchObject([{ Name: "ResetType", AllowableValues: bmc.dialect.reset.types }]);
  });

  test("boots virtual CD as UsbCd, not Cd (42), and wants Enabled each time (45)", async () => {
    expect(messageIds(await client.patch(SYSTEM, { Boot: { BootSourceOverrideTarget: "UsbCd" } }))).toEqual([
      "PropertyMissing",
    ]);
    await insert({ Image: "http://h/boot.iso" });
    await until(() => bmc.media.bootable(), "the insert");
    const boot = (target: string) => ({
      Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: target },
    });
    expect((await client.patch(SYSTEM, boot("Cd"))).status).toBe(200);
    expect(bmc.bootPlan().source).toBe("Hdd");
    expect((await client.patch(SYSTEM, boot("UsbCd"))).body.Success).toMatchObject({ code: "Base.1.18.Success" });
    await client.reset("On");
    await until(() => machine.boots.length === 1, "the boot");
    expect(machine.boots[0]).toMatchObject({ source: "Cd", overridden: true, once: true });
    expect((await client.get(SYSTEM)).body.Boot).toMatchObject({
      BootSourceOverrideEnabled: "Disabled",
      BootSourceOverrideTarget: "UsbCd",
    });
  });

  test("takes only plain images and few parameters (43, 44), as a task", async () => {
    expect(messageIds(await insert({ Image: "http://h/a.iso", Inserted: true }))).toEqual([
      "ActionParameterNotSupported",
    ]);
    for (const image of ["http://h/a.iso?x", "http://h/a=b.iso", "http://h/image"]) {
      expect((await insert({ Image: image })).status).toBe(400);
    }
    expect((await client.get(DRIVE)).body.Actions).not.toHaveProperty("#VirtualMedia.EjectMedia");
    const accepted = await insert({ Image: "http://h/a.iso" });
    expect(accepted.status).toBe(202);
    await until(async () => (await client.get(String(accepted.headers.location))).status === 204, "the task");
    expect((await client.get(DRIVE)).body).toMatchObject({ Inserted: true, Image: "http://h/a.iso" });
  });

  test("keeps the image's name after an eject (47)", async () => {
    await insert({ Image: "http://h/a.iso" });
    await until(() => bmc.media.bootable(), "the insert");
    await client.post(`${DRIVE}/Actions/VirtualMedia.EjectMedia`, {});
    await until(() => !bmc.media.bootable(), "the eject");
    expect((await client.get(DRIVE)).body).toMatchObject({
      Inserted: false,
      Image: "http://h/a.iso",
      ImageName: "a.iso",
    });
    expect(bmc.bootPlan().media).toEqual([]);
  });

  test("has its pending BIOS settings at SD, under names with a hash (51)", async () => {
    const pending = `${SYSTEM}/Bios/SD`;
    const bios = (await client.get(`${SYSTEM}/Bios`)).body;
    expect(bios["@Redfish.Settings"]?.SettingsObject).toEqual({ "@odata.id": pending });
    expect(bios.Attributes?.IntelVirtualizationTechnology_3C6F).toBe("Enable");
    expect((await client.get(pending)).body).not.toHaveProperty("Attributes");
    const wrong = await client.patch(pending, { Attributes: { IntelVirtualizationTechnology_3C6F: "Disabled" } });
    expect(wrong.status).toBe(400);
    await client.patch(pending, { Attributes: { IntelVirtualizationTechnology_3C6F: "Disable" } });
    expect((await client.get(pending)).body.Attributes).toEqual({ IntelVirtualizationTechnology_3C6F: "Disable" });
    await client.reset("On");
    await until(() => bmc.power.progress === "OSRunning", "the system to run");
    expect(bmc.bios.current().IntelVirtualizationTechnology_3C6F).toBe("Disable");
  });

  test("says little about drives and onboard NICs (54)", async () => {
    const drive = await client.get("/redfish/v1/Chassis/1/Drives/Disk.Bay.0");
    expect(drive.body).toMatchObject({ MediaType: null, Protocol: null, CapacityBytes: 7_681_501_126_656 });
    const shown = (await client.get(`${SYSTEM}/EthernetInterfaces`)).body.Members as unknown as {
      "@odata.id": string;
    }[];
    const names = await Promise.all(shown.map(async (entry) => (await client.get(entry["@odata.id"])).body.Name));
    expect(names).toEqual(["AOC_NIC1", "AOC_NIC2"]);
    expect((await client.get(`${SYSTEM}/EthernetInterfaces/1`)).status).toBe(404);
    expect((await client.get("/redfish/v1/Chassis/1/NetworkAdapters/1/Ports")).body["Members@odata.count"]).toBe(4);
    expect((await client.get(SYSTEM)).body.ProcessorSummary).not.toHaveProperty("CoreCount");
  });

  test("locks an account after three wrong passwords", async () => {
    client.password = "wrong";
    for (let count = 0; count < 3; count++) expect((await client.get(SYSTEM)).status).toBe(401);
    client.password = "calvin-secret";
    expect((await client.get(SYSTEM)).status).toBe(401);
  });

  test("shows no virtual media before they are set up (55)", async () => {
    const fresh = await one({ dialect: "supermicro", mediaUnconfigured: true });
    expect((await fresh.client.get("/redfish/v1/Managers/1/VirtualMedia")).body.Members).toEqual([]);
    expect((await fresh.client.get(DRIVE)).status).toBe(404);
    fresh.client.close();
    await fresh.rack.close();
  });

  test("without the licence says so (48)", async () => {
    const poor = await one({ dialect: "supermicro", unlicensed: true });
    const refused = await poor.client.patch(`${SYSTEM}/Bios/SD`, { Attributes: { QuietBoot_002D: false } });
    expect([refused.status, refused.body.error?.code]).toEqual([403, "SMC.1.0.OemLicenseNotPassed"]);
    const medium = await poor.client.post(`${DRIVE}/Actions/VirtualMedia.InsertMedia`, { Image: "http://h/a.iso" });
    expect(medium.status).toBe(403);
    poor.client.close();
    await poor.rack.close();
  });

  test("refuses an image that it cannot get, where it looks for it", async () => {
    const careful = await one({ dialect: "supermicro", probesMedia: true });
    const refused = await careful.client.post(`${DRIVE}/Actions/VirtualMedia.InsertMedia`, {
      Image: "http://127.0.0.1:1/a.iso",
    });
    expect(messageIds(refused)).toEqual(["CouldNotEstablishConnection"]);
    careful.client.close();
    await careful.rack.close();
  });
});
