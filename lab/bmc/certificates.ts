import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const DAY_MS = 86_400_000;

x509.cryptoProvider.set(webcrypto);

/** A certificate with its private key. */
export interface KeyedCertificate {
  /** PEM. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
  /** SHA-256 of the certificate, in hex pairs with colons, as TLS tools print it. */
  fingerprint256: string;
}

/** The certificate authority of a rack: it signs a certificate for every BMC. */
export class RackAuthority {
  #serial = BigInt(Date.now()) * 4096n;

  private constructor(
    readonly issuer: x509.X509Certificate,
    readonly keys: webcrypto.CryptoKeyPair,
    readonly sharedKeys: webcrypto.CryptoKeyPair,
    /** The authority itself, for keeping it over a restart. */
    readonly own: KeyedCertificate,
  ) {}

  /** A new authority, or one that was kept. */
  static async create(kept?: Pick<KeyedCertificate, "certificate" | "key">): Promise<RackAuthority> {
    const sharedKeys = await generateKeys();
    if (kept) {
      const issuer = new x509.X509Certificate(kept.certificate);
      const keys = { privateKey: await importKey(kept.key), publicKey: await issuer.publicKey.export() };
      return new RackAuthority(issuer, keys, sharedKeys, await keyed(issuer, keys.privateKey));
    }
    const keys = await generateKeys();
    const issuer = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: "01",
      name: "CN=rackform lab rack CA",
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 3650 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new RackAuthority(issuer, keys, sharedKeys, await keyed(issuer, keys.privateKey));
  }

  /** PEM of the authority's certificate: what a client must trust. */
  get certificate(): string {
    return this.own.certificate;
  }

  /**
   * A server certificate for an address. All BMCs of the rack share one key pair, which makes a thousand certificates
   * cheap; `ownKey` asks for a new one.
   */
  async issue(name: string, address: string, ownKey = false): Promise<KeyedCertificate> {
    const keys = ownKey ? await generateKeys() : this.sharedKeys;
    this.#serial += 1n;
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: this.#serial.toString(16).padStart(16, "0"),
      subject: `CN=${name}`,
      issuer: this.issuer.subject,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 825 * DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([{ type: "ip", value: address }]),
        await x509.AuthorityKeyIdentifierExtension.create(this.issuer),
      ],
    });
    return keyed(certificate, keys.privateKey);
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64");
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]) as Promise<webcrypto.CryptoKey>;
}

async function keyed(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey): Promise<KeyedCertificate> {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", privateKey as webcrypto.CryptoKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${wrap(pkcs8.toString("base64"))}\n-----END PRIVATE KEY-----\n`;
  const digest = createHash("sha256").update(Buffer.from(certificate.rawData)).digest("hex").toUpperCase();
  return { certificate: certificate.toString("pem"), key, fingerprint256: (digest.match(/../g) ?? []).join(":") };
}

function wrap(base64: string): string {
  return (base64.match(/.{1,64}/g) ?? []).join("\n");
}
