import type { DriveFacts, DriveRequirement, HardwareFacts, HardwareRequirements } from "../../resources/redfish/facts";

/** How facts meet requirements. */
export interface Verdict {
  /** What the machine has not got. */
  missing: string[];
  /** What the BMC does not tell. */
  unknown: string[];
}

/** Judges every requirement; "the BMC does not say" is never taken for no, nor for yes. */
export function judge(facts: HardwareFacts, required: HardwareRequirements): Verdict {
  const verdict: Verdict = { missing: [], unknown: [] };
  atLeast(verdict, "cores", facts.cores, required.minCores, "minCores");
  atLeast(verdict, "GiB of memory", facts.memoryGib, required.minMemoryGib, "minMemoryGib");
  (required.drives ?? []).forEach((drive, index) => judgeDrives(verdict, facts, drive, `drives[${index}]`));
  (required.nics ?? []).forEach((nic, index) => {
    const wanted = nic.minSpeedGbps === undefined ? "" : ` of ${nic.minSpeedGbps} Gb/s`;
    const what = `${nic.minCount ?? 1} network port(s)${wanted}`;
    const fits = facts.nics.filter(
      (port) => nic.minSpeedGbps === undefined || (port.speedGbps ?? 0) >= nic.minSpeedGbps,
    );
    const open = facts.nics.filter((port) => nic.minSpeedGbps !== undefined && port.speedGbps === undefined);
    counted(
      verdict,
      { what, path: `nics[${index}]`, need: nic.minCount ?? 1, have: fits.length, open: open.length },
      facts.nicsKnown,
    );
  });
  featured(verdict, "CPU virtualisation", facts.virtualization, required.virtualization, "virtualization");
  featured(verdict, "SR-IOV", facts.sriov, required.sriov, "sriov");
  if (required.tpm === true) {
    if (facts.tpm === "absent") verdict.missing.push("a TPM (requirements.tpm), found none");
    else if (facts.tpm === undefined || facts.tpm === "unknown")
      verdict.unknown.push("whether there is a TPM (requirements.tpm)");
  }
  return verdict;
}

function atLeast(
  verdict: Verdict,
  what: string,
  have: number | undefined,
  need: number | undefined,
  path: string,
): void {
  if (need === undefined) return;
  if (have === undefined) verdict.unknown.push(`how many ${what} there are (requirements.${path} ${need})`);
  else if (have < need) verdict.missing.push(`${need} ${what} (requirements.${path}), found ${have}`);
}

function featured(
  verdict: Verdict,
  what: string,
  have: string | undefined,
  need: boolean | undefined,
  path: string,
): void {
  if (need !== true) return;
  if (have === "disabled")
    verdict.missing.push(`${what} switched on in the BIOS settings (requirements.${path}), found it off`);
  else if (have !== "enabled") verdict.unknown.push(`whether ${what} is switched on (requirements.${path})`);
}

function judgeDrives(verdict: Verdict, facts: HardwareFacts, wanted: DriveRequirement, path: string): void {
  const answers = facts.drives.map((drive) => fitting(drive, wanted));
  const need = wanted.minCount ?? 1;
  const size = wanted.minSizeGb === undefined ? "" : ` of ${wanted.minSizeGb} GB`;
  const what = `${need} ${wanted.type ?? ""}${wanted.type ? " " : ""}drive(s)${size}`;
  const have = answers.filter((answer) => answer === "yes").length;
  const open = answers.filter((answer) => answer === "unknown").length;
  counted(verdict, { what, path, need, have, open }, facts.drivesKnown);
}

function counted(
  verdict: Verdict,
  count: { what: string; path: string; need: number; have: number; open: number },
  told: boolean,
): void {
  const { what, path, need, have, open } = count;
  if (have >= need) return;
  if (!told) verdict.unknown.push(`whether there are ${what} (requirements.${path})`);
  else if (have + open >= need)
    verdict.unknown.push(`whether there are ${what} (requirements.${path}): ${have} are certain, ${open} possible`);
  else verdict.missing.push(`${what} (requirements.${path}), found ${have + open}`);
}

function fitting(drive: DriveFacts, wanted: DriveRequirement): "yes" | "no" | "unknown" {
  const type = wanted.type === undefined || typed(drive, wanted.type);
  const size =
    wanted.minSizeGb === undefined || (drive.sizeGb === undefined ? undefined : drive.sizeGb >= wanted.minSizeGb);
  if (type === false || size === false) return "no";
  return type === undefined || size === undefined ? "unknown" : "yes";
}

function typed(drive: DriveFacts, wanted: string): boolean | undefined {
  if (drive.type === undefined) return undefined;
  // An SSD of unknown protocol may be NVMe.
  if (wanted === "NVMe" && drive.type === "SSD" && drive.protocol === undefined) return undefined;
  return drive.type === wanted || (wanted === "SSD" && drive.type === "NVMe");
}
