import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { Agent, request } from "undici";
import { parse } from "yaml";
import { connectRack, defaultRack, removeRack, rackFolder, startRack } from "../../lab/rack";
import { bridgeName } from "../../lab/nodes/container/network";
import { runFolder } from "../../lab/nodes/container/podman";
import { command, describeWith } from "../setup/need";

const hook = path.resolve(__dirname, "../setup/ts-hook.js");
const before = { state: process.env.XDG_STATE_HOME, options: process.env.NODE_OPTIONS };
const said: string[] = [];
const say = (line: string) => void said.push(line);
let state: string;

beforeEach(() => {
  state = mkdtempSync(path.join(tmpdir(), "rackform-state-"));
  process.env.XDG_STATE_HOME = state;
  process.env.NODE_OPTIONS = `-r ${hook}`;
});

afterEach(async () => {
  for (const name of existsSync(path.join(state, "rackform/lab"))
    ? readdirSync(path.join(state, "rackform/lab"))
    : []) {
    await removeRack(name, say);
  }
  restore("XDG_STATE_HOME", before.state);
  restore("NODE_OPTIONS", before.options);
  rmSync(state, { recursive: true, force: true });
});

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

function processesOf(folder: string): string[] {
  const text = execFileSync("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || true"], {
    encoding: "utf8",
  });
  return text.includes(folder) ? [text.slice(text.indexOf(folder) - 100, text.indexOf(folder) + 100)] : [];
}

describeWith([{ present: process.platform === "linux", reason: "not Linux" }], "a rack in a process of its own", () => {
  it("answers on its socket, changes servers, and leaves nothing", async () => {
    expect(await connectRack("one")).toBeUndefined();
    const client = await startRack(defaultRack("one", "simulated"), say);
    const folder = rackFolder("one");
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(path.join(folder, "rack.json")).mode & 0o777).toBe(0o600);
    const status = await client.status();
    expect(status.servers.map(({ name, power, phase, ssh }) => [name, power, phase, ssh])).toEqual([
      ["node-1", "Off", "off", false],
      ["node-2", "Off", "off", false],
      ["node-3", "Off", "off", false],
    ]);
    const inventory = () =>
      (parse(readFileSync(status.inventoryFile, "utf8")) as { servers: Record<string, unknown>[] }).servers;
    expect(inventory()[0]).toMatchObject({ name: "node-1", bmc: status.servers[0].bmc, port: 2222 });
    expect(readFileSync(status.inventoryFile, "utf8")).not.toContain(status.bmcPassword);

    // A client with nothing but what the status says gets into a BMC.
    const agent = new Agent({ connect: { ca: status.bmcCaPem } });
    const answer = await request(`${status.servers[0].bmc}/redfish/v1/Systems`, {
      dispatcher: agent,
      headers: {
        authorization: `Basic ${Buffer.from(`${status.bmcUsername}:${status.bmcPassword}`).toString("base64")}`,
      },
    });
    expect(answer.statusCode).toBe(200);
    await answer.body.dump();
    const kernel = await request((status.images["debian-12"] as { kernel: { url: string } }).kernel.url);
    expect(Buffer.from(await kernel.body.arrayBuffer()).toString("latin1", 0x202, 0x206)).toBe("HdrS");
    await agent.destroy();

    await client.addServer({ name: "node-4", dialect: "dell", role: "storage" });
    expect(inventory()[3]).toMatchObject({ name: "node-4", role: "storage" });
    const old = inventory()[1];
    await client.replaceServer("node-2");
    const fresh = inventory().find(({ name }) => name === "node-2")!;
    expect([fresh.bmc, fresh.address]).toEqual([old.bmc, old.address]);
    expect([fresh.serialNumber, fresh.uuid]).not.toEqual([old.serialNumber, old.uuid]);
    await client.soil("node-1", "nvme0n1");
    await client.dead("node-1");
    await expect(client.addServer({ name: "node-1", dialect: "dell" })).rejects.toThrow('"node-1" occurs twice');
    await expect(client.soil("node-1", "sdz")).rejects.toThrow('no disk "sdz"');
    await expect(client.console("nobody")).rejects.toThrow('no server "nobody"');
    expect((await client.status()).servers.find(({ name }) => name === "node-1")?.usedDisks).toEqual(["nvme0n1"]);
    await expect(startRack(defaultRack("one", "simulated"), say)).rejects.toThrow("is running");

    await removeRack("one", say);
    await removeRack("one", say);
    expect(existsSync(folder)).toBe(false);
    expect(processesOf(folder)).toEqual([]);
    const port = new URL(status.servers[0].bmc);
    await expect(reach(port.hostname, Number(port.port))).resolves.toBe(false);
  });

  it("comes back with the same password and authority after kill -9, and refuses a spec that is wrong", async () => {
    const first = await startRack(defaultRack("two", "simulated", 1), say);
    const { pid, bmcPassword, bmcCaPem } = await first.status();
    process.kill(pid, "SIGKILL");
    while (existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`, "utf8") !== "")
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await connectRack("two")).toBeUndefined();
    const second = await (await startRack(defaultRack("two", "simulated", 1), say)).status();
    expect(second).toMatchObject({ bmcPassword, bmcCaPem });
    await expect(startRack({ ...defaultRack("No!", "simulated") }, say)).rejects.toThrow('name "No!" must be');
  });

  it("says why it cannot start", async () => {
    const spec = {
      ...defaultRack("three", "simulated"),
      debianUpstream: null,
      servers: [{ name: "a", dialect: "hal" as "dell" }],
    };
    await expect(startRack(spec, say)).rejects.toThrow('dialect "hal" of a must be one of');
  });
});

const needs = ["podman", "nsenter", "unshare", "ip", "mmdebstrap"].map(command);
needs.push({ present: process.getuid?.() === 0, reason: "not root" });

describeWith(needs, "a rack of containers in a process of its own", () => {
  it.each(["the daemon", "everything"])("leaves nothing after kill -9 of %s", async (whom) => {
    const client = await startRack(defaultRack("kill", "container", 2), say);
    const folder = rackFolder("kill");
    const { pid } = await client.status();
    const links = () => execFileSync("ip", ["-o", "link"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    expect(links()).toContain(bridgeName(folder));
    if (whom === "everything") {
      const holders = readdirSync("/proc").filter(
        (one) => /^\d+$/.test(one) && commandLine(one).includes(folder) && Number(one) !== process.pid,
      );
      for (const one of holders) process.kill(Number(one), "SIGKILL");
    } else {
      process.kill(pid, "SIGKILL");
    }
    await removeRack("kill", say);
    expect(existsSync(folder)).toBe(false);
    expect(processesOf(folder)).toEqual([]);
    expect(links()).not.toContain(bridgeName(folder));
    expect(readFileSync("/proc/mounts", "utf8")).not.toContain(folder);
    expect(existsSync(runFolder(path.join(folder, "podman")))).toBe(false);
    const rules = execFileSync("sh", ["-c", "iptables-save 2>/dev/null || true"], { encoding: "utf8" });
    const subnet = /nodes are on (\S+)/.exec(said.join("\n"))![1];
    expect(rules).not.toContain(subnet);
    expect(await connectRack("kill")).toBeUndefined();
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function reach(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
