import { execFileSync } from "node:child_process";
import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { utils } from "ssh2";
import { hostKeyFingerprint, makeHostKey, makeTokenSecret } from "../../../../provider/handlers/host-key";
import { command, describeWith } from "../../../setup/need";

describe("makeHostKey", () => {
  it("makes a key that ssh2 reads, with both halves of one pair", () => {
    for (const comment of ["", "n", "node-1", "a longer comment, with ünïcode"]) {
      const { publicKey, privateKey } = makeHostKey(comment);
      const parsed = utils.parseKey(privateKey);
      if (parsed instanceof Error || Array.isArray(parsed)) throw new Error("ssh2 does not read it");
      expect(parsed.type).toBe("ssh-ed25519");
      expect(parsed.comment).toBe(comment);
      expect(`ssh-ed25519 ${parsed.getPublicSSH().toString("base64")}`).toBe(publicKey);
      const message = Buffer.from("hello");
      const signature = sign(null, message, createPrivateKey(parsed.getPrivatePEM()));
      expect(verify(null, message, createPublicKey(parsed.getPublicPEM()), signature)).toBe(true);
    }
  });

  it("never makes the same twice", () => {
    const keys = Array.from({ length: 20 }, () => makeHostKey("n").privateKey);
    expect(new Set(keys).size).toBe(20);
    expect(makeTokenSecret()).toMatch(/^[0-9a-f]{64}$/);
    expect(makeTokenSecret()).not.toBe(makeTokenSecret());
  });
});

describeWith([command("ssh-keygen")], "ssh-keygen", () => {
  it("reads the private key, and agrees on the public key and its fingerprint", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "host-key-"));
    try {
      const { publicKey, privateKey } = makeHostKey("node-1");
      const file = path.join(folder, "key");
      writeFileSync(file, privateKey);
      chmodSync(file, 0o600);
      expect(execFileSync("ssh-keygen", ["-y", "-P", "", "-f", file], { encoding: "utf8" }).trim()).toBe(
        `${publicKey} node-1`,
      );
      expect(execFileSync("ssh-keygen", ["-l", "-f", file], { encoding: "utf8" })).toContain(
        hostKeyFingerprint(publicKey),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
