import { biosMistakes } from "../../../../provider/handlers/bios-rules";

const registry = [
  { name: "Mode", readOnly: false, values: ["Enabled", "Disabled"] },
  { name: "Tag", readOnly: true, values: [] },
  { name: "Delay", readOnly: false, values: [], lower: 1, upper: 9 },
  { name: "Least", readOnly: false, values: [], lower: 1 },
  { name: "Most", readOnly: false, values: [], upper: 9 },
];
const current = { Mode: "Enabled", Tag: "x", Delay: 3, Least: 3, Most: 3, Quiet: true, Text: "t", Unlisted: 5 };

describe("biosMistakes", () => {
  it.each([
    ["Mode", "Disable", undefined],
    ["Mode", "Auto", 'Mode: "Auto" is not allowed; it is one of Enabled, Disabled'],
    ["Tag", "y", 'Tag: "y" cannot be set, because the attribute is read-only'],
    ["Delay", 9, undefined],
    ["Delay", "4", undefined],
    ["Delay", 10, "Delay: 10 is not allowed; it is from 1 to 9"],
    ["Delay", 0, "Delay: 0 is not allowed; it is from 1 to 9"],
    ["Delay", "long", 'Delay: "long" is not allowed; it is a number'],
    ["Least", 0, "Least: 0 is not allowed; it is at least 1"],
    ["Most", 10, "Most: 10 is not allowed; it is at most 9"],
    ["Quiet", "false", undefined],
    ["Quiet", "maybe", 'Quiet: "maybe" is not allowed; it is true or false'],
    ["Text", 7, undefined],
    ["Unlisted", 5_000, undefined],
    ["Unlisted", "x", 'Unlisted: "x" is not allowed; it is a number'],
  ])("%s = %j", (name, value, mistake) => {
    expect(biosMistakes({ [name]: value }, current, registry)).toEqual(mistake === undefined ? [] : [mistake]);
  });
});
