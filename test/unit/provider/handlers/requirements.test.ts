import fc from "fast-check";
import { judge } from "../../../../provider/handlers/requirements";
import type { DriveFacts, HardwareFacts, HardwareRequirements } from "../../../../resources/redfish/facts";

const nothing: HardwareFacts = { drives: [], drivesKnown: false, nics: [], nicsKnown: false };
const facts = (more: Partial<HardwareFacts>): HardwareFacts => ({
  ...nothing,
  drivesKnown: true,
  nicsKnown: true,
  ...more,
});
const drive = (more: Partial<DriveFacts> = {}): DriveFacts => ({ name: "d", ...more });

const table: [string, HardwareFacts, HardwareRequirements, string[], string[]][] = [
  ["nothing asked", nothing, {}, [], []],
  ["cores enough", facts({ cores: 32 }), { minCores: 32 }, [], []],
  ["cores too few", facts({ cores: 31 }), { minCores: 32 }, ["32 cores (requirements.minCores), found 31"], []],
  ["cores not told", facts({}), { minCores: 1 }, [], ["how many cores there are (requirements.minCores 1)"]],
  [
    "memory too little",
    facts({ memoryGib: 64 }),
    { minMemoryGib: 128 },
    ["128 GiB of memory (requirements.minMemoryGib), found 64"],
    [],
  ],
  [
    "no drives told at all",
    nothing,
    { drives: [{ minCount: 2 }] },
    [],
    ["whether there are 2 drive(s) (requirements.drives[0])"],
  ],
  ["no drives there", facts({}), { drives: [{}] }, ["1 drive(s) (requirements.drives[0]), found 0"], []],
  ["NVMe counts as SSD", facts({ drives: [drive({ type: "NVMe" })] }), { drives: [{ type: "SSD" }] }, [], []],
  [
    "SSD does not count as NVMe",
    facts({ drives: [drive({ type: "SSD", protocol: "SATA" })] }),
    { drives: [{ type: "NVMe" }] },
    ["1 NVMe drive(s) (requirements.drives[0]), found 0"],
    [],
  ],
  [
    "an SSD of unknown protocol may be NVMe",
    facts({ drives: [drive({ type: "SSD" })] }),
    { drives: [{ type: "NVMe" }] },
    [],
    ["whether there are 1 NVMe drive(s) (requirements.drives[0]): 0 are certain, 1 possible"],
  ],
  [
    "a drive of unknown type",
    facts({ drives: [drive({ sizeGb: 1000 })] }),
    { drives: [{ type: "HDD", minSizeGb: 900 }] },
    [],
    ["whether there are 1 HDD drive(s) of 900 GB (requirements.drives[0]): 0 are certain, 1 possible"],
  ],
  [
    "a drive too small, whatever its type",
    facts({ drives: [drive({ sizeGb: 800 })] }),
    { drives: [{ type: "HDD", minSizeGb: 900 }] },
    ["1 HDD drive(s) of 900 GB (requirements.drives[0]), found 0"],
    [],
  ],
  [
    "a port of unknown speed",
    facts({ nics: [{ name: "a" }, { name: "b", speedGbps: 25 }] }),
    { nics: [{ minSpeedGbps: 25, minCount: 2 }] },
    [],
    ["whether there are 2 network port(s) of 25 Gb/s (requirements.nics[0]): 1 are certain, 1 possible"],
  ],
  [
    "ports too slow",
    facts({ nics: [{ name: "a", speedGbps: 1 }] }),
    { nics: [{ minSpeedGbps: 10 }] },
    ["1 network port(s) of 10 Gb/s (requirements.nics[0]), found 0"],
    [],
  ],
  [
    "virtualisation off",
    facts({ virtualization: "disabled" }),
    { virtualization: true },
    ["CPU virtualisation switched on in the BIOS settings (requirements.virtualization), found it off"],
    [],
  ],
  [
    "SR-IOV unknown",
    facts({ sriov: "unknown" }),
    { sriov: true },
    [],
    ["whether SR-IOV is switched on (requirements.sriov)"],
  ],
  ["no TPM", facts({ tpm: "absent" }), { tpm: true }, ["a TPM (requirements.tpm), found none"], []],
  ["a TPM that is not told", facts({}), { tpm: true }, [], ["whether there is a TPM (requirements.tpm)"]],
  ["a TPM", facts({ tpm: "TPM2_0" }), { tpm: true }, [], []],
];

describe("judge", () => {
  it.each(table)("%s", (_what, have, required, missing, unknown) => {
    expect(judge(have, required)).toEqual({ missing, unknown });
  });

  it("never says no to a machine that gets more, nor unknown to one that tells more", () => {
    const drives = fc.array(
      fc.record({
        name: fc.constant("d"),
        type: fc.option(fc.constantFrom("NVMe", "SSD", "HDD" as const), { nil: undefined }),
        sizeGb: fc.option(fc.nat(4000), { nil: undefined }),
      }),
      { maxLength: 6 },
    ) as fc.Arbitrary<DriveFacts[]>;
    const required = fc.record({
      type: fc.option(fc.constantFrom("NVMe", "SSD", "HDD" as const), { nil: undefined }),
      minCount: fc.integer({ min: 1, max: 4 }),
      minSizeGb: fc.option(fc.nat(4000), { nil: undefined }),
    });
    fc.assert(
      fc.property(drives, drives, required, (some, more, wanted) => {
        const few = judge(facts({ drives: some }), { drives: [wanted] });
        const many = judge(facts({ drives: [...some, ...more] }), { drives: [wanted] });
        if (few.missing.length === 0) expect(many.missing).toEqual([]);
        if (few.missing.length + few.unknown.length === 0) expect(many.unknown).toEqual([]);
        expect(few.missing.length + few.unknown.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
