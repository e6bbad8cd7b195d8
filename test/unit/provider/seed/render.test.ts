import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { parse } from "yaml";
import { renderSeed, seedProblems, type SeedInput } from "../../../../provider/seed";
import { kickstart, preseed, shell, shellFile, yaml } from "../../../../provider/seed/quote";
import { hostKey, seedInput } from "./fixtures";

const families = ["debian", "ubuntu", "rhel", "nocloud"] as const;

function file(input: SeedInput, path: string): string {
  return renderSeed(input).files.find((one) => one.path === path)!.content;
}

/** Free of half surrogate pairs, which no file can hold. */
function wellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

/** The variables that a shell sees after sourcing a file. */
function sourced(content: string, names: string[]): string[] {
  const print = names.map((name) => `printf '%s\\0' "$${name}"`).join("; ");
  const out = execFileSync("sh", ["-eu", "-c", `eval "$1"; ${print}`, "sh", content], { encoding: "utf8" });
  return out.split("\0").slice(0, -1);
}

describe.each(families)("the seed of %s", (family) => {
  const input = seedInput(family);
  const seed = renderSeed(input);

  it("is the same every time", () => {
    expect(renderSeed(seedInput(family))).toEqual(seed);
  });

  it("brings guard and last act with their parameters", () => {
    expect(seed.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["guard.sh", "guard.env", "finish.sh", "finish.env"]),
    );
    const guard = file(input, "guard.env");
    expect(
      sourced(guard, ["RF_CONSENT", "RF_SERIALS", "RF_KEEP_DISKS", "RF_DISK_TYPE", "RF_DISK_MIN_GB", "RF_DISK_MAX_GB"]),
    ).toEqual(["none", "ABC123", "KEEP1", "SSD", "100", ""]);
    const finish = sourced(file(input, "finish.env"), [
      ...["RF_HOSTNAME", "RF_HOST_KEY_PRIVATE", "RF_USERS", "RF_USER_1_NAME", "RF_USER_1_SUDO", "RF_USER_2_KEYS"],
    ]);
    const keys = `${input.users[1].authorizedKeys.join("\n")}\n`;
    expect(finish).toEqual(["node1", hostKey.privateKey.trim(), "2", "admin", "true", keys]);
  });

  it("names the installation, the host and the consent where a person looks first", () => {
    const main = { debian: "preseed.cfg", ubuntu: "user-data", rhel: "ks.cfg", nocloud: "user-data" }[family];
    const head = file(input, main).split("\n").slice(0, 2).join("\n");
    expect(head).toContain("# rackform installation=5c1f0e7a host=node1 consent=none");
    expect(file({ ...input, wipe: true }, main)).toContain("consent=wipe");
  });

  it("leads the kernel to the seed over HTTPS", () => {
    const url = { debian: "/preseed.cfg", ubuntu: "/", rhel: "/ks.cfg", nocloud: "/preseed.cfg" }[family];
    expect(seed.kernelArguments.join(" ")).toContain(`${input.seedUrl}${url}`);
    expect(seed.kernelArguments.at(-1)).toBe("rackform.installation=5c1f0e7a");
    for (const argument of seed.kernelArguments) expect(argument).toMatch(/^[^\s'"\\]+$/);
  });

  it("keeps the kernel's command line within what x86 takes", () => {
    expect(seed.kernelArguments.join(" ").length).toBeLessThan(2048);
  });
});

describe("Debian", () => {
  const text = file(seedInput("debian"), "preseed.cfg");

  it("asks the guard before the partitioner and stays there when it refuses", () => {
    const command = /^d-i partman\/early_command string ((?:.*\\\n)*.*)/m.exec(text)![1];
    expect(command).toMatch(
      /if sh \/tmp\/rackform\/guard\.sh .* then[\s\S]*debconf-set partman-auto\/disk "\$disk"[\s\S]*else while :; do sleep 60; done; fi$/,
    );
    execFileSync("sh", ["-n", "-c", command]);
  });

  it("splits the mirror, and takes the release by its name", () => {
    expect(text).toContain(
      "d-i mirror/http/hostname string mirror.example.com\nd-i mirror/http/directory string /debian\n",
    );
    expect(text).toContain("d-i mirror/suite string bookworm");
    const secure = seedInput("debian");
    secure.image.mirror = "https://mirror.example.com:8443/debian/";
    expect(file(secure, "preseed.cfg")).toContain(
      "d-i mirror/protocol string https\nd-i mirror/https/hostname string mirror.example.com:8443\nd-i mirror/https/directory string /debian\n",
    );
  });

  it("gives netcfg the address, or leaves it to DHCP", () => {
    expect(renderSeed(seedInput("debian")).kernelArguments).toEqual(
      expect.arrayContaining([
        ...["BOOTIF=01-52-54-00-aa-bb-01", "netcfg/get_ipaddress=10.0.1.11", "netcfg/get_netmask=255.255.255.0"],
        ...["netcfg/get_gateway=10.0.1.1", "netcfg/disable_autoconfig=true"],
      ]),
    );
    const dynamic = seedInput("debian");
    dynamic.network = { interfaces: [{ name: "eno1", addresses: [] }], nameservers: [] };
    const found = renderSeed(dynamic).kernelArguments;
    expect(found).toContain("netcfg/choose_interface=eno1");
    expect(found.join(" ")).not.toContain("disable_autoconfig");
  });

  it("puts netplan into the installed system, readable by root only", () => {
    const [path, mode, content] = sourced(file(seedInput("debian"), "finish.env"), [
      "RF_FILE_2_PATH",
      "RF_FILE_2_MODE",
      "RF_FILE_2_CONTENT",
    ]);
    expect([path, mode]).toEqual(["/etc/netplan/10-rackform.yaml", "0600"]);
    const { network } = parse(content) as { network: Record<string, Record<string, unknown>> };
    expect(network.bonds.bond0).toMatchObject({
      interfaces: ["bond0p0", "bond0p1"],
      mtu: 9000,
      parameters: { mode: "802.3ad" },
    });
    expect(network.vlans.storage).toMatchObject({ id: 102, link: "bond0", addresses: ["10.0.2.11/24"], mtu: 9000 });
    expect(network.ethernets.prov0).toMatchObject({
      match: { macaddress: "52:54:00:aa:bb:01" },
      addresses: ["10.0.1.11/24", "2001:db8:1::11/64"],
      routes: [{ to: "0.0.0.0/0", via: "10.0.1.1" }],
    });
  });
});

describe("Ubuntu", () => {
  const data = parse(file(seedInput("ubuntu"), "user-data")) as { autoinstall: Record<string, unknown> };

  it("keeps our host key and makes no default user", () => {
    expect(data.autoinstall["user-data"]).toMatchObject({
      ssh_deletekeys: false,
      ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
      users: [{ name: "admin", sudo: "ALL=(ALL) NOPASSWD:ALL" }, { name: "backup" }],
    });
  });

  it("lets the guard put its disk into the configuration before the installer reads it again", () => {
    const early = data.autoinstall["early-commands"] as string[];
    expect(early[1]).toBe("sh /tmp/rackform/guard.sh /tmp/rackform/guard.env");
    expect(early[2]).toMatch(/RACKFORM_ROOT_DISK.*autoinstall\.yaml/);
    expect(JSON.stringify(data.autoinstall.storage)).toContain("RACKFORM_ROOT_DISK");
    for (const command of early) execFileSync("sh", ["-n", "-c", command]);
  });

  it("gives the live system its address", () => {
    const found = renderSeed(seedInput("ubuntu")).kernelArguments;
    expect(found).toContain("ip=10.0.1.11::10.0.1.1:255.255.255.0:node1::off:10.0.1.1");
    expect(found).toContain("url=http://mirror.example.com/ubuntu-24.04-live-server-amd64.iso");
    const dynamic = seedInput("ubuntu");
    dynamic.network = { interfaces: [{ name: "eno1", addresses: [] }], nameservers: [] };
    expect(renderSeed(dynamic).kernelArguments).toContain("ip=:::::eno1:dhcp");
  });
});

describe("RHEL", () => {
  it("names the port for dracut, with IPv6 in brackets and VLANs", () => {
    expect(renderSeed(seedInput("rhel")).kernelArguments).toEqual(
      expect.arrayContaining(["ifname=rf0:52:54:00:aa:bb:01", "ip=10.0.1.11::10.0.1.1:255.255.255.0:node1:rf0:none"]),
    );
    const wide = seedInput("rhel");
    wide.network.interfaces[0] = {
      name: "prov0",
      mac: "52:54:00:aa:bb:01",
      addresses: ["2001:db8::5/64"],
      gateway: "2001:db8::1",
      mtu: 9000,
    };
    expect(renderSeed(wide).kernelArguments).toContain("ip=[2001:db8::5]::[2001:db8::1]:64:node1:rf0:none:9000");
    const tagged = seedInput("rhel", { provisionNetwork: "10.0.2.0/24" });
    expect(renderSeed(tagged).kernelArguments).toEqual(
      expect.arrayContaining([
        "ifname=rf0:52:54:00:aa:bb:02",
        "vlan=rf0.102:rf0",
        "ip=10.0.2.11:::255.255.255.0:node1:rf0.102:none:9000",
      ]),
    );
  });

  it("names time servers as the release wants it", () => {
    const old = seedInput("rhel");
    old.image.version = "8.10";
    expect(file(old, "ks.cfg")).toContain(
      "timezone Europe/Berlin --utc --ntpservers=ntp1.example.com,ntp2.example.com",
    );
    expect(file(seedInput("rhel"), "ks.cfg")).toContain("timesource --ntp-server=ntp1.example.com");
  });

  it("writes connections that belong together by UUID", () => {
    const env = file(seedInput("rhel"), "finish.env");
    const paths = [...env.matchAll(/RF_FILE_(\d+)_PATH='([^']+)'/g)].map(([, index, path]) => [path, index]);
    const content = (name: string) =>
      sourced(env, [
        `RF_FILE_${Object.fromEntries(paths)[`/etc/NetworkManager/system-connections/${name}.nmconnection`]}_CONTENT`,
      ])[0];
    const id = /uuid=(\S+)/.exec(content("bond0"))![1];
    expect(content("bond0p0")).toContain(`master=${id}\nslave-type=bond`);
    expect(content("bond0p1")).toContain("mac-address=52:54:00:AA:BB:03");
    expect(content("storage")).toContain(`id=102\nparent=${id}`);
    expect(content("prov0")).toMatch(
      /\[ipv4\]\nmethod=manual\naddress1=10\.0\.1\.11\/24\ngateway=10\.0\.1\.1\ndns=10\.0\.1\.1;/,
    );
    expect(content("prov0")).toMatch(/\[ipv6\]\nmethod=manual\naddress1=2001:db8:1::11\/64\ndns=2001:db8:1::1;/);
  });
});

it("a disk image carries its last act to the first boot", () => {
  const data = parse(file(seedInput("nocloud"), "user-data")) as { write_files: { path: string; content: string }[] };
  const found = Object.fromEntries(
    data.write_files.map(({ path, content }) => [path, Buffer.from(content, "base64").toString()]),
  );
  expect(found["/var/lib/rackform/finish.sh"]).toBe(file(seedInput("nocloud"), "finish.sh"));
  expect(found["/var/lib/rackform/finish.env"]).toBe(file(seedInput("nocloud"), "finish.env"));
});

describe("quoting", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({
      unit: fc.constantFrom(..."'\"\\$`\n\t{}[]:#&*!|>%@~ -?,".split(""), "EOF", "yes", "null", "1e3", "é", "$(id)"),
    }),
  );

  it("gives a shell back what it was given", () => {
    const words = fc.array(
      text.filter((value) => !value.includes("\0") && wellFormed(value)),
      { minLength: 40, maxLength: 40 },
    );
    fc.assert(
      fc.property(words, (values) => {
        const variables = Object.fromEntries(values.map((value, index) => [`V${index}`, value]));
        expect(sourced(shellFile(variables), Object.keys(variables))).toEqual(values);
      }),
      { numRuns: 20 },
    );
    expect(() => shell("a\0b")).toThrow("NUL");
  });

  it("gives a YAML reader back what it was given, whatever its version", () => {
    fc.assert(
      fc.property(
        text.filter((value) => wellFormed(value)),
        (value) => {
          const out = yaml({ list: [value], nested: { value } });
          for (const version of ["1.1", "1.2"] as const) {
            expect(parse(out, { version })).toEqual({ list: [value], nested: { value } });
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it("never lets a value of a preseed or kickstart file leave its line", () => {
    fc.assert(
      fc.property(text, fc.constantFrom(preseed, kickstart), (value, quote) => {
        let out = "";
        try {
          out = quote(value);
        } catch (error) {
          expect((error as Error).message).toMatch(/line break|backslash/);
          return;
        }
        expect(out.split(/\r\n|[\n\r\u2028\u2029]/)).toHaveLength(1);
        expect(out.endsWith("\\")).toBe(false);
        // Splitting takes a shell, which is slow; every quoted value that looks dangerous is tried.
        if (quote === kickstart && out !== value && /['"\\$`]/.test(value))
          expect(sourced(`V=${out}`, ["V"])).toEqual([value]);
      }),
      { numRuns: 500 },
    );
  });

  it("carries hostile text through a whole seed, or refuses it", () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...families), (value, family) => {
        const input = seedInput(family, {
          rootDisk: { model: value },
          keepDisks: [value],
          timezone: value,
          packages: [value],
          users: [{ name: "admin", authorizedKeys: [`${seedInput(family).users[0].authorizedKeys[0]} ${value}`] }],
        });
        if (seedProblems(input).length > 0) return void expect(() => renderSeed(input)).toThrow();
        const [model, keys] = [
          sourced(file(input, "guard.env"), ["RF_DISK_MODEL"])[0],
          sourced(file(input, "finish.env"), ["RF_USER_1_KEYS"])[0],
        ];
        expect(model).toBe(value);
        expect(keys).toBe(`${input.users[0].authorizedKeys[0].trim()}\n`);
      }),
      { numRuns: 40 },
    );
  });
});
