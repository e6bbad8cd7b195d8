import type { BootPlan, Firmware } from "../../../../lab/bmc";
import { LabMachine } from "../../../../lab/installer";
import { SimulatedBody } from "../../../../lab/nodes/simulated";
import { efiStandIn, kernelStandIn } from "../../../../lab/mirror/stand-ins";
import { Authority } from "../../../../provider/media/authority";
import { BootSite, type MediumParts, sshKeys } from "../../../setup/boot-site";
import { nodeSpec } from "../../../lab/node-spec";

let site: BootSite;
let lines: string[];
let body: SimulatedBody;
let machine: LabMachine;
const events: string[] = [];

beforeAll(async () => {
  site = await BootSite.open();
});

afterAll(() => site.close());

beforeEach(() => {
  site.seed.clear();
  site.media.clear();
  site.posts.length = 0;
  site.requests.length = 0;
  events.length = 0;
  lines = [];
  body = new SimulatedBody(nodeSpec("n1"));
  machine = new LabMachine(body, {
    architecture: "x86_64",
    network: () => ({ subnet: "127.78.0.0/16", gateway: "127.0.0.1" }),
    console: (line) => lines.push(line),
  });
  const firmware: Firmware = {
    reboot: () => events.push("reboot"),
    poweredOff: () => events.push("off"),
    progress: () => undefined,
    eject: () => events.push("eject"),
    hostName: (name) => events.push(`host ${name}`),
    bootFirst: (source) => events.push(`first ${source}`),
  };
  machine.connect(firmware);
});

afterEach(() => machine.powerOff(false));

function cd(url: string, changes: Partial<BootPlan> = {}): BootPlan {
  return {
    source: "Cd",
    mode: "UEFI",
    media: [{ slot: "Cd", url, writeProtected: true, verifyCertificate: true }],
    once: true,
    overridden: true,
    fallbacks: [],
    secureBoot: false,
    ...changes,
  };
}

const hdd: BootPlan = { source: "Hdd", mode: "UEFI", once: false, overridden: false, fallbacks: [], secureBoot: false };

function on(plan: BootPlan): Promise<void> {
  return machine.powerOn(plan, new AbortController().signal);
}

function input(changes: Parameters<BootSite["input"]>[0] = { hostname: "n1" }) {
  return site.input({
    users: [{ name: "ops", authorizedKeys: [sshKeys().publicKey], sudo: true }],
    sshPort: 2291,
    ...changes,
  });
}

it("installs from a virtual CD and boots the result from disk", async () => {
  const given = input();
  await on(cd(site.publish(given)));
  await new Promise(setImmediate);
  expect(events).toEqual(["first Hdd", "host n1", "reboot"]);
  expect(site.requests).toContain("GET /m/n1.iso");
  expect(site.posts.map(({ path }) => path.split("/").at(-1))).toEqual(["progress", "phone-home"]);
  expect(site.posts[1].body).toContain(`installation=${given.installationId}\nhostname=n1\n`);
  expect(body.usedDisks()).toEqual(["nvme0n1"]);
  expect(machine.status).toMatchObject({ phase: "boot", installations: 1 });
  await on(hdd);
  expect(machine.status.phase).toBe("running");
  expect(body.ssh()).toEqual({ address: "127.78.0.9", port: 2291 });
  expect(body.system?.files.get("/etc/rackform/installation")?.toString()).toContain(
    `"installationId": "${given.installationId}"`,
  );
});

it.each(["ubuntu", "rhel"] as const)("understands the seed of %s", async (family) => {
  const image = {
    ...input().image,
    family,
    version: family === "ubuntu" ? "24.04" : "9",
    mirror: `${site.mediaUrl}/tree/`,
    liveImage: { url: `${site.mediaUrl}/live.iso` },
  };
  for (const path of ["/tree/.treeinfo", "/live.iso"]) site.media.set(path, Buffer.from("stand-in"));
  await on(cd(site.publish(input({ hostname: "n1", image }))));
  expect(body.installed()).toBe(true);
  await new Promise(setImmediate);
  expect(events).toContain("reboot");
  expect(events.includes("eject")).toBe(family === "rhel");
});

it("starts over HTTP from an image or from a boot loader", async () => {
  const iso = site.publish(input());
  const http: Partial<BootPlan> = { source: "UefiHttp", media: undefined };
  await on(cd(iso, { ...http, httpBootUri: iso }));
  expect(body.installed()).toBe(true);
  await body.wipe();
  const { kernelArguments } = (await import("../../../../provider/seed")).renderSeed(input());
  const menu = `menuentry 'x' {\nlinux /vmlinuz ${kernelArguments.map((word) => `'${word}'`).join(" ")}\ninitrd /initrd /ca.cpio\n}\nset timeout=0\n`;
  const { cpioArchive } = await import("../../../../provider/media/cpio");
  const { initrdStandIn } = await import("../../../../lab/mirror/stand-ins");
  const files: [string, Buffer | string][] = [
    ["BOOTX64.EFI", efiStandIn("x86_64")],
    ["grub.cfg", menu],
    ["vmlinuz", kernelStandIn("x86_64")],
    ["initrd", initrdStandIn()],
    ["ca.cpio", cpioArchive([{ path: "ca.pem", content: site.authority.pem }])],
  ];
  for (const [name, content] of files) site.media.set(`/m/boot/${name}`, Buffer.from(content));
  await on(cd("", { ...http, httpBootUri: `${site.mediaUrl}/m/boot/BOOTX64.EFI` }));
  expect(body.installed()).toBe(true);
});

it("takes a disk with data on it when there is consent", async () => {
  await body.soil("nvme0n1");
  await on(cd(site.publish(input({ hostname: "n1", wipe: true }))));
  expect(body.installed()).toBe(true);
});

it("goes on to the disk when the CD does not start, and stays with an installer that refuses", async () => {
  await on(cd(site.publish(input())));
  await on(cd(`${site.mediaUrl}/m/none.iso`, { fallbacks: ["Hdd"] }));
  expect(machine.status.phase).toBe("running");
  await machine.powerOff(false);
  const iso = site.publish(input());
  site.seed.set("/s/token-0123456789/preseed.cfg", 404);
  await expect(on(cd(iso, { fallbacks: ["Hdd"] }))).rejects.toThrow("404");
  expect(machine.status.phase).toBe("failed");
});

it("stops when power is cut in the middle, and the half-written disk does not boot", async () => {
  const slow = new LabMachine(body, {
    architecture: "x86_64",
    network: () => ({ subnet: "127.78.0.0/16", gateway: "127.0.0.1" }),
    console: (line) => lines.push(line),
    installMs: 60_000,
  });
  const booting = slow.powerOn(cd(site.publish(input())), new AbortController().signal);
  const outcome = expect(booting).rejects.toThrow("power was cut");
  while (slow.status.phase !== "install") await new Promise((resolve) => setTimeout(resolve, 5));
  await slow.powerOff(true);
  await outcome;
  expect(slow.status.phase).toBe("off");
  expect(body.installed()).toBe(false);
  expect(site.posts.map(({ path }) => path.split("/").at(-1))).toEqual(["progress"]);
});

describe("refusals", () => {
  const arm = { loader: efiStandIn("aarch64"), kernel: kernelStandIn("aarch64") };
  const media: [string, MediumParts, string][] = [
    ["a boot loader of another architecture", { loader: arm.loader }, "is for aarch64, this machine is x86_64"],
    ["a boot loader under another architecture's name", { loaderName: "BOOTAA64.EFI" }, "has no EFI/BOOT/BOOTX64.EFI"],
    ["no boot loader", { loader: null }, "has no EFI/BOOT/BOOTX64.EFI"],
    ["a boot loader that is none", { loader: Buffer.from("#!/bin/sh\n") }, "not an EFI application"],
    ["a kernel of another architecture", { kernel: arm.kernel }, "is for aarch64, this machine is x86_64"],
    ["a kernel that is none", { kernel: Buffer.alloc(4096, 7) }, "not a Linux kernel"],
    ["no kernel", { kernel: null }, "file '/rackform/vmlinuz' not found"],
    ["no initrd", { initrd: null }, "file '/rackform/initrd' not found"],
    ["an initrd that is none", { initrd: Buffer.from("not an archive") }, "not an initramfs"],
    ["a damaged initrd", { initrd: Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]) }, "the compressed initramfs is damaged"],
    ["no boot menu", { grub: null }, "file 'EFI/BOOT/grub.cfg' not found"],
    ["an empty boot menu", { grub: "# nothing\n" }, "there is no menu entry"],
    ["a menu that waits", { grub: "set timeout=-1\nmenuentry 'x' {\nlinux /rackform/vmlinuz\n}\n" }, "waits for a key"],
    ["an open quote in the menu", { grub: "menuentry 'x {\n" }, "is never closed"],
    [
      "a menu without initrd",
      { grub: "menuentry x {\nlinux /rackform/vmlinuz auto=true\n}\nset timeout=0\n" },
      "no initrd",
    ],
    ["no image for UEFI", { noEfi: true }, "has no boot image for UEFI"],
    ["no certificate", { ca: null }, "carries no certificate"],
    ["no seed in the arguments", { arguments: "quiet" }, "waits for a person"],
    ["questions before the seed", { arguments: "url=https://127.0.0.1/p" }, "auto=true is missing"],
    ["a seed without encryption", { arguments: "auto=true url=http://127.0.0.1:9/p" }, "must come over https"],
    [
      "a NoCloud seed without a slash",
      { arguments: "autoinstall 'ds=nocloud;s=https://127.0.0.1/s'" },
      "no slash at its end",
    ],
    [
      "a NoCloud seed lost to an open semicolon",
      { arguments: "autoinstall ds=nocloud;s=https://127.0.0.1/s/" },
      "names no seed",
    ],
  ];

  it.each(media)("%s", async (_, parts, message) => {
    const url = site.publish(input(), parts);
    await expect(on(cd(url))).rejects.toThrow(message);
    expect(machine.status.failure?.message).toContain(message);
    expect(lines.at(-1)).toContain("FAILED");
    expect(body.installed()).toBe(false);
    expect(site.posts).toEqual([]);
  });

  const plans: [string, (url: string) => BootPlan, string][] = [
    ["an unreachable URL", () => cd("http://127.0.0.1:9/m/x.iso"), "connection refused"],
    ["a URL that is none", () => cd("x.iso"), "is not a URL"],
    ["another protocol", () => cd("nfs://127.0.0.1/x.iso"), "only http and https"],
    ["a file that is not there", () => cd(`${site.mediaUrl}/m/gone.iso`), "answered 404"],
    ["the legacy mode", (url) => cd(url, { mode: "Legacy" }), "legacy mode"],
    ["no medium", () => cd("", { media: [] }), "no medium"],
    ["an empty disk", () => hdd, "no bootable device"],
    ["PXE without a server", () => ({ ...hdd, source: "Pxe" }), "no DHCP offer"],
    ["HTTP boot without a URI", () => ({ ...hdd, source: "UefiHttp" }), "no URI for HTTP boot"],
  ];

  it.each(plans)("%s", async (_, plan, message) => {
    await expect(on(plan(site.publish(input())))).rejects.toThrow(message);
    expect(machine.status.phase).toBe("failed");
  });

  it("an unsigned boot loader under Secure Boot", async () => {
    const url = site.publish(input(), { loader: efiStandIn("x86_64", false) });
    await expect(on(cd(url, { secureBoot: true }))).rejects.toThrow("security violation");
  });

  it("garbage instead of an image, and one that is cut off", async () => {
    site.media.set("/m/garbage.iso", Buffer.alloc(100_000, 0x41));
    await expect(on(cd(`${site.mediaUrl}/m/garbage.iso`))).rejects.toThrow("not an ISO 9660 image");
    site.publish(input());
    const whole = site.media.get("/m/n1.iso")!;
    site.media.set("/m/short.iso", whole.subarray(0, whole.length - 8192));
    await expect(on(cd(`${site.mediaUrl}/m/short.iso`))).rejects.toThrow("the image is cut off");
  });

  it("a seed server whose certificate another authority signed", async () => {
    const { mkdtempSync, rmSync } = await import("node:fs");
    const folder = mkdtempSync("/tmp/rackform-ca-");
    const other = await Authority.open(folder);
    rmSync(folder, { recursive: true });
    await expect(on(cd(site.publish(input(), { ca: other.pem })))).rejects.toThrow(
      "not signed by an authority of the boot image",
    );
  });

  const token = "/s/token-0123456789";
  const seeds: [string, string, (old: string) => string | number, string][] = [
    ["a seed that is not there", "preseed.cfg", () => 404, "answered 404"],
    ["a token that was used", "preseed.cfg", () => 410, "answered 410: the token was used"],
    ["an empty preseed", "preseed.cfg", () => "", "the preseed file is empty"],
    ["a preseed line that is none", "preseed.cfg", (old) => `${old}\nhello\n`, 'not "owner question type value"'],
    [
      "a preseed type that does not exist",
      "preseed.cfg",
      (old) => `${old}\nd-i a/b strnig x\n`,
      'unknown type "strnig"',
    ],
    [
      "a preseed boolean that is none",
      "preseed.cfg",
      (old) => old.replace("partman/confirm boolean true", "partman/confirm boolean yes"),
      "is boolean",
    ],
    [
      "a question without an answer",
      "preseed.cfg",
      (old) => old.replace(/d-i partman\/confirm .*\n/, ""),
      "asks whether to write",
    ],
    ["parameters that are code", "guard.env", (old) => `${old}\nreboot\n`, "guard.env: line"],
    ["no parameters", "guard.env", () => 404, "answered 404"],
    ["no host key", "finish.env", (old) => old.replace("RF_HOST_KEY_PRIVATE", "X"), "no RF_HOST_KEY_PRIVATE"],
  ];

  it.each(seeds)("%s", async (_, file, change, message) => {
    const url = site.publish(input());
    site.seed.set(`${token}/${file}`, change(site.seed.get(`${token}/${file}`) as string));
    await expect(on(cd(url))).rejects.toThrow(message);
    expect(body.installed()).toBe(false);
    expect(lines.join("\n")).not.toContain("token-0123456789");
  });

  const guards: [string, Parameters<BootSite["input"]>[0], string][] = [
    ["another serial number", { hostname: "n1", identity: { serialNumber: "OTHER" } }, "expected OTHER"],
    ["another UUID", { hostname: "n1", identity: { uuid: "00000000-1111-2222-3333-444444444444" } }, "has the UUID"],
    [
      "a root disk that is not there",
      { hostname: "n1", rootDisk: { serialNumber: "NONE" } },
      "no disk matches rootDisk",
    ],
    ["only disks to be kept", { hostname: "n1", keepDisks: ["D-n1"] }, "no disk matches rootDisk"],
    ["too small disks", { hostname: "n1", rootDisk: { minSizeGb: 4000 } }, "no disk matches rootDisk"],
  ];

  it.each(guards)("%s", async (_, given, message) => {
    await expect(on(cd(site.publish(input(given))))).rejects.toThrow(message);
    expect(site.posts.map(({ path }) => path)).toEqual([`${token}/failed`]);
    expect(site.posts[0].body).toContain(message);
    expect(body.usedDisks()).toEqual([]);
  });

  it("a disk with data on it without consent, and with a guard that lies", async () => {
    await body.soil("nvme0n1");
    const url = site.publish(input());
    await expect(on(cd(url))).rejects.toThrow("not blank and nobody consented");
    expect(site.posts[0].body).toContain("not blank");
    const guard = site.seed.get(`${token}/guard.env`) as string;
    site.seed.set(`${token}/guard.env`, guard.replace("RF_CONSENT='none'", "RF_CONSENT='wipe'"));
    await expect(on(cd(url))).rejects.toThrow("the seed carries no consent");
    expect(body.installed()).toBe(false);
  });

  it("an address outside the rack's network", async () => {
    const network = { interfaces: [{ name: "eno1", addresses: ["192.0.2.9/24"] }], nameservers: [] };
    await expect(on(cd(site.publish(input({ hostname: "n1", network }))))).rejects.toThrow("network unreachable");
  });

  const autoinstall: [string, (old: string) => string, string][] = [
    [
      "user-data that is no cloud-config",
      (old) => old.replace("#cloud-config", "# cloud-config"),
      "does not begin with #cloud-config",
    ],
    ["user-data that is no YAML", (old) => `${old}\n  : [`, "is not YAML"],
    [
      "an autoinstall section that does not exist",
      (old) => old.replace("  storage:", "  storages:"),
      '"storages" is no section',
    ],
    ["another autoinstall version", (old) => old.replace("version: 1", "version: 2"), "it must be 1"],
    ["no autoinstall", (old) => old.replace("autoinstall:", "other:"), "has no autoinstall section"],
  ];

  it.each(autoinstall)("%s", async (_, change, message) => {
    const image = {
      ...input().image,
      family: "ubuntu" as const,
      version: "24.04",
      liveImage: { url: `${site.mediaUrl}/live.iso` },
    };
    const url = site.publish(input({ hostname: "n1", image }));
    site.seed.set(`${token}/user-data`, change(site.seed.get(`${token}/user-data`) as string));
    await expect(on(cd(url))).rejects.toThrow(message);
  });

  const kickstart: [string, (old: string) => string, string][] = [
    ["a kickstart command that does not exist", (old) => `${old}\ninstall\n`, 'unknown command "install"'],
    ["a kickstart section without an end", (old) => `${old}\n%post\n`, "has no %end"],
    ["a kickstart section that does not exist", (old) => `${old}\n%during\n%end\n`, "unknown section %during"],
    ["a kickstart without a password", (old) => old.replace(/^rootpw.*$/m, ""), "neither rootpw nor user"],
  ];

  it.each(kickstart)("%s", async (_, change, message) => {
    const image = { ...input().image, family: "rhel" as const, version: "9", mirror: `${site.mediaUrl}/tree/` };
    const url = site.publish(input({ hostname: "n1", image }));
    site.seed.set(`${token}/ks.cfg`, change(site.seed.get(`${token}/ks.cfg`) as string));
    await expect(on(cd(url))).rejects.toThrow(message);
  });

  it("a live image that is not there", async () => {
    const image = {
      ...input().image,
      family: "ubuntu" as const,
      version: "24.04",
      liveImage: { url: `${site.mediaUrl}/gone.iso` },
    };
    await expect(on(cd(site.publish(input({ hostname: "n1", image }))))).rejects.toThrow(
      "gone.iso: the server answered 404",
    );
  });
});
