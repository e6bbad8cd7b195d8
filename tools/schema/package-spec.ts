/** The parts of Pulumi's package schema that we write. See https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/. */
export interface TypeSpec {
  type?: "string" | "number" | "integer" | "boolean" | "array" | "object";
  items?: TypeSpec;
  additionalProperties?: TypeSpec;
  oneOf?: TypeSpec[];
  $ref?: string;
  plain?: boolean;
}

export interface PropertySpec extends TypeSpec {
  description?: string;
  default?: string | number | boolean;
  defaultInfo?: { environment: string[] };
  secret?: boolean;
  deprecationMessage?: string;
  replaceOnChanges?: boolean;
  willReplaceOnChanges?: boolean;
}

export interface ObjectSpec {
  description?: string;
  type: "object";
  properties: Record<string, PropertySpec>;
  required?: string[];
}

export interface EnumSpec {
  description?: string;
  type: "string";
  enum: { value: string; description?: string }[];
}

export interface ResourceSpec {
  description?: string;
  isComponent?: boolean;
  deprecationMessage?: string;
  inputProperties: Record<string, PropertySpec>;
  requiredInputs?: string[];
  properties: Record<string, PropertySpec>;
  required?: string[];
  stateInputs?: { type: "object"; properties: Record<string, PropertySpec> };
}

export interface FunctionSpec {
  description?: string;
  inputs: Omit<ObjectSpec, "description">;
  outputs: Omit<ObjectSpec, "description">;
}

export interface PackageSpec {
  name: string;
  displayName: string;
  description: string;
  keywords: string[];
  homepage: string;
  repository: string;
  license: string;
  publisher: string;
  namespace: string;
  pluginDownloadURL: string;
  meta: { moduleFormat: string };
  language: Record<string, unknown>;
  dependencies?: { name: string; version?: string }[];
  config: { variables: Record<string, PropertySpec>; defaults?: string[] };
  provider: { description: string; inputProperties: Record<string, PropertySpec> };
  types: Record<string, ObjectSpec | EnumSpec>;
  resources: Record<string, ResourceSpec>;
  functions: Record<string, FunctionSpec>;
}

/** What a component's argument is (design §2): decides the children, computed by another component, or handed through. */
export type ArgumentKind = "plain" | "plan" | "value";
