import { timesyncd } from "./debian";
import { marker, type Seed, type SeedInput } from "./input";
import { initramfsArguments } from "./kernel-network";
import { netplan } from "./netplan";
import { shell, yaml } from "./quote";
import { commonFiles } from "./scripts";

/** Replaced with the guard's choice before the installer reads its configuration again. */
const DISK = "RACKFORM_ROOT_DISK";

/** Seed of Ubuntu's server installer: autoinstall in cloud-init's user data. */
export function ubuntuSeed(input: SeedInput): Seed {
  return {
    files: [
      { path: "user-data", content: `#cloud-config\n${marker(input)}\n${yaml({ autoinstall: autoinstall(input) })}` },
      { path: "meta-data", content: yaml({ "instance-id": input.installationId, "local-hostname": input.hostname }) },
      { path: "vendor-data", content: "#cloud-config\n{}\n" },
      ...commonFiles(input, timesyncd(input.network.ntpServers)),
    ],
    kernelArguments: [
      "autoinstall",
      `ds=nocloud;s=${input.seedUrl}/`,
      "boot=casper",
      ...(input.image.liveImage ? [`url=${input.image.liveImage.url}`] : []),
      ...initramfsArguments(input),
      "cloud-config-url=/dev/null",
      ...(input.image.kernelArguments ?? []),
      `rackform.installation=${input.installationId}`,
    ],
  };
}

function autoinstall(input: SeedInput): object {
  return {
    version: 1,
    locale: input.locale ?? "C.UTF-8",
    timezone: input.timezone ?? "UTC",
    keyboard: { layout: "us" },
    "refresh-installer": { update: false },
    network: netplan(input.network),
    ...(input.proxy === undefined ? {} : { proxy: input.proxy }),
    apt: {
      geoip: false,
      preserve_sources_list: false,
      ...(input.image.mirror === undefined
        ? {}
        : {
            primary: [{ arches: ["default"], uri: input.image.mirror }],
            security: [{ arches: ["default"], uri: input.image.mirror }],
          }),
    },
    storage: { layout: { name: "direct", match: { path: DISK } } },
    ssh: { "install-server": true, "allow-pw": false },
    packages: [...new Set(["sudo", "ca-certificates", "curl", ...(input.packages ?? [])])],
    "user-data": firstBoot(input),
    "early-commands": [fetchScripts(input), "sh /tmp/rackform/guard.sh /tmp/rackform/guard.env", chooseDisk],
    "late-commands": ["TARGET=/target sh /tmp/rackform/finish.sh /tmp/rackform/finish.env"],
    "error-commands": [reportFailure(input)],
    shutdown: "reboot",
  };
}

/** cloud-init in the installed system: without these it makes host keys of its own and a default user. */
export function firstBoot(input: SeedInput): object {
  return {
    hostname: input.hostname,
    preserve_hostname: true,
    ssh_deletekeys: false,
    ssh_keys: {
      ed25519_private: `${input.hostKey.privateKey.trim()}\n`,
      ed25519_public: input.hostKey.publicKey.trim(),
    },
    disable_root: !input.users.some(({ name }) => name === "root"),
    users: input.users.map(({ name, authorizedKeys, sudo }) => ({
      name,
      lock_passwd: true,
      shell: "/bin/bash",
      ssh_authorized_keys: authorizedKeys,
      ...(sudo ? { sudo: "ALL=(ALL) NOPASSWD:ALL" } : {}),
    })),
  };
}

function fetchScripts(input: SeedInput): string {
  return [
    "mkdir -p /tmp/rackform",
    `printf '%s\\n' ${shell(input.caPem.trim())} > /tmp/rackform/ca.pem`,
    "for file in guard.sh guard.env finish.sh finish.env; do",
    `  until curl --silent --show-error --fail --max-time 30 --cacert /tmp/rackform/ca.pem --output "/tmp/rackform/$file" ${shell(`${input.seedUrl}/`)}"$file"; do`,
    "    sleep 5",
    "  done",
    "done",
  ].join("\n");
}

const chooseDisk = `sed -i "s|${DISK}|$(cat /tmp/rackform/disk)|" /autoinstall.yaml`;

function reportFailure(input: SeedInput): string {
  const url = shell(`${input.seedUrl}/failed`);
  const data = "reason=the installer failed; see /var/log/installer on the machine";
  return `curl --silent --max-time 30 --cacert /tmp/rackform/ca.pem --header 'Content-Type: text/plain' --data-binary '${data}' ${url} || true`;
}
