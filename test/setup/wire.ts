import { UNKNOWN } from "../../provider/kit/handler";
import { wire } from "../../provider/kit/values";

/** The engine's own limit. */
export const channelOptions = {
  "grpc.max_receive_message_length": 400 * 1024 * 1024,
  "grpc.max_send_message_length": 400 * 1024 * 1024,
};

/** A secret as tests write and read it. `toEqual(secret("x"))` compares it. */
export class Secret {
  constructor(readonly value: unknown) {}
}

export function secret(value: unknown): Secret {
  return new Secret(value);
}

/** A value that the engine does not know yet. */
export const unknown = UNKNOWN;

/** An output value, as the engine sends component arguments: known or not, secret or not, with dependencies. */
export class OutputValue {
  constructor(readonly given: { value?: unknown; secret?: boolean; dependencies?: string[] }) {}
}

export function outputValue(given: { value?: unknown; secret?: boolean; dependencies?: string[] }): OutputValue {
  return new OutputValue(given);
}

export function textAsset(text: string, hash: string): object {
  return { [wire.signature]: wire.asset, text, hash };
}

/** What `Struct.fromJavaScript` takes. Independent of the kit's own encoder, which it helps to test. */
export function toWire(value: unknown): unknown {
  if (value === UNKNOWN) return wire.unknown;
  if (value instanceof Secret) return { [wire.signature]: wire.secret, value: toWire(value.value) };
  if (value instanceof OutputValue) {
    const { dependencies = [], secret = false } = value.given;
    const known = "value" in value.given ? { value: toWire(value.given.value) } : {};
    return { [wire.signature]: wire.output, ...known, secret, dependencies };
  }
  if (Array.isArray(value)) return value.map(toWire);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([key, member]) => [key, toWire(member)]));
}

/** The reverse of `toWire`; output values become what they hold. */
export function fromWire(value: unknown): unknown {
  if (value === wire.unknown) return UNKNOWN;
  if (Array.isArray(value)) return value.map(fromWire);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[wire.signature] === wire.secret) return new Secret(fromWire(object.value));
  if (object[wire.signature] === wire.output) {
    const inner = "value" in object ? fromWire(object.value) : UNKNOWN;
    return object.secret === true ? new Secret(inner) : inner;
  }
  return Object.fromEntries(Object.entries(object).map(([key, member]) => [key, fromWire(member)]));
}

/** The same value without secrets marked. */
export function reveal<T = unknown>(value: unknown): T {
  if (value instanceof Secret) return reveal(value.value);
  if (Array.isArray(value)) return value.map((item) => reveal(item)) as T;
  if (typeof value !== "object" || value === null) return value as T;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, reveal(member)])) as T;
}
