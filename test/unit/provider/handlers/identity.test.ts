import { machineOf, verifyIdentity } from "../../../../provider/handlers/identity";
import type { SystemRef } from "../../../../provider/redfish";

const uuid = "4c4c4544-0035-3010-8048-b7c04f4a3732";
const swapped = "44454c4c-3500-1030-8048-b7c04f4a3732";
const system = (body: object): SystemRef => ({
  id: "1",
  path: "/redfish/v1/Systems/1",
  resource: { path: "/redfish/v1/Systems/1", body: body as Record<string, unknown> },
});
const hpe = system({ Manufacturer: "HPE", SerialNumber: " CZ123 ", SKU: "P1", UUID: uuid.toUpperCase() });
const dell = system({ Manufacturer: "Dell Inc.", SerialNumber: "CNBOARD", SKU: "7XK2Q13", UUID: uuid });

describe("verifyIdentity", () => {
  it.each([
    [hpe, {}],
    [hpe, undefined],
    [hpe, { serialNumber: "cz123" }],
    [hpe, { uuid }],
    [hpe, { uuid: swapped }],
    [hpe, { serialNumber: "CZ123", sku: "P1", uuid }],
    [dell, { serialNumber: "7XK2Q13" }],
    [dell, { serialNumber: "CNBOARD" }],
    [dell, { sku: "7xk2q13" }],
  ])("accepts %#", (found, expected) => {
    expect(verifyIdentity("https://bmc", found, expected)).toEqual([]);
  });

  it.each([
    [hpe, { serialNumber: "P1" }, /expected a machine with serialNumber "P1", found serialNumber "CZ123"/],
    [hpe, { serialNumber: "CZ123", uuid: uuid.replace("4c", "5c") }, /expected a machine with uuid/],
    [dell, { serialNumber: "OTHER" }, /found serialNumber "7XK2Q13"/],
    [system({}), { serialNumber: "X" }, /does not tell serialNumber .*cannot be identified.*\(nothing at all\)/],
    [system({ SKU: "P1" }), { serialNumber: "X" }, /expect something it tells \(sku "P1"\)/],
  ])("refuses %#", (found, expected, message) => {
    expect(() => verifyIdentity("https://bmc", found, expected)).toThrow(message);
  });

  it("tells what the BMC does not", () => {
    expect(verifyIdentity("https://bmc", system({ SerialNumber: "X" }), { serialNumber: "X", uuid })).toEqual(["uuid"]);
  });

  it("names a machine by what it tells", () => {
    expect(machineOf(dell)).toEqual({ serialNumber: "7XK2Q13", sku: "7XK2Q13", uuid });
    expect(machineOf(system({ SerialNumber: "", UUID: null }))).toEqual({});
  });
});
