import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { commandPlugin } from "../../../../lab/plugins/command/plugin";
import { FakeEngine, startInProcess, type Values } from "../../../setup/plugin-client";
import { type KeyPair, keyPair, SshServer, type SshServerOptions } from "../../../setup/ssh-server";

export const remote = "command:remote:Command";
export const local = "command:local:Command";
export const copying = "command:remote:CopyToRemote";

/** The stand-in in this process, a folder for each test, and SSH servers that work in it. Call it at the top of a test file. */
export class CommandBench {
  folder = "";
  readonly key: KeyPair = keyPair();
  engine!: FakeEngine;
  plugin!: Awaited<ReturnType<typeof startInProcess>>;
  private readonly servers: SshServer[] = [];

  constructor() {
    beforeAll(async () => {
      this.engine = await FakeEngine.start();
      this.plugin = await startInProcess(commandPlugin, { engine: this.engine });
    });
    afterAll(async () => {
      await this.plugin.stop();
      this.engine.stop();
    });
    beforeEach(async () => {
      this.folder = mkdtempSync(path.join(tmpdir(), "rackform-command-"));
      this.engine.logs.length = 0;
      await this.plugin.client.configure({});
    });
    afterEach(async () => {
      await Promise.all(this.servers.splice(0).map((server) => server.stop()));
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  async serve(options: SshServerOptions = {}): Promise<SshServer> {
    const server = await SshServer.start(this.folder, { authorized: [this.key.public], ...options });
    this.servers.push(server);
    return server;
  }

  connection(server: SshServer, more: Values = {}): Values {
    return {
      host: "127.0.0.1",
      port: server.port,
      user: "root",
      privateKey: this.key.private,
      hostKey: server.hostKey.public,
      dialErrorLimit: 0,
      perDialTimeout: 5,
      ...more,
    };
  }

  /** Checks and creates a remote command; its outputs. */
  async run(server: SshServer, args: Values, more: Values = {}): Promise<Values> {
    const { inputs, failures } = await this.plugin.client.check(remote, "c", {
      connection: this.connection(server, more),
      ...args,
    });
    expect(failures).toEqual([]);
    return (await this.plugin.client.create(remote, "c", inputs)).state;
  }
}
