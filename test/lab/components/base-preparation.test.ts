import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { BareMetalFleetArgs } from "../../../components/bare-metal-fleet/args";
import { planFleet } from "../../../components/bare-metal-fleet/plan";
import { encodeParameters } from "../../../components/node/remote-step";
import { ContainerBackend } from "../../../lab/nodes/container";
import { hostTraits } from "../../../lab/nodes/container/host";
import { hostOf } from "../../../lab/nodes/container/network";
import { sweepContainers } from "../../../lab/nodes/container/sweep";
import { labCache } from "../../../lab/places";
import { command, describeWith } from "../../setup/need";
import { nodeSpec } from "../node-spec";

const scripts = path.resolve(__dirname, "../../../components/bare-metal-fleet/scripts");
const needs = ["podman", "nsenter", "unshare", "ip", "mmdebstrap", "ssh", "ssh-keygen"].map(command);
needs.push({ present: process.getuid?.() === 0, reason: "not root" });

describeWith(needs, "base preparation on a real Debian, over real SSH", () => {
  let folder: string;
  let backend: ContainerBackend;
  let args: BareMetalFleetArgs;
  let publicKey: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "rackform-bp-"));
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", path.join(folder, "key")]);
    publicKey = readFileSync(path.join(folder, "key.pub"), "utf8").trim();
    backend = new ContainerBackend({ name: "base", folder, cache: labCache() });
    await backend.prepare(() => undefined);
    const { subnet, gateway } = backend.network;
    const spec = nodeSpec("n1");
    const address = hostOf(subnet, 11);
    args = {
      servers: [
        { name: "n1", bmc: "https://10.9.0.1", serialNumber: spec.serialNumber, mac: spec.nics[0].mac, address },
      ],
      networks: { management: { cidr: subnet, gateway } },
      nameservers: [gateway],
      ntpServers: [gateway],
      users: [{ name: "ada", authorizedKeys: [publicKey] }],
      sysctls: { "net.ipv4.ip_forward": "1" },
    };
    const body = await backend.add(spec);
    const installer = await body.bootInstaller(address);
    await installer.unpack({ address, hostname: "installed", disk: "nvme0n1" });
    const marker = JSON.stringify({ installationId: plan().node.installationId, hostname: "n1" });
    const finish = `set -e; install -d -m 700 /target/root/.ssh; echo '${publicKey}' > /target/root/.ssh/authorized_keys; mkdir -p /target/etc/rackform; echo '${marker.replace('":"', '": "')}' > /target/etc/rackform/installation`;
    expect(await installer.run(finish)).toMatchObject({ code: 0 });
    await installer.complete();
    await installer.close();
    await body.boot(new AbortController().signal);
    const archive = execFileSync("tar", ["-C", path.dirname(scripts), "-c", "scripts"]);
    expect(ssh("mkdir -p /var/lib/rackform/steps/x && tar -C /var/lib/rackform/steps/x -x", archive).status).toBe(0);
  });

  afterAll(async () => {
    await backend?.close();
    await sweepContainers(folder, hostTraits());
    rmSync(folder, { recursive: true, force: true });
  });

  function plan(more: Partial<BareMetalFleetArgs> = {}) {
    const { servers, errors } = planFleet({ ...args, ...more });
    expect(errors).toEqual([]);
    return servers.n1;
  }

  function ssh(line: string, input: string | Buffer = "", user = "root") {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"];
    const words = [
      ...options.flatMap((option) => ["-o", option]),
      "-i",
      path.join(folder, "key"),
      `${user}@${args.servers![0].address}`,
      line,
    ];
    return spawnSync("ssh", words, { input, encoding: "utf8", timeout: 120_000 });
  }

  function prepare(parameters: Record<string, string>) {
    const all = { ...parameters, RACKFORM_INSTALLATION_ID: plan().node.installationId };
    return ssh("bash /var/lib/rackform/steps/x/scripts/base-preparation.sh", encodeParameters(all));
  }

  it("prepares, and changes nothing the second time", () => {
    const first = prepare(plan().base);
    expect([first.status, first.stdout, first.stderr]).toEqual([
      0,
      expect.stringMatching(/^rackform: base ready, changed: .*network.*, restart: no\n$/),
      expect.any(String),
    ]);
    expect(
      ssh(
        "hostname; networkctl --no-pager list | grep -c configured; id -un ada; sysctl -n net.ipv4.ip_forward; ip -4 route show default",
      ).stdout,
    ).toMatch(/^n1\n1\nada\n1\ndefault via \S+ dev \S+ proto static/);
expect(ssh("id -un", "", "ada").stdout).toBe("ada\n");
    expect(prepare(plan().base).stdout).toBe("rackform: base ready, changed: nothing, restart: no\n");
  });

  it("takes logins away from a user who is no longer listed", () => {
    expect(prepare(plan({ users: [] }).base).stdout).toContain("keys:ada");
    expect(ssh("id", "", "ada").status).toBe(255);
  });

  it("comes back by itself from a network configuration that would cut it off", () => {
    const good = plan().base;
    const wrong = Object.fromEntries(
      Object.entries(good).map(([name, value]) => [name, value.replace(args.servers![0].address!, "192.0.2.9")]),
    );
    const files = good.RACKFORM_NETWORK_FILES.split(" ");
    const broken = Buffer.from(files[1], "base64").toString().replace(args.servers![0].address!, "192.0.2.9");
    const result = prepare({
      ...wrong,
      RACKFORM_NETWORK_FILES: `${files[0]} ${Buffer.from(broken).toString("base64")}\n`,
    });
    expect([result.status, result.stderr]).toEqual([
      1,
      expect.stringContaining("the configuration before was restored"),
    ]);
    expect(ssh("ip -o -4 address show scope global | awk '{print $4}'").stdout).toBe(`${args.servers![0].address}/24\n`);
    expect(prepare(good).stdout).toContain("changed: nothing");
  });
});
