import { checkAgainstSchema, discreet } from "../../../../provider/kit/check";
import { UNKNOWN } from "../../../../provider/kit/handler";
import { type Properties, Schema } from "../../../../provider/kit/schema";
import {
  ArchiveValue,
  AssetValue,
  decodeProperties,
  encodeProperties,
  type PlainObject,
  wire,
} from "../../../../provider/kit/values";

const schema = new Schema({
  name: "t",
  types: {
    "t:index:Mode": { type: "string", enum: [{ value: "fast" }, { value: "slow" }] },
    "t:a/b:Disk": {
      type: "object",
      properties: {
        serial: { type: "string" },
        key: { type: "string", secret: true },
        slot: { type: "integer", default: 1 },
      },
      required: ["serial"],
    },
    "t:index:Tree": {
      type: "object",
      properties: { child: { $ref: "#/types/t:index:Tree" }, pin: { type: "string", secret: true } },
    },
  },
});
const disk = { $ref: "#/types/t:a%2Fb:Disk" };
const properties: Properties = {
  name: { type: "string" },
  count: { type: "integer" },
  ratio: { type: "number" },
  on: { type: "boolean" },
  mode: { $ref: "#/types/t:index:Mode", default: "slow" },
  disk,
  disks: { type: "array", items: disk },
  byName: { type: "object", additionalProperties: disk },
  version: { type: "string", const: "v1" },
  either: { oneOf: [{ type: "string" }, disk] },
  anything: { $ref: "pulumi.json#/Any" },
  foreign: { $ref: "/aws/v7.0.0/schema.json#/types/x" },
  file: { $ref: "pulumi.json#/Asset" },
  archive: { $ref: "pulumi.json#/Archive" },
  password: { type: "string", secret: true },
  tree: { $ref: "#/types/t:index:Tree" },
  region: { type: "string", defaultInfo: { environment: ["T_REGION", "T_OTHER"] }, default: "home" },
  size: { type: "integer", defaultInfo: { environment: ["T_SIZE"] } },
};

const check = (value: PlainObject, required: string[] = []) =>
  checkAgainstSchema(schema, properties, value, { required }).map(({ property, reason }) => `${property}: ${reason}`);

describe("checkAgainstSchema", () => {
  it.each<[PlainObject, string]>([
    [{ name: 1 }, "name: has to be a string, not 1 (a number)"],
    [{ name: true }, "name: has to be a string, not true (a boolean)"],
    [{ name: ["x"] }, "name: has to be a string, not a list"],
    [{ count: 1.5 }, "count: has to be a whole number, not 1.5 (a number)"],
    [{ count: "1" }, 'count: has to be a whole number, not "1" (a string)'],
    [{ ratio: "x" }, 'ratio: has to be a number, not "x" (a string)'],
    [{ on: "true" }, 'on: has to be a boolean, not "true" (a string)'],
    [{ mode: "medium" }, 'mode: "medium" (a string) is not allowed; it is one of "fast", "slow"'],
    [{ disk: "sda" }, 'disk: has to be an object, not "sda" (a string)'],
    [{ disk: {} }, "disk.serial: is required, but is missing"],
    [{ disk: { serial: "1", serail: "2" } }, 'disk.serail: is not a property here; did you mean "serial"?'],
    [{ disk: { serial: "1", colour: "2" } }, "disk.colour: is not a property here; known are key, serial, slot"],
    [{ disks: { serial: "1" } }, "disks: has to be a list, not an object"],
    [{ disks: [{ serial: "1" }, { serial: 2 }] }, "disks[1].serial: has to be a string, not 2 (a number)"],
    [{ disks: [null] }, "disks[0]: is null; give a value or leave the element out"],
    [{ byName: { "a.b": { serial: 1 } } }, 'byName["a.b"].serial: has to be a string, not 1 (a number)'],
    [{ version: "v2" }, 'version: "v2" (a string) is not allowed; it has to be "v1"'],
    [{ either: 1 }, "either: has to be a string or an object, not 1 (a number)"],
    [{ either: { serial: 3 } }, "either.serial: has to be a string, not 3 (a number)"],
    [{ file: "path" }, 'file: has to be an asset, not "path" (a string)'],
    [{ archive: new AssetValue("h", { text: "x" }) }, "archive: has to be an archive, not an asset"],
    [{ name: 1, count: "x" } as PlainObject, "name: has to be a string, not 1 (a number)"],
    [{ NAME: "x" }, 'NAME: is not a property here; did you mean "name"?'],
  ])("refuses %j", (value, message) => {
    expect(check(value)[0]).toBe(message);
  });

  it("finds all mistakes, and what is missing", () => {
    expect(check({ count: "x", disks: [{}, {}] }, ["name", "password"])).toHaveLength(5);
  });

  it("accepts what fits, and unknowns in place of anything", () => {
    expect(
      check({
        name: "a",
        count: 3,
        ratio: 0.5,
        on: false,
        mode: "fast",
        disk: { serial: "1" },
        either: "x",
        anything: { x: [1] },
        foreign: 7,
        file: new ArchiveValue("h", undefined),
        tree: { child: { child: {} } },
        __defaults: [],
        password: null,
      }),
    ).toEqual([]);
    expect(
      check({ name: UNKNOWN, disks: [UNKNOWN, { serial: UNKNOWN }], mode: UNKNOWN, either: UNKNOWN, file: UNKNOWN }, [
        "name",
      ]),
    ).toEqual([]);
  });

  it("never prints a secret, nor a long value", () => {
    const { value, marks } = decodeProperties({
      count: { [wire.signature]: wire.secret, value: "hush-hush" },
      on: "x".repeat(200),
    });
    const failures = checkAgainstSchema(schema, properties, value, { marks });
    expect(failures.map(({ reason }) => reason)).toEqual([
      "has to be a whole number, not a string (secret)",
      "has to be a boolean, not a string",
    ]);
    expect(discreet(failures[0], marks)).toEqual({
      property: "",
      reason: "count: has to be a whole number, not a string (secret)",
    });
    expect(discreet(failures[1], marks)).toBe(failures[1]);
  });
});

describe("withDefaults", () => {
  it("fills nested objects, lists and maps, and drops nulls", () => {
    const filled = schema.withDefaults(
      properties,
      {
        name: null,
        disk: { serial: "1" },
        disks: [{ serial: "2", slot: 5 }, UNKNOWN],
        byName: { a: { serial: "3", key: null } },
      },
      {},
    );
    expect(filled).toEqual({
      mode: "slow",
      version: "v1",
      region: "home",
      disk: { serial: "1", slot: 1 },
      disks: [{ serial: "2", slot: 5 }, UNKNOWN],
      byName: { a: { serial: "3", slot: 1 } },
    });
  });

  it("prefers the environment to the default, and what was given to both", () => {
    const environment = { T_OTHER: "abroad", T_SIZE: "7" };
    expect(schema.withDefaults(properties, {}, environment)).toMatchObject({ region: "abroad", size: 7 });
    expect(schema.withDefaults(properties, { region: "here" }, environment)).toMatchObject({ region: "here" });
  });

  it("does not touch what it was given", () => {
    const given = { disk: { serial: "1" } };
    schema.withDefaults(properties, given, {});
    expect(given).toEqual({ disk: { serial: "1" } });
  });
});

describe("secrets", () => {
  const secret = (value: unknown) => ({ [wire.signature]: wire.secret, value });

  it("are marked wherever the schema says so, in recursive types too", () => {
    const value = {
      password: "p",
      disks: [{ serial: "1", key: "k" }],
      byName: { a: { serial: "1", key: "l" } },
      tree: { child: { pin: "1" } },
    };
    expect(encodeProperties(value, schema.marks(properties, value))).toEqual({
      password: secret("p"),
      disks: [{ serial: "1", key: secret("k") }],
      byName: { a: { serial: "1", key: secret("l") } },
      tree: { child: { pin: secret("1") } },
    });
  });

  it("to be scrubbed are the secret members of a secret object, or all of it when the schema names none", () => {
    const { value, marks } = decodeProperties({
      disk: secret({ serial: "shown", key: "hidden-key" }),
      anything: secret({ a: ["hidden-any"] }),
      name: secret("hidden-name"),
      password: "hidden-password",
      byName: { x: { serial: secret("hidden-serial"), key: "hidden-too" } },
      region: "shown",
    });
    expect(schema.secretStrings(properties, value, marks).sort()).toEqual([
      "hidden-any",
      "hidden-key",
      "hidden-name",
      "hidden-password",
      "hidden-serial",
      "hidden-too",
    ]);
  });
});

it("says what it has not got", () => {
  expect(() => schema.resource("t:index:Nothing")).toThrow('the schema of t has no resource "t:index:Nothing"');
  expect(() => schema.function("t:index:nothing")).toThrow('the schema of t has no function "t:index:nothing"');
});
