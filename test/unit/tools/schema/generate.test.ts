import path from "node:path";
import { generate } from "../../../../tools/schema/generate";

const root = path.resolve(__dirname, "../../../..");
const good = "test/unit/tools/schema/fixtures/good.ts";
const bad = "test/unit/tools/schema/fixtures/bad.ts";
const config = { name: "Settings", file: good };

describe("a schema made of interfaces and their tags", () => {
  const { schema, kinds } = generate(root, {
    resources: [{ name: "Thing", file: good, module: "redfish" }],
    components: [{ name: "Crowd", file: good }],
    functions: [{ name: "lookUp", file: good }],
    config,
  });
  const thing = schema.resources["rackform:redfish:Thing"];
  const crowd = schema.resources["rackform:index:Crowd"];

  it("carries integers, defaults, secrets, deprecations and replacement", () => {
    expect(thing.inputProperties.count).toEqual({ type: "integer", description: "Whole number of them.", default: 3 });
    expect(thing.inputProperties.password).toEqual({ type: "string", secret: true });
    expect(thing.inputProperties.kind).toEqual({ type: "string", deprecationMessage: "use model" });
    expect(thing.inputProperties.model).toEqual({ type: "string", replaceOnChanges: true });
  });

  it("names what is required, and inherits inputs into outputs without defaults", () => {
    expect(thing.requiredInputs).toEqual(["password", "places", "volume"]);
    expect(thing.required).toEqual(["password", "places", "serial", "volume"]);
    expect(thing.properties.count.default).toBeUndefined();
  });

  it("makes enums of named and of inline unions of strings", () => {
    expect(thing.inputProperties.volume).toEqual({ $ref: "#/types/rackform:redfish:Volume" });
    expect(schema.types["rackform:redfish:Volume"]).toEqual({
      type: "string",
      description: "How loud.",
      enum: [{ value: "low" }, { value: "high" }],
    });
    expect(thing.inputProperties.mode).toEqual({ $ref: "#/types/rackform:redfish:ThingArgsMode" });
  });

  it("makes lists, maps and unions", () => {
    expect(thing.inputProperties.places).toEqual({ type: "array", items: { $ref: "#/types/rackform:redfish:Place" } });
    expect(thing.inputProperties.attributes?.additionalProperties?.oneOf).toHaveLength(3);
  });

  it("tells plain, plan and value arguments apart", () => {
    expect(kinds["rackform:index:Crowd"]).toEqual({
      members: "plan",
      size: "plain",
      limit: "plain",
      place: "plain",
      key: "value",
      token: "value",
    });
    expect(crowd.inputProperties.size).toEqual({ type: "number", plain: true });
    expect(crowd.inputProperties.key).toEqual({ type: "string" });
    expect(crowd.inputProperties.members.plain).toBeUndefined();
    expect(crowd.inputProperties.members.items).toEqual({ $ref: "#/types/rackform:index:Member" });
  });

  it("tells a component's defaults in words, because SDKs would send them as given", () => {
    const { limit } = crowd.inputProperties;
    expect(limit).toEqual({ type: "number", plain: true, description: "How many may come.\n\nDefault: `7`" });
  });

  it("takes a component's public properties for its outputs", () => {
    expect(Object.keys(crowd.properties)).toEqual(["names", "access"]);
    expect(crowd.properties.access).toEqual({ type: "string" });
    expect(crowd.required).toEqual(["access", "names"]);
  });

  it("puts examples into descriptions, and environment variables into the configuration", () => {
    expect(thing.description).toBe('A thing.\n\n## Example Usage\n\n```typescript\nnew Thing("a", {});\n```');
    expect(schema.config.variables.user.defaultInfo).toEqual({ environment: ["THING_USER"] });
    expect(schema.functions["rackform:redfish:lookUp"].outputs.required).toEqual(["found"]);
  });

  it("has no version", () => {
    expect(schema).not.toHaveProperty("version");
  });
});

describe("the generator refuses", () => {
  it.each([
    ["EventualPlan", /EventualPlanArgs\.nodes: a @plan argument is a plain value in TypeScript, never an Input/],
    [
      "SecretPlan",
      /SecretPlanArgs\.nodes: a @plan argument holds no secret, but rackform:index:SecretNode\.key is one/,
    ],
    ["SecretPlain", /SecretPlainArgs\.password: a secret cannot be plain/],
    ["Misspelt", /unknown tag @secrets/],
    ["Anonymous", /give this object type a name/],
    ["Functions", /callback/],
    ["Undescribed", /Undescribed has no description/],
    ["Absent", /exports no Absent/],
  ])("%s", (name, message) => {
    const surface = { resources: [], components: [{ name, file: bad }], functions: [], config };
    expect(() => generate(root, surface)).toThrow(message);
  });
});
