import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { type Bmc, BmcRack, type BmcSpec } from "../../../lab/bmc";
import type { Configuration } from "../../../provider/config";
import { BmcAccess, shareBmcAccess } from "../../../provider/deps";
import { makeHostKey } from "../../../provider/handlers/host-key";
import * as installation from "../../../provider/handlers/installation";
import { type InstallerPorts, shareInstallerPorts } from "../../../provider/installation/media-port";
import type { HandlerFactory } from "../../../provider/kit/handler";
import type { PluginSpec } from "../../../provider/kit/host";
import { MediaServer } from "../../../provider/media";
import { ArtifactCache } from "../../../provider/media/artifacts";
import { sleep } from "../../../provider/redfish/limits";
import {
  Deployed,
  FakeEngine,
  type RunningPlugin,
  secret,
  startInProcess,
  type Values,
} from "../../setup/plugin-client";
import { keyPair } from "../../setup/ssh-server";
import { credentials, spec } from "../redfish-resources/harness";
import { FakeMachine } from "./machine";
import { Node } from "./node";

export const TYPE = "rackform:redfish:Installation";

const handlers = new Map([
  ...spec.handlers,
  [TYPE, () => installation.handler as unknown as HandlerFactory<Configuration>] as const,
]);

/** Time for waits runs so much faster than for machines. */
const WARP = 60;

/** A machine with its BMC, the address of its system, and the plugin with a media server of its own. */
export class InstallWorld {
  engine!: FakeEngine;
  plugin!: RunningPlugin;
  readonly login = keyPair();
  readonly hostKey = makeHostKey("node1");
  readonly tokenSecret = "5e".repeat(32);
  readonly shown: string[] = [];
  private media?: MediaServer;

  private constructor(
    readonly folder: string,
    readonly rack: BmcRack,
    readonly node: Node,
    readonly machine: FakeMachine,
    private readonly ports: Partial<InstallerPorts>,
  ) {}

  static async start(bmc: Partial<BmcSpec> = {}, ports: Partial<InstallerPorts> = {}): Promise<InstallWorld> {
    const folder = mkdtempSync(path.join(tmpdir(), "rackform-install-"));
    for (const name of ["linux", "initrd.gz", "grubx64.efi"])
      writeFileSync(path.join(folder, name), `${name}\n`.repeat(500));
    const rack = await BmcRack.start([
      { name: "node1", address: "127.0.0.1", port: 0, dialect: "generic", credentials, ...bmc },
    ]);
    const node = await Node.start();
    const world = new InstallWorld(folder, rack, node, new FakeMachine(rack.bmc("node1"), node), ports);
    await world.begin();
    return world;
  }

  get bmc(): Bmc {
    return this.rack.bmc("node1");
  }

  /** A plugin process, as far as it can be told: own clients, own media server, own engine. */
  async begin(): Promise<void> {
    this.engine = await FakeEngine.start();
    const begun = Date.now();
    shareBmcAccess(
      new BmcAccess({
        now: () => begun + (Date.now() - begun) * WARP,
        sleep: (milliseconds, signal) => sleep(milliseconds / WARP, signal),
      }),
    );
    shareInstallerPorts({
      media: () => {
        this.media ??= new MediaServer({
          listenAddress: "127.0.0.1",
          portRange: "0",
          stateDirectory: path.join(this.folder, "media"),
          artifacts: new ArtifactCache(path.join(this.folder, "artifacts")),
        });
        return Promise.resolve(this.media);
      },
      close: async () => {
        const closing = this.media;
        this.media = undefined;
        await closing?.close();
      },
      pollMilliseconds: 30,
      probeSeconds: 10,
      ...this.ports,
    });
    this.plugin = await startInProcess({ ...spec, handlers } as PluginSpec<Configuration>, { engine: this.engine });
    await this.plugin.client.configure({
      caBundle: this.rack.caCertificate,
      leaseDirectory: path.join(this.folder, "leases"),
      requestTimeoutSeconds: 5,
    });
  }

  /** The plugin ends, as it does at Cancel. */
  async end(): Promise<void> {
    await this.plugin.stop();
    shareBmcAccess(undefined);
    shareInstallerPorts(undefined);
    this.shown.push(this.engine.logs.map(({ message }) => message).join("\n"));
    this.engine.stop();
  }

  async stop(): Promise<void> {
    await this.end();
    await this.node.stop();
    await this.rack.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  program(more: Values = {}): Values {
    const file = (name: string) => ({ url: pathToFileURL(path.join(this.folder, name)).href });
    return {
      connection: { endpoint: this.bmc.url, username: credentials.username, password: secret(credentials.password) },
      hostname: "node1",
      installationId: "first-1",
      hostKey: { publicKey: this.hostKey.publicKey, privateKey: secret(this.hostKey.privateKey) },
      tokenSecret: secret(this.tokenSecret),
      identity: { serialNumber: this.bmc.hardware.serialNumber },
      image: {
        family: "debian",
        version: "13",
        architecture: "x86_64",
        kernel: file("linux"),
        initrd: file("initrd.gz"),
        mirror: "http://mirror.example.com/debian",
        bootloader: { grub: file("grubx64.efi") },
      },
      consent: { wipe: false },
      network: {
        interfaces: [{ name: "eno1", mac: "52:54:00:00:00:01", addresses: ["127.0.0.11/8"], gateway: "127.0.0.1" }],
        nameservers: ["127.0.0.1"],
      },
      users: [{ name: "admin", authorizedKeys: [this.login.public], sudo: true }],
      loginKey: secret(this.login.private),
      ssh: { address: "127.0.0.1", port: this.node.port, user: "admin" },
      timeoutSeconds: 600,
      ...more,
    };
  }

  deployed(name = "os"): Deployed {
    return new Deployed(this.plugin.client, TYPE, name);
  }

  /** The system that an installation leaves behind. */
  system(installationId: string) {
    return {
      hostKey: this.hostKey.privateKey,
      authorized: [this.login.public],
      marker: JSON.stringify({ installationId, hostname: "node1", installedAt: "2026-01-01T00:00:00Z" }),
    };
  }

  /** Requests that changed something, without logins. */
  writes(): string[] {
    return this.bmc.journal
      .entries()
      .filter(({ method, path: where }) => method !== "GET" && method !== "HEAD" && !/Sessions/.test(where))
      .map(({ method, path: where }) => `${method} ${where.split("/").slice(-1)[0]}`);
  }

  resets(): number {
    return this.writes().filter((write) => /Reset$/.test(write)).length;
  }

  get inserted(): string[] {
    return [...this.bmc.media.drives.values()].flatMap((drive) => (drive.inserted ? [drive.image ?? ""] : []));
  }

  /** All that people could see. */
  get everything(): string {
    return [...this.shown, this.engine.logs.map(({ message }) => message).join("\n")].join("\n");
  }

  /** Nothing that was shown holds a secret: keys, passwords, tokens. */
  expectNoSecrets(more = ""): void {
    const text = `${this.everything}\n${more}`;
    for (const value of [credentials.password, this.tokenSecret]) expect(text).not.toContain(value);
    for (const key of [this.hostKey.privateKey, this.login.private]) {
      for (const line of key.split("\n").filter((part) => part.length > 20 && !part.startsWith("---")))
        expect(text).not.toContain(line);
    }
    expect(text).not.toMatch(/\/s\/[A-Za-z0-9_-]{20,}/);
  }
}

export async function until(what: () => boolean, milliseconds = 10_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`not true within ${milliseconds} ms: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
