import type { Bmc, BmcSpec } from "../../../lab/bmc";
import { Secret, secret, type Values } from "../../setup/plugin-client";
import { credentials, dialects, World, writes } from "./harness";

describe.each(dialects)("Account at %s", (dialect) => {
  let world: World;
  let bmc: Bmc;
  const start = async (spec: Partial<BmcSpec> = {}) => {
    world = await World.start([{ name: "a", dialect, ...spec }]);
    bmc = world.bmc("a");
  };
  afterEach(() => world.stop());

  const program = (more: Values = {}) => ({
    connection: world.connection(bmc),
    userName: "ops",
    password: secret("hush-Ops-0001"),
    ...more,
  });
  const own = (password: string, more: Values = {}) => ({
    connection: { endpoint: bmc.url, username: "admin", password: secret(password) },
    userName: "admin",
    password: secret(password),
    ...more,
  });
  const quiet = () => expect(world.engine.shown + JSON.stringify(world.exchanges)).not.toMatch(/hush/);

  it("rotates a password and proves it by logging in", async () => {
    await start();
    const it1 = world.deployed("Account");
    await it1.up(program());
    expect(it1.state.password).toBeInstanceOf(Secret);
    bmc.journal.clear();
    await it1.up(program({ password: secret("hush-Ops-0002") }));
    expect(bmc.accounts.byName("ops")?.password).toBe("hush-Ops-0002");
    const logins = bmc.journal.entries().filter(({ method, path }) => method === "POST" && path.endsWith("/Sessions"));
    expect(logins.at(-1)?.status).toBe(201);
    quiet();
  });

  it("fails, without keeping the password, when the BMC claims to have changed it and has not", async () => {
    await start();
    const it1 = world.deployed("Account");
    await it1.up(program());
    bmc.faults.add({ method: "PATCH", path: "**/Accounts/*", fault: { kind: "lie" } });
    await expect(it1.up(program({ password: secret("hush-Ops-0002") }))).rejects.toThrow(
      /accepted the new password of account "ops" but does not let it log in/,
    );
    expect(it1.state.password).toBeUndefined();
    bmc.faults.clear();
    await it1.up(program({ password: secret("hush-Ops-0002") }));
    expect(bmc.accounts.byName("ops")?.password).toBe("hush-Ops-0002");
    quiet();
  });

  it("tells a refused password without showing it", async () => {
    await start();
    const failure = await world
      .deployed("Account")
      .up(program({ password: secret(`hush-${"x".repeat(300)}`) }))
      .catch((error: Error) => error.message);
    expect(failure).toMatch(/https:\/\/127/);
    expect(failure).not.toMatch(/hush/);
    quiet();
  });

  it("turns a factory password that must be changed into the wanted one", async () => {
    await start({
      credentials: { username: "admin", password: "hush-factory-1" },
      factoryPasswordChangeRequired: true,
    });
    const it1 = world.deployed("Account");
    await it1.up(own("hush-Wanted-001", { factoryPassword: secret("hush-factory-1") }));
    expect(bmc.accounts.byName("admin")).toMatchObject({ password: "hush-Wanted-001", passwordChangeRequired: false });
    await it1.refresh();
    await expect(it1.up(own("hush-Wanted-001"))).resolves.toMatchObject({ did: "same" });
    await it1.up(own("hush-Wanted-002"));
    expect(bmc.accounts.byName("admin")?.password).toBe("hush-Wanted-002");
    quiet();
  });

  it("does nothing to its own account when the wanted password logs in", async () => {
    await start();
    await world.deployed("Account").up(own(credentials.password));
    expect(writes(bmc)).toEqual([]);
  });

  it("gives up after trying each known password once", async () => {
    await start();
    await expect(
      world.deployed("Account").up(own("hush-wrong-001", { factoryPassword: secret("hush-wrong-002") })),
    ).rejects.toThrow(/account "admin" logs in with none of the 2 password\(s\) given.*locked/);
    const tries = bmc.journal.entries().filter(({ method, path }) => method === "POST" && path.endsWith("/Sessions"));
    expect(tries.length).toBe(2);
    quiet();
  });

  it("does not delete the account that it logs in with", async () => {
    await start();
    const it1 = world.deployed("Account");
    await it1.up(own(credentials.password));
    bmc.journal.clear();
    await expect(it1.destroy()).rejects.toThrow(
      /is the one that is used to log in, so it is not deleted.*pulumi state delete/,
    );
    expect(bmc.journal.total).toBe(0);
  });

  it("imports without a password, which is no change until one is set", async () => {
    await start();
    await world.deployed("Account").up(program());
    await world.client.configure({ ...credentials, caBundle: world.rack.caCertificate, leaseDirectory: world.leases });
    const it1 = world.deployed("Account", "imported");
    await it1.import(`${bmc.url}/redfish/v1/AccountService/Accounts/${bmc.accounts.byName("ops")!.id}`);
    expect(it1.inputs).toEqual({
      connection: { endpoint: bmc.url },
      userName: "ops",
      role: "Administrator",
      enabled: true,
    });
    const bare = { connection: { endpoint: bmc.url }, userName: "ops" };
    await expect(it1.up(bare)).resolves.toMatchObject({ did: "same" });
    await expect(it1.up({ ...bare, password: secret("hush-Ops-0009") })).resolves.toMatchObject({ did: "update" });
    expect(bmc.accounts.byName("ops")?.password).toBe("hush-Ops-0009");
  });

  it("wants a password for an account that is not there", async () => {
    await start();
    await expect(world.deployed("Account").up(program({ password: undefined }))).rejects.toThrow(
      /there is no account "ops"; set password to create it/,
    );
  });

  it("disables, enables, and replaces under another name", async () => {
    await start();
    const it1 = world.deployed("Account");
    await it1.up(program());
    await it1.up(program({ enabled: false }));
    expect(bmc.accounts.byName("ops")?.enabled).toBe(false);
    await it1.up(program());
    expect(bmc.accounts.byName("ops")?.enabled).toBe(true);
    await expect(it1.up(program({ userName: "ops2" }))).resolves.toMatchObject({ did: "replace" });
    expect(bmc.accounts.byName("ops")).toBeUndefined();
    expect(bmc.accounts.byName("ops2")).toBeDefined();
  });

  it("finds that its place was taken by another account", async () => {
    await start();
    const it1 = world.deployed("Account");
    await it1.up(program());
    bmc.accounts.byName("ops")!.userName = "somebody";
    await expect(it1.refresh()).resolves.toBe(false);
  });
});
