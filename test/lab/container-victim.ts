// A process that is killed in the middle of its work: `node -r ts-hook container-victim.ts <folder> <cache>`.
import { ContainerBackend } from "../../lab/nodes/container";
import { hostOf } from "../../lab/nodes/container/network";
import { nodeSpec } from "./node-spec";

async function main(folder: string, cache: string): Promise<void> {
  const backend = new ContainerBackend({ name: "victim", folder, cache });
  await backend.prepare(() => undefined);
  const body = await backend.add(nodeSpec("v1"));
  const address = hostOf(backend.network.subnet, 11);
  const installer = await body.bootInstaller(address);
  await installer.unpack({ address, hostname: "v1", disk: "nvme0n1" });
  await installer.complete();
  await installer.close();
  await body.boot(new AbortController().signal);
  const other = await backend.add(nodeSpec("v2", 2));
  const half = await other.bootInstaller(hostOf(backend.network.subnet, 12));
  await half.unpack({ address: hostOf(backend.network.subnet, 12), hostname: "v2", disk: "nvme0n1" });
  process.stdout.write("booted\n");
  setInterval(() => undefined, 1000);
}

void main(process.argv[2], process.argv[3]);
