import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { publicKeyOf } from "../../../../components/node/ssh-key";
import { command, describeWith } from "../../../setup/need";

const folder = mkdtempSync(path.join(os.tmpdir(), "rackform-key-"));
afterAll(() => rmSync(folder, { recursive: true }));

function keygen(name: string, ...args: string[]): { privateKey: string; publicKey: string } {
  const file = path.join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-C", "", "-f", file, ...args]);
  return { privateKey: readFileSync(file, "utf8"), publicKey: readFileSync(`${file}.pub`, "utf8").trim() };
}

describeWith([command("ssh-keygen")], "publicKeyOf, judged by ssh-keygen", () => {
  it.each([
    ["ed25519", ["-t", "ed25519", "-N", ""]],
    ["rsa", ["-t", "rsa", "-b", "2048", "-N", ""]],
    ["ecdsa", ["-t", "ecdsa", "-N", ""]],
  ])("agrees for %s", (name, args) => {
    const { privateKey, publicKey } = keygen(name, ...args);
    expect(publicKeyOf(privateKey)).toBe(publicKey);
  });

  it("refuses a key with a passphrase, and one in another form", () => {
    expect(() => publicKeyOf(keygen("locked", "-t", "ed25519", "-N", "hunter2").privateKey)).toThrow(
      /has a passphrase; give one without/,
    );
    expect(() => publicKeyOf(keygen("pem", "-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM").privateKey)).toThrow(
      /of the form RSA PRIVATE KEY; use OpenSSH's own format/,
    );
  });
});

describe("publicKeyOf", () => {
  it("reads Ed25519 in PKCS #8", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const raw = Buffer.from((publicKey.export({ format: "jwk" }) as { x: string }).x, "base64url");
    const [type, body] = publicKeyOf(privateKey.export({ type: "pkcs8", format: "pem" }).toString()).split(" ");
    expect([type, Buffer.from(body, "base64").subarray(-32)]).toEqual(["ssh-ed25519", raw]);
  });

  it.each([
    ["no PEM", "hunter2", /is no private key in PEM/],
    [
      "a damaged body",
      "-----BEGIN OPENSSH PRIVATE KEY-----\naHVudGVyMg==\n-----END OPENSSH PRIVATE KEY-----",
      /does not begin as an OpenSSH key/,
    ],
    [
      "a body cut off",
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from("openssh-key-v1\0\0\0\0\x04none").toString("base64")}\n-----END OPENSSH PRIVATE KEY-----`,
      /ends too early/,
    ],
    [
      "another algorithm in PKCS #8",
      generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      /is not an Ed25519 key/,
    ],
  ])("refuses %s without repeating it", (_what, key, message) => {
    expect(() => publicKeyOf(key)).toThrow(message);
    try {
      publicKeyOf(key);
    } catch (error) {
      expect(String(error)).not.toMatch(/hunter2|aHVudGVy/);
    }
  });
});
