import {
  changeOwnPassword,
  clearPendingBios,
  createAccount,
  deleteAccount,
  findAccount,
  listRoles,
  mustChangePassword,
  readBios,
  setBios,
  setPower,
} from "../../../provider/redfish";
import { credentials, Emulated } from "./emulator";

describe("BIOS settings", () => {
  let lab: Emulated;
  afterEach(() => lab.close());

  it("take in what is pending when a Dell has committed it to a job", async () => {
    lab = await Emulated.start("dell");
    const client = lab.client();
    await setBios(client, { ProcVirtualization: "Disabled" });
    const second = await setBios(client, { SriovGlobalEnable: "Disabled" });
    expect(second.task).toBeDefined();
    expect(lab.bmc.bios.pending()).toMatchObject({ ProcVirtualization: "Disabled", SriovGlobalEnable: "Disabled" });
  });

  it.each(["generic", "dell", "supermicro"] as const)("are taken back while they are pending (%s)", async (dialect) => {
    lab = await Emulated.start(dialect);
    const name = {
      generic: "CpuVirtualization",
      dell: "ProcVirtualization",
      supermicro: "IntelVirtualizationTechnology",
    }[dialect];
    const client = lab.client();
    await setBios(client, { [name]: "Disabled" });
    await clearPendingBios(client);
    expect((await readBios(client)).pending).toEqual({});
  });

  it("are known at Supermicro without the hash and by Enabled (quirk 51)", async () => {
    lab = await Emulated.start("supermicro");
    const result = await setBios(lab.client(), { IntelVirtualizationTechnology: "Disabled" });
    expect(result).toMatchObject({
      names: { IntelVirtualizationTechnology: "IntelVirtualizationTechnology_3C6F" },
      written: { IntelVirtualizationTechnology_3C6F: "Disable" },
      pending: { IntelVirtualizationTechnology_3C6F: "Disable" },
    });
  });

  it.each(["generic", "dell", "supermicro"] as const)(
    "name every mistake at once, and what is allowed (%s)",
    async (dialect) => {
      lab = await Emulated.start(dialect);
      await expect(setBios(lab.client(), { Nonsense: "1", Rubbish: 2 })).rejects.toThrow(
        /"Nonsense" is unknown.*"Rubbish" is unknown/,
      );
      const name = {
        generic: "CpuVirtualization",
        dell: "ProcVirtualization",
        supermicro: "IntelVirtualizationTechnology",
      }[dialect];
      await expect(setBios(lab.client(), { [name]: "Perhaps" })).rejects.toThrow(
        /can be .*Enabled?, Disabled?|can be Disabled?, Enabled?/,
      );
      expect(lab.bmc.bios.pending()).toEqual({});
    },
  );

  it("are sent all in one request (quirk 11)", async () => {
    lab = await Emulated.start("dell");
    await setBios(lab.client(), {
      ProcVirtualization: "Disabled",
      SriovGlobalEnable: "Disabled",
      LogicalProc: "Disabled",
    });
    expect(lab.bmc.journal.count("PATCH")).toBe(1);
  });
});

describe("accounts", () => {
  let lab: Emulated;
  afterEach(() => lab.close());

  it.each(["generic", "dell", "supermicro"] as const)(
    "change their own password, also when the BMC allows nothing else (%s)",
    async (dialect) => {
      lab = await Emulated.start(dialect, { factoryPasswordChangeRequired: true });
      const factory = lab.client();
      const refused: unknown = await setPower(factory, "On").catch((error: unknown) => error);
      expect(refused).toMatchObject({
        kind: "auth",
        message: expect.stringContaining("must change its password") as string,
      });
      await expect(mustChangePassword(factory, credentials.username)).resolves.toBe(true);
      await changeOwnPassword(factory, credentials.username, "Changed-pass-9");
      const changed = lab.client({}, { password: "Changed-pass-9" });
      await expect(mustChangePassword(changed, credentials.username)).resolves.toBe(false);
      await expect(setPower(changed, "On")).resolves.toMatchObject({ powerState: "On" });
      await expect(setPower(lab.client(), "Off")).rejects.toMatchObject({ kind: "auth" });
    },
  );

  it("use slots 3 and up at Dell, and leave root alone (quirk 13)", async () => {
    lab = await Emulated.start("dell");
    const client = lab.client();
    const account = await createAccount(client, { username: "deploy", password: "Deploy-pass-77" });
    expect(account).toMatchObject({ id: "3", role: "Administrator", enabled: true });
    await deleteAccount(client, account);
    expect(lab.bmc.accounts.get("3")).toMatchObject({ userName: "", enabled: false });
    await expect(findAccount(client, "deploy")).resolves.toBeUndefined();
    await expect(findAccount(client, credentials.username)).resolves.toMatchObject({ username: credentials.username });
  });

  it("say that all slots are taken", async () => {
    lab = await Emulated.start("dell");
    for (let id = 1; id <= 16; id++) {
      const slot = lab.bmc.accounts.get(String(id));
      if (slot && slot.userName === "") Object.assign(slot, { userName: `user${id}`, enabled: true });
    }
    await expect(createAccount(lab.client(), { username: "deploy", password: "Deploy-pass-77" })).rejects.toThrow(
      "account slots are taken",
    );
  });

  it("have the roles that the BMC lists", async () => {
    lab = await Emulated.start("generic");
    await expect(listRoles(lab.client())).resolves.toEqual(
      expect.arrayContaining(["Administrator", "Operator", "ReadOnly"]),
    );
  });

  it("never show a password that the BMC refuses", async () => {
    lab = await Emulated.start("generic");
    const error: unknown = await createAccount(lab.client(), { username: "deploy", password: "pw" }).catch(
      (caught: unknown) => caught,
    );
    const text = error instanceof Error ? `${error.message} ${JSON.stringify(error)}` : "";
    expect(text).not.toMatch(/"pw"|\bpw\b/);
  });
});
