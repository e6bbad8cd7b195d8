import { connect } from "node:net";
import { BmcRack } from "../../../../lab/bmc";
import { Client, one, spec, until } from "./client";

describe("a rack", () => {
  test.each(["generic", "dell", "supermicro"] as const)(
    "every link that a %s BMC shows leads somewhere",
    async (dialect) => {
      const { rack, bmc, client } = await one({ dialect, poweredOn: true });
      const certificates = `${bmc.systemPath}/Boot/Certificates`;
      await client.post(certificates, { CertificateString: rack.caCertificate, CertificateType: "PEM" });
      await client.post("/redfish/v1/UpdateService/Actions/UpdateService.SimpleUpdate", {
        ImageURI: "http://h/bios-2.0.bin",
      });
      await until(() => bmc.tasks.list().length === 1, "the task to be seen");
      bmc.log.add("something happened");
      const seen = new Set<string>();
      const targets = new Set<string>();
      const queue = ["/redfish/v1"];
      const collect = (value: unknown): void => {
        if (Array.isArray(value)) return value.forEach(collect);
        if (typeof value !== "object" || value === null) return;
        for (const [key, member] of Object.entries(value)) {
          const isLink = key === "@odata.id" || key === "Uri" || key === "@Redfish.ActionInfo";
          if (key === "target") targets.add(String(member));
          else if (isLink && typeof member === "string" && !member.includes("#")) queue.push(member.replace(/\/$/, ""));
          else collect(member);
        }
      };
      for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
        if (seen.has(path)) continue;
        seen.add(path);
        const answer = await client.get(path);
        const good = answer.status === 200 || (answer.status === 202 && path.includes("/Tasks/"));
        expect({ path, status: answer.status, good }).toMatchObject({ good: true });
        collect(answer.body);
      }
      expect(seen.size).toBeGreaterThan(45);
      // Actions take POST only.
      for (const target of targets) expect((await client.get(target)).headers.allow).toBe("POST");
      expect(targets.size).toBeGreaterThanOrEqual(8);
      client.close();
      await rack.close();
    },
  );

  test("starts five hundred BMCs on addresses of their own, and closes them all", async () => {
    const specs = Array.from({ length: 500 }, (_, index) =>
      spec({ name: `r${index}`, address: `127.77.${Math.floor(index / 250)}.${(index % 250) + 1}`, poweredOn: true }),
    );
    const before = process.memoryUsage().heapUsed;
    const start = Date.now();
    const rack = await BmcRack.start(specs);
    // Measured: under 0.1 s and about 12 KB each; the bounds leave room for a busy machine.
    expect(Date.now() - start).toBeLessThan(5_000);
    expect((process.memoryUsage().heapUsed - before) / 500).toBeLessThan(60_000);
    const asked = rack.bmcs().filter((_, index) => index % 25 === 0);
    const clients = asked.map((bmc) => new Client(bmc, rack.caCertificate));
    const answers = await Promise.all(clients.map((client) => client.get("/redfish/v1/Systems/1")));
    expect(answers.map((answer) => answer.body.PowerState)).toEqual(asked.map(() => "On"));
    expect(new Set(answers.map((answer) => answer.body.SerialNumber)).size).toBe(asked.length);
    expect(new Set(clients.map((client) => client.peer?.fingerprint256)).size).toBe(asked.length);
    expect(rack.load.total).toBe(20);
    const ports = asked.map((bmc) => [bmc.spec.address, bmc.listener.port] as const);
    clients.forEach((client) => client.close());
    await rack.close();
    for (const [host, port] of ports) {
      const refused = await new Promise((resolve) => {
        const socket = connect({ host, port });
        socket.on("connect", () => resolve(false));
        socket.on("error", () => resolve(true));
      });
      expect(refused).toBe(true);
    }
  });

  test("opens nothing when one address cannot be had", async () => {
    const taken = await one();
    const probe = await one();
    const free = spec({ address: probe.bmc.spec.address, port: probe.bmc.listener.port });
    await probe.rack.close();
    const clash = spec({ address: taken.bmc.spec.address, port: taken.bmc.listener.port });
    await expect(BmcRack.start([free, clash])).rejects.toThrow("EADDRINUSE");
    // The first one's port is free again.
    await (await BmcRack.start([free])).close();
    await expect(BmcRack.start([free, free])).rejects.toThrow(`the name "${free.name}" occurs twice in the rack`);
    taken.client.close();
    await taken.rack.close();
  });

  test("keeps its authority over a restart", async () => {
    const first = await one();
    const { certificate, key } = first.rack.authority.own;
    first.client.close();
    await first.rack.close();
    const rack = await BmcRack.start([spec()], { tls: { authority: { certificate, key } } });
    const [bmc] = rack.bmcs();
    if (!bmc) throw new Error("the rack is empty");
    const client = new Client(bmc, certificate);
    expect((await client.get("/redfish/v1")).status).toBe(200);
    client.close();
    await rack.close();
  });

  test("is busy with 503 for a moment after a restart of the BMC, and stays dead when it died meanwhile", async () => {
    const { rack, bmc, client } = await one({ timings: { bmcRebootMs: 20, bmcStartMs: 60_000 } });
    bmc.reboot();
    await until(
      async () =>
        client.get("/redfish/v1").then(
          () => true,
          () => false,
        ),
      "the BMC to be back",
    );
    const busy = await client.get("/redfish/v1");
    expect([busy.status, busy.headers["retry-after"]]).toEqual([503, "1"]);
    client.close();
    bmc.reboot();
    await bmc.dead("refuse");
    await new Promise((resolve) => setTimeout(resolve, 60));
    await expect(client.get("/redfish/v1")).rejects.toThrow("ECONNREFUSED");
    await rack.close();
  });
});
