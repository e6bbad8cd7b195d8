import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bmc, BmcRack, BmcSnapshot } from "../../../../lab/bmc";
import { BmcControl, controlRequest } from "../../../../lab/bmc";
import type { Client } from "./client";
import { one, spec, until } from "./client";

describe("the control socket", () => {
  let rack: BmcRack;
  let bmc: Bmc;
  let client: Client;
  let control: BmcControl;
  let folder: string;
  let socket: string;

  beforeEach(async () => {
    ({ rack, bmc, client } = await one({ poweredOn: true }));
    folder = mkdtempSync(join(tmpdir(), "bmc-control-"));
    socket = join(folder, "control.sock");
    control = await BmcControl.open(rack, socket);
  });

  afterEach(async () => {
    await control.close();
    client.close();
    await rack.close();
    rmSync(folder, { recursive: true });
  });

  const at = (action = "") => `/bmc/${bmc.name}${action && `/${action}`}`;

  test("is for this user only and tells state and journal, without passwords", async () => {
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    await client.post("/redfish/v1/Systems/1/VirtualMedia/Cd/Actions/VirtualMedia.InsertMedia", {
      Image: "http://h/a.iso",
      UserName: "u",
      Password: "media-secret",
    });
    bmc.setBootOverride({ enabled: "Once", target: "Cd" });
    bmc.power.warmReboot();
    await until(() => bmc.power.lastPlan !== undefined, "the boot");
    const state = (await controlRequest(socket, "GET", at())) as BmcSnapshot;
    expect(state.lastPlan?.media).toMatchObject([{ url: "http://h/a.iso", username: "u" }]);
    expect(state).toMatchObject({
      name: bmc.name,
      power: "On",
      media: [{ slot: "Cd", inserted: true }, { slot: "UsbStick" }],
      journal: [{ method: "POST", status: 204 }],
    });
    expect(JSON.stringify(state)).not.toMatch(/media-secret|calvin-secret/);
    expect(await controlRequest(socket, "GET", "/bmc")).toMatchObject([{ name: bmc.name, url: bmc.url }]);
    expect(await controlRequest(socket, "GET", "/ca")).toEqual({ certificate: rack.caCertificate });
  });

  test("arms and clears faults", async () => {
    await controlRequest(socket, "POST", at("fault"), { fault: { kind: "status", status: 503 } });
    expect((await client.get("/redfish/v1")).status).toBe(503);
    await controlRequest(socket, "DELETE", at("fault"));
    expect((await client.get("/redfish/v1")).status).toBe(200);
  });

  test("plays someone at the console", async () => {
    await controlRequest(socket, "POST", at("drift"), {
      power: "Off",
      boot: { enabled: "Continuous", target: "Pxe" },
      bios: { TurboMode: "Disabled" },
      hardware: { serialNumber: "OTHER" },
    });
    expect((await client.get("/redfish/v1/Systems/1")).body).toMatchObject({
      PowerState: "Off",
      SerialNumber: "OTHER",
      Boot: { BootSourceOverrideEnabled: "Continuous", BootSourceOverrideTarget: "Pxe" },
    });
    expect((await client.get("/redfish/v1/Systems/1/Bios")).body.Attributes?.TurboMode).toBe("Disabled");
    await expect(controlRequest(socket, "POST", at("drift"), { bios: { TurboMode: "Maybe" } })).rejects.toThrow(
      'the BIOS cannot take "Maybe" for TurboMode',
    );
  });

  test("kills and revives", async () => {
    await controlRequest(socket, "POST", at("dead"), { how: "refuse" });
    await expect(client.get("/redfish/v1")).rejects.toThrow("ECONNREFUSED");
    await controlRequest(socket, "POST", at("revive"));
    expect((await client.get("/redfish/v1")).status).toBe(200);
  });

  test("explains what it does not know", async () => {
    await expect(controlRequest(socket, "GET", "/bmc/nobody")).rejects.toThrow(
      `there is no BMC "nobody" in this rack; it has ${bmc.name}`,
    );
    await expect(controlRequest(socket, "POST", at("dance"))).rejects.toThrow("is not understood");
  });

  test("follows a rack that grows and shrinks", async () => {
    const added = await rack.add(spec({ name: "late" }));
    expect(await controlRequest(socket, "GET", "/bmc/late")).toMatchObject({ name: "late" });
    await expect(rack.add(spec({ name: "late" }))).rejects.toThrow('the name "late" occurs twice');
    await rack.remove("late");
    await until(
      async () => ((await controlRequest(socket, "GET", "/bmc")) as unknown[]).length === 1,
      "the rack to shrink",
    );
    expect(added.listener.port).toBeGreaterThan(0);
  });
});
