import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { Agent, request } from "undici";
import { ArtifactCache } from "../../../provider/media/artifacts";
import { type Publication, seedToken } from "../../../provider/media/publication";
import { MediaServer, type MediaServerOptions } from "../../../provider/media/server";
import type { AccessRecord } from "../../../provider/media/requests";

/** A folder with artifacts, and media servers that use it. */
export class MediaBench {
  readonly folder = mkdtempSync(path.join(tmpdir(), "rackform-media-"));
  readonly log: AccessRecord[] = [];
  private readonly servers: MediaServer[] = [];

  constructor() {
    writeFileSync(path.join(this.folder, "vmlinuz"), Buffer.alloc(300_000, "kernel "));
    writeFileSync(path.join(this.folder, "initrd"), Buffer.alloc(700_000, "initrd "));
    writeFileSync(path.join(this.folder, "grub"), Buffer.alloc(100_000, "grub "));
  }

  url(name: string): string {
    return pathToFileURL(path.join(this.folder, name)).href;
  }

  server(options: MediaServerOptions = {}): MediaServer {
    const server = new MediaServer({
      listenAddress: "127.0.0.1",
      portRange: "0",
      stateDirectory: path.join(this.folder, "state"),
      artifacts: new ArtifactCache(path.join(this.folder, "cache")),
      log: (record) => this.log.push(record),
      ...options,
    });
    this.servers.push(server);
    return server;
  }

  publication(changes: Partial<Publication> = {}): Publication {
    const nonce = changes.nonce ?? "nonce1";
    return {
      nonce,
      token: seedToken("secret", "id1", nonce),
      installationId: "id1",
      hostname: "node1",
      seed: [{ path: "preseed.cfg", content: "# the seed\n" }],
      boot: {
        architecture: "x86_64",
        ramdisk: "debian-installer",
        kernel: { url: this.url("vmlinuz") },
        initrd: { url: this.url("initrd") },
        bootloader: { grub: { url: this.url("grub") } },
      },
      kernelArguments: ["auto=true", "ds=nocloud;s=https://x/"],
      ...changes,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const attempt = { startedAt: 1, port: 0, method: "virtualMedia" };
export const loopback = { bmc: { host: "127.0.0.1" }, machine: { network: "127.0.0.0/8" } };
export const signal: AbortSignal = new AbortController().signal;

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** One request on a connection of its own, trusting only the given authority. */
export async function get(
  url: string,
  ca?: string,
  options: Partial<Parameters<typeof request>[1]> = {},
): Promise<Answer> {
  const agent = new Agent({ connect: { ca }, pipelining: 0 });
  try {
    const answer = await request(url, { ...options, dispatcher: agent });
    const body = Buffer.from(await answer.body.arrayBuffer());
    return { status: answer.statusCode, headers: answer.headers, body };
  } finally {
    await agent.destroy();
  }
}
