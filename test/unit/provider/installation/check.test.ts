import { checkInstallation } from "../../../../provider/installation/check";
import { makeHostKey } from "../../../../provider/handlers/host-key";
import { UNKNOWN } from "../../../../provider/kit/handler";
import type { InstallationArgs } from "../../../../resources/redfish/installation";
import { installation, login } from "./fixtures";

const image = (more: object) => ({ image: { ...installation().image, ...more } });
const network = (more: object) => ({
  network: { interfaces: [{ ...installation().network.interfaces[0], ...more }], nameservers: [] },
});
const unknown = UNKNOWN as unknown as string;

it("finds nothing wrong with good arguments", () => {
  expect(checkInstallation(installation())).toEqual([]);
  expect(checkInstallation(installation({ methods: ["pxe"], bootMode: "Legacy", timeoutSeconds: 60 }))).toEqual([]);
});

it.each<[string, Partial<InstallationArgs>, string, RegExp]>([
  ["a host name", { hostname: "-node" }, "hostname", /host name/],
  ["an id", { installationId: "a b" }, "installationId", /not valid/],
  ["an endpoint", { connection: { endpoint: "ftp://x" } }, "connection.endpoint", /scheme/],
  ["a kernel's URL", image({ kernel: { url: "linux" } }), "image.kernel.url", /"linux" is not allowed; it is an http/],
  ["a digest", image({ initrd: { url: "https://a/b", sha256: "12" } }), "image.initrd.sha256", /64 hexadecimal/],
  ["no boot loader", image({ bootloader: undefined }), "image.bootloader", /virtualMedia and uefiHttp need/],
  ["no live image", image({ family: "ubuntu" }), "image.liveImage", /is missing/],
  ["no tree", image({ family: "rhel", mirror: undefined }), "image.mirror", /is missing/],
  ["no disk image", image({ family: "nocloud" }), "image.diskImage", /is missing/],
  ["no methods", { methods: [] }, "methods", /is empty; name at least one/],
  ["methods twice", { methods: ["pxe", "pxe"] }, "methods", /has pxe twice/],
  ["Legacy with our media", { bootMode: "Legacy" }, "bootMode", /methods: \["pxe"\]/],
  ["pxe without a mac", { methods: ["pxe"], ...network({ mac: undefined }) }, "network.interfaces", /has no mac/],
  ["an address", network({ addresses: ["10.0.1.11"] }), "network.interfaces[0].addresses[0]", /prefix length/],
  [
    "a gateway",
    network({ gateway: "10.0.2.1" }),
    "network.interfaces[0].gateway",
    /"10\.0\.2\.1" .*\(10\.0\.1\.11\/24\)/,
  ],
  ["a network", { provisionNetwork: "10.0.0.0" }, "provisionNetwork", /10\.20\.0\.0\/24/],
  ["a login", { ssh: { address: "10.0.1.11", user: "root" } }, "ssh.user", /one of users \(admin\)/],
  ["a port", { ssh: { address: "10.0.1.11", user: "admin", port: 0 } }, "ssh.port", /1 to 65535/],
  ["an address of SSH", { ssh: { address: "ssh://x", user: "admin" } }, "ssh.address", /without a port/],
  ["a timeout", { timeoutSeconds: 10 }, "timeoutSeconds", /60 to 86400/],
  ["sizes", { rootDisk: { minSizeGb: 200, maxSizeGb: 100 } }, "rootDisk.maxSizeGb", /at least minSizeGb \(200\)/],
  ["a size", { rootDisk: { minSizeGb: 0 } }, "rootDisk.minSizeGb", /more than 0/],
  ["a device", { rootDisk: { deviceName: "sda" } }, "rootDisk.deviceName", /\/dev\/nvme0n1/],
  ["a kept root disk", { rootDisk: { serialNumber: "S1" }, keepDisks: ["S1"] }, "keepDisks", /either kept or written/],
  [
    "consent for another machine",
    { consent: { wipe: true, serialNumber: "OTHER" } },
    "consent.serialNumber",
    /identity expects ABC123/,
  ],
  ["a login key of somebody else", { loginKey: makeHostKey("x").privateKey }, "loginKey", /does not belong to any/],
  ["no key", { loginKey: "hush" }, "loginKey", /cannot be read as a private key/],
  ["a public key", { loginKey: login.publicKey }, "loginKey", /is a public key/],
  [
    "a host key that is no pair",
    { hostKey: { ...makeHostKey("a"), privateKey: makeHostKey("b").privateKey } },
    "hostKey",
    /no pair/,
  ],
  ["a short secret", { tokenSecret: "hush" }, "tokenSecret", /too short/],
])("refuses %s", (_name, change, property, reason) => {
  const failures = checkInstallation(installation(change));
  expect(failures.map((failure) => failure.property)).toContain(property);
  expect(failures.find((failure) => failure.property === property)?.reason).toMatch(reason);
});

it("finds all mistakes at once", () => {
  const failures = checkInstallation(installation({ hostname: "", timeoutSeconds: 1, methods: [], loginKey: "hush" }));
  expect(failures.map(({ property }) => property).sort()).toEqual([
    "hostname",
    "loginKey",
    "methods",
    "timeoutSeconds",
  ]);
});

it("judges nothing that is not known yet", () => {
  for (const name of Object.keys(installation()) as (keyof InstallationArgs)[]) {
    expect(checkInstallation(installation({ [name]: UNKNOWN }))).toEqual([]);
  }
  const keys = [{ name: "admin", authorizedKeys: [unknown] }];
  expect(
    checkInstallation(installation({ users: keys, hostKey: { publicKey: unknown, privateKey: unknown } })),
  ).toEqual([]);
  expect(checkInstallation(installation(network({ addresses: [unknown] })))).toEqual([]);
  expect(checkInstallation(installation({ methods: [unknown as "pxe"] }))).toEqual([]);
});

it("never shows a secret", () => {
  const secret = "hush-hush-hush";
  const failures = checkInstallation(
    installation({
      loginKey: secret,
      tokenSecret: secret.slice(0, 9),
      hostKey: { publicKey: secret, privateKey: secret },
    }),
  );
  expect(failures).toHaveLength(3);
  expect(JSON.stringify(failures)).not.toContain("hush");
});
