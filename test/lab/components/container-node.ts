import { execFileSync, spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ContainerBackend } from "../../../lab/nodes/container";
import { hostTraits } from "../../../lab/nodes/container/host";
import { hostOf } from "../../../lab/nodes/container/network";
import { sweepContainers } from "../../../lab/nodes/container/sweep";
import { labCache } from "../../../lab/places";
import { command } from "../../setup/need";
import { nodeSpec } from "../node-spec";

/** What a container with a real Debian and OpenSSH needs of the machine. */
export const containerNeeds = [
  ...["podman", "nsenter", "unshare", "ip", "mmdebstrap", "ssh", "ssh-keygen"].map(command),
  { present: process.getuid?.() === 0, reason: "not root" },
];

/** One running Debian that root can log in to. */
export class ContainerNode {
  readonly spec = nodeSpec("n1");
  private constructor(
    readonly folder: string,
    readonly backend: ContainerBackend,
    readonly publicKey: string,
    readonly address: string,
  ) {}

  /** @param installationId written to the marker of installations; without it the node looks like anybody's Debian. */
  static async start(name: string, installationId?: (node: ContainerNode) => string): Promise<ContainerNode> {
    const folder = mkdtempSync(path.join(tmpdir(), `rackform-${name}-`));
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f", path.join(folder, "key")]);
    const backend = new ContainerBackend({ name, folder, cache: labCache() });
    await backend.prepare(() => undefined);
    const key = readFileSync(path.join(folder, "key.pub"), "utf8").trim();
    const node = new ContainerNode(folder, backend, key, hostOf(backend.network.subnet, 11));
    const body = await backend.add(node.spec);
    const installer = await body.bootInstaller(node.address);
    await installer.unpack({ address: node.address, hostname: "installed", disk: "nvme0n1" });
    const id = installationId?.(node);
    const marker =
      id &&
      `mkdir -p /target/etc/rackform; echo '{"installationId": "${id}", "hostname": "n1"}' > /target/etc/rackform/installation`;
    const keys = `install -d -m 700 /target/root/.ssh; echo '${key}' > /target/root/.ssh/authorized_keys`;
    const done = await installer.run(["set -e", keys, marker ?? ":"].join("\n"));
    if (done.code !== 0) throw new Error(done.output);
    await installer.complete();
    await installer.close();
    await body.boot(new AbortController().signal);
    return node;
  }

  get privateKey(): string {
    return readFileSync(path.join(this.folder, "key"), "utf8");
  }

  hostKey(): string {
    return this.ssh("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.trim();
  }

  ssh(line: string, input: string | Buffer = "", user = "root"): SpawnSyncReturns<string> {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"];
    const words = [...options.flatMap((option) => ["-o", option]), "-i", path.join(this.folder, "key")];
    return spawnSync("ssh", [...words, `${user}@${this.address}`, line], { input, encoding: "utf8", timeout: 180_000 });
  }

  async stop(): Promise<void> {
    await this.backend.close();
    await sweepContainers(this.folder, hostTraits());
    rmSync(this.folder, { recursive: true, force: true });
  }
}
