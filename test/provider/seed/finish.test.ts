import { chmodSync, existsSync, lstatSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { renderSeed, type SeedInput } from "../../../provider/seed";
import { hostKey, seedInput } from "../../unit/provider/seed/fixtures";
import { FakeMachine, type Outcome } from "./machine";

const script = path.resolve(__dirname, "../../../provider/seed/scripts/finish.sh");
let machine: FakeMachine;
let seedUrl: string;

beforeEach(async () => {
  machine = new FakeMachine();
  seedUrl = await machine.start();
  machine.write("target/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
  machine.write("target/etc/group", "root:x:0:\nbackup:x:34:\n");
  machine.write("target/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 old\n");
  machine.write("target/etc/os-release", 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n');
  machine.write("target/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
  machine.write("target/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin yes\n");
  machine.write("target/usr/share/zoneinfo/Europe/Berlin", "TZif");
  machine.write("target/lib/systemd/system/ssh.service", "[Unit]\n");
  machine.write("run/disk", "/dev/sda\n");
  // The installed system's own programs, played: users are made, all else is only written down.
  machine.write(
    "bin/chroot",
    `#!/bin/sh
root=$1; shift
echo "$*" >> "${machine.at("chroot.log")}"
if [ "$1" = useradd ]; then
  for name; do :; done
  printf '%s:x:1000:1000::/home/%s:/bin/bash\\n' "$name" "$name" >> "$root/etc/passwd"
  mkdir -p "$root/home/$name"
fi
`,
  );
  chmodSync(machine.at("bin/chroot"), 0o755);
});
afterEach(() => machine.close());

async function finish(changes: Partial<SeedInput> = {}, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const input = seedInput("debian", { seedUrl, ...changes });
  const environment = renderSeed(input).files.find((file) => file.path === "finish.env")!.content;
  return machine.run("sh", script, environment, {
    TARGET: machine.at("target"),
    PATH: `${machine.at("bin")}:${process.env.PATH}`,
    ...env,
  });
}

function mode(name: string): string {
  return (statSync(machine.at("target", name)).mode & 0o777).toString(8);
}

it("gives the system its identity and phones home last", async () => {
  expect(await finish()).toMatchObject({ code: 0 });
  expect(machine.read("target/etc/hostname")).toBe("node1\n");
  expect(machine.read("target/etc/hosts")).toBe("127.0.0.1 localhost\n127.0.1.1 node1\n");
  expect(readlinkSync(machine.at("target/etc/localtime"))).toBe("/usr/share/zoneinfo/Europe/Berlin");
  expect(machine.read("target/etc/ssh/ssh_host_ed25519_key")).toBe(hostKey.privateKey);
  expect(mode("etc/ssh/ssh_host_ed25519_key")).toBe("600");
  expect(machine.read("target/etc/ssh/ssh_host_ed25519_key.pub")).toBe(`${hostKey.publicKey}\n`);
  const sshd = machine.read("target/etc/ssh/sshd_config.d/00-rackform.conf");
  expect(sshd).toContain("HostKey /etc/ssh/ssh_host_ed25519_key\nPasswordAuthentication no\n");
  expect(sshd).toContain("PermitRootLogin no\n");
  expect(sshd).not.toContain("Port");
  const marker = JSON.parse(machine.read("target/etc/rackform/installation")) as Record<string, string>;
  expect(marker).toMatchObject({ installationId: "5c1f0e7a", hostname: "node1" });
  expect(Date.now() - Date.parse(marker.installedAt)).toBeLessThan(60_000);
  expect(machine.reports).toEqual([
    {
      path: "/s/token/phone-home",
      body:
        "installation=5c1f0e7a\nhostname=node1\nmachineId=0123456789abcdef0123456789abcdef\n" +
        "os=Debian GNU/Linux 12 (bookworm)\ndisk=/dev/sda\n",
    },
  ]);
});

it("makes the users, with their keys and rights", async () => {
  await finish();
  const keys = seedInput("debian").users[1].authorizedKeys;
  expect(machine.read("target/home/backup/.ssh/authorized_keys")).toBe(`${keys.join("\n")}\n`);
  expect([mode("home/admin/.ssh"), mode("home/admin/.ssh/authorized_keys")]).toEqual(["700", "600"]);
  expect(machine.read("target/etc/sudoers.d/90-rackform-admin")).toBe("admin ALL=(ALL) NOPASSWD:ALL\n");
  expect(mode("etc/sudoers.d/90-rackform-admin")).toBe("440");
  expect(existsSync(machine.at("target/etc/sudoers.d/90-rackform-backup"))).toBe(false);
  const calls = machine.read("chroot.log").split("\n");
  expect(calls).toContain("useradd --create-home --shell /bin/bash --user-group admin");
  expect(calls).toContain("useradd --create-home --shell /bin/bash --gid=backup backup");
  expect(calls).toContain("chown -R admin: /home/admin/.ssh");
  expect(calls).toContain("systemctl enable ssh.service");
});

it("lets root in with a key when root is one of the users", async () => {
  await finish({
    users: [{ name: "root", authorizedKeys: seedInput("debian").users[0].authorizedKeys, sudo: true }],
    sshPort: 2222,
  });
  expect(machine.read("target/etc/ssh/sshd_config.d/00-rackform.conf")).toMatch(
    /PermitRootLogin prohibit-password\nPort 2222\n/,
  );
  expect(existsSync(machine.at("target/root/.ssh/authorized_keys"))).toBe(true);
  expect(existsSync(machine.at("target/etc/sudoers.d/90-rackform-root"))).toBe(false);
});

it("puts its values first where sshd includes no folder, once", async () => {
  machine.write("target/etc/ssh/sshd_config", "PermitRootLogin yes\n");
  await finish();
  const once = machine.read("target/etc/ssh/sshd_config");
  expect(once.indexOf("PermitRootLogin no")).toBeLessThan(once.indexOf("PermitRootLogin yes"));
  await finish();
  expect(machine.read("target/etc/ssh/sshd_config")).toBe(once);
});

it("places files with their modes", async () => {
  await finish();
  expect(machine.read("target/etc/netplan/10-rackform.yaml")).toContain("version: 2");
  expect(mode("etc/netplan/10-rackform.yaml")).toBe("600");
});

it("does nothing twice: a second run changes no file and keeps the time of installation", async () => {
  await finish();
  const files = [
    "etc/rackform/installation",
    "etc/passwd",
    "etc/hosts",
    "etc/ssh/sshd_config",
    "home/admin/.ssh/authorized_keys",
  ];
  const before = files.map((name) => machine.read(`target/${name}`));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(await finish()).toMatchObject({ code: 0 });
  expect(files.map((name) => machine.read(`target/${name}`))).toEqual(before);
  expect(machine.reports).toHaveLength(2);
});

it("replaces what another installation left", async () => {
  await finish({ installationId: "older" });
  await finish();
  expect(machine.read("target/etc/rackform/installation")).toContain('"installationId": "5c1f0e7a"');
});

it("tries again when the seed server does not answer at once", async () => {
  machine.statuses = [503, 204];
  expect(await finish()).toMatchObject({ code: 0 });
  expect(machine.reports).toHaveLength(1);
});

it("succeeds when its report never arrives: the marker proves the installation", async () => {
  machine.statuses = [503];
  expect(await finish()).toMatchObject({
    code: 0,
    output: expect.stringContaining("did not take the report after 2") as string,
  });
  expect(existsSync(machine.at("target/etc/rackform/installation"))).toBe(true);
});

it("reports the step that failed, and leaves no marker", async () => {
  machine.write("bin/mv", "#!/bin/sh\nexit 1\n");
  chmodSync(machine.at("bin/mv"), 0o755);
  const outcome = await finish();
  expect(outcome.code).not.toBe(0);
  expect(machine.reports).toEqual([
    { path: "/s/token/failed", body: expect.stringMatching(/^reason=finish\.sh failed in set_hostname/) as string },
  ]);
  expect(existsSync(machine.at("target/etc/rackform/installation"))).toBe(false);
});

it("can be cut anywhere: files are whole or absent", async () => {
  await finish();
  const complete = machine.read("target/etc/ssh/ssh_host_ed25519_key");
  // A run that was cut left its draft behind.
  writeFileSync(machine.at("target/etc/ssh/ssh_host_ed25519_key.rackform"), "half");
  await finish();
  expect(machine.read("target/etc/ssh/ssh_host_ed25519_key")).toBe(complete);
  expect(() => lstatSync(machine.at("target/etc/ssh/ssh_host_ed25519_key.rackform"))).toThrow("ENOENT");
});
