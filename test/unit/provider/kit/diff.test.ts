import fc from "fast-check";
import { answer, compareInputs, withoutIgnored } from "../../../../provider/kit/diff";
import { type Change, UNKNOWN } from "../../../../provider/kit/handler";
import { type Properties, Schema } from "../../../../provider/kit/schema";
import {
  ArchiveValue,
  AssetValue,
  type Plain,
  type PlainObject,
  ReferenceValue,
} from "../../../../provider/kit/values";

const schema = new Schema({
  name: "t",
  types: {
    "t:i:Disk": {
      type: "object",
      properties: { serial: { type: "string", replaceOnChanges: true }, size: { type: "integer", default: 10 } },
    },
    "t:i:A": {
      type: "object",
      properties: { kind: { type: "string", const: "a" }, x: { type: "string", replaceOnChanges: true } },
    },
    "t:i:B": { type: "object", properties: { kind: { type: "string", const: "b" }, x: { type: "string" } } },
  },
});
const properties: Properties = {
  name: { type: "string", replaceOnChanges: true },
  mode: { type: "string", default: "slow" },
  size: { type: "integer", willReplaceOnChanges: true },
  disk: { $ref: "#/types/t:i:Disk" },
  disks: { type: "array", items: { $ref: "#/types/t:i:Disk" } },
  labels: { type: "object", additionalProperties: { type: "string" } },
  image: { type: "object", additionalProperties: { type: "string" }, replaceOnChanges: true },
  either: { oneOf: [{ $ref: "#/types/t:i:A" }, { $ref: "#/types/t:i:B" }] },
  any: { $ref: "pulumi.json#/Any" },
  file: { $ref: "pulumi.json#/Asset" },
};

const compare = (olds: PlainObject, news: PlainObject) =>
  compareInputs(schema, properties, olds, news).map(
    ({ path, kind, replace }) => `${kind}${replace ? "!" : ""} ${path}`,
  );

const text = (content: string, hash?: string) => new AssetValue(hash, { text: content });

it.each<[string, PlainObject, PlainObject, string[]]>([
  ["nothing", { name: "a", disks: [{ serial: "1" }] }, { name: "a", disks: [{ serial: "1" }] }, []],
  ["a change", { mode: "x" }, { mode: "y" }, ["update mode"]],
  ["something new", {}, { labels: { a: "1" } }, ["add labels"]],
  ["something gone", { labels: { a: "1" } }, {}, ["delete labels"]],
  ["null for absent", { labels: null }, {}, []],
  ["what replaces", { name: "a", size: 1 }, { name: "b", size: 2 }, ["update! name", "update! size"]],
  ["what replaces further down", { disk: { serial: "1" } }, { disk: { serial: "2" } }, ["update! disk.serial"]],
  [
    "what lies below what replaces",
    { image: { a: "1" } },
    { image: { a: "2", b: "3" } },
    ["update! image.a", "add! image.b"],
  ],
  ["a longer list", { disks: [{ serial: "1" }] }, { disks: [{ serial: "1" }, { serial: "2" }] }, ["add disks[1]"]],
  [
    "a shorter list",
    { disks: [{ serial: "1" }, { serial: "2" }] },
    { disks: [{ serial: "2" }] },
    ["update! disks[0].serial", "delete disks[1]"],
  ],
  ["keys with dots", { labels: { "a.b": "1" } }, { labels: { "a.b": "2" } }, ['update labels["a.b"]']],
  ["a default that came with a release", {}, { mode: "slow" }, []],
  ["a default in a nested object", { disk: { serial: "1" } }, { disk: { serial: "1", size: 10 } }, []],
  ["a default that is no longer meant", { mode: "fast" }, { mode: "slow" }, ["update mode"]],
  ["an unknown", { name: "a" }, { name: UNKNOWN }, ["update! name"]],
  ["an unknown for nothing", {}, { labels: UNKNOWN }, ["add labels"]],
  ["an unknown object", { labels: { a: "1" } }, { labels: UNKNOWN }, ["update labels"]],
  ["an unknown element", { disks: [{ serial: "1" }] }, { disks: [UNKNOWN] }, ["update disks[0]"]],
  ["another type", { any: "1" }, { any: [1] }, ["update any"]],
  ["nulls in lists", { any: [null, 1] }, { any: [1, null] }, ["update any[0]", "update any[1]"]],
  [
    "alternatives, by the new value",
    { either: { kind: "a", x: "1" } },
    { either: { kind: "a", x: "2" } },
    ["update! either.x"],
  ],
  ["the other alternative", { either: { kind: "b", x: "1" } }, { either: { kind: "b", x: "2" } }, ["update either.x"]],
  ["files by hash", { file: text("a", "h1") }, { file: text("b", "h1") }, []],
  ["files by content", { file: text("a") }, { file: text("b") }, ["update file"]],
  [
    "files of which only the hash is left",
    { file: new AssetValue("h1", undefined) },
    { file: text("b", "h2") },
    ["update file"],
  ],
  ["an archive for a file", { file: text("a", "h") }, { file: new ArchiveValue("h", undefined) }, ["update file"]],
  [
    "references by URN and id",
    { any: new ReferenceValue("u", "1", "") },
    { any: new ReferenceValue("u", "1", "9") },
    [],
  ],
  ["what the engine adds for itself", { __defaults: [] }, { __defaults: ["x"] }, []],
])("finds %s", (_what, olds, news, expected) => {
  expect(compare(olds, news)).toEqual(expected);
});

const values: fc.Arbitrary<PlainObject> = fc.dictionary(
  fc.constantFrom(...Object.keys(properties)),
  fc.oneof(
    fc.string(),
    fc.integer(),
    fc.array(fc.dictionary(fc.string(), fc.string())),
    fc.dictionary(fc.string(), fc.string()),
    fc.constant(UNKNOWN),
  ) as fc.Arbitrary<Plain>,
);

it("keeps the engine's invariants whatever differs", () => {
  fc.assert(
    fc.property(values, values, (olds, news) => {
      const changes = compareInputs(schema, properties, olds, news);
      const { diffs, replaces, detailed } = answer([...changes, ...changes]);
      expect(new Set(diffs).size).toBe(diffs.length);
      expect(detailed.size).toBe(new Set(changes.map(({ path }) => path)).size);
      expect(replaces.every((key) => diffs.includes(key))).toBe(true);
      expect(diffs.length > 0).toBe(detailed.size > 0);
      for (const key of diffs) expect(Object.keys({ ...olds, ...news })).toContain(key);
    }),
  );
});

it("finds nothing between a value and itself", () => {
  const known = values.filter((value) => !Object.values(value).includes(UNKNOWN));
  fc.assert(fc.property(known, (value) => expect(compare(value, structuredClone(value))).toEqual([])));
});

it("lets a change that replaces win over one at the same path", () => {
  const change = (replace: boolean): Change => ({ path: "a.b", kind: "update", replace });
  expect(answer([change(true), change(false)]).replaces).toEqual(["a"]);
  expect(answer([change(false), change(true)]).replaces).toEqual(["a"]);
  expect(answer([change(false)]).replaces).toEqual([]);
});

it("leaves out what the user ignores", () => {
  const changes = ["a", "a.b", "c[0].d", "c[1].e", "f"].map((path): Change => ({
    path,
    kind: "update",
    replace: false,
  }));
  expect(withoutIgnored(changes, ["a", "c[*].d"]).map(({ path }) => path)).toEqual(["c[1].e", "f"]);
  expect(withoutIgnored(changes, ["*"])).toEqual([]);
});
