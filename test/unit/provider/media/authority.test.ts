import { X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Authority, subjectHash } from "../../../../provider/media/authority";

const OPENSSL_HASH = "f33be217";
const OPENSSL_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBrjCCAVWgAwIBAgIUWZLlzc6kppztq2qf6MkcVDuobUowCgYIKoZIzj0EAwIw
LDEqMCgGA1UEAwwhICBSYWNrZm9ybSAgIE1lZGlhIEFVVEhPUklUWSAgNDIgMCAX
DTI2MTEyMTA1NTcwM1oYDzIwNTEwNzEzMDU1NzAzWjAsMSowKAYDVQQDDCEgIFJh
Y2tmb3JtICAgTWVkaWEgQVVUSE9SSVRZICA0MiAwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARID77oppLXoIwW/vB08aPu/dQfManPUf5OtT43y9KBKv32Lib8VHRU
cbz2YFhI2tl0jyhSGTbJfXjE7rMrQQioo1MwUTAdBgNVHQ4EFgQUvYYy6rkUaDqV
v3dhMtEQklT70cAwHwYDVR0jBBgwFoAUvYYy6rkUaDqVv3dhMtEQklT70cAwDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiBExFO+CV0UP3JN506C8kaB
KSDyP+z+mEknBIkgsaNctgIgdW0uIRPY1g0VacdO8peF35MliOmEQSQwq05VW1ZL
bpk=
-----END CERTIFICATE-----
`;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rackform-authority-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("is made once, kept for its owner alone, and the same ever after", async () => {
  const home = path.join(folder, "state");
  const all = await Promise.all(Array.from({ length: 8 }, () => Authority.open(home)));
  expect(new Set(all.map(({ pem }) => pem)).size).toBe(1);
  expect((await Authority.open(home)).pem).toBe(all[0].pem);
  expect(readdirSync(home)).toEqual(["media-authority.pem"]);
  expect(statSync(home).mode & 0o777).toBe(0o700);
  expect(statSync(path.join(home, "media-authority.pem")).mode & 0o777).toBe(0o600);
});

it("vouches for servers by name and address, in any year", async () => {
  const authority = await Authority.open(folder);
  const { certificates } = await authority.issue(["10.0.0.5", "fd00::5", "media.example.com"]);
  const [leaf, ca] = certificates
    .split(/(?<=-----END CERTIFICATE-----)\n/)
    .filter(Boolean)
    .map((pem) => new X509Certificate(pem));
  expect(leaf.verify(ca.publicKey)).toBe(true);
  expect([leaf.checkIP("10.0.0.5"), leaf.checkIP("fd00::5"), leaf.checkHost("media.example.com")]).toEqual([
    "10.0.0.5",
    "fd00::5",
    "media.example.com",
  ]);
  expect(leaf.checkIP("10.0.0.6")).toBeUndefined();
  expect([ca.ca, leaf.ca]).toEqual([true, false]);
  for (const certificate of [leaf, ca]) {
    expect(new Date(certificate.validFrom).getUTCFullYear()).toBe(2000);
    expect(new Date(certificate.validTo).getUTCFullYear()).toBe(2049);
  }
});

it("refuses a folder that others can open, and a damaged key", async () => {
  chmodSync(folder, 0o755);
  await expect(Authority.open(folder)).rejects.toThrow(`make it yours alone: chmod 700 ${folder}`);
  chmodSync(folder, 0o700);
  writeFileSync(path.join(folder, "media-authority.pem"), "damaged");
  await expect(Authority.open(folder)).rejects.toThrow("media-authority.pem holds no certificate authority; remove it");
});

it("is found by OpenSSL under its hash", () => {
  // Made and hashed by OpenSSL: req -x509 -subj "/CN=  Rackform   Media AUTHORITY  42 "; x509 -noout -subject_hash.
  expect(subjectHash(OPENSSL_CERTIFICATE)).toBe(OPENSSL_HASH);
});
