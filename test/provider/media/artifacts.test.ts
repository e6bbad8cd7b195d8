import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ArtifactCache } from "../../../provider/media/artifacts";

const content = Buffer.from("the kernel");
const sha256 = createHash("sha256").update(content).digest("hex");
let folder: string;
let server: Server;
let base: string;
let requests: string[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-artifacts-"));
  requests = [];
  answer = (_request, response) => response.end(content);
  server = createServer((request, response) => {
    requests.push(request.url!);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

const cache = () => new ArtifactCache(path.join(folder, "cache"));

it("loads a file with a digest once, for all processes", async () => {
  const first = cache();
  const [one, other] = await Promise.all(
    [1, 2].map(() => first.get({ url: `${base}/linux`, sha256: sha256.toUpperCase() })),
  );
  expect(one).toEqual(other);
  expect(readFileSync(one.file)).toEqual(content);
  expect(one.size).toBe(content.length);
  await cache().get({ url: `${base}/moved`, sha256 });
  expect(requests).toEqual(["/linux"]);
});

it("asks again for a file without a digest, and loads it only when it has changed", async () => {
  let version = '"1"';
  let body = content;
  answer = (request, response) => {
    if (request.headers["if-none-match"] === version) response.writeHead(304).end();
    else response.writeHead(200, { etag: version }).end(body);
  };
  const first = await cache().get({ url: `${base}/initrd` });
  expect(await cache().get({ url: `${base}/initrd` })).toEqual(first);
  version = '"2"';
  body = Buffer.from("a newer initrd");
  const newer = await cache().get({ url: `${base}/initrd` });
  expect(readFileSync(newer.file)).toEqual(body);
  expect(readFileSync(first.file)).toEqual(content);
});

it("follows redirects, but not from https to http or to another kind of server", async () => {
  answer = (request, response) => {
    if (request.url === "/old") response.writeHead(302, { location: "/new" }).end();
    else if (request.url === "/loop") response.writeHead(302, { location: "/loop" }).end();
    else if (request.url === "/file") response.writeHead(302, { location: "file:///etc/passwd" }).end();
    else response.end(content);
  };
  expect((await cache().get({ url: `${base}/old`, sha256 })).size).toBe(content.length);
  await expect(cache().get({ url: `${base}/loop` })).rejects.toThrow("/loop: redirects more than five times");
  await expect(cache().get({ url: `${base}/file` })).rejects.toThrow("redirects to file:, which is not followed");
});

const failures: [string, typeof answer, RegExp][] = [
  ["is not there", (_request, response) => response.writeHead(404).end(), /linux: answered 404, expected 200/],
  [
    "is another one",
    (_request, response) => response.end("something else"),
    /linux: has the SHA-256 [0-9a-f]{64}, expected .*find out who changed the file/,
  ],
  [
    "is cut",
    (_request, response) =>
      response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy()),
    /linux: /,
  ],
];

it.each(failures)("keeps nothing of a file that %s", async (_name, how, message) => {
  answer = how;
  const there = cache();
  await expect(there.get({ url: `${base}/linux`, sha256 })).rejects.toThrow(message);
  expect(readdirSync(folder, { recursive: true }).filter((name) => name !== "cache")).toEqual([]);
  answer = (_request, response) => response.end(content);
  expect((await there.get({ url: `${base}/linux`, sha256 })).size).toBe(content.length);
});

it("shows no login in its errors", async () => {
  answer = (_request, response) => response.writeHead(403).end();
  const url = base.replace("http://", "http://user:pass%20word@");
  await expect(cache().get({ url: `${url}/linux` })).rejects.toThrow(new RegExp(`^${base}/linux: answered 403`));
});

it("reads files of this machine where they are, and checks them", async () => {
  const file = path.join(folder, "linux");
  writeFileSync(file, content);
  expect(await cache().get({ url: pathToFileURL(file).href, sha256 })).toEqual({ file, size: content.length });
  await expect(cache().get({ url: pathToFileURL(file).href, sha256: "0".repeat(64) })).rejects.toThrow(
    /has the SHA-256/,
  );
  await expect(cache().get({ url: pathToFileURL(`${file}.absent`).href })).rejects.toThrow("absent: is not there");
  await expect(new ArtifactCache(folder, false).get({ url: pathToFileURL(file).href })).rejects.toThrow(
    "a file of another machine",
  );
});

it("lets one stop waiting while the others go on", async () => {
  let release = (): void => undefined;
  answer = (_request, response) => (release = () => response.end(content));
  const there = cache();
  const cancel = new AbortController();
  const cancelled = there.get({ url: `${base}/linux`, sha256 }, cancel.signal);
  const patient = there.get({ url: `${base}/linux`, sha256 });
  while (requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  cancel.abort(new Error("cancelled"));
  await expect(cancelled).rejects.toThrow("cancelled");
  release();
  expect((await patient).size).toBe(content.length);
});
