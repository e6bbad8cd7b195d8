import { createHash, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import type { HostKey } from "../../resources/redfish/server";

/** A new Ed25519 key pair in OpenSSH's formats, unencrypted, as `ssh-keygen -t ed25519 -N ""` makes it. */
export function makeHostKey(comment: string): HostKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { publicKey: publicLine(rawPublic(publicKey)), privateKey: privatePem(publicKey, privateKey, comment) };
}

/** 32 random bytes, hexadecimal. */
export function makeTokenSecret(): string {
  return randomBytes(32).toString("hex");
}

/** `SHA256:…` of a public key line, as OpenSSH shows it. */
export function hostKeyFingerprint(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

const TYPE = "ssh-ed25519";

function publicLine(raw: Buffer): string {
  return `${TYPE} ${publicBlob(raw).toString("base64")}`;
}

function publicBlob(raw: Buffer): Buffer {
  return Buffer.concat([field(TYPE), field(raw)]);
}

/** PROTOCOL.key of OpenSSH: magic, no cipher, one key, the private part padded with 1, 2, 3 … to blocks of eight. */
function privatePem(publicKey: KeyObject, privateKey: KeyObject, comment: string): string {
  const raw = rawPublic(publicKey);
  const seed = Buffer.from((privateKey.export({ format: "jwk" }) as { d: string }).d, "base64url");
  const check = randomBytes(4);
  const secret = Buffer.concat([
    check,
    check,
    field(TYPE),
    field(raw),
    field(Buffer.concat([seed, raw])),
    field(comment),
  ]);
  const padding = Buffer.from(Array.from({ length: (8 - (secret.length % 8)) % 8 }, (_, index) => index + 1));
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0", "latin1"),
    field("none"),
    field("none"),
    field(""),
    number(1),
    field(publicBlob(raw)),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = body.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function rawPublic(key: KeyObject): Buffer {
  return Buffer.from((key.export({ format: "jwk" }) as { x: string }).x, "base64url");
}

function field(value: string | Buffer): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  return Buffer.concat([number(bytes.length), bytes]);
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
