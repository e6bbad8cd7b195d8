import "reflect-metadata";
import { createHash, webcrypto, X509Certificate as NodeCertificate } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

export interface TestCertificate {
  key: string;
  cert: string;
  /** SHA-256 with colons. */
  fingerprint: string;
}

export interface Authority {
  pem: string;
  issue(names: string[], addresses: string[]): Promise<TestCertificate>;
}

/** A certificate that signed itself, as BMCs come from the factory. */
export async function selfSigned(name = "bmc.test"): Promise<TestCertificate> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
  });
  return bundle(certificate, keys);
}

/** An authority of a site, and certificates signed by it. */
export async function authority(): Promise<Authority> {
  const keys = await newKeys();
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: "CN=Test site",
    keys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return {
    pem: root.toString("pem"),
    issue: async (names, addresses) => {
      const leaf = await newKeys();
      const alternatives = [
        ...names.map((value) => ({ type: "dns" as const, value })),
        ...addresses.map((value) => ({ type: "ip" as const, value })),
      ];
      const certificate = await x509.X509CertificateGenerator.create({
        ...validity(),
        subject: `CN=${names[0] ?? "bmc"}`,
        issuer: root.subject,
        publicKey: leaf.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: [new x509.SubjectAlternativeNameExtension(alternatives)],
      });
      return bundle(certificate, leaf);
    },
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

function validity() {
  return {
    serialNumber: createHash("sha256").update(String(Math.random())).digest("hex").slice(0, 16),
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
  };
}

async function bundle(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<TestCertificate> {
  const exported = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  const key = `-----BEGIN PRIVATE KEY-----\n${exported}\n-----END PRIVATE KEY-----\n`;
  const cert = certificate.toString("pem");
  return { key, cert, fingerprint: new NodeCertificate(cert).fingerprint256 };
}
