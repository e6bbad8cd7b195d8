import { marker, type Seed, type SeedInput } from "./input";
import { dracutArguments } from "./kernel-network";
import { keyfiles } from "./network-manager";
import { kickstart, shell } from "./quote";
import { commonFiles } from "./scripts";

/** Seed of Anaconda, the installer of the RHEL family: a kickstart file, and the scripts that it runs. */
export function rhelSeed(input: SeedInput): Seed {
  const { mirror, liveImage, kernelArguments = [] } = input.image;
  return {
    files: [{ path: "ks.cfg", content: kickstartFile(input) }, ...commonFiles(input, keyfiles(input.network))],
    kernelArguments: [
      `inst.ks=${input.seedUrl}/ks.cfg`,
      ...(mirror === undefined ? [] : [`inst.repo=${mirror}`]),
      ...(liveImage === undefined ? [] : [`inst.stage2=${liveImage.url.replace(/\/images\/install\.img$/, "")}`]),
      "inst.text",
      ...dracutArguments(input),
      ...kernelArguments,
      `rackform.installation=${input.installationId}`,
    ],
  };
}

function kickstartFile(input: SeedInput): string {
  const { image } = input;
  const packages = ["@core", "openssh-server", "sudo", "curl", "chrony", "NetworkManager", ...(input.packages ?? [])];
  const proxy = input.proxy === undefined ? "" : ` --proxy=${kickstart(input.proxy)}`;
  return [
    marker(input),
    "text",
    ...(image.mirror === undefined ? [] : [`url --url=${kickstart(image.mirror)}${proxy}`]),
    `lang ${kickstart(input.locale ?? "C.UTF-8")}`,
    "keyboard us",
    ...time(input),
    // Addresses come from NetworkManager's own files, which know bonds by MAC address.
    `network --hostname=${kickstart(input.hostname)}`,
    "rootpw --lock",
    "selinux --enforcing",
    `firewall --enabled --service=ssh${input.sshPort && input.sshPort !== 22 ? ` --port=${input.sshPort}:tcp` : ""}`,
    "services --enabled=sshd,chronyd",
    "firstboot --disable",
    "eula --agreed",
    "reboot --eject",
    "%include /tmp/rackform/disk.ks",
    "",
    "%packages",
    ...[...new Set(packages)].map((name) => packageName(name)),
    "%end",
    "",
    "%pre --erroronfail --interpreter=/bin/sh",
    ...fetchScripts(input),
    "sh /tmp/rackform/guard.sh /tmp/rackform/guard.env || while :; do sleep 60; done",
    'disk=$(basename "$(cat /tmp/rackform/disk)")',
    "cat > /tmp/rackform/disk.ks <<EOF",
    "ignoredisk --only-use=$disk",
    "zerombr",
    "clearpart --all --initlabel --drives=$disk",
    "autopart --type=lvm --nohome",
    "bootloader --boot-drive=$disk --timeout=1",
    "EOF",
    "%end",
    "",
    "%post --nochroot --erroronfail --interpreter=/bin/sh",
    "TARGET=/mnt/sysroot",
    '[ -d "$TARGET/etc" ] || TARGET=/mnt/sysimage',
    "export TARGET",
    "sh /tmp/rackform/finish.sh /tmp/rackform/finish.env",
    "%end",
    "",
    "%onerror --interpreter=/bin/sh",
    "curl --silent --max-time 30 --cacert /tmp/rackform/ca.pem --header 'Content-Type: text/plain' \\",
    `  --data-binary 'reason=the installer failed; see /tmp/anaconda.log on the machine' ${shell(`${input.seedUrl}/failed`)}`,
    "%end",
    "",
  ].join("\n");
}

/** RHEL 8 names the time servers in another command than later releases. */
function time(input: SeedInput): string[] {
  const servers = input.network.ntpServers ?? [];
  const zone = kickstart(input.timezone ?? "UTC");
  const old = Number.parseInt(input.image.version, 10) <= 8;
  if (servers.length === 0) return [`timezone ${zone} --utc`];
  if (old) return [`timezone ${zone} --utc --ntpservers=${kickstart(servers.join(","))}`];
  return [`timezone ${zone} --utc`, ...servers.map((server) => `timesource --ntp-server=${kickstart(server)}`)];
}

/** A line of the package section: no quoting there, so only what a package or group is called. */
function packageName(name: string): string {
  if (!/^[@^A-Za-z0-9][A-Za-z0-9^._+*:-]*$/.test(name))
    throw new Error(`${JSON.stringify(name)} is no name of a package`);
  return name;
}

function fetchScripts(input: SeedInput): string[] {
  return [
    "mkdir -p /tmp/rackform",
    "cat > /tmp/rackform/ca.pem <<'EOF'",
    input.caPem.trim(),
    "EOF",
    "for file in guard.sh guard.env finish.sh finish.env; do",
    `  until curl --silent --show-error --fail --max-time 30 --cacert /tmp/rackform/ca.pem --output "/tmp/rackform/$file" ${shell(`${input.seedUrl}/`)}"$file"; do`,
    "    sleep 5",
    "  done",
    "done",
  ];
}
