import type { Bmc, BmcRack } from "../../../../lab/bmc";
import { NullMachine } from "../../../../lab/bmc";
import type { Client } from "./client";
import { messageIds, one, until } from "./client";

const SYSTEM = "/redfish/v1/Systems/System.Embedded.1";
const MANAGER = "/redfish/v1/Managers/iDRAC.Embedded.1";
const APPLY = { "@Redfish.SettingsApplyTime": { ApplyTime: "OnReset" } };

describe("a Dell BMC", () => {
  let rack: BmcRack;
  let bmc: Bmc;
  let client: Client;
  let machine: NullMachine;

  beforeEach(async () => {
    ({ rack, bmc, client } = await one({ dialect: "dell", timings: { onRefusedMs: 60, jobHiddenMs: 40 } }));
    machine = new NullMachine();
    bmc.onPower(machine);
  });

  afterEach(async () => {
    client.close();
    await rack.close();
  });

  const running = () => until(() => bmc.power.progress === "OSRunning", "the system to run");

  test("tells service tag from board serial (24)", async () => {
    const { body } = await client.get(SYSTEM);
    expect(body.SKU).toBe(bmc.hardware.sku);
    expect(body.SerialNumber).toMatch(/^CNIVC/);
    expect((await client.get("/redfish/v1")).body).toMatchObject({ Vendor: "Dell", Oem: { Dell: {} } });
  });

  test("refuses On while the power settles (4), and what is so already (26)", async () => {
    expect(messageIds(await client.reset("ForceOff"))).toEqual(["PSU501"]);
    await client.reset("On");
    await running();
    expect((await client.reset("On")).status).toBe(409);
    await client.reset("ForceOff");
    await until(() => bmc.power.state === "Off", "the server to be off");
    const refused = await client.reset("On");
    expect(refused.status).toBe(409);
    expect(messageIds(refused)).toEqual(["ActionParameterValueConflict"]);
    await until(async () => (await client.reset("On")).status === 204, "On to be taken");
  });

  test("never shows a power state in between", async () => {
    await client.reset("On");
    expect((await client.get(SYSTEM)).body.PowerState).toBe("Off");
    await running();
    expect((await client.get(SYSTEM)).body.PowerState).toBe("On");
  });

  test("applies BIOS settings through a job, and never without one (11, 12, 7)", async () => {
    const settings = `${SYSTEM}/Bios/Settings`;
    const stored = await client.patch(settings, { Attributes: { ProcVirtualization: "Disabled" } });
    expect([stored.status, stored.headers.location]).toEqual([200, undefined]);
    expect((await client.get(settings)).body.Attributes).toEqual({ ProcVirtualization: "Disabled" });
    await client.reset("On");
    await running();
    expect(bmc.bios.current().ProcVirtualization).toBe("Enabled");

    const accepted = await client.patch(settings, { Attributes: { ProcVirtualization: "Disabled" }, ...APPLY });
    expect(accepted.status).toBe(202);
    const task = String(accepted.headers.location);
    const id = task.split("/").at(-1);
    expect(id).toMatch(/^JID_\d{12}$/);
    expect((await client.get(task)).status).toBe(404);
    await until(async () => (await client.get(task)).status === 202, "the job to be seen");
    const job = `${MANAGER}/Oem/Dell/Jobs/${id}`;
    expect((await client.get(job)).body).toMatchObject({ JobState: "Scheduled", JobType: "BIOSConfiguration" });
    expect(messageIds(await client.patch(settings, { Attributes: { LogicalProc: "Disabled" }, ...APPLY }))).toEqual([
      "SYS011",
    ]);

    await client.reset("ForceRestart");
    await until(() => bmc.bios.current().ProcVirtualization === "Disabled", "the setting");
    expect((await client.get(job)).body).toMatchObject({ JobState: "Completed", PercentComplete: 100 });
    expect((await client.get(task)).status).toBe(200);
    expect((await client.get(settings)).body.Attributes).toEqual({});
  });

  test.each([
    ["fail", "Exception", {}],
    ["never", "Running", { LogicalProc: "Disabled" }],
    ["vanish", undefined, { LogicalProc: "Disabled" }],
  ] as const)("a BIOS job whose fate is %s changes nothing", async (outcome, state, pending) => {
    bmc.faults.add({ method: "PATCH", path: "**/Bios/Settings", fault: { kind: "task", outcome } });
    const accepted = await client.patch(`${SYSTEM}/Bios/Settings`, {
      Attributes: { LogicalProc: "Disabled" },
      ...APPLY,
    });
    await client.reset("On");
    await running();
    expect((await client.get(String(accepted.headers.location))).body.TaskState).toBe(state);
    expect(bmc.bios.current().LogicalProc).toBe("Enabled");
    expect(bmc.bios.pending()).toEqual(pending);
  });

  test("commits stored settings by a posted job, and cancels by deleting it", async () => {
    const settings = `${SYSTEM}/Bios/Settings`;
    const jobs = `${MANAGER}/Oem/Dell/Jobs`;
    expect((await client.post(jobs, { TargetSettingsURI: settings })).status).toBe(400);
    await client.patch(settings, { Attributes: { LogicalProc: "Disabled" } });
    const job = String((await client.post(jobs, { TargetSettingsURI: settings })).headers.location);
    await until(async () => (await client.get(job)).status === 200, "the job to be seen");
    expect((await client.delete(job)).status).toBe(200);
    await client.reset("On");
    await running();
    expect(bmc.bios.current().LogicalProc).toBe("Enabled");
  });

  test("keeps accounts in slots (13)", async () => {
    const accounts = "/redfish/v1/AccountService/Accounts";
    expect((await client.post(accounts, { UserName: "op", Password: "secret-12", RoleId: "Operator" })).status).toBe(
      405,
    );
    expect((await client.get(accounts)).body["Members@odata.count"]).toBe(16);
    expect((await client.patch(`${accounts}/1`, { UserName: "op", Password: "secret-12" })).status).toBe(400);
    expect(messageIds(await client.patch(`${accounts}/3`, { UserName: "op", RoleId: "Operator" }))).toEqual([
      "PropertyMissing",
    ]);
    const used = await client.patch(`${accounts}/3`, {
      UserName: "op",
      Password: "secret-12",
      RoleId: "Operator",
      Enabled: true,
    });
    expect(used.status).toBe(200);
    expect(bmc.accounts.authenticate("op", "secret-12")?.role).toBe("Operator");
    expect((await client.patch(`${accounts}/3`, { UserName: "", Enabled: false, Password: "x" })).status).toBe(400);
    expect((await client.patch(`${accounts}/3`, { UserName: "", Enabled: false })).status).toBe(200);
    expect(bmc.accounts.authenticate("op", "secret-12")).toBeUndefined();
    expect((await client.delete(`${accounts}/3`)).status).toBe(405);
  });

  test("has eight sessions and then RAC0218 (14)", async () => {
    const login = { UserName: "root", Password: "calvin-secret" };
    const open = () => client.post("/redfish/v1/SessionService/Sessions", login, { login: false });
    for (let count = 0; count < 8; count++) expect((await open()).status).toBe(201);
    const full = await open();
    expect(full.status).toBe(503);
    expect(messageIds(full)).toEqual(["RAC0218"]);
  });

  test("wants a body with actions and no If-Match (22, 3)", async () => {
    const path = `${SYSTEM}/Bios/Actions/Bios.ResetBios`;
    expect((await client.post(path)).status).toBe(400);
    expect((await client.post(path, {}, { headers: { "If-Match": "*" } })).status).toBe(412);
    expect((await client.post(path, {})).status).toBe(204);
  });

  test("shows one drive in two places, of which only the first boots (8)", async () => {
    const insert = (path: string, image: string) =>
      client.post(`${path}/Actions/VirtualMedia.InsertMedia`, { Image: image, Inserted: true, WriteProtected: true });
    expect((await insert(`${SYSTEM}/VirtualMedia/2`, "http://h/second.iso")).status).toBe(204);
    await client.patch(SYSTEM, { Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Cd" } });
    await client.reset("On");
    await running();
    expect(machine.boots[0]?.source).toBe("Hdd");
    expect(bmc.log.entries.map((entry) => entry.text)).toContain(
      "the boot override was skipped: no virtual CD is inserted",
    );

    expect((await insert(`${MANAGER}/VirtualMedia/CD`, "http://h/first.iso")).status).toBe(204);
    expect((await client.get(`${SYSTEM}/VirtualMedia/1`)).body).toMatchObject({
      Inserted: true,
      Image: "http://h/first.iso",
    });
    expect(messageIds(await insert(`${SYSTEM}/VirtualMedia/1`, "http://h/other.iso"))).toEqual(["VRM0012"]);
    expect((await insert(`${SYSTEM}/VirtualMedia/1`, "http://h/other")).status).toBe(400);
  });

  test("is busy after an eject, and has nothing to eject twice (10)", async () => {
    const slow = await one({ dialect: "dell", timings: { ejectMs: 60 } });
    const drive = `${SYSTEM}/VirtualMedia/1/Actions/VirtualMedia`;
    expect(messageIds(await slow.client.post(`${drive}.EjectMedia`, {}))).toEqual(["VRM0009"]);
    await slow.client.post(`${drive}.InsertMedia`, { Image: "http://h/a.iso" });
    expect((await slow.client.post(`${drive}.EjectMedia`, {})).status).toBe(204);
    expect((await slow.client.post(`${drive}.InsertMedia`, { Image: "http://h/b.iso" })).status).toBe(503);
    await until(
      async () => (await slow.client.post(`${drive}.InsertMedia`, { Image: "http://h/b.iso" })).status === 204,
      "the insert",
    );
    slow.client.close();
    await slow.rack.close();
  });

  test("boots over HTTP from BIOS attributes, whose TLS mode refuses plain http (16)", async () => {
    const boot = (await client.get(SYSTEM)).body.Boot;
    expect(Object.keys(boot ?? {})).not.toContain("HttpBootUri");
    expect((await client.patch(SYSTEM, { Boot: { HttpBootUri: "http://127.0.0.1/x.efi" } })).status).toBe(400);
    const once = { Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "UefiHttp" } };
    bmc.setBios({ HttpDev1EnDis: "Enabled", HttpDev1Uri: "http://127.0.0.1/x.efi" });
    await client.patch(SYSTEM, once);
    expect(bmc.bootPlan().source).toBe("Hdd");
    bmc.setBios({ HttpDev1TlsMode: "None" });
    expect(bmc.bootPlan()).toMatchObject({ source: "UefiHttp", httpBootUri: "http://127.0.0.1/x.efi" });
  });

  test("makes a job of the boot mode, even of the same (18), and lists boot options out of order (17)", async () => {
    await client.patch(SYSTEM, { Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Pxe" } });
    expect(bmc.tasks.scheduled()).toHaveLength(0);
    await client.patch(SYSTEM, { Boot: { BootSourceOverrideMode: "UEFI" } });
    expect(bmc.tasks.scheduled()).toHaveLength(1);
    const order = (await client.get(SYSTEM)).body.Boot?.BootOrder as unknown as string[];
    const listed = (await client.get(`${SYSTEM}/BootOptions`)).body.Members as unknown as { "@odata.id": string }[];
    expect(listed.map((entry) => entry["@odata.id"].split("/").at(-1))).not.toEqual(order);
    expect(listed).toHaveLength(order.length);
  });

  test("has ports of the old kind and NVMe drives that say PCIe", async () => {
    const adapter = "/redfish/v1/Chassis/System.Embedded.1/NetworkAdapters/NIC.Integrated.1";
    const port = await client.get(`${adapter}/NetworkPorts/NIC.Embedded.1-1-1`);
    expect(port.body).toMatchObject({ LinkStatus: "Down", CurrentLinkSpeedMbps: 0 });
    const drive = await client.get(`${SYSTEM}/Storage/CPU.1/Drives/Disk.Bay.0:Enclosure.Internal.0-1`);
    expect(drive.body).toMatchObject({ MediaType: "SSD", Protocol: "PCIe" });
  });
});
