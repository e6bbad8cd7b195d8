import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import type { Server } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { must } from "../../process";
import type { NodeNetwork, NodeSpec } from "../backend";
import type { Podman } from "./podman";

/** Name of a rack's bridge: short enough for the kernel, and its own for each state folder. */
export function bridgeName(folder: string): string {
  return `rf-${createHash("sha256").update(folder).digest("hex").slice(0, 10)}`;
}

/** A subnet that nothing on this machine uses, kept from other racks for as long as this process lives. */
export class SubnetReservation {
  private constructor(
    readonly network: NodeNetwork,
    private readonly token: Server,
  ) {}

  /**
   * Takes the first free one of 10.100.0.0/24 to 10.199.255.0/24, in an order that depends on the rack, so that the same rack
   * gets the same one again when it can.
   *
   * @throws Error when the subnet asked for is in use
   */
  static async take(rack: string, wanted?: string): Promise<SubnetReservation> {
    const used = await routes();
    const candidates = wanted === undefined ? subnets(rack) : [wanted];
    for (const subnet of candidates) {
      if (used.some((route) => overlaps(route, subnet))) continue;
      const token = await claim(subnet);
      if (token) return new SubnetReservation({ subnet, gateway: hostOf(subnet, 1) }, token);
    }
    throw new Error(
      wanted === undefined
        ? "no free subnet between 10.100.0.0/24 and 10.199.255.0/24"
        : `subnet ${wanted} is in use on this machine; give another one, or none and a free one is chosen`,
    );
  }

  release(): void {
    this.token.close();
  }
}

/** Makes the rack's podman network on a bridge of the given name. */
export async function createNetwork(podman: Podman, name: string, network: NodeNetwork, bridge: string): Promise<void> {
  const { subnet, gateway } = network;
  await podman.must(["network", "create", "--disable-dns", "--subnet", subnet, "--gateway", gateway, name]);
  const file = join(podman.networkFolder, `${name}.json`);
  const text = await readFile(file, "utf8").catch(() => undefined);
  // Not every podman can be told the bridge's name; where it keeps one in its own file, it is ours that is used.
  if (text === undefined) return;
  const config = JSON.parse(text) as { network_interface: string };
  await writeFile(file, JSON.stringify({ ...config, network_interface: bridge }));
}

/**
 * The server's first port on the rack's network, as podman is told. Installer and installed system share its MAC address, or
 * neighbours would look for the old one for half a minute.
 */
export function networkOption(network: string, spec: NodeSpec, address: string | undefined): string {
  const digest = createHash("sha256").update(spec.name).digest("hex").slice(0, 10);
  const { mac, name } = spec.nics[0] ?? { mac: `02:${digest.match(/../g)!.join(":")}`, name: "eth0" };
  const ip = address === undefined ? [] : [`ip=${address}`];
  return `--network=${network}:${[...ip, `mac=${mac}`, `interface_name=${name}`].join(",")}`;
}

/** The n-th address of an IPv4 subnet. */
export function hostOf(subnet: string, n: number): string {
  return toAddress(toNumber(subnet.split("/")[0]) + n);
}

/** Whether an IPv4 address lies in a subnet. */
export function contains(subnet: string, address: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(address) && overlaps(`${address}/32`, subnet);
}

/** Whether two IPv4 subnets share an address. */
export function overlaps(one: string, other: string): boolean {
  const [a, aBits = "32"] = one.split("/");
  const [b, bBits = "32"] = other.split("/");
  const size = 2 ** (32 - Math.min(Number(aBits), Number(bBits)));
  return Math.floor(toNumber(a) / size) === Math.floor(toNumber(b) / size);
}

function* subnets(rack: string): Generator<string> {
  const start = createHash("sha256").update(rack).digest().readUInt16BE(0);
  for (let step = 0; step < 256; step++) {
    const at = (start + step * 257) % 25_600;
    yield `10.${100 + Math.floor(at / 256)}.${at % 256}.0/24`;
  }
}

async function routes(): Promise<string[]> {
  const text = await must("listing this machine's routes", "ip", ["-j", "-4", "route", "show", "table", "all"]);
  const list = JSON.parse(text || "[]") as { dst?: string }[];
  return list.map((route) => route.dst ?? "default").filter((dst) => /^\d/.test(dst));
}

/** An abstract socket stands for the subnet: the kernel gives it back however this process ends. */
function claim(subnet: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(`\0rackform-lab-subnet-${subnet}`, () => {
      server.unref();
      resolve(server);
    });
  });
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
