import type { PackageSchema, Properties, PropertySpec } from "../../../provider/kit/schema";

const text: PropertySpec = { type: "string" };
const secretText: PropertySpec = { type: "string", secret: true };
const texts: PropertySpec = { type: "array", items: text };
const textMap: PropertySpec = { type: "object", additionalProperties: text };
const yesNo: PropertySpec = { type: "boolean" };

const endpoint: Properties = {
  user: { ...text, default: "root" },
  password: secretText,
  host: text,
  port: { type: "number", default: 22 },
  privateKey: secretText,
  privateKeyPassword: secretText,
  agentSocketPath: text,
  dialErrorLimit: { type: "integer", default: 10 },
  perDialTimeout: { type: "integer", default: 15 },
  hostKey: text,
};

const connection: PropertySpec = { $ref: "#/types/command:remote:Connection", secret: true };
const triggers: PropertySpec = { type: "array", items: { $ref: "pulumi.json#/Any" }, replaceOnChanges: true };

/** What a command's life consists of, wherever it runs. */
const scripts: Properties = { create: text, update: text, delete: text, triggers };
const remoteInputs: Properties = {
  ...scripts,
  connection,
  stdin: text,
  environment: textMap,
  addPreviousOutputInEnv: yesNo,
  logging: { $ref: "#/types/command:remote:Logging" },
};
const localBase: Properties = {
  stdin: text,
  environment: textMap,
  addPreviousOutputInEnv: yesNo,
  logging: { $ref: "#/types/command:local:Logging" },
  interpreter: texts,
  dir: text,
  assetPaths: texts,
  archivePaths: texts,
};
const localInputs: Properties = { ...scripts, ...localBase };
const results: Properties = { stdout: text, stderr: text };
const localResults: Properties = {
  ...results,
  assets: { type: "object", additionalProperties: { $ref: "pulumi.json#/Asset" } },
  archive: { $ref: "pulumi.json#/Archive" },
};
const copyInputs: Properties = { connection, triggers, source: { $ref: "pulumi.json#/Asset" }, remotePath: text };
const logging = { type: "string", enum: ["stdout", "stderr", "stdoutAndStderr", "none"].map((value) => ({ value })) };

/** The interface of the official command plugin 1.2.1, as far as the stand-in goes. */
export const schema: PackageSchema = {
  name: "command",
  types: {
    "command:remote:Connection": {
      type: "object",
      properties: { ...endpoint, proxy: { $ref: "#/types/command:remote:ProxyConnection" } },
      required: ["host"],
    },
    "command:remote:ProxyConnection": { type: "object", properties: endpoint, required: ["host"] },
    "command:remote:Logging": logging,
    "command:local:Logging": logging,
  },
  resources: {
    "command:remote:Command": {
      inputProperties: remoteInputs,
      requiredInputs: ["connection"],
      properties: { ...remoteInputs, ...results },
      required: ["connection", "stdout", "stderr"],
    },
    "command:remote:CopyToRemote": {
      inputProperties: copyInputs,
      requiredInputs: ["connection", "source", "remotePath"],
      properties: copyInputs,
      required: ["connection", "source", "remotePath"],
    },
    "command:local:Command": {
      inputProperties: localInputs,
      properties: { ...localInputs, ...localResults },
      required: ["stdout", "stderr"],
    },
  },
  functions: {
    "command:local:run": {
      inputs: { type: "object", properties: { ...localBase, command: text }, required: ["command"] },
      outputs: { type: "object", properties: { ...localBase, command: text, ...localResults } },
    },
  },
};
