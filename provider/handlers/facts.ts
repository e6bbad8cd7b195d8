import type { FeatureState, HardwareFacts } from "../../resources/redfish/facts";
import type { HardwareFacts as Told, Known } from "../redfish";

/** Facts of a state are at most this long as JSON: a stack of 500 servers is written again after every step. */
const MOST = 4096;

/** What the client read, in the shape of the resource: absent means unknown. */
export function factsOf(told: Told): HardwareFacts {
  const nvme = (drive: { protocol: Known<string> }) => /^nvme/i.test(String(drive.protocol));
  return {
    ...known({
      manufacturer: told.manufacturer,
      model: told.model,
      serialNumber: told.serial,
      sku: told.sku,
      uuid: told.uuid,
      cores: told.cpu.cores,
      threads: told.cpu.threads,
      cpuModel: told.cpu.model,
      memoryGib: told.memoryGiB,
    }),
    drives: list(told.drives).map((drive) => ({
      name: drive.name,
      ...known({
        type: nvme(drive) ? ("NVMe" as const) : drive.type,
        sizeGb: drive.sizeGB,
        protocol: drive.protocol,
        model: drive.model,
        serialNumber: drive.serial,
      }),
    })),
    drivesKnown: told.drives !== "unknown",
    nics: list(told.nics).map((nic) => ({
      name: nic.name,
      ...known({ mac: nic.mac, speedGbps: nic.speedMbps === "unknown" ? nic.speedMbps : nic.speedMbps / 1000 }),
      ...(nic.link === "unknown" ? {} : { linkUp: nic.link === "up" }),
    })),
    nicsKnown: told.nics !== "unknown",
    virtualization: feature(told.virtualization),
    sriov: feature(told.sriov),
    tpm: told.tpm === "none" ? "absent" : told.tpm,
    ...known({ biosVersion: told.firmware.bios, bmcVersion: told.firmware.bmc }),
  };
}

/** Facts short enough for a state: details go first, then drives and ports at the end of their lists. */
export function abridge(facts: HardwareFacts): HardwareFacts {
  let short = facts;
  const fits = () => Buffer.byteLength(JSON.stringify(short)) <= MOST;
  const drop = (member: "model" | "protocol" | "serialNumber") => {
    short = { ...short, drives: short.drives.map(({ [member]: _dropped, ...rest }) => rest), abridged: true };
  };
  for (const member of ["model", "protocol", "serialNumber"] as const) if (!fits()) drop(member);
  while (!fits() && short.drives.length + short.nics.length > 0) {
    const longest = short.drives.length >= short.nics.length ? "drives" : "nics";
    short = { ...short, [longest]: short[longest].slice(0, -1) };
  }
  return short;
}

function feature(value: Known<boolean>): FeatureState {
  return value === "unknown" ? value : value ? "enabled" : "disabled";
}

function list<T>(value: Known<T[]>): T[] {
  return value === "unknown" ? [] : value;
}

type OnlyKnown<T> = { [K in keyof T]?: Exclude<T[K], "unknown"> };

/** Without the members that are unknown. */
function known<T extends Record<string, Known<string | number>>>(values: T): OnlyKnown<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "unknown")) as OnlyKnown<T>;
}
