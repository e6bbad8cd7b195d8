import { createServer, type Server, type Socket } from "node:net";
import { probeSsh, type SshTarget } from "../../../provider/installation/ssh-probe";
import { keyPair } from "../../setup/ssh-server";
import { Node } from "./node";

const host = keyPair();
const login = keyPair();
let node: Node;
let target: SshTarget;

beforeEach(async () => {
  node = await Node.start();
  target = { host: "127.0.0.1", port: node.port, user: "admin", privateKey: login.private, hostKey: host.public };
  node.system = {
    hostKey: host.private,
    authorized: [login.public],
    marker: '{"installationId": "first-1", "hostname": "node1", "installedAt": "2026-01-02T03:04:05Z"}',
    osRelease: 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian',
    machineId: "0123456789abcdef0123456789abcdef",
  };
});
afterEach(() => node.stop());

const never = new AbortController().signal;
const probe = (more: Partial<SshTarget> = {}, options = {}) => probeSsh({ ...target, ...more }, never, options);

it("reads who the system is", async () => {
  await expect(probe()).resolves.toEqual({
    state: "reachable",
    marker: { installationId: "first-1", hostname: "node1", installedAt: "2026-01-02T03:04:05.000Z" },
    osRelease: "Debian GNU/Linux 13 (trixie)",
    machineId: "0123456789abcdef0123456789abcdef",
  });
});

it.each([
  ["no file", undefined],
  ["no JSON", "hello"],
  ["another shape", "[1]"],
  ["null", "null"],
  ["no id", '{"hostname": "x"}'],
])("finds no marker in %s", async (_name, marker) => {
  node.system = { ...node.system!, marker, osRelease: "", machineId: "uninitialized" };
  await expect(probe()).resolves.toEqual({ state: "reachable" });
});

it("strips what could steer a terminal", async () => {
  node.system!.marker = '{"installationId": "a\\u001b[31mb", "hostname": "x\\ny"}';
  await expect(probe()).resolves.toMatchObject({ marker: { installationId: "a [31mb", hostname: "x y" } });
});

it("does not log in where another host key answers", async () => {
  await expect(probe({ hostKey: keyPair().public })).resolves.toEqual({ state: "wrongHostKey" });
  expect(node.logins).toBe(0);
});

it("tells a refused login from a stranger", async () => {
  const found = await probe({ privateKey: keyPair().private });
  expect(found).toEqual({ state: "authFailed", reason: "the login was refused" });
});

it("does not quote a key that cannot be read", async () => {
  const found = await probe({ privateKey: "hush-hush" });
  expect(found.state).toBe("authFailed");
  expect(JSON.stringify(found)).not.toContain("hush");
});

it("tells why nothing answers", async () => {
  node.system = undefined;
  await expect(probe()).resolves.toMatchObject({ state: "unreachable" });
  await expect(probe({ port: 1 })).resolves.toEqual({ state: "unreachable", reason: "ECONNREFUSED" });
  await expect(probe({ host: "nowhere.invalid" })).resolves.toMatchObject({ state: "unreachable" });
});

describe("a port where nobody speaks", () => {
  let mute: Server;
  const sockets = new Set<Socket>();
  beforeEach(async () => {
    mute = createServer((socket) => void sockets.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    target = { ...target, port: (mute.address() as { port: number }).port };
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => mute.close(resolve));
  });

  it("is given up in time", async () => {
    const begun = Date.now();
    await expect(probe({}, { timeoutSeconds: 0.3 })).resolves.toMatchObject({ state: "unreachable" });
    expect(Date.now() - begun).toBeLessThan(3000);
  });

  it("is left at once when the operation is stopped", async () => {
    const stop = new AbortController();
    const probing = probeSsh(target, stop.signal, { timeoutSeconds: 60 });
    setTimeout(() => stop.abort(new Error("stopped")), 50);
    await expect(probing).rejects.toThrow("stopped");
    await expect(probeSsh(target, stop.signal)).rejects.toThrow("stopped");
  });
});
