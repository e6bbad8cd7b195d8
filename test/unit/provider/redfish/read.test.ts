import fc from "fast-check";
import {
  at,
  bool,
  date,
  lastSegment,
  link,
  links,
  list,
  localPath,
  mac,
  num,
  obj,
  samePath,
  str,
  strings,
} from "../../../../provider/redfish/read";

describe("readers never throw, whatever they get", () => {
  it.each([
    ["str", str],
    ["num", num],
    ["bool", bool],
    ["obj", obj],
    ["list", list],
    ["strings", strings],
    ["link", link],
    ["links", links],
    ["date", date],
    ["mac", mac],
  ] as [string, (value: unknown) => unknown][])("%s", (_, read) => {
    fc.assert(fc.property(fc.anything(), (value) => void read(value)));
  });

  it("at", () =>
    fc.assert(fc.property(fc.anything(), fc.array(fc.string()), (value, keys) => void at(value, ...keys))));
});

describe("str and num", () => {
  it.each([
    ["  x  ", "x"],
    ["", undefined],
    ["   ", undefined],
    [7, undefined],
    [null, undefined],
  ])("str(%j) is %j", (value, expected) => expect(str(value)).toBe(expected));

  it.each([
    [7, 7],
    ["7", 7],
    [" -1.5 ", -1.5],
    ["7 GiB", undefined],
    ["", undefined],
    [NaN, undefined],
    [Infinity, undefined],
    [true, undefined],
  ])("num(%j) is %j", (value, expected) => expect(num(value)).toBe(expected));
});

describe("localPath", () => {
  it.each([
    ["/redfish/v1/Systems/1", "/redfish/v1/Systems/1"],
    ["/redfish/v1/Systems/1/", "/redfish/v1/Systems/1/"],
    ["/redfish/v1/Chassis/1/Power#/PowerSupplies/0", "/redfish/v1/Chassis/1/Power"],
    ["/redfish/v1/Drives/Disk.Bay.0:Enclosure.Internal.0-1", "/redfish/v1/Drives/Disk.Bay.0:Enclosure.Internal.0-1"],
    ["/redfish/v1/A b", "/redfish/v1/A%20b"],
    ["/redfish/v1/x?$skip=10", "/redfish/v1/x?$skip=10"],
    ["https://h/redfish/v1", undefined],
    ["//h/redfish/v1", undefined],
    ["redfish/v1", undefined],
    ["", undefined],
    ["/a/../b", undefined],
    ["/a/%2E%2e/b", undefined],
    ["/a\\b", undefined],
    ["/a\nb", undefined],
    ["/.", undefined],
    ["/a/..", undefined],
    ["/a...b", "/a...b"],
  ])("%j is %j", (value, expected) => expect(localPath(value)).toBe(expected));

  it("never leads to another origin", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `/${text}`),
        ),
        (text) => {
          const path = localPath(text);
          if (path === undefined) return;
          const url = new URL(path, "https://bmc.invalid");
          expect(url.origin).toBe("https://bmc.invalid");
          expect(path).toMatch(/^\/[\u0021-\u007e]*$/);
        },
      ),
    );
  });
});

describe("dates", () => {
  it.each([
    ["2024-03-26T22:10:57Z", "2024-03-26T22:10:57.000Z"],
    ["2024-03-26T22:10:57-05:00", "2024-03-27T03:10:57.000Z"],
    ["2024-03-26T22:10:57-0600", "2024-03-27T04:10:57.000Z"],
    ["2024-03-26T22:10:57", "2024-03-26T22:10:57.000Z"],
    ["2024-03-26 22:10:57.250+01:00", "2024-03-26T21:10:57.250Z"],
    ["2016-03-07T14:44.30-05:00", "2016-03-07T19:44:30.000Z"],
  ])("%s is %s", (text, expected) => expect(new Date(date(text) ?? NaN).toISOString()).toBe(expected));

  it.each([
    "0000-00-00T00:00:00+00:00",
    "1970-01-01T00:00:00Z",
    "2024-02-30T00:00:00Z",
    "2024-13-01T00:00:00Z",
    "2024-01-01T25:00:00Z",
    "TIME_NA",
    "",
    null,
    5,
  ])("%j is none", (value) => expect(date(value)).toBeUndefined());

  it("agrees with Date on all that Date writes", () => {
    const instants = fc.date({ min: new Date("1971-01-01"), max: new Date("2999-12-31"), noInvalidDate: true });
    fc.assert(fc.property(instants, (instant) => expect(date(instant.toISOString())).toBe(instant.getTime())));
  });
});

describe("MACs", () => {
  it.each([
    ["AA:BB:CC:DD:EE:01", "aa:bb:cc:dd:ee:01"],
    ["aa-bb-cc-dd-ee-01", "aa:bb:cc:dd:ee:01"],
    ["aabb.ccdd.ee01", "aa:bb:cc:dd:ee:01"],
    ["AABBCCDDEE01", "aa:bb:cc:dd:ee:01"],
    ["00:00:00:00:00:00", undefined],
    ["ff:ff:ff:ff:ff:ff", undefined],
    ["aa:bb:cc:dd:ee", undefined],
    ["", undefined],
    ["N/A", undefined],
  ])("%s is %s", (value, expected) => expect(mac(value)).toBe(expected));
});

describe("paths", () => {
  it.each([
    ["/redfish/v1/Systems/1/", "1"],
    ["/a/Disk%20A", "Disk A"],
    ["/a/%zz", "%zz"],
    ["/a/b?x=/y", "b"],
    ["/", ""],
  ])("last segment of %s is %j", (path, expected) => expect(lastSegment(path)).toBe(expected));

  it("trailing slashes do not make another resource", () => {
    expect(samePath("/a/b/", "/a/b")).toBe(true);
    expect(samePath("/a/b", "/a/B")).toBe(false);
  });
});
