import { configuration } from "../../../provider/config";
import { endpointOf, pinnedFingerprint, resolveConnection } from "../../../provider/deps";

const env = { RACKFORM_BMC_USERNAME: "env-user", RACKFORM_BMC_PASSWORD: "env-pass", RACKFORM_BMC_INSECURE: "true" };
const pin = "ab".repeat(32);

describe("resolveConnection", () => {
  it("takes the resource first, then the provider, then the environment", () => {
    const endpoint = "https://bmc";
    expect(resolveConnection({ endpoint }, configuration({}, env))).toEqual({
      endpoint,
      username: "env-user",
      password: "env-pass",
      insecure: true,
    });
    const config = configuration({ username: "cfg-user", insecure: false }, env);
    expect(resolveConnection({ endpoint }, config)).toEqual({
      endpoint,
      username: "cfg-user",
      password: "env-pass",
      insecure: false,
    });
    expect(
      resolveConnection({ endpoint, username: "own", password: "p", insecure: true, connectTimeoutSeconds: 2 }, config),
    ).toEqual({
      endpoint,
      username: "own",
      password: "p",
      insecure: true,
      connectTimeoutSeconds: 2,
    });
  });

  it("trusts what the resource says it trusts, and nothing more", () => {
    const config = configuration({ insecure: true, fingerprints: { bmc: pin } }, {});
    expect(resolveConnection({ endpoint: "https://bmc" }, config)).toMatchObject({ fingerprint: pin });
    const own = resolveConnection({ endpoint: "https://bmc", caBundle: "PEM" }, config);
    expect(own.fingerprint).toBeUndefined();
    expect(own.insecure).toBeUndefined();
    expect(resolveConnection({ endpoint: "https://bmc", fingerprint: "cd".repeat(32) }, config)).toMatchObject({
      fingerprint: "cd".repeat(32),
    });
  });
});

describe("pinnedFingerprint", () => {
  it.each([
    ["https://bmc", { bmc: pin }, pin],
    ["https://bmc:8443", { bmc: pin }, pin],
    ["https://bmc:8443", { "bmc:8443": pin, bmc: "other" }, pin],
    ["https://[fd00::1]", { "fd00::1": pin }, pin],
    ["https://[fd00::1]:8443", { "[fd00::1]:8443": pin }, pin],
    ["https://bmc2", { bmc: pin }, undefined],
  ])("finds %s in %j", (endpoint, fingerprints, found) => {
    expect(pinnedFingerprint(endpoint, fingerprints as Record<string, string>)).toBe(found);
  });
});

describe("endpointOf", () => {
  it.each([
    ["10.0.0.1", "https://10.0.0.1"],
    ["BMC.Example.com", "https://bmc.example.com"],
    ["https://bmc:443/", "https://bmc"],
    [" https://bmc:8443 ", "https://bmc:8443"],
    ["[fd00::1]", "https://[fd00::1]"],
    ["http://bmc", "http://bmc"],
  ])("reads %s", (endpoint, origin) => {
    expect(endpointOf({ endpoint })).toBe(origin);
  });
});
