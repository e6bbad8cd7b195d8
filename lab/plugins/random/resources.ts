import { randomBytes, randomUUID } from "node:crypto";
import bcrypt from "bcryptjs";
import type { CheckFailure, HandlerFactory, Read } from "../../../provider/kit/handler";
import { characterFailures, type CharactersArgs, numericOf, randomCharacters } from "./characters";
import { seeded, shuffled, unpredictable } from "./draw";
import { petName } from "./petname";

type Keepers = { keepers?: Record<string, string> };

/** What one kind of random resource is made of. Everything else is alike: made once, kept in state, never changed. */
interface Kind<A extends object, S extends A> {
  token: string;
  make(args: A): { id: string; state: S };
  check?(args: A): CheckFailure[];
  /** From the id of `pulumi import`; undefined when the id cannot be read. */
  imported?(id: string): { id: string; inputs: A; state: S } | undefined;
}

function handler<A extends object, S extends A>(kind: Kind<A, S>): HandlerFactory<unknown, A, S> {
  return () => ({
    token: kind.token,
    check: (_ctx, news) => ({ inputs: news, failures: kind.check?.(news) ?? [] }),
    create: async (_ctx, inputs, { preview }) =>
      preview ? { id: "", state: inputs as Partial<S> } : kind.make(inputs),
    read: async (_ctx, id, { inputs, state }): Promise<Read<A, S> | undefined> =>
      inputs && state ? { id, inputs, state } : kind.imported?.(id),
    delete: async () => {},
  });
}

type Result = { result: string };
type Password = CharactersArgs & Result & { bcryptHash: string };

const imported = {
  lower: true,
  upper: true,
  special: true,
  minLower: 0,
  minUpper: 0,
  minNumeric: 0,
  minSpecial: 0,
};

export const randomPassword = handler<CharactersArgs, Password>({
  token: "random:index/randomPassword:RandomPassword",
  check: characterFailures,
  make: (args) => ({ id: "none", state: passwordState(args, randomCharacters(args)) }),
  imported: (result) => {
    const inputs = { ...imported, length: result.length };
    return { id: "none", inputs, state: passwordState(inputs, result) };
  },
});

function passwordState(args: CharactersArgs, result: string): Password {
  const numeric = numericOf(args);
  return { ...args, number: numeric, numeric, result, bcryptHash: bcrypt.hashSync(result, 10) };
}

export const randomString = handler<CharactersArgs, CharactersArgs & Result>({
  token: "random:index/randomString:RandomString",
  check: characterFailures,
  make(args) {
    const result = randomCharacters(args);
    const numeric = numericOf(args);
    return { id: result, state: { ...args, number: numeric, numeric, result } };
  },
  imported: (result) => {
    const inputs = { ...imported, length: result.length };
    return { id: result, inputs, state: { ...inputs, number: true, result } };
  },
});

interface IdArgs extends Keepers {
  byteLength: number;
  prefix?: string;
}
type IdState = IdArgs & { b64Std: string; b64Url: string; dec: string; hex: string };

export const randomId = handler<IdArgs, IdState>({
  token: "random:index/randomId:RandomId",
  check: ({ byteLength }) => atLeast("byteLength", byteLength, 1),
  make: (args) => idState(args, randomBytes(args.byteLength)),
  imported(text) {
    const comma = text.lastIndexOf(",");
    const bytes = Buffer.from(text.slice(comma + 1), "base64url");
    if (bytes.length === 0) return undefined;
    const inputs = { byteLength: bytes.length, ...(comma > 0 ? { prefix: text.slice(0, comma) } : {}) };
    return { ...idState(inputs, bytes), inputs };
  },
});

function idState(args: IdArgs, bytes: Buffer): { id: string; state: IdState } {
  const { prefix = "" } = args;
  const hex = bytes.toString("hex");
  const forms = {
    b64Std: prefix + bytes.toString("base64"),
    b64Url: prefix + bytes.toString("base64url"),
    dec: prefix + BigInt(`0x${hex}`).toString(),
    hex: prefix + hex,
  };
  return { id: bytes.toString("base64url"), state: { ...args, ...forms } };
}

interface BytesArgs extends Keepers {
  length: number;
}

export const randomBytesResource = handler<BytesArgs, BytesArgs & { base64: string; hex: string }>({
  token: "random:index/randomBytes:RandomBytes",
  check: ({ length }) => atLeast("length", length, 1),
  make: (args) => ({ id: "none", state: { ...args, ...bytesForms(randomBytes(args.length)) } }),
  imported(text) {
    const bytes = Buffer.from(text, "base64");
    const inputs = { length: bytes.length };
    return bytes.length === 0 ? undefined : { id: "none", inputs, state: { ...inputs, ...bytesForms(bytes) } };
  },
});

function bytesForms(bytes: Buffer): { base64: string; hex: string } {
  return { base64: bytes.toString("base64"), hex: bytes.toString("hex") };
}

export const randomUuid = handler<Keepers, Keepers & Result>({
  token: "random:index/randomUuid:RandomUuid",
  make(args) {
    const result = randomUUID();
    return { id: result, state: { ...args, result } };
  },
  imported: (id) =>
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? { id, inputs: {}, state: { result: id } } : undefined,
});

interface IntegerArgs extends Keepers {
  min: number;
  max: number;
  seed?: string;
}

export const randomInteger = handler<IntegerArgs, IntegerArgs & { result: number }>({
  token: "random:index/randomInteger:RandomInteger",
  check: ({ min, max }) =>
    typeof min === "number" && typeof max === "number" && min > max
      ? [{ property: "max", reason: `has to be at least min (${min}), not ${max}` }]
      : [],
  make(args) {
    const draw = args.seed ? seeded(args.seed) : unpredictable;
    const result = args.min + draw(args.max - args.min + 1);
    return { id: String(result), state: { ...args, result } };
  },
  imported(text) {
    const [result, min, max, seed] = text.split(",");
    if (![result, min, max].every((part) => /^-?\d+$/.test(part ?? ""))) return undefined;
    const inputs = { min: Number(min), max: Number(max), ...(seed ? { seed } : {}) };
    return { id: result, inputs, state: { ...inputs, result: Number(result) } };
  },
});

interface ShuffleArgs extends Keepers {
  inputs: string[];
  resultCount?: number;
  seed?: string;
}

export const randomShuffle = handler<ShuffleArgs, ShuffleArgs & { results: string[] }>({
  token: "random:index/randomShuffle:RandomShuffle",
  check: ({ resultCount }) => (resultCount === undefined ? [] : atLeast("resultCount", resultCount, 0)),
  make(args) {
    const draw = args.seed ? seeded(args.seed) : unpredictable;
    const count = args.resultCount ?? args.inputs.length;
    const results: string[] = [];
    // More results than inputs: the inputs come round again, each round in an order of its own.
    while (results.length < count && args.inputs.length > 0) results.push(...shuffled(args.inputs, draw));
    return { id: "-", state: { ...args, results: results.slice(0, count) } };
  },
});

interface PetArgs extends Keepers {
  length: number;
  prefix?: string;
  separator: string;
}

export const randomPet = handler<PetArgs, PetArgs>({
  token: "random:index/randomPet:RandomPet",
  check: ({ length }) => atLeast("length", length, 1),
  make(args) {
    const name = petName(args.length, args.separator);
    return { id: args.prefix ? `${args.prefix}${args.separator}${name}` : name, state: args };
  },
});

function atLeast(property: string, value: unknown, least: number): CheckFailure[] {
  return typeof value === "number" && value < least
    ? [{ property, reason: `has to be at least ${least}, not ${value}` }]
    : [];
}
