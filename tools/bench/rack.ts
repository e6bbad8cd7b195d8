import { BmcRack } from "../../lab/bmc";

/**
 * A rack in a process of its own, so that its work is not charged to what is measured. Prints one JSON line when it answers,
 * and the requests since the last count (all, and of the busiest BMC) when it is told `count`. usage: rack.js SERVERS LATENCY_MS
 */
async function main(servers: number, latencyMs: number): Promise<void> {
  const specs = Array.from({ length: servers }, (_, index) => ({
    name: `node-${index + 1}`,
    address: `127.79.${Math.floor(index / 250)}.${(index % 250) + 1}`,
    port: 8443,
    dialect: "generic" as const,
    credentials: { username: "admin", password: "bench-password" },
    latencyMs,
    timings: { powerOnMs: 0, powerOffMs: 0, postMs: 0 },
  }));
  const rack = await BmcRack.start(specs, { journalSize: 10 });
  const endpoints = specs.map(({ name, address, port }) => ({ name, endpoint: `https://${address}:${port}` }));
  console.log(JSON.stringify({ caPem: rack.caCertificate, endpoints }));
  process.stdin.on("data", (chunk: Buffer) => {
    if (chunk.toString().includes("count")) {
      const requests = rack.bmcs().map((bmc) => bmc.journal.total);
      console.log(
        JSON.stringify({ requests: requests.reduce((sum, one) => sum + one, 0), most: Math.max(...requests) }),
      );
      for (const bmc of rack.bmcs()) bmc.journal.clear();
    }
  });
  process.stdin.on("end", () => void rack.close().then(() => process.exit(0)));
}

void main(Number(process.argv[2]), Number(process.argv[3]));
