import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { administration } from "../../../provider/media/admin";
import { openMediaService, RemoteMediaServer } from "../../../provider/media";
import { seedToken } from "../../../provider/media/publication";
import type { MediaServer } from "../../../provider/media/server";
import { attempt, get, loopback, MediaBench, signal } from "./setup";

const TOKEN = "a token that both sides know";
const seed = seedToken("secret", "id1", "nonce1");

let bench: MediaBench;
let server: MediaServer;
let url: string;
let remote: RemoteMediaServer;

beforeEach(async () => {
  bench = new MediaBench();
  server = bench.server({ admin: administration(TOKEN, () => server) });
  url = `https://127.0.0.1:${await server.port()}`;
  remote = new RemoteMediaServer(url, TOKEN);
});
afterEach(async () => {
  await remote.close();
  await bench.close();
});

describe("a media server that stands alone", () => {
  it("serves what a plugin publishes, and tells it what is seen", async () => {
    const place = await remote.place(loopback, signal);
    const published = await remote.publish(bench.publication(), { ...attempt, port: place.port }, signal);
    expect((await get(`${place.mediaUrl}/nonce1/node1.iso`)).body).toHaveLength(published.isoBytes!);
    const { version } = await remote.progress("nonce1", 0, 0, signal);
    const news = remote.progress("nonce1", version, 10_000, signal);
    await get(`${place.seedUrl}/${seed}/preseed.cfg`, place.caPem);
    expect((await news).seed?.files).toEqual(["preseed.cfg"]);
    expect(await remote.recall("id1")).toMatchObject({ nonce: "nonce1", port: place.port });
    await remote.withdraw("nonce1", true);
    expect(await remote.recall("id1")).toBeUndefined();
    await expect(remote.progress("nonce1", 0, 0, signal)).rejects.toThrow("not served any more");
  });

  it("goes on when another plugin process publishes the same attempt", async () => {
    const place = await remote.place(loopback, signal);
    await remote.publish(bench.publication(), attempt, signal);
    await get(`${place.seedUrl}/${seed}/preseed.cfg`, place.caPem);
    const next = new RemoteMediaServer(url, TOKEN);
    await next.publish(bench.publication(), attempt, signal);
    expect((await next.progress("nonce1", 0, 0, signal)).seed?.files).toEqual(["preseed.cfg"]);
    await next.close();
  });

  it("passes on why it cannot", async () => {
    const away = { ...loopback, machine: { network: "203.0.113.0/24", host: "nowhere.invalid" } };
    await expect(remote.place(away, signal)).rejects.toThrow(
      /media server https.*203\.0\.113\.0\/24 reaches this media server; set mediaServer/,
    );
    const boot = { ...bench.publication().boot, kernel: { url: `${url.replace("https", "http")}/absent` } };
    await expect(remote.publish(bench.publication({ boot }), attempt, signal)).rejects.toThrow(
      /absent: answered 404, expected 200/,
    );
  });

  it("stops waiting when the operation is cancelled", async () => {
    await remote.publish(bench.publication(), attempt, signal);
    const cancel = new AbortController();
    const { version } = await remote.progress("nonce1", 0, 0, signal);
    const waiting = remote.progress("nonce1", version, 60_000, cancel.signal);
    setTimeout(() => cancel.abort(new Error("cancelled by the user")), 50);
    await expect(waiting).rejects.toThrow("cancelled by the user");
  });
});

describe("its administration", () => {
  const ca = () => server.caPem();

  it("does nothing without the token, nor over HTTP", async () => {
    const paths = ["place", "publications/nonce1", "publications/nonce1/progress", "attempts/id1", "anything"];
    for (const path of paths) {
      for (const authorization of [
        undefined,
        "Bearer",
        "Bearer ",
        `Bearer ${TOKEN}x`,
        `Basic ${TOKEN}`,
        "Bearer wrong",
      ]) {
        const headers = authorization === undefined ? {} : { authorization };
        expect((await get(`${url}/admin/${path}`, await ca(), { headers })).status).toBe(401);
      }
      const plain = `${url.replace("https", "http")}/admin/${path}`;
      expect((await get(plain, undefined, { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(404);
    }
  });

  it("survives nonsense", async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const send = async (method: "PUT" | "POST" | "GET" | "DELETE", path: string, body?: string) =>
      (await get(`${url}/admin/${path}`, await ca(), { method, headers, body })).status;
    expect(await send("PUT", "publications/x", "{")).toBe(422);
    expect(await send("PUT", "publications/x", '{"publication":{"nonce":"y"}}')).toBe(422);
    expect(await send("PUT", "publications/x", "null")).toBe(422);
    expect(await send("PUT", "publications/x", "x".repeat(5 * 1024 * 1024))).toBe(422);
    expect(await send("POST", "place", "[]")).toBe(422);
    expect(await send("GET", "publications/x")).toBe(404);
    expect(await send("GET", "nothing")).toBe(404);
    expect(await send("DELETE", "publications/unknown")).toBe(200);
  });

  it("proves its authority to those who know the token, and to nobody else", async () => {
    await expect(new RemoteMediaServer(url, "another token").recall("id1")).rejects.toThrow(
      /does not know the token: either mediaServer.token/,
    );
  });
});

describe("a plugin", () => {
  it("sends its token to nobody who cannot prove to know it", async () => {
    const seen: string[] = [];
    const impostor: Server = createServer((request, response) => {
      seen.push(JSON.stringify(request.headers));
      response.end(JSON.stringify({ caPem: "x", proof: "y" }));
    }).listen(0, "127.0.0.1");
    await once(impostor, "listening");
    const other = new RemoteMediaServer(`http://127.0.0.1:${(impostor.address() as AddressInfo).port}`, TOKEN);
    await expect(other.place(loopback, signal)).rejects.toThrow("does not know the token");
    expect(seen.join()).not.toContain(TOKEN);
    await new Promise((resolve) => impostor.close(resolve));
  });

  it("says how to start a server that does not answer", async () => {
    await expect(new RemoteMediaServer("https://127.0.0.1:1", TOKEN).recall("id1")).rejects.toThrow(
      "media server https://127.0.0.1:1: cannot be reached (ECONNREFUSED); start it with rackform media serve, or correct mediaServer.url",
    );
  });

  it("takes the server that is configured", async () => {
    expect(() => openMediaService({ url })).toThrow("mediaServer.token is missing");
    const service = openMediaService({ url, token: TOKEN });
    expect((await service.place(loopback, signal)).seedUrl).toMatch(/^https:\/\/127\.0\.0\.1:/);
    await service.close();
    await openMediaService().close();
  });
});

describe("rackform media serve", () => {
  const root = path.resolve(__dirname, "../../..");

  function start(...options: string[]) {
    const hook = path.join(root, "test/setup/ts-hook.js");
    const child = spawn(process.execPath, ["-r", hook, path.join(root, "tools/cli/main.ts"), "media", ...options], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const exited = once(child, "exit").then(([code]) => code as number);
    return { child, exited, output: () => output };
  }

  it("serves until it is told to stop, and logs no token", async () => {
    const file = path.join(bench.folder, "token");
    writeFileSync(file, `${TOKEN}\n`);
    const run = start(
      "serve",
      "--listen",
      "127.0.0.1",
      "--ports",
      "0",
      "--data",
      path.join(bench.folder, "data"),
      "--token-file",
      file,
    );
    try {
      while (!run.output().includes("listening")) {
        if (run.child.exitCode !== null) throw new Error(run.output());
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const [, port] = /port (\d+);/.exec(run.output())!;
      const there = new RemoteMediaServer(`https://127.0.0.1:${port}`, TOKEN);
      const place = await there.place(loopback, signal);
      const publication = bench.publication();
      await expect(there.publish(publication, attempt, signal)).rejects.toThrow(
        "names a file of another machine; give an http or https URL",
      );
      expect((await get(`${place.seedUrl}/${seed}/preseed.cfg`, place.caPem)).status).toBe(404);
      await there.close();
    } finally {
      run.child.kill("SIGTERM");
    }
    expect(await run.exited).toBe(0);
    expect(run.output()).toMatch(/GET \/s\/\*\/preseed\.cfg 404/);
    expect(run.output()).not.toContain(seed.slice(0, 12));
    expect(run.output()).not.toContain(TOKEN);
  });

  it.each([
    [["serve"], "--data is missing"],
    [["listen"], 'unknown action "listen"; allowed: serve'],
    [
      ["serve", "--data", "/tmp/x", "--token-file", "/nonexistent"],
      "--token-file: /nonexistent cannot be read (ENOENT)",
    ],
  ])("%j is a mistake", async (options, message) => {
    const run = start(...options);
    expect(await run.exited).toBe(2);
    expect(run.output()).toContain(message);
  });
});
