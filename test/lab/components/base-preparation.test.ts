import { execFileSync } from "node:child_process";
import path from "node:path";
import type { BareMetalFleetArgs } from "../../../components/bare-metal-fleet/args";
import { planFleet } from "../../../components/bare-metal-fleet/plan";
import { encodeParameters } from "../../../components/node/remote-step";
import { describeWith } from "../../setup/need";
import { containerNeeds, ContainerNode } from "./container-node";

const scripts = path.resolve(__dirname, "../../../components/bare-metal-fleet/scripts");

describeWith(containerNeeds, "base preparation on a real Debian, over real SSH", () => {
  let node: ContainerNode;

  beforeAll(async () => {
    node = await ContainerNode.start("bp", (one) => plan({}, one).node.installationId);
    const archive = execFileSync("tar", ["-C", path.dirname(scripts), "-c", "scripts"]);
    expect(node.ssh("mkdir -p /var/lib/rackform/steps/x && tar -C /var/lib/rackform/steps/x -x", archive).status).toBe(
      0,
    );
  });

  afterAll(() => node?.stop());

  function plan(more: Partial<BareMetalFleetArgs> = {}, one = node) {
    const { subnet, gateway } = one.backend.network;
    const { serialNumber, nics } = one.spec;
    const { servers, errors } = planFleet({
      servers: [{ name: "n1", bmc: "https://10.9.0.1", serialNumber, mac: nics[0].mac, address: one.address }],
      networks: { management: { cidr: subnet, gateway } },
      nameservers: [gateway],
      ntpServers: [gateway],
      users: [{ name: "ada", authorizedKeys: [one.publicKey] }],
      sysctls: { "net.ipv4.ip_forward": "1" },
      ...more,
    });
    expect(errors).toEqual([]);
    return servers.n1;
  }

  function prepare(parameters: Record<string, string>) {
    const all = { ...parameters, RACKFORM_INSTALLATION_ID: plan().node.installationId };
    return node.ssh("bash /var/lib/rackform/steps/x/scripts/base-preparation.sh", encodeParameters(all));
  }

  it("prepares, and changes nothing the second time", () => {
    const first = prepare(plan().base);
    expect([first.status, first.stdout, first.stderr]).toEqual([
      0,
      expect.stringMatching(/^rackform: base ready, changed: .*network.*, restart: no\n$/),
      expect.any(String),
    ]);
    expect(
      node.ssh(
        "hostname; networkctl --no-pager list | grep -c configured; id -un ada; sysctl -n net.ipv4.ip_forward; ip -4 route show default",
      ).stdout,
    ).toMatch(/^n1\n1\nada\n1\ndefault via \S+ dev \S+ proto static/);
    expect(node.ssh("id -un", "", "ada").stdout).toBe("ada\n");
    expect(prepare(plan().base).stdout).toBe("rackform: base ready, changed: nothing, restart: no\n");
  });

  it("takes logins away from a user who is no longer listed", () => {
    expect(prepare(plan({ users: [] }).base).stdout).toContain("keys:ada");
    expect(node.ssh("id", "", "ada").status).toBe(255);
  });

  it("comes back by itself from a network configuration that would cut it off", () => {
    const good = plan().base;
    const wrong = Object.fromEntries(
      Object.entries(good).map(([name, value]) => [name, value.replace(node.address, "192.0.2.9")]),
    );
    const files = good.RACKFORM_NETWORK_FILES.split(" ");
    const broken = Buffer.from(files[1], "base64").toString().replace(node.address, "192.0.2.9");
    const result = prepare({
      ...wrong,
      RACKFORM_NETWORK_FILES: `${files[0]} ${Buffer.from(broken).toString("base64")}\n`,
    });
    expect([result.status, result.stderr]).toEqual([
      1,
      expect.stringContaining("the configuration before was restored"),
    ]);
    expect(node.ssh("ip -o -4 address show scope global | awk '{print $4}'").stdout).toBe(`${node.address}/24\n`);
    expect(prepare(good).stdout).toBe("rackform: base ready, changed: keys:ada, restart: no\n");
  });
});
