import type { Bmc, BmcRack, BootPlan, Machine } from "../../../../lab/bmc";
import { NullMachine } from "../../../../lab/bmc";
import type { Client } from "./client";
import { messageIds, one, until } from "./client";

const SYSTEM = "/redfish/v1/Systems/1";

describe("a generic BMC", () => {
  let rack: BmcRack;
  let bmc: Bmc;
  let client: Client;

  beforeEach(async () => {
    ({ rack, bmc, client } = await one());
  });

  afterEach(async () => {
    client.close();
    await rack.close();
  });

  test("serves the service root without a login, and nothing else", async () => {
    const root = await client.get("/redfish/v1/", { login: false });
    expect(root.status).toBe(200);
    expect(root.headers["odata-version"]).toBe("4.0");
    expect(root.body).toMatchObject({ "@odata.id": "/redfish/v1/", Systems: { "@odata.id": "/redfish/v1/Systems" } });
    expect((await client.get("/redfish", { login: false })).body).toEqual({ v1: "/redfish/v1/" });
    expect((await client.get("/redfish/v1/$metadata", { login: false })).text).toContain("edmx:Edmx");
    const refused = await client.get(SYSTEM, { login: false });
    expect(refused.status).toBe(401);
    expect(refused.headers["www-authenticate"]).toMatch(/^Basic/);
    expect(messageIds(refused)).toEqual(["NoValidSession"]);
  });

  test("shows a certificate for its address, signed by the rack", async () => {
    await client.get("/redfish/v1");
    expect(client.peer?.subjectaltname).toBe(`IP Address:${bmc.spec.address}`);
    expect(client.peer?.fingerprint256).toBe((await bmc.certificate()).fingerprint256);
  });

  test("opens and ends sessions", async () => {
    const sessions = "/redfish/v1/SessionService/Sessions";
    const wrong = await client.post(sessions, { UserName: "root", Password: "guess" }, { login: false });
    expect(wrong.status).toBe(401);
    const made = await client.post(sessions, { UserName: "root", Password: "calvin-secret" }, { login: false });
    expect(made.status).toBe(201);
    expect(made.text).not.toContain("calvin-secret");
    const token = String(made.headers["x-auth-token"]);
    const location = String(made.headers.location);
    const headers = { "X-Auth-Token": token };
    expect((await client.get(SYSTEM, { headers })).status).toBe(200);
    expect((await client.delete(location, { headers })).status).toBe(204);
    expect((await client.get(SYSTEM, { headers })).status).toBe(401);
  });

  test("ends idle sessions and refuses more than it has", async () => {
    const small = await one({ sessionTimeoutSeconds: 0.05, sessionCap: 1 });
    const sessions = "/redfish/v1/SessionService/Sessions";
    const login = { UserName: "root", Password: "calvin-secret" };
    const first = await small.client.post(sessions, login, { login: false });
    expect(first.status).toBe(201);
    const second = await small.client.post(sessions, login, { login: false });
    expect(second.status).toBe(503);
    expect(messageIds(second)).toEqual(["SessionLimitExceeded"]);
    await new Promise((resolve) => setTimeout(resolve, 80));
    const headers = { "X-Auth-Token": String(first.headers["x-auth-token"]) };
    expect((await small.client.get(SYSTEM, { headers })).status).toBe(401);
    expect((await small.client.post(sessions, login, { login: false })).status).toBe(201);
    small.client.close();
    await small.rack.close();
  });

  test("powers the machine on through POST and off again", async () => {
    const machine = new NullMachine();
    bmc.onPower(machine);
    expect((await client.reset("On")).status).toBe(204);
    expect((await client.get(SYSTEM)).body.PowerState).toBe("PoweringOn");
    await until(() => bmc.power.progress === "OSRunning", "the system to run");
    expect((await client.get(SYSTEM)).body).toMatchObject({
      PowerState: "On",
      BootProgress: { LastState: "OSRunning" },
    });
    expect(machine.boots).toMatchObject([{ source: "Hdd", overridden: false, mode: "UEFI" }]);
    await client.reset("ForceOff");
    await until(() => bmc.power.state === "Off", "the server to be off");
    expect((await client.reset("ForceOff")).status).toBe(204);
    expect((await client.reset("GracefulRestart")).status).toBe(409);
  });

  test("boots once from an inserted medium and goes back to the boot order", async () => {
    const machine = new NullMachine();
    bmc.onPower(machine);
    const drive = `${SYSTEM}/VirtualMedia/Cd`;
    const inserted = await client.post(`${drive}/Actions/VirtualMedia.InsertMedia`, {
      Image: "http://127.0.0.1:8620/m/abc/boot.iso",
    });
    expect(inserted.status).toBe(204);
    expect((await client.get(drive)).body).toMatchObject({
      Inserted: true,
      ImageName: "boot.iso",
      ConnectedVia: "URI",
      TransferProtocolType: "HTTP",
    });
    const patched = await client.patch(SYSTEM, {
      Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Cd", BootSourceOverrideMode: "UEFI" },
    });
    expect(patched.status).toBe(200);
    await client.reset("On");
    await until(() => machine.boots.length === 1, "the first boot");
    expect(machine.boots[0]).toMatchObject({
      source: "Cd",
      once: true,
      overridden: true,
      fallbacks: ["Hdd", "Pxe"],
      media: [{ slot: "Cd", url: "http://127.0.0.1:8620/m/abc/boot.iso" }],
    });
    expect((await client.get(SYSTEM)).body.Boot).toMatchObject({
      BootSourceOverrideEnabled: "Disabled",
      BootSourceOverrideTarget: "None",
    });
    await client.reset("ForceRestart");
    await until(() => machine.boots.length === 2, "the second boot");
    expect(machine.boots[1]).toMatchObject({ source: "Hdd", overridden: false });
    await client.post(`${drive}/Actions/VirtualMedia.EjectMedia`);
    expect((await client.get(drive)).body).toMatchObject({ Inserted: false, Image: null });
  });

  test("hands over HTTP boot with its certificates", async () => {
    const machine = new NullMachine();
    bmc.onPower(machine);
    await client.post(`${SYSTEM}/Boot/Certificates`, { CertificateString: rack.caCertificate, CertificateType: "PEM" });
    const boot = {
      BootSourceOverrideEnabled: "Continuous",
      BootSourceOverrideTarget: "UefiHttp",
      HttpBootUri: "https://127.0.0.1:8620/m/abc/BOOTX64.EFI",
    };
    expect((await client.patch(SYSTEM, { Boot: boot })).status).toBe(200);
    await client.reset("On");
    await until(() => machine.boots.length === 1, "the boot");
    expect(machine.boots[0]).toMatchObject({
      source: "UefiHttp",
      httpBootUri: boot.HttpBootUri,
      once: false,
      caCertificates: [rack.caCertificate],
    });
    expect((await client.get(SYSTEM)).body.Boot?.BootSourceOverrideEnabled).toBe("Continuous");
  });

  test("aborts a boot when power is cut, and says why one failed", async () => {
    const aborted: boolean[] = [];
    const machine: Machine = {
      powerOn: (_plan: BootPlan, signal: AbortSignal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.push(true);
            reject(new Error("power was cut"));
          });
        }),
      powerOff: () => Promise.resolve(),
    };
    bmc.onPower(machine);
    await client.reset("On");
    await until(() => bmc.power.progress === "OSBootStarted", "the boot to start");
    await client.reset("ForceOff");
    await until(() => bmc.power.state === "Off", "the server to be off");
    expect(aborted).toEqual([true]);
    expect(bmc.power.lastFailure).toBeUndefined();

    bmc.onPower({ powerOn: () => Promise.reject(new Error("no bootable device")), powerOff: () => Promise.resolve() });
    await client.reset("On");
    await until(() => bmc.power.lastFailure !== undefined, "the failure");
    expect(bmc.power.lastFailure).toBe("no bootable device");
  });

  test("lets the machine restart itself, eject, and shut down", async () => {
    const machine = new NullMachine();
    const firmware = bmc.onPower(machine);
    await client.post(`${SYSTEM}/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia`, { Image: "http://h/x.iso" });
    await client.patch(SYSTEM, { Boot: { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Cd" } });
    await client.reset("On");
    await until(() => bmc.power.progress === "OSRunning", "the installer");
    firmware.eject();
    firmware.hostName("node-1");
    firmware.reboot();
    await until(() => machine.boots.length === 2, "the installed system");
    expect(machine.boots.map((plan) => plan.source)).toEqual(["Cd", "Hdd"]);
    expect((await client.get(SYSTEM)).body.HostName).toBe("node-1");
    firmware.poweredOff();
    expect((await client.get(SYSTEM)).body.PowerState).toBe("Off");
  });

  test("applies BIOS settings at the next reset, all or none", async () => {
    const settings = `${SYSTEM}/Bios/Settings`;
    const wrong = await client.patch(settings, {
      Attributes: { CpuVirtualization: "Maybe", NumaNodesPerSocket: 9, Nonsense: 1, SerialNumber: "x" },
    });
    expect(wrong.status).toBe(400);
    expect(messageIds(wrong)).toEqual([
      "PropertyValueNotInList",
      "PropertyValueOutOfRange",
      "PropertyUnknown",
      "PropertyNotWritable",
    ]);
    const good = await client.patch(settings, { Attributes: { CpuVirtualization: "Disabled", NumaNodesPerSocket: 4 } });
    expect(good.status).toBe(200);
    const bios = async () => (await client.get(`${SYSTEM}/Bios`)).body.Attributes;
    expect(await bios()).toMatchObject({ CpuVirtualization: "Enabled", NumaNodesPerSocket: 1 });
    expect((await client.get(settings)).body.Attributes).toMatchObject({
      CpuVirtualization: "Disabled",
      TurboMode: "Enabled",
    });
    await client.reset("On");
    await until(() => bmc.power.progress === "OSRunning", "the system to run");
    expect(await bios()).toMatchObject({ CpuVirtualization: "Disabled", NumaNodesPerSocket: 4 });
    await client.post(`${SYSTEM}/Bios/Actions/Bios.ResetBios`);
    await client.reset("ForceRestart");
    await until(() => bmc.power.progress === "OSRunning" && !bmc.bios.defaultsPending, "the restart");
    expect(await bios()).toMatchObject({ CpuVirtualization: "Enabled", NumaNodesPerSocket: 1 });
  });

  test("refuses changes while the self test runs", async () => {
    const slow = await one({ timings: { postMs: 60_000 } });
    await slow.client.reset("On");
    await until(() => slow.bmc.power.inPost, "the self test");
    const refused = await slow.client.patch(SYSTEM, { Boot: { BootSourceOverrideTarget: "Pxe" } });
    expect(refused.status).toBe(409);
    expect(messageIds(refused)).toEqual(["ResourceInUse"]);
    expect((await slow.client.reset("GracefulShutdown")).status).toBe(409);
    expect((await slow.client.reset("ForceOff")).status).toBe(204);
    slow.client.close();
    await slow.rack.close();
  });

  test("makes, changes and deletes accounts, and honours their roles", async () => {
    const accounts = "/redfish/v1/AccountService/Accounts";
    const made = await client.post(accounts, { UserName: "op", Password: "operator-1", RoleId: "Operator" });
    expect(made.status).toBe(201);
    expect(made.text).not.toContain("operator-1");
    const location = String(made.headers.location);
    const again = await client.post(accounts, { UserName: "op", Password: "operator-1", RoleId: "Operator" });
    expect(messageIds(again)).toEqual(["ResourceAlreadyExists"]);
    const short = await client.post(accounts, { UserName: "x", Password: "abc", RoleId: "Operator" });
    expect(short.status).toBe(400);
    expect(short.text).not.toContain("abc");
    client.username = "op";
    client.password = "operator-1";
    expect((await client.reset("On")).status).toBe(204);
    expect((await client.delete(location)).status).toBe(403);
    expect((await client.patch(location, { Password: "operator-2" })).status).toBe(200);
    expect((await client.get(SYSTEM)).status).toBe(401);
    client.password = "operator-2";
    expect((await client.patch(location, { RoleId: "Administrator" })).status).toBe(400);
    client.username = "root";
    client.password = "calvin-secret";
    expect((await client.delete(location)).status).toBe(204);
    expect((await client.get(location)).status).toBe(404);
    expect(messageIds(await client.delete(`${accounts}/1`))).toEqual(["ResourceCannotBeDeleted"]);
  });

  test("demands a new password where the factory's is set", async () => {
    const fresh = await one({ factoryPasswordChangeRequired: true });
    const own = "/redfish/v1/AccountService/Accounts/1";
    const login = { UserName: "root", Password: "calvin-secret" };
    const session = await fresh.client.post("/redfish/v1/SessionService/Sessions", login, { login: false });
    expect(session.status).toBe(201);
    expect(session.text).toContain("PasswordChangeRequired");
    const headers = { "X-Auth-Token": String(session.headers["x-auth-token"]) };
    const refused = await fresh.client.get(SYSTEM, { headers });
    expect(refused.status).toBe(403);
    expect(refused.body.error?.["@Message.ExtendedInfo"]).toMatchObject([{ MessageArgs: [own] }]);
    expect((await fresh.client.patch(own, { Password: "new-password" }, { headers })).status).toBe(200);
    expect((await fresh.client.get(SYSTEM, { headers })).status).toBe(200);
    expect((await fresh.client.get(SYSTEM)).status).toBe(401);
    fresh.client.close();
    await fresh.rack.close();
  });

  test("checks ETags", async () => {
    const before = await client.get(SYSTEM);
    const etag = String(before.headers.etag);
    expect(before.body["@odata.etag"]).toBe(etag);
    expect((await client.get(SYSTEM, { headers: { "If-None-Match": etag } })).status).toBe(304);
    expect((await client.patch(SYSTEM, { AssetTag: "a1" }, { headers: { "If-Match": etag } })).status).toBe(200);
    const stale = await client.patch(SYSTEM, { AssetTag: "a2" }, { headers: { "If-Match": etag } });
    expect(stale.status).toBe(412);
    expect(messageIds(stale)).toEqual(["PreconditionFailed"]);
    expect((await client.patch(SYSTEM, { AssetTag: "a3" }, { headers: { "If-Match": "*" } })).status).toBe(200);
    expect(bmc.assetTag).toBe("a3");
  });

  test("refuses bad requests precisely", async () => {
    const statusOf = async (method: string, path: string, options = {}) =>
      (await client.send(method, path, options)).status;
    expect(await statusOf("GET", "/redfish/v1/Systems/2")).toBe(404);
    expect(await statusOf("DELETE", SYSTEM)).toBe(405);
    expect((await client.send("PUT", SYSTEM)).headers.allow).toBe("GET, HEAD, PATCH");
    expect(await statusOf("PATCH", SYSTEM, { rawBody: "{" })).toBe(400);
    expect(await statusOf("PATCH", SYSTEM, { rawBody: "[1]" })).toBe(400);
    expect(await statusOf("PATCH", SYSTEM, { body: {} })).toBe(400);
    expect(await statusOf("PATCH", SYSTEM, { body: { "@odata.id": "x" } })).toBe(400);
    expect(await statusOf("PATCH", SYSTEM, { rawBody: "a=b", headers: { "Content-Type": "text/plain" } })).toBe(415);
    expect(await statusOf("PATCH", SYSTEM, { rawBody: `{"AssetTag":"${"x".repeat(300_000)}"}` })).toBe(413);
    expect(await statusOf("GET", SYSTEM, { headers: { Accept: "image/png" } })).toBe(406);
    expect(await statusOf("GET", SYSTEM, { headers: { "OData-Version": "3.0" } })).toBe(412);
    const mixed = await client.patch(SYSTEM, { AssetTag: "mixed", PowerState: "On", Colour: "red" });
    expect(mixed.status).toBe(200);
    expect(mixed.body["@Message.ExtendedInfo"]).toMatchObject([
      { MessageId: "Base.1.18.PropertyNotWritable" },
      { MessageId: "Base.1.18.PropertyUnknown" },
    ]);
    expect((await client.reset("Explode")).status).toBe(400);
    expect(
      messageIds(await client.post(`${SYSTEM}/Actions/ComputerSystem.Reset`, { ResetType: "On", Now: true })),
    ).toEqual(["ActionParameterUnknown"]);
  });

  test("answers queries: expand, select, only, paging", async () => {
    const expanded = await client.get("/redfish/v1/Systems?$expand=.($levels=2)");
    expect(expanded.body.Members).toMatchObject([{ Id: "1", Bios: { Id: "Bios" }, Links: { Chassis: [{}] } }]);
    expect(JSON.stringify(expanded.body.Members)).not.toContain('"ChassisType"');
    expect((await client.get("/redfish/v1/Systems?only")).body.Id).toBe("1");
    const selected = await client.get(`${SYSTEM}?$select=PowerState`);
    expect(Object.keys(selected.body).filter((key) => !key.startsWith("@"))).toEqual(["PowerState"]);
    expect((await client.get(`${SYSTEM}?$expand=.($levels=9)`)).status).toBe(400);
    expect((await client.get(`${SYSTEM}?$filter=x`)).status).toBe(501);
    expect((await client.get(`${SYSTEM}?$top=1`)).status).toBe(400);
    expect((await client.get(`${SYSTEM}/Memory?$skip=-1`)).status).toBe(400);

    const paged = await one({ pageSize: 3 });
    const members: unknown[] = [];
    let next: string | undefined = `${SYSTEM}/Memory`;
    let pages = 0;
    while (next !== undefined) {
      const answer = await paged.client.get(next);
      members.push(...(answer.body.Members as unknown as unknown[]));
      next = answer.body["Members@odata.nextLink"] as unknown as string | undefined;
      pages += 1;
    }
    expect([members.length, pages]).toEqual([4, 2]);
    paged.client.close();
    await paged.rack.close();
  });

  test("does actions as tasks where it is told to", async () => {
    const slow = await one({ asynchronousActions: true });
    const accepted = await slow.client.reset("On");
    expect(accepted.status).toBe(202);
    const monitor = String(accepted.headers.location);
    expect((await slow.client.get(monitor)).status).toBe(202);
    await until(async () => (await slow.client.get(monitor)).status === 204, "the task to end");
    expect((await slow.client.get(String(accepted.body["@odata.id"]))).body).toMatchObject({
      TaskState: "Completed",
      TaskStatus: "OK",
      PercentComplete: 100,
    });
    await until(() => slow.bmc.power.state === "On", "the server to be on");
    slow.client.close();
    await slow.rack.close();
  });

  test("goes away when it restarts and comes back without sessions", async () => {
    const login = { UserName: "root", Password: "calvin-secret" };
    const session = await client.post("/redfish/v1/SessionService/Sessions", login, { login: false });
    const headers = { "X-Auth-Token": String(session.headers["x-auth-token"]) };
    const reset = await client.post("/redfish/v1/Managers/BMC/Actions/Manager.Reset", { ResetType: "GracefulRestart" });
    expect(reset.status).toBe(204);
    await until(
      async () =>
        client.get(SYSTEM).then(
          () => false,
          (error: { code?: string }) => error.code === "ECONNREFUSED",
        ),
      "the BMC to be away",
    );
    await until(
      async () =>
        client.get(SYSTEM).then(
          (answer) => answer.status === 200,
          () => false,
        ),
      "the BMC to be back",
    );
    expect((await client.get(SYSTEM, { headers })).status).toBe(401);
  });

  test("keeps a journal", async () => {
    bmc.journal.clear();
    await Promise.all([client.get(SYSTEM), client.get(`${SYSTEM}/Bios`), client.reset("On")]);
    await until(() => bmc.journal.total === 3, "the journal");
    expect(bmc.journal.writes).toBe(1);
    expect(bmc.journal.count("GET", "/Bios")).toBe(1);
    expect(bmc.journal.entries().find((entry) => entry.method === "POST")).toMatchObject({ status: 204, user: "root" });
  });
});
