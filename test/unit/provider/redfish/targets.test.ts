import fc from "fast-check";
import { expandTargets } from "../../../../provider/redfish/discover";
import { RedfishError } from "../../../../provider/redfish/errors";

const endpoints = (...targets: string[]) => expandTargets(targets).map(({ endpoint }) => endpoint);

describe("targets of a discovery", () => {
  it.each([
    [["10.0.0.5"], ["https://10.0.0.5"]],
    [["10.0.0.5:8443"], ["https://10.0.0.5:8443"]],
    [["https://BMC.Example/"], ["https://bmc.example"]],
    [["bmc7.example.com:444"], ["https://bmc7.example.com:444"]],
    [["10.0.0.0/30"], ["https://10.0.0.1", "https://10.0.0.2"]],
    [["10.0.0.0/31"], ["https://10.0.0.0", "https://10.0.0.1"]],
    [["10.0.0.7/32"], ["https://10.0.0.7"]],
    [["10.0.0.254-10.0.1.1"], ["https://10.0.0.254", "https://10.0.0.255", "https://10.0.1.0", "https://10.0.1.1"]],
    [["[fd00::5]:443"], ["https://[fd00::5]:443"]],
    [["fd00::5"], ["https://[fd00::5]"]],
    [
      ["10.0.0.1", "10.0.0.0/30"],
      ["https://10.0.0.1", "https://10.0.0.2"],
    ],
    [[], []],
  ])("%j", (targets, expected) => expect(endpoints(...targets)).toEqual(expected));

  it.each([
    ["10.0.0.0/8", "split it"],
    ["10.0.0.0/15", "split it"],
    ["10.0.0.0/33", "is no IPv4 network"],
    ["fd00::/64", "is no IPv4 network"],
    ["10.0.0.9-10.0.0.1", "ends before it begins"],
    ["10.0.0.1-10.9.0.1", "split it"],
    ["10.0.0", "is neither"],
    ["300.1.1.1", "is neither"],
    ["rack.0", "is neither"],
    ["10.0.0.0/24:70000", "has a port above"],
    ["a b", "is neither"],
    ["", "is neither"],
    ["-x", "is neither"],
  ])("%j is an error", (target, text) => expect(() => endpoints(target)).toThrow(text));

  it("a network has its size less two", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.integer({ min: 20, max: 30 }), (address, bits) => {
        expect(endpoints(`${address}/${bits}`)).toHaveLength(2 ** (32 - bits) - 2);
      }),
    );
  });

  it("nonsense is a RedfishError or an endpoint that is a URL", () => {
    fc.assert(
      fc.property(fc.string(), (target) => {
        try {
          for (const endpoint of endpoints(target)) expect(URL.canParse(endpoint)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RedfishError);
        }
      }),
    );
  });
});
