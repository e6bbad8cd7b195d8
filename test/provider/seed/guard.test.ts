import { existsSync } from "node:fs";
import path from "node:path";
import { renderSeed, type SeedInput } from "../../../provider/seed";
import { seedInput } from "../../unit/provider/seed/fixtures";
import { FakeMachine, type FakeDisk, type Outcome } from "./machine";

const script = path.resolve(__dirname, "../../../provider/seed/scripts/guard.sh");
const uuid = "4c4c4544-0042-3510-8052-b4c04f4b3732";
let machine: FakeMachine;
let seedUrl: string;

beforeEach(async () => {
  machine = new FakeMachine();
  seedUrl = await machine.start();
  machine.identity("ABC123", uuid);
});
afterEach(() => machine.close());

async function guard(changes: Partial<SeedInput>, disks: FakeDisk[]): Promise<Outcome & { disk?: string }> {
  for (const disk of disks) machine.disk(disk);
  const input = seedInput("debian", { rootDisk: undefined, keepDisks: [], seedUrl, ...changes });
  const environment = renderSeed(input).files.find((file) => file.path === "guard.env")!.content;
  const outcome = await machine.run("sh", script, environment);
  return { ...outcome, disk: existsSync(machine.at("run/disk")) ? machine.read("run/disk").trim() : undefined };
}

const small = { name: "sda", sizeGb: 8, serial: "SMALL" };
const large = { name: "sdb", sizeGb: 20, serial: "LARGE", rotational: true };
const nvme = { name: "nvme0n1", sizeGb: 12, serial: "NVME1", model: "Fast Drive 9000", wwid: "eui.0025388b01c4a5f0" };

describe("the choice of the root disk", () => {
  const choices: [string, Partial<SeedInput>, FakeDisk[], string][] = [
    ["the smallest", {}, [large, small, nvme], "sda"],
    ["the first of equals", {}, [{ ...small, name: "sdc", serial: "X" }, small], "sda"],
    ["by type NVMe", { rootDisk: { type: "NVMe" } }, [small, nvme], "nvme0n1"],
    ["by type HDD", { rootDisk: { type: "HDD" } }, [small, large], "sdb"],
    ["SSD includes NVMe", { rootDisk: { type: "SSD", minSizeGb: 10 } }, [small, large, nvme], "nvme0n1"],
    ["by smallest size", { rootDisk: { minSizeGb: 15 } }, [small, large, nvme], "sdb"],
    ["by largest size", { rootDisk: { minSizeGb: 9, maxSizeGb: 13 } }, [small, large, nvme], "nvme0n1"],
    ["by serial number, any case", { rootDisk: { serialNumber: "large" } }, [small, large], "sdb"],
    [
      "by serial number in a vital product data page",
      { rootDisk: { serialNumber: "PAGED" } },
      [small, { ...large, serial: "PAGED", serialFile: "device/vpd_pg80" }],
      "sdb",
    ],
    [
      "by serial number of a virtual disk",
      { rootDisk: { serialNumber: "virtio" } },
      [small, { name: "vda", sizeGb: 9, serial: "virtio", serialFile: "serial" }],
      "vda",
    ],
    ["by part of the model", { rootDisk: { model: "drive 9000" } }, [small, nvme], "nvme0n1"],
    ["by WWN, however it is written", { rootDisk: { wwn: "0x0025388B01C4A5F0" } }, [small, nvme], "nvme0n1"],
    ["by name", { rootDisk: { deviceName: "/dev/sdb" } }, [small, large], "sdb"],
    ["not one to be kept", { keepDisks: ["small "] }, [small, large], "sdb"],
    ["not one that may be one to be kept", { keepDisks: ["OTHER"] }, [{ name: "sda", sizeGb: 8 }, large], "sdb"],
    ["not a removable one", {}, [{ ...small, removable: true }, large], "sdb"],
    [
      "not a virtual or optical one",
      {},
      [{ name: "loop0", sizeGb: 8 }, { name: "sr0", sizeGb: 8 }, { name: "dm-0", sizeGb: 8 }, large],
      "sdb",
    ],
    ["not a tiny one", {}, [{ ...small, sizeGb: 2 }, large], "sdb"],
  ];

  it.each(choices)("%s", async (_name, changes, disks, expected) => {
    const outcome = await guard(changes, disks);
    expect(outcome).toMatchObject({ code: 0, disk: machine.at("dev", expected) });
    expect(machine.reports).toEqual([{ path: "/s/token/progress", body: "phase=install\n" }]);
  });

  it("names what the machine has when none matches", async () => {
    const outcome = await guard({ rootDisk: { serialNumber: "NONE" }, keepDisks: ["LARGE"] }, [small, large]);
    expect(outcome).toMatchObject({ code: 1, disk: undefined });
    expect(machine.reports[0].path).toBe("/s/token/failed");
    expect(machine.reports[0].body).toMatch(
      /^reason=no disk matches rootDisk; .*sda \(8 GB SSD, model MODEL, serial SMALL\), sdb .* to be kept/,
    );
  });
});

describe("consent", () => {
  const written: [string, Partial<FakeDisk>][] = [
    ["a partition", { partitions: 1 }],
    ["a partition table", { content: { offset: 510, bytes: Buffer.from([0x55, 0xaa]) } }],
    ["LVM", { content: { offset: 512, bytes: Buffer.from("LABELONE") } }],
    ["an ext4 superblock", { content: { offset: 1080, bytes: Buffer.from([0x53, 0xef]) } }],
    ["RAID at the end", { content: { offset: 8e9 - 65536, bytes: Buffer.from([0xfc, 0x4e, 0x2b, 0xa9]) } }],
  ];

  it.each(written)("a disk with %s is not touched without it", async (_name, content) => {
    const outcome = await guard({}, [{ ...small, ...content }]);
    expect(outcome).toMatchObject({ code: 1, disk: undefined });
    expect(machine.reports).toEqual([
      {
        path: "/s/token/failed",
        body: expect.stringMatching(/^reason=sda \(8 GB SSD, model MODEL, serial SMALL\) is not blank/) as string,
      },
    ]);
  });

  it.each(written)("a disk with %s is wiped with it", async (_name, content) => {
    expect(await guard({ wipe: true }, [{ ...small, ...content }])).toMatchObject({
      code: 0,
      disk: machine.at("dev/sda"),
    });
  });

  it("does not extend to disks that are to be kept", async () => {
    expect(await guard({ wipe: true, keepDisks: ["SMALL"] }, [{ ...small, partitions: 1 }])).toMatchObject({ code: 1 });
  });
});

describe("the machine", () => {
  it.each([
    ["the serial number, however it is spaced", " abc123 ", uuid, 0],
    ["the UUID in the other byte order", "ABC123", "44454c4c-4200-1035-8052-b4c04f4b3732", 0],
    ["another serial number", "XYZ", uuid, 1],
    ["another UUID", "ABC123", "00000000-0042-3510-8052-b4c04f4b3732", 1],
  ])("%s", async (_name, serial, found, code) => {
    machine.identity(serial, found);
    expect((await guard({}, [small])).code).toBe(code);
    if (code === 1)
      expect(machine.reports[0].body).toMatch(
        /^reason=this machine has the (serial number|UUID) .* expected .*; check the cabling/,
      );
  });

  it("may be one whose firmware tells nothing", async () => {
    machine.identity("", "");
    expect(await guard({}, [small])).toMatchObject({
      code: 0,
      output: expect.stringContaining("through its BMC only") as string,
    });
  });

  it("may be a Dell, whose service tag is the SKU in Redfish", async () => {
    machine.identity("TAG1234", uuid);
    expect((await guard({ identity: { serialNumber: "CNBOARD", sku: "TAG1234" } }, [small])).code).toBe(0);
  });
});

it("refuses although the seed server does not hear it", async () => {
  machine.statuses = [500];
  expect(await guard({}, [{ ...small, partitions: 1 }])).toMatchObject({ code: 1, disk: undefined });
});

it("runs again after it was cut", async () => {
  expect((await guard({}, [small])).code).toBe(0);
  expect((await guard({}, [small])).code).toBe(0);
});
