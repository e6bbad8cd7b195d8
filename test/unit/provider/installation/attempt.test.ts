import { makeHostKey } from "../../../../provider/handlers/host-key";
import { newNonce, ownNonce, publicationOf } from "../../../../provider/installation/attempt";
import { earlierAttempt } from "../../../../provider/installation/earlier";
import { seedToken } from "../../../../provider/media";
import { installation } from "./fixtures";

const secrets = { tokenSecret: "5e".repeat(32), installationId: "first-1" };
const url = (nonce: string) => `http://10.0.0.5:8620/m/${nonce}/node1.iso`;

describe("the public part of a medium's URL", () => {
  it("is new each time, and fits into a path", () => {
    const nonces = Array.from({ length: 50 }, () => newNonce(secrets));
    expect(new Set(nonces).size).toBe(50);
    for (const nonce of nonces) expect(nonce).toMatch(/^[A-Za-z0-9_-]{32}$/);
  });

  it("is recognised by the server's secret, for this installation only", () => {
    const nonce = newNonce(secrets);
    expect(ownNonce(secrets, url(nonce))).toBe(nonce);
    expect(ownNonce({ ...secrets, installationId: "second-2" }, url(nonce))).toBeUndefined();
    expect(ownNonce({ ...secrets, tokenSecret: "00".repeat(32) }, url(nonce))).toBeUndefined();
    expect(ownNonce(secrets, url(`A${nonce.slice(1, 31)}B`))).toBeUndefined();
    for (const foreign of [undefined, "", "node1.iso", "http://10.0.0.5/images/rescue.iso", url("short")]) {
      expect(ownNonce(secrets, foreign)).toBeUndefined();
    }
  });
});

describe("an attempt of an earlier process", () => {
  const noted = { nonce: "n", port: 8621, method: "uefiHttp", startedAt: Date.now() - 5000, progress: { version: 1 } };

  it("is known from its notes", async () => {
    const found = await earlierAttempt(secrets, { recall: () => Promise.resolve(noted) }, () => Promise.resolve([]));
    expect(found).toMatchObject({
      attempt: noted,
      seen: { method: "uefiHttp", atMachine: false, progress: { version: 1 } },
    });
    expect(found?.seen.ageSeconds).toBeCloseTo(5, 0);
  });

  it("is known from the machine when there are none", async () => {
    const nonce = newNonce(secrets);
    const traces = () => Promise.resolve([{ method: "virtualMedia" as const, url: url(nonce) }]);
    for (const recall of [() => Promise.resolve(undefined), () => Promise.reject(new Error("gone"))]) {
      const found = await earlierAttempt(secrets, { recall }, traces);
      expect(found).toMatchObject({
        attempt: { nonce, port: 8620, method: "virtualMedia" },
        seen: { atMachine: true, ageSeconds: 0 },
      });
      expect(found?.seen.progress).toBeUndefined();
    }
  });

  it("is none when the medium is somebody else's", async () => {
    const traces = () => Promise.resolve([{ method: "virtualMedia" as const, url: "node1.iso" }]);
    await expect(
      earlierAttempt(secrets, { recall: () => Promise.resolve(undefined) }, traces),
    ).resolves.toBeUndefined();
  });
});

describe("what the media server is given", () => {
  const place = {
    seedUrl: "https://10.0.1.5:8620/s",
    caPem: "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n",
  };
  const args = installation({ hostKey: makeHostKey("node1") });

  it("is found again by another process from the nonce", () => {
    const order = { nonce: newNonce(args), method: "virtualMedia" as const, wipe: false };
    const first = publicationOf(args, place, order);
    expect(publicationOf(args, place, order)).toEqual(first);
    expect(first.token).toBe(seedToken(args.tokenSecret, args.installationId, order.nonce));
    expect(first.kernelArguments.join(" ")).toContain(`${place.seedUrl}/${first.token}/preseed.cfg`);
    expect(first.machine).toBeUndefined();
    expect(first.boot).toMatchObject({ ramdisk: "debian-installer", architecture: "x86_64" });
  });

  it("carries consent only when it was given", () => {
    const order = { nonce: newNonce(args), method: "virtualMedia" as const };
    const content = (wipe: boolean) =>
      publicationOf(args, place, { ...order, wipe }).seed.find(({ path }) => path === "guard.env")?.content;
    expect(content(false)).toContain("RF_CONSENT='none'");
    expect(content(true)).toContain("RF_CONSENT='wipe'");
  });

  it("names the machine for a network boot", () => {
    const order = { nonce: newNonce(args), method: "pxe" as const, wipe: false };
    expect(publicationOf(args, place, order).machine).toEqual({
      macs: ["52:54:00:00:00:01"],
      serialNumber: "ABC123",
      uuid: undefined,
    });
  });
});
