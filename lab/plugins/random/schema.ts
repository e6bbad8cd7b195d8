import type { PackageSchema, Properties, PropertySpec, ResourceSpec } from "../../../provider/kit/schema";

const text: PropertySpec = { type: "string" };
const secretText: PropertySpec = { type: "string", secret: true };
const whole: PropertySpec = { type: "integer" };
const keepers: PropertySpec = { type: "object", additionalProperties: text };

const characters: Properties = {
  keepers,
  length: whole,
  lower: { type: "boolean", default: true },
  upper: { type: "boolean", default: true },
  numeric: { type: "boolean" },
  number: { type: "boolean" },
  special: { type: "boolean", default: true },
  minLower: { ...whole, default: 0 },
  minUpper: { ...whole, default: 0 },
  minNumeric: { ...whole, default: 0 },
  minSpecial: { ...whole, default: 0 },
  overrideSpecial: text,
};

/** Nothing random can be changed in place: every input replaces. */
function resource(inputs: Properties, required: string[], outputs: Properties): ResourceSpec {
  const replacing = Object.entries(inputs).map(([name, property]) => [name, { ...property, replaceOnChanges: true }]);
  return {
    inputProperties: Object.fromEntries(replacing) as Properties,
    requiredInputs: required,
    properties: { ...inputs, ...outputs },
  };
}

/** The interface of the official random plugin 4.21, as far as the stand-in goes. */
export const schema: PackageSchema = {
  name: "random",
  resources: {
    "random:index/randomPassword:RandomPassword": resource(characters, ["length"], {
      result: secretText,
      bcryptHash: secretText,
    }),
    "random:index/randomString:RandomString": resource(characters, ["length"], { result: text }),
    "random:index/randomId:RandomId": resource({ keepers, byteLength: whole, prefix: text }, ["byteLength"], {
      b64Std: text,
      b64Url: text,
      dec: text,
      hex: text,
    }),
    "random:index/randomBytes:RandomBytes": resource({ keepers, length: whole }, ["length"], {
      base64: secretText,
      hex: secretText,
    }),
    "random:index/randomUuid:RandomUuid": resource({ keepers }, [], { result: text }),
    "random:index/randomInteger:RandomInteger": resource(
      { keepers, min: whole, max: whole, seed: text },
      ["min", "max"],
      {
        result: whole,
      },
    ),
    "random:index/randomShuffle:RandomShuffle": resource(
      { keepers, inputs: { type: "array", items: text }, resultCount: whole, seed: text },
      ["inputs"],
      { results: { type: "array", items: text } },
    ),
    "random:index/randomPet:RandomPet": resource(
      { keepers, length: { ...whole, default: 2 }, prefix: text, separator: { ...text, default: "-" } },
      [],
      {},
    ),
  },
};
