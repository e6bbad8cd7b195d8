import fc from "fast-check";
import { Accounts, Sessions } from "../../../../lab/bmc/accounts";
import { Bios } from "../../../../lab/bmc/bios";
import { DIALECTS } from "../../../../lab/bmc/dialects";
import { FaultInjector, globPattern, randomFrom } from "../../../../lab/bmc/faults";
import { BASE_MESSAGES, base, extendedInfo } from "../../../../lab/bmc/http/messages";
import { Router } from "../../../../lab/bmc/http/router";
import { Journal } from "../../../../lab/bmc/journal";
import { VirtualMedia } from "../../../../lab/bmc/media";
import { routerFor } from "../../../../lab/bmc/resources";
import { Tasks } from "../../../../lab/bmc/tasks";

describe("faults", () => {
  test.each([
    ["/redfish/v1/Systems/*", "/redfish/v1/Systems/1", true],
    ["/redfish/v1/Systems/*", "/redfish/v1/Systems/1/Bios", false],
    ["/redfish/v1/**", "/redfish/v1/Systems/1/Bios", true],
    ["**/Bios", "/redfish/v1/Systems/1/Bios", true],
    ["/a.b", "/axb", false],
    ["/a(1)", "/a(1)", true],
  ])("pattern %s on %s: %s", (glob, path, matches) => expect(globPattern(glob).test(path)).toBe(matches));

  test("the same seed strikes the same requests", () => {
    const strikes = (seed: number) => {
      const faults = new FaultInjector(seed);
      faults.add({ probability: 0.5, fault: { kind: "status", status: 500 } });
      return Array.from({ length: 64 }, () => faults.strike("GET", "/").length).join("");
    };
    expect(strikes(7)).toBe(strikes(7));
    expect(strikes(7)).not.toBe(strikes(8));
    expect(strikes(7)).toMatch(/01|10/);
  });

  test("random numbers stay within bounds", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = randomFrom(seed);
        for (let count = 0; count < 20; count++) {
          const value = random();
          if (value < 0 || value >= 1) return false;
        }
        return true;
      }),
    );
  });

  test("one fault besides latencies strikes at a time", () => {
    const faults = new FaultInjector(1);
    faults.add({ fault: { kind: "latency", milliseconds: 1 } });
    faults.add({ id: "first", method: ["GET", "HEAD"], fault: { kind: "lie" } });
    faults.add({ id: "second", fault: { kind: "lie" } });
    expect(faults.strike("GET", "/").map((strike) => strike.id)).toEqual(["fault-1", "first"]);
    expect(faults.strike("POST", "/").map((strike) => strike.id)).toEqual(["fault-1", "second"]);
    expect(faults.remove("second")).toBe(true);
    expect(faults.strike("POST", "/")).toHaveLength(1);
  });
});

describe("sessions", () => {
  test("end when idle for too long, and use prolongs them", () => {
    const sessions = new Sessions(10, 2);
    const token = sessions.open("1", "::1", 0)?.token ?? "";
    expect(sessions.use(token, 9_000)?.id).toBe("1");
    expect(sessions.use(token, 18_000)?.id).toBe("1");
    expect(sessions.use(token, 29_000)).toBeUndefined();
  });

  test("are limited, and an expired one makes room", () => {
    const sessions = new Sessions(10, 2);
    expect([sessions.open("1", "", 0), sessions.open("1", "", 5_000)].every(Boolean)).toBe(true);
    expect(sessions.open("1", "", 6_000)).toBeUndefined();
    expect(sessions.open("1", "", 11_000)).toBeDefined();
  });
});

describe("accounts", () => {
  const make = (style: "generic" | "dell" | "supermicro") =>
    new Accounts(DIALECTS[style].accounts, { username: "admin", password: "right" }, false);

  test("lock after too many failures, for a while", () => {
    const accounts = make("supermicro");
    for (let count = 0; count < 3; count++) expect(accounts.authenticate("admin", "wrong", 0)).toBeUndefined();
    expect(accounts.authenticate("admin", "right", 29_999)).toBeUndefined();
    expect(accounts.authenticate("admin", "right", 30_000)?.id).toBe("2");
  });

  test("an empty slot opens for nobody", () => {
    const accounts = make("dell");
    expect(accounts.list()).toHaveLength(16);
    expect(accounts.authenticate("", "")).toBeUndefined();
  });

  test("have room for as many as the vendor says", () => {
    const accounts = make("generic");
    const add = (name: string) =>
      accounts.add({
        userName: name,
        password: "12345678",
        role: "ReadOnly",
        enabled: true,
        passwordChangeRequired: false,
      });
    const made = Array.from({ length: 20 }, (_, index) => add(`user-${index}`)?.id);
    expect(made.filter((id) => id !== undefined)).toHaveLength(14);
    expect(made.slice(0, 2)).toEqual(["2", "3"]);
  });
});

describe("BIOS", () => {
  const make = (dialect: "generic" | "dell" = "generic") =>
    new Bios(DIALECTS[dialect].bios, () => DIALECTS[dialect].hardware(1));

  test.each([
    ["TurboMode", "Disabled", undefined],
    ["TurboMode", "disabled", "PropertyValueNotInList"],
    ["TurboMode", true, "PropertyValueTypeError"],
    ["NumaNodesPerSocket", 4, undefined],
    ["NumaNodesPerSocket", 0, "PropertyValueOutOfRange"],
    ["NumaNodesPerSocket", 1.5, "PropertyValueTypeError"],
    ["NumaNodesPerSocket", "1", "PropertyValueTypeError"],
    ["QuietBoot", false, undefined],
    ["QuietBoot", "false", "PropertyValueTypeError"],
    ["AdminPhone", "x".repeat(40), undefined],
    ["AdminPhone", "x".repeat(41), "PropertyValueFormatError"],
    ["SerialNumber", "x", "PropertyNotWritable"],
    ["Missing", 1, "PropertyUnknown"],
  ])("%s = %j: %s", (name, value, problem) => {
    const [message] = make().check({ [name]: value });
    expect(message?.id.split(".").at(-1)).toBe(problem);
  });

  test("a refused password is not shown", () => {
    expect(JSON.stringify(make().check({ AdminPassword: "p".repeat(33) }))).not.toContain("ppp");
  });

  test("nothing comes into force before it is committed and the server reset", () => {
    const bios = make("dell");
    bios.stage({ LogicalProc: "Disabled", ProcTurboMode: "Enabled" });
    expect(bios.pending()).toEqual({ LogicalProc: "Disabled" });
    expect(bios.apply()).toBe(false);
    bios.committed = true;
    expect(bios.apply()).toBe(true);
    expect(bios.current().LogicalProc).toBe("Disabled");
    expect(bios.apply()).toBe(false);
  });

  test("a password is taken and never shown", () => {
    const bios = make();
    bios.stage({ AdminPassword: "secret", TurboMode: "Disabled" });
    expect(bios.pending()).toEqual({ AdminPassword: null, TurboMode: "Disabled" });
    expect(JSON.stringify(bios.shownPending())).not.toContain("secret");
    bios.committed = true;
    bios.apply();
    expect(bios.current()).toMatchObject({ AdminPassword: null, TurboMode: "Disabled" });
    expect(JSON.stringify([bios.current(), bios.shownPending()])).not.toContain("secret");
  });

  test("hardware decides what it starts with", () => {
    const hardware = { ...DIALECTS.dell.hardware(1), virtualization: false, sriov: false, tpm: null };
    const bios = new Bios(DIALECTS.dell.bios, () => hardware);
    expect(bios.current()).toMatchObject({
      ProcVirtualization: "Disabled",
      SriovGlobalEnable: "Disabled",
      TpmSecurity: "Off",
      SystemServiceTag: hardware.sku,
    });
  });
});

describe("tasks", () => {
  test("keep a hundred, and never forget one that runs", () => {
    const tasks = new Tasks(String, 0, 0);
    const running = tasks.schedule("waits", () => undefined);
    for (let count = 0; count < 150; count++) tasks.runNow(tasks.schedule("quick", () => undefined));
    expect(tasks.list()).toHaveLength(100);
    expect(tasks.get(running.id)).toBe(running);
    tasks.close();
  });
});

describe("virtual media", () => {
  test("lists the bootable medium first and forgets logins with the medium", () => {
    const { slots } = DIALECTS.generic.media;
    const media = new VirtualMedia(slots, false);
    media.insert("UsbStick", { image: "http://h/s.img", writeProtected: false });
    media.insert("Cd", { image: "http://h/c.iso", username: "u", password: "p", writeProtected: true });
    expect(media.inserted().map((medium) => medium.slot)).toEqual(["Cd", "UsbStick"]);
    media.insert("Cd", { image: "http://h/d.iso", writeProtected: true });
    expect(media.inserted()[0]).toMatchObject({ url: "http://h/d.iso", username: undefined, password: undefined });
    expect(() => media.eject("Tape")).toThrow("there is no virtual drive Tape; there are Cd, UsbStick");
  });
});

describe("the service's tables", () => {
  test("messages have as many arguments as they say", () => {
    for (const [name, message] of Object.entries(BASE_MESSAGES)) {
      const used = new Set(message.text.match(/%\d/g) ?? []).size;
      expect({ name, fits: used <= message.args }).toEqual({ name, fits: true });
    }
    expect(extendedInfo(base("PropertyValueNotInList", "a", "b"))).toMatchObject({
      MessageId: "Base.1.18.PropertyValueNotInList",
      Message: "a is not an allowed value of b.",
    });
  });

  test("a fixed segment wins over a variable one, and two routes cannot share a pattern", () => {
    const get = () => ({});
    const router = new Router([
      { pattern: "/a/:x", get },
      { pattern: "/a/b", open: true, get },
    ]);
    expect(router.find("/a/b")?.route.open).toBe(true);
    expect(router.find("/a/c")?.params).toEqual({ x: "c" });
    expect(router.find("/a")).toBeUndefined();
    expect(() => new Router([{ pattern: "/a" }, { pattern: "/a" }])).toThrow("two routes have the pattern /a");
  });

  test.each(Object.values(DIALECTS))("$name is whole", (dialect) => {
    expect(routerFor(dialect)).toBe(routerFor(dialect));
    expect(routerFor(dialect).routes.length).toBeGreaterThan(45);
    expect(dialect.boot.targets).toContain(dialect.boot.virtualCd);
    expect(dialect.boot.order.every((id) => dialect.boot.options.some((option) => option.id === id))).toBe(true);
    const [one, other] = [dialect.hardware(1), dialect.hardware(2)];
    expect(one.uuid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect([one.serialNumber, one.uuid, one.nics[0]?.mac]).not.toEqual([
      other.serialNumber,
      other.uuid,
      other.nics[0]?.mac,
    ]);
    const switches = dialect.bios.attributes.filter((attribute) => attribute.values);
    expect(switches.every((attribute) => attribute.values?.includes(String(attribute.initial)))).toBe(true);
  });

  test("the journal keeps the latest", () => {
    const journal = new Journal(4);
    for (let count = 1; count <= 20; count++) {
      journal.begin();
      journal.end({ at: 0, method: count % 2 ? "GET" : "POST", path: `/${count}`, status: 200, milliseconds: 0 });
    }
    expect(journal.entries().map((entry) => entry.path)).toEqual(["/17", "/18", "/19", "/20"]);
    expect([journal.total, journal.writes, journal.peakConcurrency]).toEqual([20, 10, 1]);
  });
});
