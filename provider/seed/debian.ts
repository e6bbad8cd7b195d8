import { marker, type Seed, type SeedInput } from "./input";
import { netcfgArguments } from "./kernel-network";
import { netplan } from "./netplan";
import { preseed, yaml } from "./quote";
import { commonFiles, type TargetFile } from "./scripts";

const suites: Readonly<Record<string, string>> = { "11": "bullseye", "12": "bookworm", "13": "trixie", "14": "forky" };

/** Seed of the Debian installer: a preseed file, and the scripts that it runs. */
export function debianSeed(input: SeedInput): Seed {
  return {
    files: [{ path: "preseed.cfg", content: preseedFile(input) }, ...commonFiles(input, systemFiles(input))],
    kernelArguments: preseedArguments(input),
  };
}

/** Kernel arguments of the Debian installer, up to the seed. */
export function preseedArguments(input: SeedInput): string[] {
  return [
    "auto=true",
    "priority=critical",
    `url=${input.seedUrl}/preseed.cfg`,
    ...netcfgArguments(input),
    ...(input.image.kernelArguments ?? []),
    `rackform.installation=${input.installationId}`,
  ];
}

function preseedFile(input: SeedInput): string {
  const packages = [
    ...["openssh-server", "sudo", "ca-certificates", "curl", "netplan.io", "systemd-timesyncd"],
    ...(input.packages ?? []),
  ];
  const answers: Answer[] = [
    ...common(input),
    ...mirror(input),
    ["passwd/root-login", "boolean", "true"],
    ["passwd/root-password-crypted", "password", "!"],
    ["passwd/make-user", "boolean", "false"],
    ["clock-setup/utc", "boolean", "true"],
    ["time/zone", "string", input.timezone ?? "UTC"],
    ["clock-setup/ntp", "boolean", "true"],
    ...(input.network.ntpServers?.[0]
      ? [["clock-setup/ntp-server", "string", input.network.ntpServers[0]] as Answer]
      : []),
    ["partman-auto/method", "string", "regular"],
    ["partman-auto/choose_recipe", "select", "atomic"],
    ["partman-lvm/device_remove_lvm", "boolean", "true"],
    ["partman-md/device_remove_md", "boolean", "true"],
    ["partman-lvm/confirm", "boolean", "true"],
    ["partman-lvm/confirm_nooverwrite", "boolean", "true"],
    ["partman-efi/non_efi_system", "boolean", "true"],
    ["partman-partitioning/confirm_write_new_label", "boolean", "true"],
    ["partman/choose_partition", "select", "finish"],
    ["partman/confirm", "boolean", "true"],
    ["partman/confirm_nooverwrite", "boolean", "true"],
    ["partman/mount_style", "select", "uuid"],
    ["pkgsel/include", "string", [...new Set(packages)].join(" ")],
    ["pkgsel/upgrade", "select", "none"],
    ["pkgsel/update-policy", "select", "none"],
    ["grub-installer/only_debian", "boolean", "true"],
    ["grub-installer/with_other_os", "boolean", "false"],
    ["cdrom-detect/eject", "boolean", "false"],
    ["finish-install/reboot_in_progress", "note", ""],
  ];
  return [
    marker(input),
    ...answers.map(line),
    "tasksel tasksel/first multiselect",
    "popularity-contest popularity-contest/participate boolean false",
    `d-i partman/early_command string ${guardCommand(input, 'debconf-set partman-auto/disk "$disk"; debconf-set grub-installer/bootdev "$disk"')}`,
    `d-i preseed/late_command string ${lateCommand}`,
    "",
  ].join("\n");
}

export type Answer = [question: string, type: string, value: string];

/** A line of a preseed file. */
export function line([question, type, value]: Answer): string {
  return `d-i ${question} ${type} ${preseed(value)}`.trimEnd();
}

/** Answers that the Debian installer needs whatever it installs. */
export function common(input: SeedInput): Answer[] {
  return [
    // Of a locale without a country the installer would ask on which continent it is.
    ["debian-installer/locale", "string", installerLocale(input.locale)],
    ["keyboard-configuration/xkb-keymap", "select", "us"],
    ["hw-detect/load_firmware", "boolean", "true"],
  ];
}

function installerLocale(locale = "C.UTF-8"): string {
  return isPlain(locale) ? "en_US.UTF-8" : locale;
}

/** A locale that belongs to no country. */
function isPlain(locale = "C.UTF-8"): boolean {
  return !/^[a-z]{2,3}_[A-Z]{2}/.test(locale);
}

export function mirror(input: SeedInput): Answer[] {
  const url = new URL(input.image.mirror ?? "http://deb.debian.org/debian");
  const protocol = url.protocol.replace(":", "");
  const suite = suites[input.image.version] ?? (/^[a-z]+$/.test(input.image.version) ? input.image.version : undefined);
  return [
    ["mirror/country", "string", "manual"],
    ["mirror/protocol", "string", protocol],
    [`mirror/${protocol}/hostname`, "string", url.host],
    [`mirror/${protocol}/directory`, "string", url.pathname.replace(/\/+$/, "") || "/"],
    [`mirror/${protocol}/proxy`, "string", input.proxy ?? ""],
    ...(suite ? [["mirror/suite", "string", suite] as Answer] : []),
    // A site's own mirror need not have the security archive beside it.
    ...(input.image.mirror === undefined ? [] : [["apt-setup/services-select", "multiselect", ""] as Answer]),
  ];
}

/**
 * Fetches the scripts and lets the guard choose the disk, then does `next` with it. One that refuses stays where it is: what follows this
 * command would touch the disk, and the installer goes on after a command that fails.
 */
export function guardCommand(
  input: SeedInput,
  next: string,
  files = ["guard.sh", "guard.env", "finish.sh", "finish.env"],
): string {
  return [
    "mkdir -p /tmp/rackform;",
    `for file in ${files.join(" ")}; do`,
    `until preseed_fetch ${input.seedUrl}/$file /tmp/rackform/$file; do sleep 5; done;`,
    "done;",
    "if sh /tmp/rackform/guard.sh /tmp/rackform/guard.env; then",
    `disk=$(cat /tmp/rackform/disk); ${next};`,
    "else while :; do sleep 60; done; fi",
  ].join(" \\\n  ");
}

const lateCommand = [
  "in-target systemctl enable systemd-networkd;",
  "TARGET=/target sh /tmp/rackform/finish.sh /tmp/rackform/finish.env || while :; do sleep 60; done",
].join(" \\\n  ");

/** systemd-networkd through netplan, instead of what the installer wrote for its own interface. */
function systemFiles(input: SeedInput): TargetFile[] {
  const { nameservers, searchDomains, ntpServers } = input.network;
  const resolver = [
    ...(searchDomains?.length ? [`search ${searchDomains.join(" ")}`] : []),
    ...nameservers.map((address) => `nameserver ${address}`),
  ];
  return [
    { path: "/etc/network/interfaces", content: "auto lo\niface lo inet loopback\n" },
    { path: "/etc/netplan/10-rackform.yaml", content: yaml({ network: netplan(input.network) }), mode: "0600" },
    ...(resolver.length > 0 ? [{ path: "/etc/resolv.conf", content: `${resolver.join("\n")}\n` }] : []),
    ...(isPlain(input.locale) ? [{ path: "/etc/default/locale", content: `LANG=${input.locale ?? "C.UTF-8"}\n` }] : []),
    ...timesyncd(ntpServers),
  ];
}

/** Time servers for systemd-timesyncd. */
export function timesyncd(servers: string[] | undefined): TargetFile[] {
  if (!servers?.length) return [];
  return [{ path: "/etc/systemd/timesyncd.conf.d/rackform.conf", content: `[Time]\nNTP=${servers.join(" ")}\n` }];
}
