import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { wire } from "../../../../provider/kit/values";
import { Deployed, type Values } from "../../../setup/plugin-client";
import type { SshServer } from "../../../setup/ssh-server";
import { CommandBench, copying } from "./command-bench";

const bench = new CommandBench();
const serve = bench.serve.bind(bench);
const connection = bench.connection.bind(bench);
let { folder, plugin } = bench;

beforeEach(() => {
  ({ folder, plugin } = bench);
});

describe("remote.CopyToRemote", () => {
  async function copy(server: SshServer, source: unknown, remotePath: string): Promise<void> {
    const { inputs, failures } = await plugin.client.check(copying, "f", {
      connection: connection(server),
      source,
      remotePath,
    });
    expect(failures).toEqual([]);
    await plugin.client.create(copying, "f", inputs);
  }
  const asset = (source: Values) => ({ [wire.signature]: wire.asset, hash: "h", ...source });
  const archive = (source: Values) => ({ [wire.signature]: wire.archive, hash: "h", ...source });

  function tree(): string {
    const source = path.join(folder, "source");
    mkdirSync(path.join(source, "sub"), { recursive: true });
    writeFileSync(path.join(source, "a"), "A");
    writeFileSync(path.join(source, "sub/b"), Buffer.alloc(200_000, "b"));
    return source;
  }

  it("writes text, its folders first, but not over a folder", async () => {
    const server = await serve();
    await copy(server, asset({ text: "héllo" }), path.join(folder, "x/y/file"));
    expect(readFileSync(path.join(folder, "x/y/file"), "utf8")).toBe("héllo");
    await copy(server, asset({ text: "short" }), path.join(folder, "x/y/file"));
    expect(readFileSync(path.join(folder, "x/y/file"), "utf8")).toBe("short");
    await expect(copy(server, asset({ text: "x" }), path.join(folder, "x"))).rejects.toThrow(
      `remote path ${folder}/x is a directory`,
    );
  });

  it("puts a file in place of a file and inside of a folder", async () => {
    const server = await serve();
    const source = tree();
    await copy(server, asset({ path: path.join(source, "a") }), path.join(folder, "new/name"));
    expect(readFileSync(path.join(folder, "new/name"), "utf8")).toBe("A");
    await copy(server, asset({ path: path.join(source, "a") }), path.join(folder, "new"));
    expect(readFileSync(path.join(folder, "new/a"), "utf8")).toBe("A");
    await expect(copy(server, asset({ path: "/does/not/exist" }), "/x")).rejects.toThrow(
      "open /does/not/exist: no such file or directory",
    );
  });

  it("copies a folder as itself, and with a slash its content", async () => {
    const server = await serve();
    const source = tree();
    await copy(server, archive({ path: source }), path.join(folder, "one"));
    expect(readdirSync(path.join(folder, "one"))).toEqual(["source"]);
    expect(readFileSync(path.join(folder, "one/source/sub/b"), "utf8")).toHaveLength(200_000);
    await copy(server, archive({ path: `${source}/` }), path.join(folder, "two"));
    expect(readdirSync(path.join(folder, "two")).sort()).toEqual(["a", "sub"]);
    await copy(server, archive({ path: `${source}/` }), path.join(folder, "two"));
    writeFileSync(path.join(folder, "plain"), "");
    await expect(copy(server, archive({ path: source }), path.join(folder, "plain"))).rejects.toThrow();
  });

  it("writes an archive of assets and what a URL gives", async () => {
    const server = await serve();
    const http = createServer((_request, response) => response.end("from afar")).listen(0, "127.0.0.1");
    await new Promise((resolve) => http.once("listening", resolve));
    const { port } = http.address() as { port: number };
    const assets = { "bin/run": asset({ text: "#!" }), etc: archive({ assets: { conf: asset({ text: "c" }) } }) };
    await copy(server, archive({ assets }), path.join(folder, "bundle"));
    expect(readFileSync(path.join(folder, "bundle/bin/run"), "utf8")).toBe("#!");
    expect(readFileSync(path.join(folder, "bundle/etc/conf"), "utf8")).toBe("c");
    await copy(server, asset({ uri: `http://127.0.0.1:${port}/some/file.txt` }), folder);
    expect(readFileSync(path.join(folder, "file.txt"), "utf8")).toBe("from afar");
    http.close();
  });

  it("copies again only when content or path change", async () => {
    const server = await serve();
    const one = new Deployed(plugin.client, copying, "f");
    const program = {
      connection: connection(server),
      source: asset({ text: "1", hash: "h1" }),
      remotePath: path.join(folder, "f"),
    };
    await one.up(program);
    const seen = server.connections;
    await one.up({ ...program, connection: connection(server, { user: "admin" }) });
    expect(server.connections).toBe(seen);
    await one.up({ ...program, source: asset({ text: "2", hash: "h2" }) });
    expect(readFileSync(path.join(folder, "f"), "utf8")).toBe("2");
    await one.destroy();
    expect(existsSync(path.join(folder, "f"))).toBe(true);
  });
});
