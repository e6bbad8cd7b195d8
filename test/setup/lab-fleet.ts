import { type RackSpec } from "../../lab/rack/spec";
import { LabRack } from "../../lab/rack/rack";
import { aptArchive } from "../../tools/cli/lab/apt";
import { TestStack } from "./stack";

/** What `fleet` and `steps` in the stack's config hold: plain arguments of BareMetalFleet, and scripts for NodeStep. */
const program = `
const pulumi = require("@pulumi/pulumi");
const { BareMetalFleet, NodeStep } = require("rackform");
const config = new pulumi.Config();
const fleet = new BareMetalFleet("rack1", config.requireObject("fleet"));
for (const [name, script] of Object.entries(config.getObject("steps") ?? {}))
  new NodeStep(name, { nodes: fleet.nodes, access: fleet.access, script });
exports.nodes = fleet.nodes;
exports.access = fleet.access;
`;

/** A rack in this process and a stack of the real engine that takes it up. */
export class LabFleet {
  private constructor(
    readonly rack: LabRack,
    readonly stack: TestStack,
    private fleet: Record<string, unknown>,
  ) {}

  static async start(spec: RackSpec, fleet: Record<string, unknown> = {}): Promise<LabFleet> {
    const rack = await LabRack.start({ debianUpstream: aptArchive(), ...spec });
    try {
      const { subnet, gateway } = rack.backend.network;
      const stack = await TestStack.create({
        files: {
          "Pulumi.yaml":
            "name: rackform-test\nruntime:\n  name: nodejs\n  options: { typescript: false }\nmain: index.js\n",
          "package.json": "{}",
          "index.js": program,
        },
        node: true,
        env: {
          RACKFORM_BMC_USERNAME: rack.credentials.username,
          RACKFORM_BMC_PASSWORD: rack.credentials.password,
          RACKFORM_BMC_CA_BUNDLE: rack.caCertificate,
          RACKFORM_MEDIA_LISTEN_ADDRESS: gateway,
          RACKFORM_MEDIA_ADVERTISE: `${subnet}=${gateway},127.0.0.0/8=${gateway}`,
        },
      });
      const lab = new LabFleet(rack, stack, {
        image: "debian-12",
        mirror: rack.mirror.url,
        networks: { management: { cidr: subnet, gateway } },
        deletionProtection: false,
        ...fleet,
      });
      await lab.configure({});
      return lab;
    } catch (error) {
      await rack.close();
      throw error;
    }
  }

  /** The rack's servers as the fleet's arguments, with other arguments laid over those of before. */
  async configure(more: Record<string, unknown>): Promise<void> {
    this.fleet = { ...this.fleet, ...more };
    const servers = this.rack.members().map(({ server, bmc, address }) => ({
      name: server.name,
      bmc: bmc.url,
      serialNumber: bmc.hardware.serialNumber,
      mac: bmc.hardware.nics[0].mac,
      address,
    }));
    const value = JSON.stringify({ servers, ...this.fleet });
    await this.stack.run(["config", "set", "fleet", "--", value]);
  }

  async steps(steps: Record<string, string>): Promise<void> {
    await this.stack.run(["config", "set", "steps", "--", JSON.stringify(steps)]);
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
