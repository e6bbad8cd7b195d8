import { BmcPool, type BmcConnection, type RedfishError } from "../../../provider/redfish";
import { type Authority, authority, selfSigned } from "./certificates";
import { Bench, connectionTo, TestBmc } from "./server";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";

const bench = new Bench();
const bmcs: TestBmc[] = [];
let site: Authority;
beforeAll(async () => (site = await authority()));
afterEach(async () => {
  await bench.close();
  await Promise.all(bmcs.splice(0).map((bmc) => bmc.stop()));
});

const root = { "@odata.id": "/redfish/v1/", RedfishVersion: "1.0.0" };

async function start(certificate: Awaited<ReturnType<typeof selfSigned>>): Promise<TestBmc> {
  const bmc = await TestBmc.start({ certificate, handler: () => ({ body: root }) });
  bmcs.push(bmc);
  return bmc;
}

const read = (bmc: TestBmc, trust: Partial<BmcConnection>) =>
  bench
    .pool()
    .get({ ...connectionTo(bmc), fingerprint: undefined, ...trust })
    .get("/redfish/v1/");

async function refused(work: Promise<unknown>): Promise<RedfishError> {
  return work.then(
    () => Promise.reject(new Error("was trusted")),
    (error: RedfishError) => error,
  );
}

describe("trust", () => {
  it("accepts a certificate of the site's authority for the address it is reached by", async () => {
    const bmc = await start(await site.issue(["bmc1.site"], ["127.0.0.1"]));
    await expect(read(bmc, { caBundle: site.pem })).resolves.toBeDefined();
  });

  it("accepts it again on resumed connections", async () => {
    const bmc = await start(await site.issue([], ["127.0.0.1"]));
    const client = bench
      .pool({ maxConcurrencyPerBmc: 4 })
      .get({ ...connectionTo(bmc), fingerprint: undefined, caBundle: site.pem });
    await client.get("/redfish/v1/");
    await Promise.all(Array.from({ length: 8 }, () => client.get("/redfish/v1/")));
    expect(bmc.connections).toBeGreaterThan(1);
  });

  it("refuses a certificate for another name, every time, and says how to pin it", async () => {
    const bmc = await start(await site.issue(["other.site"], ["127.0.0.9"]));
    const client = bench.pool().get({ ...connectionTo(bmc), fingerprint: undefined, caBundle: site.pem });
    for (let index = 0; index < 3; index++) {
      const error = await refused(client.get("/redfish/v1/"));
      expect(error.kind).toBe("tls");
      expect(error.message).toContain("another name");
      expect(error.message).toContain(`set fingerprint to "${bmc.certificate.fingerprint}"`);
    }
    expect(bmc.seen).toEqual([]);
  });

  it("refuses a certificate that signed itself, and sends no credentials", async () => {
    const bmc = await start(await selfSigned());
    const error = await refused(read(bmc, {}));
    expect(error.kind).toBe("tls");
    expect(error.message).toContain("DEPTH_ZERO_SELF_SIGNED_CERT");
    expect(error.message).toContain(bmc.certificate.fingerprint);
    expect(bmc.seen).toEqual([]);
  });

  it("refuses a certificate of an unknown authority", async () => {
    const bmc = await start(await site.issue([], ["127.0.0.1"]));
    const error = await refused(read(bmc, { caBundle: (await authority()).pem }));
    expect(error.kind).toBe("tls");
  });

  it.each([
    ["with colons", (pin: string) => pin],
    ["without colons, in lower case", (pin: string) => pin.replace(/:/g, "").toLowerCase()],
    ["with a prefix", (pin: string) => `SHA256:${pin}`],
  ])("accepts a pinned certificate %s, self-signed and for another name", async (_, spell) => {
    const bmc = await start(await selfSigned("somewhere else"));
    await expect(read(bmc, { fingerprint: spell(bmc.certificate.fingerprint) })).resolves.toBeDefined();
  });

  it("refuses every certificate but the pinned one, also one of the authority and with insecure", async () => {
    const bmc = await start(await site.issue([], ["127.0.0.1"]));
    const fingerprint = (await selfSigned()).fingerprint;
    const error = await refused(read(bmc, { fingerprint, caBundle: site.pem, insecure: true }));
    expect(error.message).toContain("not the pinned one");
    expect(bmc.seen).toEqual([]);
  });

  it("accepts anything with insecure, and then tells what to pin", async () => {
    const bmc = await start(await selfSigned());
    const client = bench.pool().get({ ...connectionTo(bmc), fingerprint: undefined, insecure: true });
    await client.get("/redfish/v1/");
    expect(client.fingerprint).toBe(bmc.certificate.fingerprint);
  });

  it("refuses TLS before 1.2", async () => {
    const { key, cert, fingerprint } = await selfSigned();
    const server = createTls({
      key,
      cert,
      minVersion: "TLSv1.1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
    server.on("tlsClientError", () => undefined);
    const port = await listen(server);
    const error = await refused(
      bench
        .pool()
        .get({ endpoint: `https://127.0.0.1:${port}`, fingerprint })
        .get("/redfish/v1/"),
    );
    expect(error.kind).toBe("tls");
    await new Promise((resolve) => server.close(resolve));
  });

  it("does not take a plain HTTP port for TLS, nor wait for ever for one that is silent", async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on("error", () => undefined));
      if (sockets.length === 1) socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    const port = await listen(server);
    const pool = new BmcPool({ connectTimeoutSeconds: 0.2, breakerThreshold: 1 });
    const client = pool.get({ endpoint: `https://127.0.0.1:${port}` });
    await expect(refused(client.get("/redfish/v1/"))).resolves.toMatchObject({ kind: "tls" });
    const started = Date.now();
    const error = await refused(client.get("/redfish/v1/"));
    expect(error).toMatchObject({ kind: "unreachable", sent: false });
    expect(error.message).toContain("no connection within 0.2 s");
    expect(Date.now() - started).toBeLessThan(2_000);
    await pool.close();
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));
}

describe("connections that cannot be", () => {
  it.each([
    [{ endpoint: "" }, "is not a URL"],
    [{ endpoint: "ftp://bmc" }, "neither https nor http"],
    [{ endpoint: "https://bmc/ui" }, "has a path"],
    [{ endpoint: "https://bmc/?a=b" }, "has a path"],
    [{ endpoint: "https://root:calvin@bmc" }, "holds credentials"],
    [{ endpoint: "http://bmc" }, "not encrypted"],
    [{ endpoint: "https://bmc", fingerprint: "ab:cd" }, "fingerprint must be"],
    [{ endpoint: "https://bmc", caBundle: "not PEM" }, "caBundle must hold PEM"],
  ])("%j", (connection, text) => {
    const pool = bench.pool();
    expect(() => pool.get(connection)).toThrow(text);
    expect(() => pool.get(connection)).not.toThrow("calvin");
  });

  it.each(["https://BMC.example/", "https://bmc.example:443", "bmc.example", "https://bmc.example/redfish/v1/"])(
    "%s is the same BMC",
    (endpoint) => {
      const pool = bench.pool();
      expect(pool.get({ endpoint }).endpoint).toBe("https://bmc.example");
      expect(pool.get({ endpoint })).toBe(pool.get({ endpoint }));
    },
  );
});
