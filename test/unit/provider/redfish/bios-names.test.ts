import fc from "fast-check";
import { attributesOf, registryOf, resolveName, sameValue, spell } from "../../../../provider/redfish/bios-names";

const supermicro = [
  "IntelVirtualizationTechnology_3C6F",
  "SR_IOVSupport_0047",
  "IntelVTforDirectedI_O_VT_d__1E32",
  "ChangeSettings_0079",
  "ChangeSettings_007B",
  "QuietBoot_002D",
];
const registry = registryOf({
  RegistryEntries: {
    Attributes: [
      {
        AttributeName: "QuietBoot_002D",
        DisplayName: "Silent Start",
        Readonly: true,
        Value: [{ ValueName: "On" }, { ValueName: "Off" }],
        LowerBound: -1,
        UpperBound: 5,
      },
      { DisplayName: "nameless" },
      null,
    ],
  },
});

describe("attribute names", () => {
  it.each([
    ["SR_IOVSupport_0047", { name: "SR_IOVSupport_0047" }],
    ["SR_IOVSupport", { name: "SR_IOVSupport_0047" }],
    ["IntelVirtualizationTechnology", { name: "IntelVirtualizationTechnology_3C6F" }],
    ["intelvirtualizationtechnology", { name: "IntelVirtualizationTechnology_3C6F" }],
    ["SR-IOV Support", { name: "SR_IOVSupport_0047" }],
    ["IntelVTforDirectedI_O_VT_d", { name: "IntelVTforDirectedI_O_VT_d__1E32" }],
    ["Silent Start", { name: "QuietBoot_002D" }],
    ["ChangeSettings", { ambiguous: ["ChangeSettings_0079", "ChangeSettings_007B"] }],
    ["VirtualizationTechnologyIntel", { unknown: ["IntelVirtualizationTechnology_3C6F"] }],
    ["Nonsense", { unknown: [] }],
  ])("%s", (wanted, expected) => expect(resolveName(wanted, supermicro, registry)).toEqual(expected));

  it("an exact name always wins", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 }),
        fc.nat(),
        (names, pick) => {
          const wanted = names[pick % names.length];
          expect(resolveName(wanted, names)).toEqual({ name: wanted });
        },
      ),
    );
  });
});

describe("values", () => {
  it.each([
    ["Enabled", "Disabled", [], "Enabled"],
    ["Enable", "Disabled", [], "Enabled"],
    ["Enabled", "Disable", [], "Disable".replace("Dis", "En")],
    ["enabled", "Enable", [], "Enable"],
    ["On", "Off", [], "On"],
    ["5", 3, [], 5],
    ["x", 3, [], "x"],
    ["true", false, [], true],
    [5, "3", [], "5"],
    [true, false, [], true],
    [null, "a", [], null],
    ["enabled", "?", ["Enable", "Disable"], "Enable"],
    ["performance", "?", ["Performance", "Balanced"], "Performance"],
    ["x", undefined, [], "x"],
  ])("%j where it is %j and may be %j is written %j", (wanted, current, allowed, expected) =>
    expect(spell(wanted, current, allowed)).toBe(expected),
  );

  it.each([
    ["Enable", "Enabled", true],
    ["disabled", "Disable", true],
    ["5", 5, true],
    ["5.0", 5, true],
    ["true", true, true],
    ["a", "b", false],
    ["Enabled", "Disabled", false],
    [undefined, "x", false],
  ])("%j and %j are the same: %j", (left, right, same) => expect(sameValue(left, right)).toBe(same));

  it("what is spelled means what was wanted", () => {
    const value = fc.oneof(
      fc.constantFrom("Enable", "Enabled", "Disable", "Disabled", "On", "5"),
      fc.integer(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(value, value, (wanted, current) => expect(sameValue(spell(wanted, current), wanted)).toBe(true)),
    );
  });
});

it("registries are normalised: Readonly, bounds of -1, entries of rubbish (quirk 20)", () => {
  expect(registry).toEqual([
    {
      name: "QuietBoot_002D",
      displayName: "Silent Start",
      readOnly: true,
      values: ["On", "Off"],
      lower: undefined,
      upper: 5,
    },
  ]);
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (body) => void registryOf(body)));
});

it("attributes of any body are plain values", () => {
  fc.assert(
    fc.property(fc.anything(), (Attributes) => {
      for (const value of Object.values(attributesOf({ Attributes })))
        expect(["string", "number", "boolean"].includes(typeof value) || value === null).toBe(true);
    }),
  );
});
