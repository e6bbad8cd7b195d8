import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { encodeParameters } from "../../../../components/node/remote-step";
import { command, describeWith } from "../../../setup/need";

const scripts = path.resolve(__dirname, "../../../../components/bare-metal-fleet/scripts");
const ID = "0123456789abcdef";

/** What stands in for the node's commands: small, and each keeps what it did in a file below the root. */
const STUBS: Record<string, string> = {
  hostname: 'if [ $# = 0 ]; then cat "$RACKFORM_ROOT/run/hostname"; else echo "$1" > "$RACKFORM_ROOT/run/hostname"; fi',
  getent: 'grep "^$2:" "$RACKFORM_ROOT/etc/passwd"',
  useradd: 'for name; do :; done; echo "$name:x:1001:1001::/home/$name:/bin/bash" >> "$RACKFORM_ROOT/etc/passwd"',
  chown: ":",
  "systemd-detect-virt": "exit ${STUB_CONTAINER:-1}",
  systemctl:
    'case "$1 ${2:-}" in "is-active --quiet"|"is-enabled --quiet") [ -e "$RACKFORM_ROOT/run/unit-$3" ]; exit;; esac; for unit; do :; done; case $1 in enable|restart|start) : > "$RACKFORM_ROOT/run/unit-$unit";; esac',
  "apt-get":
    'case "$*" in *" update") exit ${STUB_UPDATE:-0};; *" install "*) for p; do case $p in -*|install) ;; *) echo "${p%%=*} ${p#*=}" >> "$RACKFORM_ROOT/run/packages";; esac; done;; esac',
  "dpkg-query":
    'case $3 in *Status*) grep -q "^$4 " "$RACKFORM_ROOT/run/packages" && printf installed;; *Version*) sed -n "s/^$4 //p" "$RACKFORM_ROOT/run/packages";; esac',
  modprobe: '[ "$1" != absent ] && mkdir -p "$RACKFORM_ROOT/sys/module/$1"',
  sysctl:
    'if [ "$1" = -n ]; then cat "$RACKFORM_ROOT/run/sysctl-$2"; else printf "%s\\n" "${3#*=}" > "$RACKFORM_ROOT/run/sysctl-${3%%=*}"; fi',
  "update-grub": ":",
  mountpoint: "exit 1",
  ip: 'case "$*" in "-o address show"*) cat "$RACKFORM_ROOT/run/addresses";; esac',
  ping: 'for target; do :; done; grep -qxF "$target" "$RACKFORM_ROOT/run/answers"',
  netplan:
    '[ "$1" = generate ] || { cp "$RACKFORM_ROOT/run/addresses-after" "$RACKFORM_ROOT/run/addresses"; cp "$RACKFORM_ROOT/run/answers-after" "$RACKFORM_ROOT/run/answers"; }; exit ${STUB_NETPLAN:-0}',
  "systemd-run": ":",
  ss: ":",
};

interface NodeRoot {
  root: string;
  calls(): string[];
  read(file: string): string;
  mode(file: string): string;
  run(
    parameters: Record<string, string>,
    environment?: Record<string, string>,
  ): { status: number | null; stdout: string; stderr: string };
}

const roots: string[] = [];
afterAll(() => roots.forEach((root) => rmSync(root, { recursive: true, force: true })));

function node(): NodeRoot {
  const base = mkdtempSync(path.join(os.tmpdir(), "rackform-base-"));
  roots.push(base);
  const root = path.join(base, "root");
  const bin = path.join(base, "bin");
  for (const folder of ["etc/rackform", "run", "proc", "usr/share/zoneinfo/Europe", "usr/share/zoneinfo/Etc", "home"])
    mkdirSync(path.join(root, folder), { recursive: true });
  mkdirSync(bin);
  const files: Record<string, string> = {
    "etc/rackform/installation": `{"installationId": "${ID}", "hostname": "n1"}\n`,
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 debian\n",
    "etc/passwd": "root:x:0:0::/root:/bin/bash\n",
    "run/hostname": "debian\n",
    "run/packages": "bash 5\n",
    "run/addresses": "2: eth0 inet 10.0.0.11/24 x\n",
    "run/addresses-after": "2: eth0 inet 10.0.0.11/24 x\n",
    "run/answers": "10.0.0.1\n",
    "run/answers-after": "10.0.0.1\n",
    "run/sysctl-net.ipv4.ip_forward": "0\n",
    "run/sysctl-net.ipv4.tcp_rmem": "4096\t87380\t6291456\n",
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet\n",
    "usr/share/zoneinfo/Europe/Berlin": "",
    "usr/share/zoneinfo/Etc/UTC": "",
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(path.join(root, file), content);
  const log = path.join(base, "calls");
  for (const [name, body] of Object.entries(STUBS)) {
    writeFileSync(path.join(bin, name), `#!/bin/sh\nprintf '%s\\n' "${name} $*" >> '${log}'\n${body}\n`);
    chmodSync(path.join(bin, name), 0o755);
  }
  return {
    root,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []),
    read: (file) => readFileSync(path.join(root, file), "utf8"),
    mode: (file) => (statSync(path.join(root, file)).mode & 0o777).toString(8),
    run(parameters, environment = {}) {
      rmSync(log, { force: true });
      const all = { RACKFORM_HOSTNAME: "n1", RACKFORM_INSTALLATION_ID: ID, ...parameters };
      return spawnSync("bash", [path.join(scripts, "base-preparation.sh")], {
        input: encodeParameters(all),
        encoding: "utf8",
        env: {
          PATH: `${bin}:${process.env.PATH}`,
          RACKFORM_ROOT: root,
          RACKFORM_NETWORK_WAIT: "0",
          ...environment,
        },
      });
    },
  };
}

const PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIhBFSb1mR+2WBQzCwXpXbzD2vBzQ5sBBNbjnEAuJ9Wf ada";
const EVERYTHING = {
  RACKFORM_TIMEZONE: "Europe/Berlin",
  RACKFORM_NTP_SERVERS: "10.0.0.1\ntime.example.com\n",
  RACKFORM_USERS: "ada sudo\nbob plain\n",
  RACKFORM_AUTHORIZED_KEYS: `ada ${PUBLIC}\nbob ${PUBLIC}\n`,
  RACKFORM_PACKAGES: "jq\nnvme-cli=2.4\n",
  RACKFORM_REPOSITORIES: `ceph ${Buffer.from("Types: deb\n").toString("base64")} ${Buffer.from("KEY").toString("base64")}\n`,
  RACKFORM_KERNEL_MODULES: "br_netfilter\nnvme-tcp\n",
  RACKFORM_SYSCTLS: "net.ipv4.ip_forward=1\nnet.ipv4.tcp_rmem=4096 87380 6291456\n",
};

const networkFile = (content: string) => `/etc/netplan/90-rackform.yaml ${Buffer.from(content).toString("base64")}\n`;
const NETWORK = {
  RACKFORM_NETWORK_BACKEND: "netplan",
  RACKFORM_NETWORK_FILES: networkFile("network: {version: 2}\n"),
  RACKFORM_NETWORK_ADDRESSES: "10.0.0.11/24\n",
  RACKFORM_NETWORK_GATEWAYS: "10.0.0.1\n",
};

describeWith([command("bash"), command("flock"), command("setsid")], "base-preparation.sh", () => {
  it("brings everything to what the parameters say, and the second run changes nothing", () => {
    const one = node();
    const first = one.run(EVERYTHING);
    expect(first.stderr).toBe("");
    expect(first.status).toBe(0);
    expect(first.stdout.trim()).toBe(
      "rackform: base ready, changed: hostname,hosts,repositories,packages,timezone,packages,time,user:ada,keys:ada,packages,sudo:ada,user:bob,keys:bob,modules,sysctls, restart: no",
    );
    expect(one.read("etc/hostname")).toBe("n1\n");
    expect(one.read("etc/hosts")).toBe("127.0.0.1 localhost\n127.0.1.1 n1\n");
    expect(one.read("etc/chrony/chrony.conf")).toMatch(
      /^server 10.0.0.1 iburst\nserver time.example.com iburst\ndriftfile/,
    );
    expect(one.read("home/ada/.ssh/authorized_keys")).toBe(`${PUBLIC}\n`);
    expect(one.mode("home/ada/.ssh/authorized_keys")).toBe("600");
    expect(one.mode("etc/sudoers.d/rackform-ada")).toBe("440");
    expect(existsSync(path.join(one.root, "etc/sudoers.d/rackform-bob"))).toBe(false);
    expect(one.read("etc/apt/keyrings/ceph.asc")).toBe("KEY");
    expect(one.mode("etc/apt/keyrings")).toBe("755");
    expect(one.read("run/sysctl-net.ipv4.ip_forward").trim()).toBe("1");
    expect(one.read("run/packages")).toContain("nvme-cli 2.4");
    expect(existsSync(path.join(one.root, "sys/module/br_netfilter"))).toBe(true);
    const second = one.run(EVERYTHING);
    expect(second.stdout.trim()).toBe("rackform: base ready, changed: nothing, restart: no");
    expect(one.calls().filter((call) => /^(apt-get|useradd|systemctl (restart|enable)|sysctl -q)/.test(call))).toEqual(
      [],
    );
  });

  it("can be cut after any command and run again to the same end", () => {
    const whole = node();
    whole.run(EVERYTHING);
    const steps = whole.calls().length;
    for (const cut of [Math.floor(steps / 3), Math.floor((2 * steps) / 3)]) {
      const one = node();
      const bin = path.join(path.dirname(one.root), "bin");
      for (const name of Object.keys(STUBS)) {
        const stub = readFileSync(path.join(bin, name), "utf8");
        writeFileSync(
          path.join(bin, name),
          stub.replace(
            "\n",
            `\n[ "$(wc -l < '${path.dirname(one.root)}/calls' 2>/dev/null || echo 0)" -lt "\${STUB_CUT:-999}" ] || kill -9 $PPID\n`,
          ),
        );
      }
      const killed = one.run(EVERYTHING, { STUB_CUT: String(cut) });
      expect(killed.status).not.toBe(0);
      expect(one.run(EVERYTHING).status).toBe(0);
      expect(one.run(EVERYTHING).stdout).toContain("changed: nothing");
      for (const file of [
        "etc/hosts",
        "etc/chrony/chrony.conf",
        "home/bob/.ssh/authorized_keys",
        "etc/sysctl.d/90-rackform.conf",
      ]) {
        expect(one.read(file)).toBe(whole.read(file));
      }
    }
  });

  it("refuses a machine that is another installation, before it changes anything", () => {
    const one = node();
    const result = one.run({ ...EVERYTHING, RACKFORM_INSTALLATION_ID: "ffffffffffffffff" });
    expect(result.status).toBe(1);
    expect(result.stderr).toContain("does not name installation ffffffffffffffff");
    expect(one.read("etc/hostname")).toBe("debian\n");
    expect(one.calls()).toEqual([]);
  });

  it("marks a server that was already running, once", () => {
    const one = node();
    rmSync(path.join(one.root, "etc/rackform/installation"));
    expect(one.run({ RACKFORM_JOINED: "yes" }).stdout).toContain("changed: installation");
    const marker = one.read("etc/rackform/installation");
    expect(JSON.parse(marker)).toMatchObject({ installationId: ID, hostname: "n1" });
    one.run({ RACKFORM_JOINED: "yes" });
    expect(one.read("etc/rackform/installation")).toBe(marker);
  });

  it("takes logins away from users who are no longer listed, and leaves their files", () => {
    const one = node();
    one.run(EVERYTHING);
    writeFileSync(path.join(one.root, "home/ada/notes"), "mine");
    const result = one.run({
      ...EVERYTHING,
      RACKFORM_USERS: "bob plain\n",
      RACKFORM_AUTHORIZED_KEYS: `bob ${PUBLIC}\n`,
    });
    expect(result.stdout).toContain("changed: keys:ada,sudo:ada,");
    expect(existsSync(path.join(one.root, "home/ada/.ssh/authorized_keys"))).toBe(false);
    expect(existsSync(path.join(one.root, "etc/sudoers.d/rackform-ada"))).toBe(false);
    expect(one.read("home/ada/notes")).toBe("mine");
  });

  it("removes repositories, modules and settings that are no longer wanted", () => {
    const one = node();
    one.run(EVERYTHING);
    const { RACKFORM_REPOSITORIES: _r, RACKFORM_KERNEL_MODULES: _m, RACKFORM_SYSCTLS: _s, ...rest } = EVERYTHING;
    expect(one.run(rest).stdout).toContain("changed: repositories,modules,sysctls,");
    for (const file of [
      "etc/apt/sources.list.d/rackform-ceph.sources",
      "etc/modules-load.d/rackform.conf",
      "etc/sysctl.d/90-rackform.conf",
    ]) {
      expect(existsSync(path.join(one.root, file))).toBe(false);
    }
  });

  it.each([
    ["a module the kernel lacks", { RACKFORM_KERNEL_MODULES: "absent\n" }, {}, /has no module absent/],
    ["a setting the kernel lacks", { RACKFORM_SYSCTLS: "net.none=1\n" }, {}, /no setting net.none/],
    ["a zone that is not there", { RACKFORM_TIMEZONE: "Mars/Olympus" }, {}, /there is no time zone Mars\/Olympus/],
    [
      "package lists that cannot be fetched",
      { RACKFORM_PACKAGES: "jq\n" },
      { STUB_UPDATE: "1" },
      /apt-get update failed; check mirror/,
    ],
    [
      "a restart without consent",
      { RACKFORM_KERNEL_PARAMETERS: "intel_iommu=on\n" },
      {},
      /consent with allowReboot: true/,
    ],
  ])("fails on %s and says what to do", (_what, parameters, environment, message) => {
    const result = node().run(parameters, environment);
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(message);
    expect(result.stdout).toBe("");
  });

  it("sets kernel parameters and restarts with consent, closing the listener first; no restart once they are in force", () => {
    const one = node();
    const wanted = { RACKFORM_KERNEL_PARAMETERS: "intel_iommu=on\niommu=pt\n", RACKFORM_ALLOW_REBOOT: "yes" };
    expect(one.run(wanted).stdout).toContain("restart: yes");
    expect(one.read("etc/default/grub.d/90-rackform.cfg")).toBe(
      'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX intel_iommu=on iommu=pt"\n',
    );
    const calls = one.calls();
    expect(
      calls.findIndex((call) => call.startsWith("systemd-run") && call.includes("systemctl reboot")),
    ).toBeGreaterThan(-1);
    expect(calls).toContain("systemctl stop ssh.socket ssh.service sshd.service");
    writeFileSync(path.join(one.root, "proc/cmdline"), "root=/dev/sda1 intel_iommu=on iommu=pt\n");
    expect(one.run(wanted).stdout).toContain("changed: nothing, restart: no");
  });

  it("leaves the clock alone in a container", () => {
    const one = node();
    one.run({ RACKFORM_NTP_SERVERS: "10.0.0.1\n" }, { STUB_CONTAINER: "0" });
    expect(existsSync(path.join(one.root, "etc/chrony/chrony.conf"))).toBe(false);
  });

  it("applies a network that works, keeps it, and disarms the roll-back", () => {
    const one = node();
    expect(one.run(NETWORK).stdout).toContain("network");
    expect(one.read("etc/netplan/90-rackform.yaml")).toBe("network: {version: 2}\n");
    expect(one.mode("etc/netplan/90-rackform.yaml")).toBe("600");
    expect(one.calls().some((call) => call.includes("--unit=rackform-network-rollback"))).toBe(true);
    expect(one.calls()).toContain("systemctl stop rackform-network-rollback.timer");
    expect(existsSync(path.join(one.root, "var/lib/rackform/network-before"))).toBe(false);
    one.run(NETWORK);
    expect(one.calls().some((call) => call.startsWith("netplan"))).toBe(false);
  });

  it.each([
    ["addresses are missing", { "run/addresses-after": "" }, {}, /addresses missing: 10.0.0.11\/24/],
    ["the router no longer answers", { "run/answers-after": "" }, {}, /the node lost its connection/],
    ["it cannot be applied", {}, { STUB_NETPLAN: "1" }, /could not be applied/],
  ])("restores the network before when %s", (_what, after, environment, message) => {
    const one = node();
    one.run(NETWORK);
    for (const [file, content] of Object.entries(after)) writeFileSync(path.join(one.root, file), content);
    const result = one.run(
      { ...NETWORK, RACKFORM_NETWORK_FILES: networkFile("network: {version: 2, broken: yes}\n") },
      environment,
    );
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(message);
    expect(result.stderr).toContain("the configuration before was restored");
    expect(one.read("etc/netplan/90-rackform.yaml")).toBe("network: {version: 2}\n");
    expect(statSync(path.join(one.root, "etc")).mode & 0o777).toBe(0o755);
  });

  it("does not lose the network for a router that was never reachable", () => {
    const one = node();
    writeFileSync(path.join(one.root, "run/answers"), "");
    writeFileSync(path.join(one.root, "run/answers-after"), "");
    expect(one.run(NETWORK).status).toBe(0);
  });

  it("takes the port from ifupdown when systemd-networkd gets it, and gives it back on roll-back", () => {
    const one = node();
    mkdirSync(path.join(one.root, "etc/network"), { recursive: true });
    const original = "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n";
    writeFileSync(path.join(one.root, "etc/network/interfaces"), original);
    const files = `/etc/systemd/network/10-rackform-eth0.network ${Buffer.from("[Match]\n").toString("base64")}\n`;
    const networkd = { ...NETWORK, RACKFORM_NETWORK_BACKEND: "networkd", RACKFORM_NETWORK_FILES: files };
    expect(one.run({ ...networkd, RACKFORM_NETWORK_ADDRESSES: "10.9.9.9/24\n" }).status).toBe(1);
    expect(one.read("etc/network/interfaces")).toBe(original);
    expect(existsSync(path.join(one.root, "etc/systemd/network/10-rackform-eth0.network"))).toBe(false);
    expect(one.run({ ...networkd, RACKFORM_NAMESERVERS: "10.0.0.1\n" }).status).toBe(0);
    expect(one.read("etc/network/interfaces")).toBe("auto lo\niface lo inet loopback\n");
    expect(one.read("etc/resolv.conf")).toBe("nameserver 10.0.0.1\n");
  });

  it("lets the watchdog restore the network when the script itself is cut off", () => {
    const one = node();
    one.run(NETWORK);
    const before = path.join(one.root, "var/lib/rackform/network-before");
    mkdirSync(path.join(before, "files/etc/netplan"), { recursive: true });
    writeFileSync(path.join(before, "files/etc/netplan/90-rackform.yaml"), "before\n");
    writeFileSync(path.join(before, "backend"), "netplan\n");
    const env = { PATH: `${path.join(path.dirname(one.root), "bin")}:${process.env.PATH}`, RACKFORM_ROOT: one.root };
    execFileSync("bash", [path.join(scripts, "network-rollback.sh")], { env, stdio: "ignore" });
    expect(one.read("etc/netplan/90-rackform.yaml")).toBe("before\n");
    execFileSync("bash", [path.join(scripts, "network-rollback.sh")], { env });
  });

  it("refuses parameters that are not parameters, and waits for another step", () => {
    const one = node();
    const bad = spawnSync("bash", [path.join(scripts, "base-preparation.sh")], {
      input: "PATH/..=eA==\n",
      encoding: "utf8",
      env: { ...process.env, RACKFORM_ROOT: one.root },
    });
    expect(bad.status).toBe(64);
    expect(bad.stderr).toBe("rackform: refused a parameter name\n");
    symlinkSync("nowhere", path.join(one.root, "etc/localtime"));
    expect(one.run({ RACKFORM_TIMEZONE: "Etc/UTC" }).stdout).toContain("timezone");
  });
});

describeWith([command("shellcheck")], "step scripts", () => {
  it("pass shellcheck", () => {
    const folders = [scripts, path.resolve(scripts, "../../node/scripts")];
    const files = folders.flatMap((folder) =>
      execFileSync("sh", ["-c", 'ls "$1"/*.sh', "sh", folder], { encoding: "utf8" }).trim().split("\n"),
    );
    expect(files.length).toBeGreaterThanOrEqual(3);
    execFileSync("shellcheck", ["-x", ...files]);
  });

  it("begin with the common preamble", () => {
    const preamble = readFileSync(path.resolve(scripts, "../../node/scripts/preamble.sh"), "utf8");
    expect(readFileSync(path.join(scripts, "base-preparation.sh"), "utf8").startsWith(preamble)).toBe(true);
  });
});
