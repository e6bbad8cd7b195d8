import type { NodeSpec } from "../nodes/backend";

/** What a simulated server's guard decides. */
export type Verdict = { disk: string } | { refusal: string };

/**
 * Judges as a seed's guard script does, from its parameters, for servers that run no scripts: is it the expected machine, which disk,
 * may it be wiped.
 */
export function judge(values: Map<string, string>, spec: NodeSpec, usedDisks: string[]): Verdict {
  const value = (name: string) => values.get(name) ?? "";
  const list = (name: string) => value(name).split("\n").map(plain).filter(Boolean);
  const uuid = plain(value("RF_UUID"));
  if (uuid !== "" && ![plain(spec.uuid), plain(swapped(spec.uuid))].includes(uuid)) {
    return {
      refusal: `this machine has the UUID ${spec.uuid}, expected ${value("RF_UUID")}; check the cabling of its BMC`,
    };
  }
  const serials = list("RF_SERIALS");
  if (serials.length > 0 && !serials.includes(plain(spec.serialNumber))) {
    return {
      refusal: `this machine has the serial number ${spec.serialNumber}, expected ${serials.join(" ")}; check the cabling of its BMC`,
    };
  }
  const kept = list("RF_KEEP_DISKS");
  const number = (name: string, fallback: number) => (value(name) === "" ? fallback : Number(value(name)));
  const matching = spec.disks.filter((disk) => {
    const size = Math.floor(disk.sizeBytes / 1e9);
    const type = value("RF_DISK_TYPE");
    return (
      !kept.includes(plain(disk.serialNumber)) &&
      ["", plain(disk.serialNumber)].includes(plain(value("RF_DISK_SERIAL"))) &&
      plain(disk.model).includes(plain(value("RF_DISK_MODEL"))) &&
      (type === "" || type === disk.type || (type === "SSD" && disk.type === "NVMe")) &&
      size >= number("RF_DISK_MIN_GB", 4) &&
      size <= number("RF_DISK_MAX_GB", Infinity) &&
      ["", disk.device].includes(value("RF_DISK_NAME").split("/").at(-1) ?? "")
    );
  });
  const [disk] = matching.toSorted((a, b) => a.sizeBytes - b.sizeBytes || a.device.localeCompare(b.device));
  if (!disk) {
    const seen = spec.disks.map((one) => `${one.device} (${one.model}, serial ${one.serialNumber})`).join(", ");
    return { refusal: `no disk matches rootDisk; this machine has: ${seen || "none"}; adjust rootDisk or keepDisks` };
  }
  if (value("RF_CONSENT") !== "wipe" && usedDisks.includes(disk.device)) {
    return {
      refusal: `${disk.device} (serial ${disk.serialNumber}) is not blank and nobody consented to wiping it; give consent, or empty the disk`,
    };
  }
  return { disk: disk.device };
}

function plain(text: string): string {
  return text.replace(/\s/g, "").toUpperCase();
}

/** The byte order of the first three fields turned round, as SMBIOS and Redfish differ on some machines. */
function swapped(uuid: string): string {
  return uuid.replace(/^(..)(..)(..)(..)-(..)(..)-(..)(..)-/, "$4$3$2$1-$6$5-$8$7-");
}
