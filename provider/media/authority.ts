import "reflect-metadata";
import { createHash, randomBytes, webcrypto } from "node:crypto";
import { link, mkdir, readFile, stat, unlink, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0] & string);

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Far apart on purpose: the clock of a server that was off for long may be years wrong, and its installer must still trust us. */
const NOT_BEFORE = new Date("2000-01-01T00:00:00Z");
const NOT_AFTER = new Date("2049-12-31T00:00:00Z");

/** A private key with the certificates that prove it, PEM. */
export interface Identity {
  key: string;
  /** The leaf first. */
  certificates: string;
}

/**
 * The certificate authority that boot images carry and installers trust. It is kept in a folder that only its owner can read, so that a
 * new plugin process can go on serving an installer which the killed one had started.
 */
export class Authority {
  private constructor(
    /** Its certificate, PEM. */
    readonly pem: string,
    private readonly certificate: x509.X509Certificate,
    private readonly key: webcrypto.CryptoKey,
  ) {}

  /**
   * The authority kept in `folder`; makes one when there is none. Several processes that start at once agree on one.
   *
   * @throws Error when the folder is open to others, or what it holds is damaged
   */
  static async open(folder: string): Promise<Authority> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { mode, uid } = await stat(folder);
    if ((mode & 0o077) !== 0 || (process.getuid && uid !== process.getuid())) {
      throw new Error(
        `${folder} keeps the key of the media server, but others can open it; make it yours alone: chmod 700 ${folder}`,
      );
    }
    const path = join(folder, "media-authority.pem");
    const kept = await readFile(path, "utf8").catch(missing);
    if (kept !== undefined) return Authority.parse(kept, path);
    const temporary = `${path}.${randomBytes(6).toString("hex")}`;
    await writeFile(temporary, await generate(), { mode: 0o600 });
    // A link fails where another process was first; then its authority counts.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    await unlink(temporary);
    return Authority.parse(await readFile(path, "utf8"), path);
  }

  private static async parse(text: string, path: string): Promise<Authority> {
    try {
      const [key, certificate] = x509.PemConverter.decode(text);
      const imported = await webcrypto.subtle.importKey("pkcs8", key, ALGORITHM, false, ["sign"]);
      const parsed = new x509.X509Certificate(certificate);
      return new Authority(`${parsed.toString("pem")}\n`, parsed, imported);
    } catch {
      throw new Error(`${path} holds no certificate authority; remove it, and the next run makes a new one`);
    }
  }

  /** A fresh key and certificate for a server reached under these names and addresses. */
  async issue(hosts: string[]): Promise<Identity> {
    const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
    const names = hosts.map((host) => ({ type: isIP(host) ? ("ip" as const) : ("dns" as const), value: host }));
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: [{ CN: ["rackform media server"] }],
      issuer: this.certificate.subjectName.toJSON(),
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.key,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension(names),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.certificate),
      ],
    });
    const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
    return { key, certificates: `${leaf.toString("pem")}\n${this.pem}` };
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
  return undefined;
}

async function generate(): Promise<string> {
  const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [`rackform media authority ${randomBytes(4).toString("hex")}`] }],
    notBefore: NOT_BEFORE,
    notAfter: NOT_AFTER,
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n${certificate.toString("pem")}\n`;
}

/** Positive and without a leading zero. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] & 0x3f) | 0x40;
  return bytes.toString("hex");
}

/**
 * The name under which OpenSSL looks for a certificate in a folder: the start of the SHA-1 of the subject in canonical form (UTF-8, lower
 * case, single spaces).
 */
export function subjectHash(pem: string): string {
  const subject = new x509.X509Certificate(pem).subjectName.toJSON();
  const sets = subject.flatMap((names) =>
    Object.entries(names).flatMap(([type, values]) =>
      values.map((value) => {
        if (type !== "CN") throw new Error(`the subject of an authority has only a common name here, not ${type}`);
        const text = Buffer.from(value.trim().replace(/\s+/g, " ").toLowerCase(), "utf8");
        return der(0x31, der(0x30, Buffer.concat([Buffer.from("0603550403", "hex"), der(0x0c, text)])));
      }),
    ),
  );
  const digest = createHash("sha1").update(Buffer.concat(sets)).digest();
  return digest.readUInt32LE(0).toString(16).padStart(8, "0");
}

function der(tag: number, content: Buffer): Buffer {
  if (content.length > 127) throw new Error("the subject of an authority is at most 100 characters here");
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}
