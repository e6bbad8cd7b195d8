import { common, guardCommand, line, mirror, preseedArguments, timesyncd } from "./debian";
import { marker, type Seed, type SeedInput } from "./input";
import { netplan } from "./netplan";
import { shellFile, yaml } from "./quote";
import { commonFiles, script } from "./scripts";
import { firstBoot } from "./ubuntu";

/**
 * Seed of a disk image with cloud-init. The Debian installer is the ramdisk: it starts, lets the guard choose the disk, writes the image and
 * puts user data, meta data and network configuration where cloud-init looks for them at the first boot.
 */
export function nocloudSeed(input: SeedInput): Seed {
  const shared = commonFiles(input, timesyncd(input.network.ntpServers));
  const content = (path: string) => shared.find((file) => file.path === path)!.content;
  return {
    files: [
      { path: "preseed.cfg", content: ramdisk(input) },
      { path: "deploy.sh", content: script("deploy.sh") },
      { path: "deploy.env", content: parameters(input) },
      {
        path: "user-data",
        content: `#cloud-config\n${marker(input)}\n${yaml(userData(input, content("finish.sh"), content("finish.env")))}`,
      },
      { path: "meta-data", content: yaml({ "instance-id": input.installationId, "local-hostname": input.hostname }) },
      { path: "network-config", content: yaml(netplan(input.network)) },
      ...shared,
    ],
    kernelArguments: preseedArguments(input),
  };
}

const files = [
  ...["guard.sh", "guard.env", "deploy.sh", "deploy.env"],
  ...["user-data", "meta-data", "network-config"],
];

function ramdisk(input: SeedInput): string {
  const next = "sh /tmp/rackform/deploy.sh /tmp/rackform/deploy.env; while :; do sleep 60; done";
  return [
    marker(input),
    ...[...common(input), ...mirror(input)].map(line),
    `d-i partman/early_command string ${guardCommand(input, next, files)}`,
    "",
  ].join("\n");
}

function parameters(input: SeedInput): string {
  const image = input.image.diskImage;
  if (image === undefined) throw new Error("image.diskImage is needed for the family nocloud");
  return `${marker(input)}\n${shellFile({
    RF_SEED_URL: input.seedUrl,
    RF_CA: input.caPem.trim(),
    RF_IMAGE_URL: image.url,
    RF_IMAGE_SHA256: image.sha256.toLowerCase(),
    RF_IMAGE_FORMAT: image.format,
    RF_PROXY: input.proxy ?? "",
  })}`;
}

function userData(input: SeedInput, finish: string, environment: string): object {
  const encoded = (content: string) => ({
    encoding: "b64",
    content: Buffer.from(content).toString("base64"),
    owner: "root:root",
  });
  return {
    ...firstBoot(input),
    timezone: input.timezone ?? "UTC",
    locale: input.locale ?? "C.UTF-8",
    ssh_pwauth: false,
    ...(input.packages?.length ? { package_update: true, packages: input.packages } : {}),
    write_files: [
      { path: "/var/lib/rackform/finish.sh", permissions: "0700", ...encoded(finish) },
      { path: "/var/lib/rackform/finish.env", permissions: "0600", ...encoded(environment) },
    ],
    runcmd: [
      ["env", "TARGET=/", "RUN=/run/rackform", "sh", "/var/lib/rackform/finish.sh", "/var/lib/rackform/finish.env"],
      ["rm", "-f", "/var/lib/rackform/finish.env"],
    ],
  };
}
