import { createHash, X509Certificate } from "node:crypto";
import { connect as connectTcp, createServer, type AddressInfo } from "node:net";
import { connect as connectTls } from "node:tls";
import { Iso9660 } from "../../../lab/installer/iso9660";
import { seedToken } from "../../../provider/media/publication";
import type { MediaServer } from "../../../provider/media/server";
import type { Place } from "../../../provider/media/service";
import { attempt, get, loopback, MediaBench, signal } from "./setup";

let bench: MediaBench;
let server: MediaServer;
let place: Place;

beforeEach(async () => {
  bench = new MediaBench();
  server = bench.server();
  place = await server.place(loopback, signal);
  await server.publish(bench.publication(), attempt, signal);
});
afterEach(() => bench.close());

const token = seedToken("secret", "id1", "nonce1");

describe("media", () => {
  it("are served over HTTP and HTTPS on one port, under plain names", async () => {
    const http = await get(`${place.mediaUrl}/nonce1/node1.iso`);
    const https = await get(`${place.mediaUrl.replace("http:", "https:")}/nonce1/boot.iso`, place.caPem);
    expect([http.status, https.status]).toEqual([200, 200]);
    expect(http.body.equals(https.body)).toBe(true);
    expect(Number(http.headers["content-length"])).toBe(http.body.length);
    const iso = new Iso9660(http.body);
    expect(iso.file("rackform/vmlinuz")).toHaveLength(300_000);
    expect(iso.file("boot/grub/grub.cfg")!.toString()).toContain(
      "linux /rackform/vmlinuz 'auto=true' 'ds=nocloud;s=https://x/'",
    );
  });

  it("also file by file, for boot over HTTP without a medium", async () => {
    const grub = await get(`${place.mediaUrl}/nonce1/BOOTX64.EFI`);
    expect([grub.status, grub.body.length]).toEqual([200, 100_000]);
    expect((await get(`${place.mediaUrl}/nonce1/rackform/initrd`)).body).toHaveLength(700_000);
    expect((await get(`${place.mediaUrl}/nonce1/grub.cfg`)).body.toString()).toMatch(
      /^# rackform installation=id1 host=node1\n/,
    );
  });

  it("answers HEAD with the length and nothing else", async () => {
    const head = await get(`${place.mediaUrl}/nonce1/node1.iso`, undefined, { method: "HEAD" });
    const whole = await get(`${place.mediaUrl}/nonce1/node1.iso`);
    expect(head).toMatchObject({
      status: 200,
      headers: { "content-length": String(whole.body.length), "accept-ranges": "bytes" },
    });
    expect(head.body).toHaveLength(0);
  });

  it("answers one range, from anywhere to anywhere", async () => {
    const url = `${place.mediaUrl}/nonce1/node1.iso`;
    const whole = (await get(url)).body;
    const size = whole.length;
    const ranges: [string, number, number][] = [
      ["bytes=0-0", 0, 1],
      ["bytes=32768-34815", 32768, 34816],
      [`bytes=${size - 10}-`, size - 10, size],
      ["bytes=-7", size - 7, size],
      [`bytes=5-${size * 2}`, 5, size],
    ];
    for (const [range, start, end] of ranges) {
      const part = await get(url, undefined, { headers: { range } });
      expect(part.status).toBe(206);
      expect(part.headers["content-range"]).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(part.body.equals(whole.subarray(start, end))).toBe(true);
    }
    const past = await get(url, undefined, { headers: { range: `bytes=${size}-` } });
    expect([past.status, past.headers["content-range"]]).toEqual([416, `bytes */${size}`]);
    for (const range of ["bytes=1-2,4-5", "lines=1-2", "bytes=9-3", "bytes=-"]) {
      expect((await get(url, undefined, { headers: { range } })).status).toBe(200);
    }
  });

  it("counts what was read", async () => {
    await get(`${place.mediaUrl}/nonce1/node1.iso`);
    const { media } = await server.progress("nonce1", 0, 1000, signal);
    expect(media).toMatchObject({ from: "127.0.0.1" });
    expect(media!.bytes).toBe(media!.size);
  });

  it("are gone when they are withdrawn", async () => {
    await server.withdraw("nonce1", true);
    expect((await get(`${place.mediaUrl}/nonce1/node1.iso`)).status).toBe(404);
    expect((await get(`${place.seedUrl}/${token}/preseed.cfg`, place.caPem)).status).toBe(404);
  });
});

describe("seeds", () => {
  const post = (path: string, body: string) =>
    get(`${place.seedUrl}/${token}/${path}`, place.caPem, { method: "POST", body });

  it("are served over TLS that the boot image's authority vouches for", async () => {
    expect((await get(`${place.seedUrl}/${token}/preseed.cfg`, place.caPem)).body.toString()).toBe("# the seed\n");
    expect((await server.progress("nonce1", 0, 1000, signal)).seed).toMatchObject({
      from: "127.0.0.1",
      files: ["preseed.cfg"],
    });
    await expect(get(`${place.seedUrl}/${token}/preseed.cfg`)).rejects.toThrow(/certificate/i);
  });

  it("are never served without TLS", async () => {
    expect((await get(`${place.seedUrl.replace("https:", "http:")}/${token}/preseed.cfg`)).status).toBe(404);
  });

  it("are not found with a wrong token, and the log names none", async () => {
    for (const wrong of [token.slice(0, -1), `${token}x`, token.toUpperCase(), "x", ""]) {
      expect((await get(`${place.seedUrl}/${wrong}/preseed.cfg`, place.caPem)).status).toBe(404);
    }
    await get(`${place.seedUrl}/${token}/preseed.cfg`, place.caPem);
    expect(bench.log.some(({ path, status }) => path === "/s/*/preseed.cfg" && status === 200)).toBe(true);
    expect(JSON.stringify(bench.log)).not.toContain(token.slice(0, 12));
  });

  it("take the reports of an installer, in either form", async () => {
    expect((await post("progress", "phase=install\n")).status).toBe(204);
    expect((await server.progress("nonce1", 0, 0, signal)).phase).toMatchObject({ name: "install" });
    expect((await post("failed", '{"reason": "no\\u001b[31m disk"}')).status).toBe(204);
    expect((await post("failed", "reason=it failed\n")).status).toBe(204);
    expect((await server.progress("nonce1", 0, 0, signal)).failed).toMatchObject({ reason: "no [31m disk" });
    expect((await post("phone-home", "installation=id1\nhostname=node1\ndisk=/dev/sda\nother=x\n")).status).toBe(204);
    const { home } = await server.progress("nonce1", 0, 0, signal);
    expect(home).toEqual({
      at: expect.any(Number) as number,
      installation: "id1",
      hostname: "node1",
      disk: "/dev/sda",
    });
  });

  it("are worth nothing once the installation has phoned home", async () => {
    await post("phone-home", "installation=id1\n");
    expect((await post("phone-home", "installation=id1\n")).status).toBe(410);
    expect((await post("failed", "reason=x\n")).status).toBe(410);
    expect((await get(`${place.seedUrl}/${token}/preseed.cfg`, place.caPem)).status).toBe(410);
    expect((await server.progress("nonce1", 0, 0, signal)).failed).toBeUndefined();
  });

  it("refuse reports that make no sense", async () => {
    expect((await post("phone-home", "installation=another\n")).status).toBe(422);
    expect((await post("progress", "nonsense")).status).toBe(422);
    expect((await post("progress", "phase=../../x")).status).toBe(422);
    expect((await post("other", "x")).status).toBe(404);
    expect((await server.progress("nonce1", 0, 0, signal)).home).toBeUndefined();
  });

  it("refuse a huge body without reading it", async () => {
    expect((await post("failed", "x".repeat(200_000))).status).toBe(413);
    const endless = await new Promise<string>((resolve, reject) => {
      const { hostname, port } = new URL(place.seedUrl);
      const socket = connectTls({ host: hostname, port: Number(port), ca: place.caPem }, () => {
        socket.write(`POST /s/${token}/failed HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
        const write = () => {
          while (!socket.destroyed && socket.write(`1000\r\n${"x".repeat(4096)}\r\n`));
          if (!socket.destroyed) socket.once("drain", write);
        };
        write();
      });
      let seen = "";
      socket.on("data", (chunk: Buffer) => (seen += chunk.toString()));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(seen));
      setTimeout(() => reject(new Error("still open")), 20_000).unref();
    });
    expect(endless).toMatch(/^HTTP\/1\.1 413/);
  });
});

describe("hostile requests", () => {
  it.each([
    "/m/nonce1/../../etc/passwd",
    "/m/nonce1/%2e%2e/%2e%2e/etc/passwd",
    "/m/nonce1/..%2f..%2fetc%2fpasswd",
    "/m/nonce1//etc/passwd",
    "/m/__proto__/constructor",
    "/m/nonce1/constructor",
    "/admin/publications",
    "/s/",
    "/",
    "*",
  ])("%s is not found", async (path) => {
    const { hostname, port } = new URL(place.mediaUrl);
    const answer = await new Promise<string>((resolve) => {
      const socket = connectTcp(Number(port), hostname, () =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`),
      );
      let seen = "";
      socket.on("data", (chunk: Buffer) => (seen += chunk.toString("latin1")));
      socket.on("close", () => resolve(seen));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 404/);
  });

  it("survives garbage, half handshakes and clients that go away", async () => {
    const { hostname, port } = new URL(place.mediaUrl);
    for (const bytes of [
      Buffer.from([22, 3, 1, 0, 1, 0]),
      Buffer.from("\0\0\0"),
      Buffer.from("GET /m/nonce1/boot.iso HTTP/1.1\r\nHost: x\r\n\r\n"),
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(Number(port), hostname, () => socket.write(bytes));
        socket.on("error", () => undefined);
        setTimeout(() => socket.destroy(), 30);
        socket.on("close", () => resolve());
      });
    }
    expect((await get(`${place.mediaUrl}/nonce1/node1.iso`)).status).toBe(200);
  });

  it("changes nothing by other methods", async () => {
    expect((await get(`${place.mediaUrl}/nonce1/node1.iso`, undefined, { method: "DELETE" })).status).toBe(405);
    expect((await get(`${place.mediaUrl}/nonce1/node1.iso`, undefined, { method: "PUT", body: "x" })).status).toBe(405);
  });
});

describe("boot over PXE", () => {
  it("finds the machine by MAC address, UUID in either order, or serial number", async () => {
    const machine = {
      macs: ["52:54:00:AA:BB:01"],
      uuid: "4c4c4544-0042-3510-8052-b4c04f4b3732",
      serialNumber: "ABC 123",
    };
    const boot = { ...bench.publication().boot, bootloader: undefined };
    const published = await server.publish(bench.publication({ nonce: "nonce2", machine, boot }), attempt, signal);
    expect(published.isoBytes).toBeUndefined();
    const base = place.mediaUrl.replace(/\/m$/, "");
    for (const name of [
      "52-54-00-aa-bb-01",
      "5254.00aa.bb01",
      machine.uuid,
      "44454c4c-4200-1035-8052-b4c04f4b3732",
      "abc123",
    ]) {
      const script = await get(`${base}/pxe/${name}`);
      expect(script.status).toBe(200);
      expect(script.body.toString()).toContain(
        `kernel ${base}/m/nonce2/rackform/vmlinuz initrd=initrd initrd=ca.cpio auto=true`,
      );
    }
    expect((await get(`${base}/pxe/52-54-00-aa-bb-02`)).status).toBe(404);
    expect((await get(`${base}/m/nonce2/rackform/ca.cpio`)).status).toBe(200);
    expect((await get(`${base}/m/nonce2/node1.iso`)).status).toBe(404);
  });
});

describe("the life of a server", () => {
  it("binds nothing before a place is asked for, and leaves nothing bound", async () => {
    const lazy = bench.server({ portRange: "0" });
    expect(await lazy.recall("id1")).toMatchObject({ nonce: "nonce1" });
    const { port } = await lazy.place(loopback, signal);
    await lazy.close();
    await expect(get(`http://127.0.0.1:${port}/ping`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(lazy.place(loopback, signal)).rejects.toThrow("the media server is closed");
  });

  it("takes the first free port of its range, and says when there is none", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => taken.once("listening", resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(bench.server({ portRange: `${port}` }).place(loopback, signal)).rejects.toThrow(
      new RegExp(
        `could not listen on 127.0.0.1, port ${port} \\(${port}: EADDRINUSE\\); free one of these ports, or set mediaServer`,
      ),
    );
    const next = await bench.server({ portRange: `${port}-${port + 20}` }).place(loopback, signal);
    expect(next.port).toBeGreaterThan(port);
    await new Promise((resolve) => taken.close(resolve));
  });

  it("goes on where a killed process was: same authority, same token, same port, same progress", async () => {
    await get(`${place.seedUrl}/${token}/preseed.cfg`, place.caPem);
    await server.publish(bench.publication(), { ...attempt, port: place.port }, signal);
    await server.close();
    const next = bench.server();
    const remembered = (await next.recall("id1"))!;
    expect(remembered).toMatchObject({
      nonce: "nonce1",
      port: place.port,
      progress: { seed: { files: ["preseed.cfg"] } },
    });
    const again = await next.place({ ...loopback, port: remembered.port }, signal);
    expect([again.seedUrl, again.caPem]).toEqual([place.seedUrl, place.caPem]);
    await next.publish(bench.publication(), { ...attempt, port: again.port }, signal);
    expect((await get(`${again.seedUrl}/${token}/preseed.cfg`, place.caPem)).status).toBe(200);
    expect((await next.progress("nonce1", 0, 0, signal)).seed?.files).toEqual(["preseed.cfg"]);
    await next.withdraw("nonce1", true);
    expect(await next.recall("id1")).toBeUndefined();
  });

  it("lets an answer that is under way end when it closes", async () => {
    const slow = bench.server({ bandwidthMegabytesPerSecond: 2 });
    const there = await slow.place(loopback, signal);
    await slow.publish(bench.publication(), attempt, signal);
    const reading = get(`${there.mediaUrl}/nonce1/node1.iso`);
    await slow.progress("nonce1", 1, 2000, signal);
    await slow.close();
    expect((await reading).body.length).toBeGreaterThan(1_000_000);
  });

  it("keeps to its bandwidth over all readers", async () => {
    const slow = bench.server({ bandwidthMegabytesPerSecond: 4 });
    const there = await slow.place(loopback, signal);
    await slow.publish(bench.publication(), attempt, signal);
    const started = performance.now();
    const read = await Promise.all([1, 2].map(() => get(`${there.mediaUrl}/nonce1/node1.iso`)));
    const bytes = read[0].body.length + read[1].body.length;
    const seconds = (performance.now() - started) / 1000;
    expect(seconds).toBeGreaterThan(bytes / 4e6 - 0.4);
    expect(seconds).toBeLessThan(bytes / 4e6 + 2);
    expect(createHash("sha256").update(read[0].body).digest("hex")).toBe(
      createHash("sha256").update(read[1].body).digest("hex"),
    );
  });

  it("presents a certificate for addresses that it learns of later", async () => {
    const local = {
      addresses: () => ["127.0.0.1/32"],
      towards: () => Promise.resolve("127.0.0.1"),
      resolve: (host: string) => Promise.resolve(host),
    };
    const wide = bench.server({ listenAddress: "0.0.0.0", local });
    const first = await wide.place({ bmc: { host: "127.0.0.1" }, machine: { host: "127.0.0.1" } }, signal);
    expect(await certificateOf(first)).not.toContain("127.5.5.5");
    local.towards = () => Promise.resolve("127.5.5.5");
    const second = await wide.place({ bmc: { host: "127.0.0.1" }, machine: { host: "127.9.9.9" } }, signal);
    expect(second.seedUrl).toBe(`https://127.5.5.5:${second.port}/s`);
    expect(await certificateOf(second)).toContain("127.5.5.5");
  });
});

function certificateOf({ port, caPem }: Place): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, ca: caPem }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw).subjectAltName ?? "");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

describe("the preflight", () => {
  it("names the firewall rule when its own address does not lead to it", async () => {
    const other = createServer((socket) => socket.destroy()).listen(0, "127.0.0.2");
    await new Promise((resolve) => other.once("listening", resolve));
    const { port } = other.address() as AddressInfo;
    const mapped = bench.server({
      portRange: `${port}`,
      advertise: [{ network: "127.0.0.0/8", address: "127.0.0.2" }],
    });
    await expect(mapped.place(loopback, signal)).rejects.toThrow(
      new RegExp(
        `cannot be reached at 127.0.0.2:${port} \\(.*\\); let tcp port ${port} through from 127.0.0.1 and from this machine to 127.0.0.2 and forward it.*Nothing has been changed`,
      ),
    );
    await new Promise((resolve) => other.close(resolve));
  });

  it("is not fooled by another media server", async () => {
    const twin = bench.server({ listenAddress: "127.0.0.3" });
    const { port } = await twin
      .place({ bmc: { host: "127.0.0.3" }, machine: { host: "127.0.0.3" } }, signal)
      .catch(() => ({ port: 0 }));
    expect(port).toBe(0);
    const there = bench.server({
      listenAddress: "127.0.0.3",
      advertise: [{ network: "127.0.0.0/8", address: "127.0.0.3" }],
    });
    const found = await there.place(loopback, signal);
    const wrong = bench.server({
      portRange: `${found.port}`,
      advertise: [{ network: "127.0.0.0/8", address: "127.0.0.3" }],
    });
    await expect(wrong.place(loopback, signal)).rejects.toThrow("another server answered");
  });

  it("ends at once when it is cancelled", async () => {
    const cancelled = AbortSignal.abort(new Error("cancelled"));
    await expect(bench.server().place(loopback, cancelled)).rejects.toThrow("cancelled");
  });
});
