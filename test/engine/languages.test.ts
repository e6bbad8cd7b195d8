import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pythonEnvironment } from "../../tools/toolchain/python";
import { generateSdk } from "../../tools/toolchain/sdk";
import { type Outcome, TestStack } from "../setup/stack";

const runtime = (name: string, more = "") => `name: rackform-test\nruntime:\n  name: ${name}\n${more}`;

const typescript = `
const { BareMetalFleet, NodeStep } = require("rackform");
const fleet = new BareMetalFleet("rack1", {
  networks: { management: { cidr: "10.20.0.0/24", gateway: "10.20.0.1" } },
  servers: [
    { name: "node-1", bmc: "https://10.0.0.11", serialNumber: "A1", mac: "52:54:00:00:00:01" },
    { name: "node-2", bmc: "https://10.0.0.12", serialNumber: "A2", mac: "52:54:00:00:00:02" },
    { name: "node-3", bmc: "https://10.0.0.13", serialNumber: "A3", mac: "52:54:00:00:00:03" },
  ],
});
new NodeStep("motd", { nodes: fleet.nodes, access: fleet.access, script: "echo hello > /etc/motd" });
exports.names = fleet.nodes.map((node) => node.name);
`;

const yaml = `
name: rackform-test
runtime: yaml
resources:
  rack1:
    type: rackform:BareMetalFleet
    properties:
      networks:
        management: { cidr: 10.20.0.0/24, gateway: 10.20.0.1 }
      servers:
        - { name: node-1, bmc: "https://10.0.0.11", serialNumber: A1, mac: "52:54:00:00:00:01" }
        - { name: node-2, bmc: "https://10.0.0.12", serialNumber: A2, mac: "52:54:00:00:00:02" }
        - { name: node-3, bmc: "https://10.0.0.13", serialNumber: A3, mac: "52:54:00:00:00:03" }
  motd:
    type: rackform:NodeStep
    properties:
      nodes: \${rack1.nodes}
      access: \${rack1.access}
      script: echo hello > /etc/motd
`;

const python = `
import pulumi
import pulumi_rackform as rackform

fleet = rackform.BareMetalFleet(
    "rack1",
    networks={"management": rackform.NetworkSpecArgs(cidr="10.20.0.0/24", gateway="10.20.0.1")},
    servers=[
        rackform.ServerSpecArgs(name=f"node-{n}", bmc=f"https://10.0.0.1{n}", serial_number=f"A{n}", mac=f"52:54:00:00:00:0{n}")
        for n in (1, 2, 3)
    ],
)
rackform.NodeStep("motd", nodes=fleet.nodes, access=fleet.access, script="echo hello > /etc/motd")
pulumi.export("names", fleet.nodes.apply(lambda nodes: [node.name for node in nodes]))
`;

/** What a preview would create: type chain and name of every resource. */
function planned(outcome: Outcome): string[] {
  if (outcome.code !== 0) throw new Error(outcome.output);
  const urns = outcome.events.flatMap(({ resourcePreEvent }) => resourcePreEvent?.metadata.urn ?? []);
  const own = urns.filter((urn) => !/::pulumi:(providers|pulumi):/.test(urn));
  return own.map((urn) => urn.split("::").slice(2).join("::")).sort();
}

async function preview(spec: Parameters<typeof TestStack.create>[0]): Promise<string[]> {
  const stack = await TestStack.create(spec);
  try {
    return planned(await stack.preview());
  } finally {
    await stack.dispose();
  }
}

describe("a fleet's nodes handed to a second component, in the first preview", () => {
  let expected: string[];

  beforeAll(async () => {
    expected = await preview({
      files: {
        "Pulumi.yaml": runtime("nodejs", "  options: { typescript: false }\nmain: index.js\n"),
        "package.json": "{}",
        "index.js": typescript,
      },
      node: true,
    });
  });

  it("TypeScript: the step's children are known, two a node", () => {
    const step = expected.filter((urn) => urn.includes("rackform:index:NodeStep$"));
    expect(step.length).toBe(6);
    expect(expected.filter((urn) => urn.includes("rackform:redfish:Installation")).length).toBe(3);
  });

  it("YAML: the same tree", async () => {
    expect(await preview({ files: { "Pulumi.yaml": yaml }, languages: ["yaml"] })).toEqual(expected);
  });

  it("Python: the same tree", async () => {
    const venv = await pythonEnvironment("program");
    const sdk = mkdtempSync(path.join(tmpdir(), "rackform-sdk-"));
    try {
      await generateSdk("python", "0.1.0", sdk);
      // The SDK asks the installed distribution for its version.
      const metadata = path.join(sdk, "pulumi_rackform-0.1.0.dist-info");
      mkdirSync(metadata);
      writeFileSync(path.join(metadata, "METADATA"), "Metadata-Version: 2.1\nName: pulumi_rackform\nVersion: 0.1.0\n");
      const tree = await preview({
        files: { "Pulumi.yaml": runtime("python"), "__main__.py": python },
        languages: ["python"],
        env: { PYTHONPATH: sdk, VIRTUAL_ENV: venv },
        path: path.join(venv, "bin"),
      });
      expect(tree).toEqual(expected);
    } finally {
      rmSync(sdk, { recursive: true, force: true });
    }
  });
});
