import { createPublicKey } from "node:crypto";

/**
 * The public key of a private key, as a line for `authorized_keys`. Reads OpenSSH's own format (any algorithm, the public half
 * is in clear there) and Ed25519 in PKCS #8. Errors never repeat the key.
 */
export function publicKeyOf(privateKey: string): string {
  const match = /-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----/.exec(privateKey);
  if (!match) throw new Error("the access key is no private key in PEM; make one with ssh-keygen -t ed25519 -N ''");
  if (match[1] === "OPENSSH PRIVATE KEY") return fromOpenSsh(Buffer.from(match[2], "base64"));
  if (match[1] === "PRIVATE KEY") return fromPkcs8(privateKey);
  throw new Error(
    `the access key is of the form ${match[1]}; use OpenSSH's own format, as ssh-keygen -t ed25519 -N '' writes it`,
  );
}

function fromOpenSsh(body: Buffer): string {
  const magic = Buffer.from("openssh-key-v1\0");
  if (!body.subarray(0, magic.length).equals(magic))
    throw new Error("the access key is damaged: it does not begin as an OpenSSH key");
  const reader = new Reader(body.subarray(magic.length));
  const cipher = reader.text();
  reader.bytes();
  reader.bytes();
  if (cipher !== "none")
    throw new Error("the access key has a passphrase; give one without (ssh-keygen -p removes it)");
  if (reader.integer() !== 1) throw new Error("the access key file holds several keys; give one");
  return line(reader.bytes());
}

function fromPkcs8(pem: string): string {
  let raw: string | undefined;
  try {
    const jwk = createPublicKey(pem).export({ format: "jwk" });
    raw = jwk.crv === "Ed25519" ? jwk.x : undefined;
  } catch {
    raw = undefined;
  }
  if (raw === undefined)
    throw new Error("the access key is not an Ed25519 key; make one with ssh-keygen -t ed25519 -N ''");
  return line(Buffer.concat([field(Buffer.from("ssh-ed25519")), field(Buffer.from(raw, "base64url"))]));
}

function line(blob: Buffer): string {
  return `${new Reader(blob).text()} ${blob.toString("base64")}`;
}

function field(content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

class Reader {
  private offset = 0;

  constructor(private readonly data: Buffer) {}

  integer(): number {
    if (this.offset + 4 > this.data.length) throw new Error("the access key is damaged: it ends too early");
    this.offset += 4;
    return this.data.readUInt32BE(this.offset - 4);
  }

  bytes(): Buffer {
    const length = this.integer();
    if (this.offset + length > this.data.length) throw new Error("the access key is damaged: it ends too early");
    this.offset += length;
    return this.data.subarray(this.offset - length, this.offset);
  }

  text(): string {
    return this.bytes().toString("latin1");
  }
}
