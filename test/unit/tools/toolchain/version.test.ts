import { atLeast, parseVersion } from "../../../../tools/toolchain/version";

describe("parseVersion", () => {
  test.each([
    ["v3.248.0", [3, 248, 0]],
    ["go1.26.8", [1, 26, 8]],
    ["go1.26", [1, 26, 0]],
    ["Python 3.11.2\n", [3, 11, 2]],
    ["v3.250.0-alpha.x1", [3, 250, 0]],
    ["", undefined],
    ["devel", undefined],
  ])("%j", (text, expected) => {
    expect(parseVersion(text)).toEqual(expected);
  });
});

describe("atLeast", () => {
  test.each([
    ["v3.248.0", "3.248.0", true],
    ["v3.248.1", "3.248.0", true],
    ["v3.247.9", "3.248.0", false],
    ["v4.0.0", "3.248.0", true],
    ["v2.999.999", "3.248.0", false],
    ["v3.9.0", "3.248.0", false],
    ["v20.9.0", "20.18.1", false],
    ["v3.248.0-dev.0", "3.248.0", false],
    ["v3.249.0-alpha.1", "3.248.0", true],
    ["go1.26", "1.25.11", true],
    ["go1.25.11", "1.25.11", true],
    ["nonsense", "1.0.0", false],
    ["1.0.0", "nonsense", false],
  ])("%s is at least %s: %s", (actual, minimum, expected) => {
    expect(atLeast(actual, minimum)).toBe(expected);
  });
});
