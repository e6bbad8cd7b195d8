import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";
import * as settings from "@pulumi/pulumi/runtime/settings";

/** The parts of a RegisterResourceRequest that the SDK's mocks do not hand on. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getAdditionalsecretoutputsList(): string[];
  getDependenciesList(): string[];
  getVersion(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}

const requests = new Map<string, Request>();
const monitor = MockMonitor.prototype as unknown as {
  registerResource(request: Request, callback: unknown): Promise<void>;
};
const forward = monitor.registerResource;
monitor.registerResource = function (request, callback) {
  requests.set(`${request.getType()} ${request.getName()}`, request);
  return forward.call(this, request, callback);
};

const SECRET = "1b47061264138c4ac30d75fd1eb44270";
const SIGNATURE = "4dabf18193072939515e22adb298388d";

/** One RegisterResource as it would reach the engine. */
export interface Registration {
  type: string;
  name: string;
  parent: string;
  protect: boolean;
  retainOnDelete: boolean;
  deleteBeforeReplace: boolean;
  secretOutputs: string[];
  dependsOn: string[];
  version: string;
  /** Inputs with secrets unwrapped. */
  inputs: Record<string, unknown>;
  /** Paths of what is secret in the inputs. */
  secrets: string[];
}

export interface Recorder {
  registrations: Registration[];
  of(type: string): Registration[];
  named(name: string): Registration;
  /** Outputs by component name, as given to registerOutputs. */
  settle(): Promise<void>;
}

/** What the resources answer, by type; an error makes the resource fail. */
export type Answers = Record<string, (registration: Registration) => Record<string, unknown>>;

export const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIhBFSb1mR+2WBQzCwXpXbzD2vBzQ5sBBNbjnEAuJ9Wf";

const standard: Answers = {
  "rackform:redfish:Server": ({ name }) => ({
    hostKey: { publicKey: `${HOST_KEY} ${name}`, privateKey: `host-private-${name}` },
    tokenSecret: `token-${name}`,
    systemPath: "/redfish/v1/Systems/1",
    facts: {},
  }),
  "rackform:index:SshKey": () => ({ publicKey: `${HOST_KEY} access`, privateKey: "access-private" }),
  "command:remote:Command": () => ({ stdout: "noise\nrackform: done\n", stderr: "" }),
};

/** Stands in for the engine and records what is registered. */
export async function record(answers: Answers = {}, preview = false): Promise<Recorder> {
  const registrations: Registration[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        const request = requests.get(`${args.type} ${args.name}`)!;
        const raw = request.getObject()?.toJavaScript() ?? {};
        const secrets: string[] = [];
        const registration: Registration = {
          type: args.type,
          name: args.name,
          parent: request.getParent(),
          protect: request.getProtect() ?? false,
          retainOnDelete: request.getRetainondelete() ?? false,
          deleteBeforeReplace: request.getDeletebeforereplace(),
          secretOutputs: request.getAdditionalsecretoutputsList(),
          dependsOn: request.getDependenciesList().map((urn) => urn.split("::").pop()!),
          version: request.getVersion(),
          inputs: unwrap(raw, "", secrets) as Record<string, unknown>,
          secrets,
        };
        registrations.push(registration);
        const answer = { ...standard, ...answers }[args.type]?.(registration) ?? {};
        return { id: args.custom ? `${args.name}-id` : undefined, state: { ...args.inputs, ...answer } };
      },
      call: () => ({}),
    },
    "project",
    "stack",
    preview,
  );
  return {
    registrations,
    of: (type) => registrations.filter((one) => one.type === type),
    named: (name) => {
      const found = registrations.find((one) => one.name === name);
      if (!found)
        throw new Error(
          `nothing called ${name} was registered; there are ${registrations.map((one) => one.name).join(", ")}`,
        );
      return found;
    },
    settle: () => (settings as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs(),
  };
}

function unwrap(value: unknown, path: string, secrets: string[]): unknown {
  if (Array.isArray(value)) return value.map((inner, index) => unwrap(inner, `${path}[${index}]`, secrets));
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (record[SIGNATURE] === SECRET) {
    secrets.push(path);
    return unwrap(record.value, path, []);
  }
  return Object.fromEntries(
    Object.entries(record).map(([key, inner]) => [key, unwrap(inner, path ? `${path}.${key}` : key, secrets)]),
  );
}

/** The value of an Output, whether it is secret, and the resources that it waits for. */
export async function reveal<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean; resources: string[] }> {
  const internal = output as unknown as {
    promise(): Promise<T>;
    isSecret: Promise<boolean>;
    allResources(): Promise<Set<pulumi.Resource>>;
  };
  const [value, secret, resources] = await Promise.all([
    internal.promise(),
    internal.isSecret,
    internal.allResources(),
  ]);
  const urns = await Promise.all(
    [...resources].map((one) => (one.urn as unknown as { promise(): Promise<string> }).promise()),
  );
  return { value, secret, resources: urns.map((urn) => urn.split("::").pop()!) };
}
