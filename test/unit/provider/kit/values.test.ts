import fc from "fast-check";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { UNKNOWN } from "../../../../provider/kit/handler";
import {
  ArchiveValue,
  AssetValue,
  decode,
  decodeProperties,
  encode,
  encodeProperties,
  hasUnknown,
  type Marks,
  mergeMarks,
  ReferenceValue,
  touchesSecret,
  wire,
} from "../../../../provider/kit/values";

const secret = (value: unknown) => ({ [wire.signature]: wire.secret, value });

/** Wire values as an engine sends them: secrets anywhere, unknowns, assets, archives, references. */
const { value: wireValue } = fc.letrec<{ value: unknown; asset: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
    fc.string(),
    fc.constant(wire.unknown),
    tie("asset"),
    fc.dictionary(fc.string(), tie("asset"), { maxKeys: 3 }).map((assets) => ({
      [wire.signature]: wire.archive,
      hash: "h",
      assets,
    })),
    fc
      .record({ urn: fc.string(), id: fc.oneof(fc.string(), fc.constant(wire.unknown)), packageVersion: fc.string() })
      .map((reference) => ({
        [wire.signature]: wire.reference,
        ...reference,
      })),
    tie("value").map(secret),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.string().filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 4 },
    ),
  ),
  asset: fc
    .tuple(fc.constantFrom("text", "path", "uri"), fc.string({ minLength: 1 }))
    .map(([key, text]) => ({ [wire.signature]: wire.asset, hash: "h", [key]: text })),
}));

/** A secret inside of a secret is not wrapped again. */
function flat(value: unknown, inSecret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => flat(item, inSecret));
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[wire.signature] === wire.secret) {
    return inSecret ? flat(object.value, true) : secret(flat(object.value, true));
  }
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, flat(member, inSecret)]));
}

describe("decode and encode", () => {
  it("are each other's reverse, through protobuf too", () => {
    fc.assert(
      fc.property(wireValue, (value) => {
        const sent = Struct.fromJavaScript({ value } as unknown as Record<string, never>).toJavaScript();
        const { value: plain, marks } = decodeProperties(sent);
        expect(encodeProperties(plain, marks)).toEqual({ value: flat(value) });
      }),
      { numRuns: 500 },
    );
  });

  it("leave no wrapping in a plain value", () => {
    fc.assert(
      fc.property(wireValue, (value) => {
        const { value: plain } = decode(value);
        const seen = JSON.stringify(plain, (_key, inner: unknown) =>
          inner instanceof AssetValue || inner instanceof ArchiveValue ? null : inner,
        );
        expect(seen ?? "").not.toContain(wire.secret);
        expect(seen ?? "").not.toContain(wire.unknown);
      }),
    );
  });

  it("take every one of the engine's unknowns for one", () => {
    for (const id of [
      "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
      "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    ]) {
      expect(decode({ a: [id] }).value).toEqual({ a: [UNKNOWN] });
    }
    expect(encode({ a: UNKNOWN })).toEqual({ a: wire.unknown });
  });

  it("open output values: known, unknown, secret", () => {
    const output = (rest: object) => ({ [wire.signature]: wire.output, dependencies: ["urn:x"], ...rest });
    const { value, marks } = decodeProperties({
      a: output({ value: 1 }),
      b: output({}),
      c: output({ value: "x", secret: true }),
      d: output({ secret: true }),
    });
    expect(value).toEqual({ a: 1, b: UNKNOWN, c: "x", d: UNKNOWN });
    expect(encodeProperties(value, marks)).toEqual({ a: 1, b: wire.unknown, c: secret("x"), d: secret(wire.unknown) });
  });

  it("know assets of which only the hash is left, and empty ones", () => {
    const asset = (rest: object) => decode({ [wire.signature]: wire.asset, ...rest }).value as AssetValue;
    expect(asset({ hash: "h", text: "", path: "" }).source).toBeUndefined();
    expect(asset({ hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }).source).toEqual({
      text: "",
    });
    const archive = decode({ [wire.signature]: wire.archive, hash: "h" }).value as ArchiveValue;
    expect([archive.hash, archive.source]).toEqual(["h", undefined]);
  });

  it("leave out members that are undefined and refuse what has no form", () => {
    expect(encode({ a: undefined, b: [undefined] })).toEqual({ b: [null] });
    expect(() => encode({ a: 1n })).toThrow("a bigint has no form on the wire");
    expect(() => encode({ a: () => 1 })).toThrow("a function has no form on the wire");
    expect(() => decodeProperties([])).toThrow("not an object");
  });
});

describe("marks", () => {
  const marks = (value: unknown): Marks => decode(value).marks;

  it("merge: secret where either is", () => {
    const merged = mergeMarks(
      marks({ a: secret(1), c: { d: secret(1) } }),
      marks({ b: secret(1), c: { e: secret(1) } }),
    );
    expect(encode({ a: 1, b: 2, c: { d: 3, e: 4, f: 5 }, g: 6 }, merged)).toEqual({
      a: secret(1),
      b: secret(2),
      c: { d: secret(3), e: secret(4), f: 5 },
      g: 6,
    });
  });

  it("never lose a secret by merging", () => {
    const hidden = (value: unknown, at: Marks, secret = false): unknown => {
      const here = secret || at.secret === true;
      if (typeof value !== "object" || value === null) return here;
      return Object.entries(value).map(([key, member]) => hidden(member, at.at?.get(key) ?? {}, here));
    };
    const covers = (more: unknown, less: unknown): boolean =>
      Array.isArray(less)
        ? less.every((one, i) => covers((more as unknown[])[i], one))
        : more === true || less === false;
    fc.assert(
      fc.property(wireValue, wireValue, (one, other) => {
        const { value, marks: own } = decode({ value: one });
        expect(covers(hidden(value, mergeMarks(own, marks({ value: other }))), hidden(value, own))).toBe(true);
      }),
    );
  });

  it("touch what is at, above and below them", () => {
    const found = marks({ a: { b: secret({ c: 1 }) }, x: 1 });
    expect(touchesSecret(found, ["a"])).toBe(true);
    expect(touchesSecret(found, ["a", "b"])).toBe(true);
    expect(touchesSecret(found, ["a", "b", "c"])).toBe(true);
    expect(touchesSecret(found, ["x"])).toBe(false);
    expect(touchesSecret(found, ["a", "z"])).toBe(false);
  });
});

it("hasUnknown looks everywhere", () => {
  expect(hasUnknown({ a: [{ b: UNKNOWN }] })).toBe(true);
  expect(hasUnknown(new ReferenceValue("urn", UNKNOWN, ""))).toBe(true);
  expect(hasUnknown({ a: [{ b: 1 }], c: null })).toBe(false);
});
