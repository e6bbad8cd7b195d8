import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { request } from "undici";
import { AddressBlocks } from "../../../../lab/rack/addresses";
import { LabRack } from "../../../../lab/rack/rack";
import { checkRack, defaultRack, type RackSpec } from "../../../../lab/rack/spec";
import { debianArchive } from "../../../../lab/mirror/archive";
import { Mirror } from "../../../../lab/mirror";
import { contains, hostOf, overlaps, SubnetReservation } from "../../../../lab/nodes/container/network";
import { hostTraits, systemdOptions } from "../../../../lab/nodes/container/host";
import { BootSite, sshKeys } from "../../../setup/boot-site";

describe("spec", () => {
  const wrong: [string, Partial<RackSpec>, string][] = [
    ["name", { name: "Rack 1" }, 'name "Rack 1" must be'],
    ["long name", { name: "a".repeat(17) }, "1 to 16"],
    ["backend", { backend: "vm" as "container" }, 'backend "vm" must be'],
    ["server name", { servers: [{ name: "A_b", dialect: "dell" }] }, '"A_b" is no lowercase RFC 1123 label'],
    ["twice", { servers: Array(2).fill({ name: "a", dialect: "dell" }) as RackSpec["servers"] }, '"a" occurs twice'],
    [
      "too many containers",
      { backend: "container", servers: defaultRack("x", "container", 201).servers },
      "at most 200",
    ],
  ];

  it.each(wrong)("refuses a wrong %s", (_, change, message) => {
    expect(() => checkRack({ ...defaultRack("x", "simulated"), ...change })).toThrow(message);
  });

  it("says every mistake at once", () => {
    const spec = { ...defaultRack("X", "simulated"), backend: "vm" as "container" };
    expect(() => checkRack(spec)).toThrow(/name "X".*backend "vm"/);
  });

  it("gives every dialect a server", () => {
    expect(defaultRack("x", "simulated").servers.map(({ dialect }) => dialect)).toEqual([
      "generic",
      "dell",
      "supermicro",
    ]);
  });
});

describe("addresses", () => {
  it("are a rack's own as long as it lives", async () => {
    const one = await AddressBlocks.take(3);
    const two = await AddressBlocks.take(500);
    expect(two.bmc(0).split(".")[2]).not.toBe(one.bmc(0).split(".")[2]);
    expect(new Set(Array.from({ length: 500 }, (_, index) => two.bmc(index))).size).toBe(500);
    expect(two.node(499)).toMatch(/^127\.78\.\d+\.\d+$/);
    expect(() => one.bmc(240)).toThrow("no address left");
    one.release();
    two.release();
  });

  it("of subnets overlap or do not", () => {
    expect(overlaps("10.1.0.0/16", "10.1.2.0/24")).toBe(true);
    expect(overlaps("10.1.0.0/24", "10.1.1.0/24")).toBe(false);
    expect(contains("10.1.1.0/24", "10.1.1.255")).toBe(true);
    expect(contains("10.1.1.0/24", "fd00::1")).toBe(false);
    expect(hostOf("10.1.255.0/24", 254)).toBe("10.1.255.254");
  });
});

it("two racks never share a subnet", async () => {
  const one = await SubnetReservation.take("a");
  const two = await SubnetReservation.take("a");
  expect(overlaps(one.network.subnet, two.network.subnet)).toBe(false);
  await expect(SubnetReservation.take("b", one.network.subnet)).rejects.toThrow("is in use");
  one.release();
  two.release();
});

it("asks containers for no more than this machine gives", () => {
  const traits = { remountCgroup: true, pidsController: false, hardNofile: 20_000, hardNproc: 9000 };
  expect(systemdOptions(traits)).toEqual(
    expect.arrayContaining(["--pids-limit=0", "--ulimit=nofile=1024:20000", "--ulimit=nproc=9000:9000"]),
  );
  const free = { remountCgroup: false, pidsController: true, hardNofile: Infinity, hardNproc: Infinity };
  expect(systemdOptions(free)).toEqual(expect.arrayContaining(["--pids-limit=-1", "--ulimit=nofile=1024:524288"]));
  expect(hostTraits().hardNofile).toBeGreaterThan(0);
});

it.each([
  [
    "Types: deb\n# http://old.example/debian\nURIs: http://mirror.example/debian\nSuites: bookworm\n",
    "http://mirror.example/debian",
  ],
  ["deb https://a.example/x/debian/ bookworm main\n", "https://a.example/x/debian"],
  ["deb http://archive.ubuntu.com/ubuntu noble main\n", "http://deb.debian.org/debian"],
])("finds this machine's archive in %j", (text, archive) => {
  expect(debianArchive(() => text)).toBe(archive);
});

describe("the mirror", () => {
  let mirror: Mirror;
  const archive = createServer((message, response) => {
    if (message.url === "/debian/pool/a.deb")
      response.writeHead(message.headers.range ? 206 : 200, { "content-length": 3 }).end("deb");
    else response.writeHead(404).end();
  });

  beforeAll(async () => {
    await new Promise<void>((resolve) => archive.listen(0, "127.0.0.1", resolve));
    const debianUpstream = `http://127.0.0.1:${(archive.address() as AddressInfo).port}/debian`;
    mirror = await Mirror.open({ address: "127.0.0.1", port: 0, debianUpstream });
  });

  afterAll(async () => {
    await mirror.close();
    archive.closeAllConnections();
    await new Promise((resolve) => archive.close(resolve));
  });

  const get = async (path: string, method: "GET" | "HEAD" | "PUT" = "GET") => {
    const { statusCode, body } = await request(mirror.url + path, { method });
    return { status: statusCode, body: Buffer.from(await body.arrayBuffer()) };
  };

  const netboot = (arch: string) =>
    `/debian/dists/trixie/main/installer-${arch}/current/images/netboot/debian-installer/${arch}`;
  const files: [string, string, string][] = [
    [`${netboot("amd64")}/linux`, "HdrS", "kernel"],
    [`${netboot("arm64")}/linux`, "ARM\x64", "kernel"],
    [`${netboot("amd64")}/grubx64.efi`, "MZ", "loader"],
    ["/ubuntu-releases/24.04/netboot/amd64/linux", "HdrS", "kernel"],
    ["/rocky/9/BaseOS/x86_64/os/images/pxeboot/vmlinuz", "HdrS", "kernel"],
    ["/rocky/9/BaseOS/aarch64/os/EFI/BOOT/BOOTAA64.EFI", "MZ", "loader"],
    ["/rocky/9/BaseOS/x86_64/os/.treeinfo", "arch = x86_64", "tree"],
    ["/ubuntu-releases/24.04/ubuntu-24.04.5-live-server-amd64.iso", "stand-in", "live image"],
  ];

  it.each(files)("has %s", async (path, content) => {
    const { status, body } = await get(path);
    expect(status).toBe(200);
    expect(body.toString("latin1")).toContain(content);
    expect(body.toString("latin1")).toContain("lab stand-in");
    expect((await get(path, "HEAD")).status).toBe(200);
  });

  it("passes packages on, and has nothing else", async () => {
    expect(await get("/debian/pool/a.deb")).toEqual({ status: 200, body: Buffer.from("deb") });
    expect((await get("/debian/pool/b.deb")).status).toBe(404);
    expect((await get("/etc/passwd")).status).toBe(404);
    expect((await get("/debian/pool/a.deb", "PUT")).status).toBe(405);
    expect(mirror.requests.at(-4)).toMatchObject({ path: "/debian/pool/a.deb", status: 200 });
  });

  it("says so when the archive is away, and goes without one", async () => {
    const lost = await Mirror.open({ address: "127.0.0.1", port: 0, debianUpstream: "http://127.0.0.1:9/debian" });
    expect((await request(`${lost.url}/debian/pool/a.deb`)).statusCode).toBe(502);
    const release = await request(`${lost.url}/debian/dists/bookworm/Release`);
    expect([release.statusCode, await release.body.text()]).toEqual([200, expect.stringContaining("lab stand-in")]);
    await lost.close();
  });
});

describe("a simulated rack", () => {
  let rack: LabRack;
  let site: BootSite;

  beforeAll(async () => {
    rack = await LabRack.start({ ...defaultRack("u", "simulated"), debianUpstream: null });
    site = await BootSite.open();
  });

  afterAll(async () => {
    await site.close();
    await rack.close();
  });

  const until = async (condition: () => boolean) => {
    for (let turn = 0; !condition() && turn < 500; turn++) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  it.each(["node-1", "node-2", "node-3"])(
    "takes %s from off to a node, once, and boots from disk afterwards",
    async (name) => {
      const { bmc, machine, address } = rack.member(name);
      const { hardware } = bmc;
      const input = site.input(
        {
          hostname: name,
          network: {
            interfaces: [{ name: "eno1", mac: hardware.nics[0].mac, addresses: [`${address}/16`] }],
            nameservers: [],
          },
          identity: { serialNumber: hardware.serialNumber, sku: hardware.sku, uuid: hardware.uuid },
          users: [{ name: "root", authorizedKeys: [sshKeys().publicKey] }],
          sshPort: rack.nodePort,
        },
        `token-${name}-0123456789`,
      );
      const slot = [...bmc.media.drives.values()].find((drive) => drive.slot.bootable)!.slot.id;
      bmc.media.insert(slot, { image: site.publish(input), writeProtected: true });
      bmc.setBootOverride({ enabled: "Once", target: "Cd" });
      bmc.setPower("On");
      await until(() => ["running", "failed"].includes(machine.status.phase));
      expect(machine.status.failure).toBeUndefined();
      const find = async () => (await rack.status()).find((one) => one.name === name);
      expect(await find()).toMatchObject({
        power: "On",
        phase: "running",
        ssh: true,
        installations: 1,
        installed: true,
        address,
      });
      bmc.setPower("Off");
      await until(() => machine.status.phase === "off");
      expect(await find()).toMatchObject({ power: "Off", ssh: false, installed: true });
      bmc.setPower("On");
      await until(() => machine.status.phase === "running");
      expect(await find()).toMatchObject({ power: "On", ssh: true, installations: 1 });
    },
  );

  it("gives a replaced machine other serials and empty disks in the same place", async () => {
    const before = rack.member("node-2");
    const after = await rack.replace("node-2");
    expect([after.bmc.url, after.address]).toEqual([before.bmc.url, before.address]);
    expect(after.bmc.hardware.serialNumber).not.toBe(before.bmc.hardware.serialNumber);
    expect(after.bmc.hardware.nics.map(({ mac }) => mac)).not.toEqual(before.bmc.hardware.nics.map(({ mac }) => mac));
    expect(after.machine.body.installed()).toBe(false);
    expect(rack.members()).toHaveLength(3);
  });

  it("keeps its names apart, and forgets removed servers", async () => {
    await expect(rack.add({ name: "node-1", dialect: "dell" })).rejects.toThrow('"node-1" occurs twice');
    await rack.add({ name: "node-9", dialect: "dell", usedDisks: ["nvme0n1"] });
    expect(rack.member("node-9").machine.body.usedDisks()).toEqual(["nvme0n1"]);
    await rack.remove("node-9");
    expect(() => rack.member("node-9")).toThrow('no server "node-9"');
  });
});
