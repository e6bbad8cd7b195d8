import { UNKNOWN } from "./handler";

/** A file's content: by value, by path on this machine or by URL. Without a source only its hash is known (old state). */
export class AssetValue {
  constructor(
    readonly hash: string | undefined,
    readonly source: { text: string } | { path: string } | { uri: string } | undefined,
  ) {}
}

/** Files by name, or an archive or folder by path or URL. Without a source only its hash is known (old state). */
export class ArchiveValue {
  constructor(
    readonly hash: string | undefined,
    readonly source:
      { assets: Record<string, AssetValue | ArchiveValue> } | { path: string } | { uri: string } | undefined,
  ) {}
}

/** A resource as a value. The id is absent for components. */
export class ReferenceValue {
  constructor(
    readonly urn: string,
    readonly id: string | typeof UNKNOWN | undefined,
    readonly packageVersion: string,
  ) {}
}

/** A plain value: secrets unwrapped, unknown leaves `UNKNOWN`. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | typeof UNKNOWN
  | AssetValue
  | ArchiveValue
  | ReferenceValue
  | Plain[]
  | PlainObject;
export interface PlainObject {
  [key: string]: Plain;
}

/** Which parts of a value are secret: a tree that grows beside it. */
export interface Marks {
  secret?: boolean;
  at?: ReadonlyMap<string, Marks>;
}

export interface Decoded<T = Plain> {
  value: T;
  marks: Marks;
}

/** The engine's signatures for values that JSON has no form for. */
export const wire = {
  signature: "4dabf18193072939515e22adb298388d",
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
  reference: "5cf8f73096256a8f31e491e813e4eb8e",
  output: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
  unknown: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
} as const;

/** The engine has an unknown for each type; all mean the same to us. */
const unknowns = new Set<string>([
  wire.unknown,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Reads what `Struct.toJavaScript` gives. */
export function decode(value: unknown): Decoded {
  if (value === undefined || value === null) return { value: null, marks: {} };
  if (typeof value === "string") return { value: unknowns.has(value) ? UNKNOWN : value, marks: {} };
  if (typeof value !== "object") return { value: value as number | boolean, marks: {} };
  if (Array.isArray(value)) {
    const parts = value.map(decode);
    return { value: parts.map((part) => part.value), marks: marksOf(parts.map((part, i) => [String(i), part.marks])) };
  }
  return decodeObject(value as Record<string, unknown>);
}

/** Reads a property map. Throws when the engine sends anything else. */
export function decodeProperties(value: unknown): Decoded<PlainObject> {
  const decoded = decode(value ?? {});
  if (!isObject(decoded.value)) throw new Error("the engine sent properties that are not an object");
  return { value: decoded.value, marks: decoded.marks };
}

function decodeObject(value: Record<string, unknown>): Decoded {
  switch (value[wire.signature]) {
    case wire.secret: {
      const inner = decode(value.value);
      return { value: inner.value, marks: { ...inner.marks, secret: true } };
    }
    case wire.output: {
      const inner: Decoded = "value" in value ? decode(value.value) : { value: UNKNOWN, marks: {} };
      return value.secret === true ? { value: inner.value, marks: { ...inner.marks, secret: true } } : inner;
    }
    case wire.asset:
      return { value: decodeAsset(value), marks: {} };
    case wire.archive:
      return { value: decodeArchive(value), marks: {} };
    case wire.reference: {
      const id = value.id === undefined || value.id === null ? undefined : decode(value.id).value;
      const reference = new ReferenceValue(
        String(value.urn),
        id === UNKNOWN ? UNKNOWN : id === undefined ? undefined : String(id),
        typeof value.packageVersion === "string" ? value.packageVersion : "",
      );
      return { value: reference, marks: {} };
    }
    default: {
      const parts = Object.entries(value).map(([key, member]) => [key, decode(member)] as const);
      return {
        value: Object.fromEntries(parts.map(([key, part]) => [key, part.value])),
        marks: marksOf(parts.map(([key, part]) => [key, part.marks])),
      };
    }
  }
}

function decodeAsset(value: Record<string, unknown>): AssetValue {
  const hash = text(value.hash);
  for (const key of ["path", "uri", "text"] as const) {
    const found = text(value[key]);
    if (found) return new AssetValue(hash, { [key]: found } as unknown as AssetValue["source"]);
  }
  const empty = hash === emptySha256 || (hash === undefined && value.text === "");
  return new AssetValue(hash, empty ? { text: "" } : undefined);
}

function decodeArchive(value: Record<string, unknown>): ArchiveValue {
  const hash = text(value.hash);
  for (const key of ["path", "uri"] as const) {
    const found = text(value[key]);
    if (found) return new ArchiveValue(hash, { [key]: found } as unknown as ArchiveValue["source"]);
  }
  if (!value.assets || typeof value.assets !== "object") return new ArchiveValue(hash, undefined);
  const members = Object.entries(value.assets).map(([name, member]) => [name, decode(member).value] as const);
  return new ArchiveValue(hash, { assets: Object.fromEntries(members) as Record<string, AssetValue | ArchiveValue> });
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/**
 * Writes what `Struct.fromJavaScript` takes. Members that are undefined are left out, secrets are wrapped as the marks say.
 * Throws on what has no wire form, such as a function or a bigint.
 */
export function encode(value: unknown, marks: Marks = {}): unknown {
  if (!marks.secret) return encodeBare(value, marks);
  // One wrapping for the whole: the Node SDK takes off one only, and would hand on the inner one as the value.
  return { [wire.signature]: wire.secret, value: encodeBare(value, {}) };
}

/** As `encode`, for the properties of a resource. */
export function encodeProperties(value: object, marks: Marks = {}): Record<string, never> {
  return encodeBare(value, marks) as Record<string, never>;
}

function encodeBare(value: unknown, marks: Marks): unknown {
  if (value === UNKNOWN) return wire.unknown;
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map((item, index) => encode(item, marks.at?.get(String(index))));
  if (value instanceof AssetValue) return { [wire.signature]: wire.asset, ...hashed(value), ...value.source };
  if (value instanceof ArchiveValue) {
    const source =
      value.source && "assets" in value.source ? { assets: encodeBare(value.source.assets, {}) } : value.source;
    return { [wire.signature]: wire.archive, ...hashed(value), ...source };
  }
  if (value instanceof ReferenceValue) {
    const id = value.id === undefined ? {} : { id: encodeBare(value.id, {}) };
    return { [wire.signature]: wire.reference, urn: value.urn, ...id, packageVersion: value.packageVersion };
  }
  if (typeof value !== "object") throw new Error(`a ${typeof value} has no form on the wire`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, encode(member, marks.at?.get(key))]));
}

function hashed(value: { hash: string | undefined }): { hash?: string } {
  return value.hash === undefined ? {} : { hash: value.hash };
}

/** An object with members of its own kind: no array, asset, archive or reference. */
export function isObject(value: unknown): value is PlainObject {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof AssetValue) &&
    !(value instanceof ArchiveValue) &&
    !(value instanceof ReferenceValue)
  );
}

/** Whether the value is, or holds anywhere, an unknown. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  if (value instanceof ReferenceValue) return value.id === UNKNOWN;
  return isObject(value) && Object.values(value).some(hasUnknown);
}

function marksOf(entries: (readonly [string, Marks])[]): Marks {
  const marked = entries.filter(([, marks]) => marks.secret || marks.at);
  return marked.length === 0 ? {} : { at: new Map(marked) };
}

/** Secret where either says so. */
export function mergeMarks(...all: Marks[]): Marks {
  const present = all.filter((marks) => marks.secret || marks.at);
  if (present.length <= 1) return present[0] ?? {};
  const keys = new Set(present.flatMap((marks) => [...(marks.at?.keys() ?? [])]));
  const at = new Map([...keys].map((key) => [key, mergeMarks(...present.map((marks) => marks.at?.get(key) ?? {}))]));
  return {
    ...(present.some((marks) => marks.secret) ? { secret: true } : {}),
    ...(at.size > 0 ? { at } : {}),
  };
}

/** Whether the value at `path`, one above it or one below it is secret. */
export function touchesSecret(marks: Marks, path: readonly (string | number)[]): boolean {
  let here: Marks | undefined = marks;
  for (const step of path) {
    if (here?.secret) return true;
    here = here?.at?.get(String(step));
  }
  return holdsSecret(here);
}

function holdsSecret(marks: Marks | undefined): boolean {
  return marks !== undefined && (marks.secret === true || [...(marks.at?.values() ?? [])].some(holdsSecret));
}
