import { type RackSpec } from "../../lab/rack/spec";
import { LabRack } from "../../lab/rack/rack";
import { aptArchive } from "../../tools/cli/lab/apt";
import { TestStack } from "./stack";

/** Whose program registers the fleet: TypeScript in-process, or YAML through the plugin's construct. */
export type Language = "nodejs" | "yaml";

type Steps = Record<string, string>;

/** A fleet called rack1, and a NodeStep for each script. */
function program(language: Language, fleet: object, steps: Steps): Record<string, string> {
  if (language === "yaml") {
    const step = (script: string) => ({
      type: "rackform:NodeStep",
      properties: { nodes: "${rack1.nodes}", access: "${rack1.access}", script },
    });
    const resources = {
      rack1: { type: "rackform:BareMetalFleet", properties: fleet },
      ...Object.fromEntries(Object.entries(steps).map(([name, script]) => [name, step(script)])),
    };
    return { "Pulumi.yaml": JSON.stringify({ name: "rackform-test", runtime: "yaml", resources }) };
  }
  const project = {
    name: "rackform-test",
    runtime: { name: "nodejs", options: { typescript: false } },
    main: "index.js",
  };
  const text = `
const { BareMetalFleet, NodeStep } = require("rackform");
const fleet = new BareMetalFleet("rack1", ${JSON.stringify(fleet)});
for (const [name, script] of Object.entries(${JSON.stringify(steps)}))
  new NodeStep(name, { nodes: fleet.nodes, access: fleet.access, script });
exports.nodes = fleet.nodes;
exports.access = fleet.access;
`;
  return { "Pulumi.yaml": JSON.stringify(project), "package.json": "{}", "index.js": text };
}

/** A rack in this process and a stack of the real engine that takes it up. */
export class LabFleet {
  private constructor(
    readonly rack: LabRack,
    readonly stack: TestStack,
    private readonly language: Language,
    private fleet: Record<string, unknown>,
  ) {}

  private scripts: Steps = {};

  static async start(
    spec: RackSpec,
    fleet: Record<string, unknown> = {},
    language: Language = "nodejs",
  ): Promise<LabFleet> {
    const rack = await LabRack.start({ debianUpstream: aptArchive(), ...spec });
    try {
      const { subnet, gateway } = rack.backend.network;
      const stack = await TestStack.create({
        files: program(language, {}, {}),
        languages: [language],
        node: true,
        env: {
          RACKFORM_BMC_USERNAME: rack.credentials.username,
          RACKFORM_BMC_PASSWORD: rack.credentials.password,
          RACKFORM_BMC_CA_BUNDLE: rack.caCertificate,
          RACKFORM_MEDIA_LISTEN_ADDRESS: gateway,
          RACKFORM_MEDIA_ADVERTISE: `${subnet}=${gateway},127.0.0.0/8=${gateway}`,
        },
      });
      const lab = new LabFleet(rack, stack, language, {
        image: "debian-12",
        mirror: rack.mirror.url,
        networks: { management: { cidr: subnet, gateway } },
        deletionProtection: false,
        ...fleet,
      });
      lab.configure({});
      return lab;
    } catch (error) {
      await rack.close();
      throw error;
    }
  }

  /** The rack's servers as the fleet's arguments, with other arguments laid over those of before. */
  configure(more: Record<string, unknown>): void {
    this.fleet = { ...this.fleet, ...more };
    this.write();
  }

  steps(scripts: Steps): void {
    this.scripts = scripts;
    this.write();
  }

  private write(): void {
    const servers = this.rack.members().map(({ server, bmc, address }) => ({
      name: server.name,
      bmc: bmc.url,
      serialNumber: bmc.hardware.serialNumber,
      mac: bmc.hardware.nics[0].mac,
      address,
    }));
    const files = program(this.language, { servers, ...this.fleet }, this.scripts);
    for (const [name, text] of Object.entries(files)) this.stack.write(name, text);
  }

  /** Installations that each server's disks have seen. */
  async installations(): Promise<Record<string, number>> {
    const servers = await this.rack.status();
    return Object.fromEntries(servers.map(({ name, installations }) => [name, installations]));
  }

  async close(): Promise<void> {
    await this.stack.dispose();
    await this.rack.close();
  }
}
