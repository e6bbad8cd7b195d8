import type { NodeSpec } from "../backend";

/** Programs of an installer's ram disk that look at hardware, answering for the emulated server. By name. */
export function shims(spec: NodeSpec): Record<string, string> {
  return { dmidecode: dmidecode(spec), "in-target": IN_TARGET };
}

/** debian-installer's own helper. */
const IN_TARGET = '#!/bin/sh\nexec chroot /target "$@"\n';

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
