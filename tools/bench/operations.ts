import { BmcPool, setBootOverride, setPower } from "../../provider/redfish";
import { credentials } from "./rack-process";

/**
 * Boot once from virtual CD and power on, on every BMC, in a process of its own so that its CPU can be read. Prints one JSON line.
 * usage: operations.js CONCURRENCY < JSON {caPem, endpoints}
 */
async function main(maxConcurrency: number): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const given = JSON.parse(Buffer.concat(chunks).toString()) as { caPem: string; endpoints: string[] };
  const pool = new BmcPool({ maxConcurrency });
  const before = process.cpuUsage();
  const started = performance.now();
  await Promise.all(
    given.endpoints.map(async (endpoint) => {
      const client = pool.get({ endpoint, ...credentials, caBundle: given.caPem });
      const system = await client.system();
      await setBootOverride(client, { target: "Cd", enabled: "Once", mode: "UEFI" }, { system });
      await setPower(client, "On", { system });
    }),
  );
  await pool.close();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6 }));
}

void main(Number(process.argv[2] ?? 128));
