import fc from "fast-check";
import { abridge, factsOf } from "../../../../provider/handlers/facts";
import type { HardwareFacts as Told } from "../../../../provider/redfish";
import type { HardwareFacts } from "../../../../resources/redfish/facts";

const silent: Told = {
  manufacturer: "unknown",
  model: "unknown",
  serial: "unknown",
  sku: "unknown",
  uuid: "unknown",
  cpu: { model: "unknown", sockets: "unknown", cores: "unknown", threads: "unknown", architecture: "unknown" },
  memoryGiB: "unknown",
  drives: "unknown",
  nics: "unknown",
  virtualization: "unknown",
  sriov: "unknown",
  tpm: "unknown",
  firmware: { bios: "unknown", bmc: "unknown" },
};

describe("factsOf", () => {
  it("leaves out what is not known, and says of lists whether they are", () => {
    expect(factsOf(silent)).toEqual({
      drives: [],
      drivesKnown: false,
      nics: [],
      nicsKnown: false,
      virtualization: "unknown",
      sriov: "unknown",
      tpm: "unknown",
    });
    expect(factsOf({ ...silent, drives: [], nics: [] })).toMatchObject({ drivesKnown: true, nicsKnown: true });
  });

  it("tells NVMe by protocol, speeds in Gb/s, and no TPM from an unknown one", () => {
    const told: Told = {
      ...silent,
      drives: [
        { name: "a", type: "SSD", protocol: "NVMe", sizeGB: 960, model: "unknown", serial: "S1" },
        { name: "b", type: "SSD", protocol: "SATA", sizeGB: "unknown", model: "M", serial: "unknown" },
      ],
      nics: [
        { name: "n", mac: "02:00:00:00:00:01", speedMbps: 25_000, link: "down" },
        { name: "m", mac: "unknown", speedMbps: "unknown", link: "unknown" },
      ],
      virtualization: true,
      sriov: false,
      tpm: "none",
    };
    expect(factsOf(told)).toMatchObject({
      drives: [
        { name: "a", type: "NVMe", sizeGb: 960, protocol: "NVMe", serialNumber: "S1" },
        { name: "b", type: "SSD", protocol: "SATA", model: "M" },
      ],
      nics: [{ name: "n", mac: "02:00:00:00:00:01", speedGbps: 25, linkUp: false }, { name: "m" }],
      virtualization: "enabled",
      sriov: "disabled",
      tpm: "absent",
    });
  });
});

describe("abridge", () => {
  it("leaves small facts alone, and never exceeds 4096 bytes", () => {
    const small: HardwareFacts = { drives: [{ name: "a", model: "M" }], drivesKnown: true, nics: [], nicsKnown: true };
    expect(abridge(small)).toBe(small);
    fc.assert(
      fc.property(fc.nat(150), fc.nat(150), fc.string({ maxLength: 80 }), (drives, nics, text) => {
        const facts: HardwareFacts = {
          model: "kept",
          drives: Array.from({ length: drives }, (_, index) => ({
            name: `${index}${text}`,
            model: text,
            serialNumber: text,
            protocol: "SAS",
            type: "HDD" as const,
          })),
          drivesKnown: true,
          nics: Array.from({ length: nics }, (_, index) => ({ name: `${index}${text}`, mac: "02:00:00:00:00:01" })),
          nicsKnown: true,
        };
        const short = abridge(facts);
        expect(Buffer.byteLength(JSON.stringify(short))).toBeLessThanOrEqual(4096);
        expect(short.model).toBe("kept");
        expect(short.abridged ?? false).toBe(short !== facts);
      }),
    );
  });
});
