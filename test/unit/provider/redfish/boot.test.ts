import { bodiesFor, bootStateOf } from "../../../../provider/redfish/boot";
import { httpDeviceAttributes } from "../../../../provider/redfish/boot-http";
import type { Body, Resource } from "../../../../provider/redfish/types";

const system = (Boot: unknown, more: Body = {}): Resource => ({
  path: "/redfish/v1/Systems/1",
  body: { Boot, ...more },
});
const first = (resource: Resource, goal: Parameters<typeof bodiesFor>[0]) =>
  bodiesFor(goal, bootStateOf(resource), resource)[0].Boot;

describe("bodies of a boot override, the first to be tried", () => {
  const uefi = system({ BootSourceOverrideMode: "UEFI" });
  it.each([
    [
      "leave the mode out when it is right (quirk 18)",
      uefi,
      { target: "Pxe", enabled: "Once", mode: "UEFI" },
      { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Pxe" },
    ],
    [
      "hold the mode when it differs",
      uefi,
      { target: "Hdd", enabled: "Once", mode: "Legacy" },
      { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Hdd", BootSourceOverrideMode: "Legacy" },
    ],
    [
      "leave the mode out when there is none (quirk 46)",
      system({}),
      { target: "Pxe", enabled: "Once", mode: "UEFI" },
      { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Pxe" },
    ],
    [
      "hold the mode when it is null (quirk 68)",
      system({ BootSourceOverrideMode: null }),
      { target: "Pxe", enabled: "Once", mode: "UEFI" },
      { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Pxe", BootSourceOverrideMode: "UEFI" },
    ],
    [
      "are whole for AMI (quirk 64)",
      system({ BootSourceOverrideMode: "UEFI" }, { Manufacturer: "American Megatrends International" }),
      { target: "Pxe", enabled: "Once" },
      { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "Pxe", BootSourceOverrideMode: "UEFI" },
    ],
    [
      "hold the URI",
      uefi,
      { target: "UefiHttp", enabled: "Once", httpBootUri: "http://h/a" },
      { BootSourceOverrideEnabled: "Once", BootSourceOverrideTarget: "UefiHttp", HttpBootUri: "http://h/a" },
    ],
  ] as [string, Resource, Parameters<typeof bodiesFor>[0], Body][])("%s", (_, resource, goal, expected) =>
    expect(first(resource, goal)).toEqual(expected),
  );

  it("always hold BootSourceOverrideEnabled first (quirk 45), and are all different", () => {
    for (const goal of [
      { target: "None", enabled: "Disabled" as const },
      { target: "UefiTarget", enabled: "Once" as const, uefiTarget: "/dev" },
    ]) {
      const bodies = bodiesFor(goal, bootStateOf(uefi), uefi);
      expect(bodies[0].Boot).toHaveProperty("BootSourceOverrideEnabled");
      expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(bodies.length);
    }
  });

  it("end with the target alone where 13G refuses both together (quirk 27)", () => {
    const bodies = bodiesFor({ target: "UefiTarget", enabled: "Once", uefiTarget: "/dev" }, bootStateOf(uefi), uefi);
    expect(bodies.at(-1)).toEqual({
      Boot: { BootSourceOverrideTarget: "UefiTarget", UefiTargetBootSourceOverride: "/dev" },
    });
  });
});

it("boot states of anything are read", () => {
  expect(bootStateOf(system(null))).toEqual({ targets: [], enabledValues: [], bootOrder: [] });
  expect(
    bootStateOf(system({ BootSourceOverrideTarget: 5, BootOrder: "x", BootSourceOverrideSupported: ["Pxe"] })),
  ).toMatchObject({ targets: ["Pxe"], bootOrder: ["x"] });
});

describe("Dell HTTP devices", () => {
  const has = { HttpDev1EnDis: "Disabled", HttpDev1Uri: "", HttpDev1TlsMode: "OneWay" };
  it.each([
    ["http://h/a", "None"],
    ["https://h/a", "OneWay"],
  ])("%s uses TLS mode %s (quirk 16)", (uri, mode) =>
    expect(httpDeviceAttributes(uri, has)).toEqual({
      HttpDev1EnDis: "Enabled",
      HttpDev1Uri: uri,
      HttpDev1TlsMode: mode,
    }),
  );
  it("are set as far as this BIOS has them", () =>
    expect(httpDeviceAttributes("http://h/a", { HttpDev1Uri: "" })).toEqual({ HttpDev1Uri: "http://h/a" }));
});
