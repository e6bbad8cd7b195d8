import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bmc, DialectName } from "../../../lab/bmc";
import { BmcRack, NullMachine } from "../../../lab/bmc";
import { describeWith } from "../../setup/need";
import { judges, judgesPython } from "../../setup/python";

const PASSWORD = "judge-secret-1";

/** What differs between vendors in what the judge is told, and in what it must see. */
interface Expectation {
  ask: object;
  seen: (bmc: Bmc) => object;
  macs: (bmc: Bmc) => string[];
}

const all = (bmc: Bmc) => bmc.hardware.nics.map((nic) => nic.mac).sort();

const EXPECTED: Record<DialectName, Expectation> = {
  generic: {
    ask: {
      bios: ["TurboMode", "Disabled", "Maybe"],
      mediaAt: "system",
      drive: "Cd",
      httpBoot: "http://127.0.0.1:8620/m/x/BOOTX64.EFI",
    },
    seen: () => ({
      biosBefore: "Enabled",
      biosAfterReset: "Disabled",
      boot: ["Cd", "Once", "UEFI"],
      httpBoot: "http://127.0.0.1:8620/m/x/BOOTX64.EFI",
      firmware: ["1.9.0", "2.4.1"],
    }),
    macs: all,
  },
  dell: {
    ask: { bios: ["ProcVirtualization", "Disabled", "Disable"], mediaAt: "manager", drive: "CD", httpBoot: "" },
    seen: () => ({
      biosBefore: "Enabled",
      biosAfterReset: "Disabled",
      boot: ["Cd", "Once", "UEFI"],
      firmware: ["6.00.30.00", "1.8.2"],
    }),
    macs: all,
  },
  supermicro: {
    ask: {
      bios: ["IntelVirtualizationTechnology_3C6F", "Disable", "Disabled"],
      mediaAt: "manager",
      drive: "VirtualMedia1",
      httpBoot: "http://127.0.0.1:8620/m/x/BOOTX64.EFI",
    },
    seen: () => ({
      biosBefore: "Enable",
      biosAfterReset: "Disable",
      boot: ["UsbCd", "Once", "UEFI"],
      firmware: ["01.01.01", "1.4"],
    }),
    macs: (bmc) => all({ hardware: { nics: bmc.hardware.nics.filter((nic) => nic.name.startsWith("AOC")) } } as Bmc),
  },
};

describeWith([judges()], "sushy drives the emulator", () => {
  let folder: string;
  let rack: BmcRack;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "sushy-"));
    rack = await BmcRack.start(
      (["generic", "dell", "supermicro"] as const).map((dialect, index) => ({
        name: dialect,
        dialect,
        address: `127.79.0.${index + 1}`,
        port: 0,
        credentials: { username: "root", password: PASSWORD },
        timings: { taskMs: 400 },
      })),
    );
    writeFileSync(join(folder, "ca.pem"), rack.caCertificate);
  });

  afterAll(async () => {
    await rack?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(["generic", "dell", "supermicro"] as const)("%s", async (dialect) => {
    const bmc = rack.bmc(dialect);
    const machine = new NullMachine();
    bmc.onPower(machine);
    const { ask, seen, macs } = EXPECTED[dialect];
    const image = "http://127.0.0.1:8620/m/x/boot.iso";
    const result = await judge({
      url: bmc.url,
      ca: join(folder, "ca.pem"),
      username: "root",
      password: PASSWORD,
      dialect,
      image,
      settled: 0.1,
      monitors: dialect === "dell" ? "/Tasks/" : "/TaskMonitors/",
      ...ask,
    });
    const { hardware } = bmc;
    const hasDetails = bmc.dialect.driveDetails;
    expect(result).toMatchObject({
      identity: [hardware.manufacturer, hardware.serialNumber, hardware.sku, hardware.uuid],
      links: [true, true, true],
      cpus: hardware.cpus.map((cpu) => [cpu.model, cpu.cores, cpu.threads]),
      memoryGiB: hardware.memoryGiB,
      drives: hardware.drives.map((drive) => [drive.name, drive.capacityBytes, hasDetails ? drive.mediaType : "None"]),
      macs: macs(bmc),
      adapters: 1,
      resets: [...bmc.dialect.reset.types].sort(),
      powerBefore: "Off",
      powerOn: "On",
      biosRefused: "Base.1.18.PropertyValueNotInList",
      image,
      ejected: true,
      secureBoot: [true, "Disabled"],
      processing: true,
      updated: "9.9.9",
    });
    expect(result).toMatchObject(seen(bmc));
    expect(result.biosPending).toBe(result.biosAfterReset);
    expect(result.biosUntilReset).toBe(result.biosBefore);
    expect(result.registry).toHaveLength(1);
    // What the judge did has arrived where it should.
    expect(machine.boots.map((plan) => plan.source)).toEqual(["Hdd", "Cd"]);
    expect(machine.boots[1]?.media).toMatchObject([{ url: image }]);
    expect(bmc.sessions.list()).toHaveLength(0);
  });
});

function judge(input: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const child = spawn(judgesPython() ?? "python3", [join(__dirname, "sushy_judge.py")], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(output).toString()) as Record<string, unknown>);
      else reject(new Error(`the judge ended with ${code}: ${Buffer.concat(errors).toString().slice(-3000)}`));
    });
    child.stdin.end(JSON.stringify(input));
  });
}
