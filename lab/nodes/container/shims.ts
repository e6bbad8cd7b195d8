import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { NodeSpec } from "../backend";
import { WAITS } from "../backend";

/** Where an installer's system sees the emulated hardware; scripts take these from the variables SYS and DEV. */
export const HARDWARE = { SYS: "/lab/sys", DEV: "/lab/dev" };

/**
 * Writes what an installer's system sees of the emulated server: programs that look at hardware, and the parts of /sys and /dev that
 * tell machine and disks. The disks themselves are mounted at /lab/disks.
 */
export async function writeHardware(folder: string, spec: NodeSpec): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const put = async (path: string, content: string, mode = 0o644) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content, { mode });
  };
  for (const [name, script] of Object.entries(programs(spec))) await put(`bin/${name}`, script, 0o755);
  const dmi: Record<string, string> = {
    product_serial: spec.serialNumber,
    product_uuid: spec.uuid,
    product_name: spec.model,
    sys_vendor: spec.manufacturer,
  };
  for (const [name, value] of Object.entries(dmi)) await put(`sys/class/dmi/id/${name}`, `${value}\n`, 0o400);
  await mkdir(join(folder, "dev"));
  for (const disk of spec.disks) {
    const block = `sys/block/${disk.device}`;
    const files: Record<string, string> = {
      size: String(Math.floor(disk.sizeBytes / 512)),
      removable: "0",
      ro: "0",
      "queue/rotational": disk.type === "HDD" ? "1" : "0",
      "device/model": disk.model,
      "device/serial": disk.serialNumber,
    };
    for (const [name, value] of Object.entries(files)) await put(`${block}/${name}`, `${value}\n`);
    await symlink(`/lab/disks/${disk.device}.img`, join(folder, "dev", disk.device));
  }
}

function programs(spec: NodeSpec): Record<string, string> {
  return {
    dmidecode: dmidecode(spec),
    // debian-installer's and curtin's own helpers.
    "in-target": '#!/bin/sh\nexec chroot /target "$@"\n',
    curtin: CURTIN,
    "log-output":
      '#!/bin/sh\nwhile [ "$1" = -t ] || [ "$1" = --pass-stdout ]; do [ "$1" = -t ] && shift; shift; done\nexec "$@"\n',
    "debconf-set": '#!/bin/sh\nprintf "%s\\t%s\\n" "$1" "$2" >>/lab/debconf\n',
    // debian-installer's way to fetch a file: GNU wget that trusts what lies in its folder of hashed certificates.
    preseed_fetch: PRESEED_FETCH,
    sleep: SLEEP,
    "anna-install": "#!/bin/sh\nexit 0\n",
    "list-devices": '#!/bin/sh\n[ "$1" = disk ] && ls -1 "$SYS/block" | sed "s#^#$DEV/#"\n',
  };
}

const PRESEED_FETCH = `#!/bin/sh
said=$(wget --no-verbose --tries=1 --timeout=30 --ca-directory=/lab/certs --output-document="$2" "$1" 2>&1) && exit 0
echo "preseed_fetch \${1##*/}: $said" | sed "s#$1#the seed#g" >&2
exit 1
`;

/** Pauses of scripts are a twentieth as long; a long one is how an installer waits for a person. */
const SLEEP = `#!/bin/sh
if [ "\$1" -ge 60 ] 2>/dev/null; then echo "${WAITS}"; exec /bin/sleep "\$1"; fi
count=$(cat /tmp/lab-sleeps 2>/dev/null || echo 0)
echo $((count + 1)) >/tmp/lab-sleeps
[ "$count" -lt 60 ] || echo "${WAITS}"
exec /bin/sleep "$(printf '%d.%03d' $(($1 / 20)) $(($1 * 50 % 1000)))"
`;

const CURTIN = `#!/bin/sh
[ "$1" = in-target ] || { echo "this stand-in of the lab knows curtin in-target only" >&2; exit 2; }
shift
while [ "\${1#-}" != "$1" ]; do
    case "$1" in --) shift; break ;; --target | -t) shift 2 ;; *) shift ;; esac
done
exec chroot /target "$@"
`;

function dmidecode(spec: NodeSpec): string {
  const values: Record<string, string> = {
    "system-serial-number": spec.serialNumber,
    "chassis-serial-number": spec.serialNumber,
    "baseboard-serial-number": spec.serialNumber,
    "system-uuid": spec.uuid,
    "system-manufacturer": spec.manufacturer,
    "system-product-name": spec.model,
  };
  const cases = Object.entries(values).map(([key, value]) => `  ${key}) echo ${quote(value)} ;;`);
  return [
    "#!/bin/sh",
    'case "$1" in -s | --string) shift ;; *) echo "this stand-in of the lab knows dmidecode -s only" >&2; exit 1 ;; esac',
    'case "$1" in',
    ...cases,
    '  *) echo "Not Specified" ;;',
    "esac",
    "",
  ].join("\n");
}

/** A word for the shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
