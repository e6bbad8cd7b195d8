import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { commandPlugin } from "../../../../lab/plugins/command/plugin";
import { wire } from "../../../../provider/kit/values";
import { describeWith, file } from "../../../setup/need";
import { FakeEngine, PluginError, Secret, startInProcess, type Values } from "../../../setup/plugin-client";
import { keyPair, SshServer } from "../../../setup/ssh-server";
import { fromWire } from "../../../setup/wire";

const recording = path.resolve(__dirname, "../../../../../shared/data/command-plugin-1.2.1/calls.jsonl");

interface Call {
  step: number;
  method: string;
  request: Record<string, unknown> & {
    urn: string;
    id: string;
    olds: Values;
    news: Values;
    oldInputs: Values;
    properties: Values;
  };
  response?: Record<string, unknown>;
  errors?: string[];
}

describeWith(
  [file(recording, "the recording of the official command plugin")],
  "replay of the official command plugin",
  () => {
    let folder: string;
    let server: SshServer;
    let engine: FakeEngine;
    let plugin: Awaited<ReturnType<typeof startInProcess>>;
    let calls: Call[];

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), "rackform-replay-"));
      mkdirSync(path.join(folder, "srv/dir"), { recursive: true });
      writeFileSync(path.join(folder, "srv/dir/file"), "content");
      const key = keyPair();
      server = await SshServer.start(folder, {
        authorized: [key.public],
        // As on the host of the recording.
        acceptEnv: (name) => name.startsWith("RF_"),
      });
      engine = await FakeEngine.start();
      plugin = await startInProcess(commandPlugin, { engine });
      const closed = await closedPort();
      const text = readFileSync(recording, "utf8")
        .replaceAll("PRIVATE_KEY", JSON.stringify(key.private).slice(1, -1))
        .replaceAll("ssh-ed25519 HOST_KEY", server.hostKey.public)
        .replaceAll("/srv/", `${folder}/srv/`)
        .replaceAll('"port": 2222', `"port": ${server.port}`)
        .replaceAll('"port": 2223', `"port": ${closed}`)
        .replaceAll(":2223", `:${closed}`);
      calls = text
        .trim()
        .split("\n")
        .map((line) => fromWire(JSON.parse(line)) as Call);
    });

    afterAll(async () => {
      await plugin.stop();
      await server.stop();
      engine.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it("answers every call alike", async () => {
      const answered: Record<string, number> = {};
      for (const [index, call] of calls.entries()) {
        const got = await answer(call);
        expect({ line: index + 1, ...normal(got) }).toEqual({ line: index + 1, ...normal(expected(call)) });
        answered[call.method] = (answered[call.method] ?? 0) + 1;
      }
      expect(answered).toEqual({
        CheckConfig: 8,
        Configure: 9,
        Check: 37,
        Invoke: 8,
        Create: 9,
        Diff: 28,
        Update: 6,
        Delete: 6,
      });
    });

    it("did the same to the host", () => {
      const log = readFileSync(path.join(folder, "srv/log"), "utf8");
      expect(log.split("\n").filter(Boolean)).toEqual([
        "create1",
        "create2",
        "update",
        "update",
        "create2",
        "delete",
        "update",
        "delete",
      ]);
      expect(readFileSync(path.join(folder, "srv/copied"), "utf8")).toBe("two");
      expect(readdirSync(path.join(folder, "srv/copieddir"))).toEqual(["dir"]);
      expect(readFileSync(path.join(folder, "srv/copieddir/dir/file"), "utf8")).toBe("content");
    });

    async function answer({ method, request }: Call): Promise<Values> {
      const type = request.urn?.split("::")[2];
      const name = request.urn?.split("::")[3];
      const { client } = plugin;
      try {
        switch (method) {
          case "CheckConfig":
            return { inputs: (await client.checkConfig(request.news)).inputs };
          case "Configure": {
            const { acceptsecrets, acceptresources, acceptoutputs, supportspreview } = await client.configure(
              request.args as Values,
            );
            return { acceptsecrets, acceptresources, acceptoutputs, supportspreview };
          }
          case "Check":
            return { inputs: (await client.check(type, name, request.news, request.olds)).inputs };
          case "Diff": {
            const { id, olds, oldInputs, news } = request;
            const { changes, diffs, replaces, detailed } = await client.diff(type, name, {
              id,
              state: olds,
              oldInputs,
              news,
            });
            return { changes, diffs, replaces, detailed };
          }
          case "Create": {
            const { id, state } = await client.create(type, name, request.properties);
            return { id, properties: state };
          }
          case "Update": {
            const { id, olds, oldInputs, news } = request;
            return { properties: await client.update(type, name, { id, state: olds, oldInputs, news }) };
          }
          case "Delete":
            await client.delete(type, name, request.id, request.properties, { oldInputs: request.oldInputs });
            return {};
          case "Invoke":
            return { return: (await client.invoke(request.tok as string, request.args as Values)).result };
          default:
            throw new Error(`the recording has a call that the test does not know: ${method}`);
        }
      } catch (error) {
        if (error instanceof PluginError) return { error: `rpc error: code = Unknown desc = ${error.message}` };
        throw error;
      }
    }
  },
);

function expected({ method, response, errors }: Call): Values {
  if (errors) return { error: errors[0] };
  // The framework that the official plugin is written in adds its own version.
  if (method === "CheckConfig") return { inputs: { version: (response?.inputs as Values).version } };
  if (method === "Configure") {
    return Object.fromEntries(Object.entries(response ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
  }
  if (method === "Diff") {
    const detailed = Object.entries(
      (response?.detailedDiff ?? {}) as Record<string, { kind?: string; inputDiff?: boolean }>,
    );
    return {
      changes: response?.changes === "DIFF_SOME",
      diffs: response?.diffs ?? [],
      replaces: response?.replaces ?? [],
      detailed: Object.fromEntries(
        detailed.map(([at, { kind = "ADD", inputDiff = false }]) => [at, { kind, inputDiff }]),
      ),
    };
  }
  return response ?? {};
}

/**
 * Without what differs from run to run (random ids, which of two outputs came first) and what means nothing: empty members of
 * assets, and a secret inside of a secret, which the official plugin wraps once more.
 */
function normal(value: Values): Values {
  const id = typeof value.id === "string" ? { id: value.id.replace(/[0-9a-f]{8}$/, "…") } : {};
  const error = typeof value.error === "string" ? { error: value.error.split("\n").sort().join("\n") } : {};
  return { ...(bare(value) as Values), ...id, ...error };
}

function bare(value: unknown, inSecret = false): unknown {
  if (Array.isArray(value)) return value.map((item) => bare(item, inSecret));
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Secret) return inSecret ? bare(value.value, true) : new Secret(bare(value.value, true));
  const special = wire.signature in value;
  const empty = (member: unknown) => member === "" || (typeof member === "object" && Object.keys(member!).length === 0);
  const members = Object.entries(value).filter(
    ([key, member]) => !(special && /^(path|uri|text|assets)$/.test(key) && empty(member)),
  );
  return Object.fromEntries(members.map(([key, member]) => [key, bare(member, inSecret)]));
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
