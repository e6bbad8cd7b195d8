import "reflect-metadata";
import { X509CertificateGenerator } from "@peculiar/x509";
import { configCodec, configuration, type ProviderConfig } from "../../../provider/config";
import { environmentVariables } from "../../../provider/config-environment";

const fingerprint = "AB:".repeat(31) + "AB";

const refused: [string, ProviderConfig | object, string, string][] = [
  ["an empty user name", { username: "" }, "username", "is empty"],
  ["a path instead of PEM", { caBundle: "/etc/ssl/ca.pem" }, "caBundle", "pass the file's content, not its path"],
  [
    "broken PEM",
    { caBundle: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----" },
    "caBundle",
    "number 1 of 1",
  ],
  [
    "a private key among certificates",
    { caBundle: "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----" },
    "caBundle",
    "holds a private key; it takes certificates only",
  ],
  ["no time to connect", { connectTimeoutSeconds: 0 }, "connectTimeoutSeconds", "has to be a number above 0, not 0"],
  ["a negative time", { requestTimeoutSeconds: -1 }, "requestTimeoutSeconds", "above 0, not -1"],
  ["a negative budget", { retryBudgetSeconds: -5 }, "retryBudgetSeconds", "at least 0, not -5"],
  ["no concurrency", { maxConcurrency: 0 }, "maxConcurrency", "a whole number of at least 1, not 0"],
  ["half a request", { maxConcurrencyPerBmc: 1.5 }, "maxConcurrencyPerBmc", "at least 1, not 1.5"],
  ["a negative failure budget", { failureBudget: -1 }, "failureBudget", "at least 0, not -1"],
  ["a relative folder", { leaseDirectory: "leases" }, "leaseDirectory", 'has to be an absolute path, not "leases"'],
  ["a short fingerprint", { fingerprints: { "bmc-1": "AB:CD" } }, "fingerprints.bmc-1", "64 hexadecimal digits"],
  [
    "a fingerprint for a URL",
    { fingerprints: { "https://bmc/": fingerprint } },
    'fingerprints["https://bmc/"]',
    "leave out scheme and path",
  ],
  [
    "a listen address that is none",
    { mediaServer: { listenAddress: "eth0" } },
    "mediaServer.listenAddress",
    "has to be an IP address",
  ],
  ["a port that is none", { mediaServer: { portRange: "http" } }, "mediaServer.portRange", 'not "http"'],
  ["ports upside down", { mediaServer: { portRange: "8629-8620" } }, "mediaServer.portRange", "between 1 and 65535"],
  ["a port too high", { mediaServer: { portRange: "65530-65540" } }, "mediaServer.portRange", "between 1 and 65535"],
  ["port 0", { mediaServer: { portRange: "0" } }, "mediaServer.portRange", "between 1 and 65535"],
  ["a URL that is none", { mediaServer: { url: "media:8620" } }, "mediaServer.url", "http or https URL"],
  [
    "credentials in a URL",
    { mediaServer: { url: "http://u:hush@media/" } },
    "mediaServer.url",
    "has credentials in it",
  ],
  ["another protocol", { mediaServer: { scheme: "ftp" } }, "mediaServer.scheme", '"http" or "https", not "ftp"'],
  [
    "no bandwidth",
    { mediaServer: { bandwidthMegabytesPerSecond: 0 } },
    "mediaServer.bandwidthMegabytesPerSecond",
    "above 0",
  ],
  [
    "a bad CIDR",
    advertise("10.0.0.0/33", "10.0.0.1"),
    "mediaServer.advertise[0].network",
    "has to be a network such as",
  ],
  [
    "an address for a CIDR",
    advertise("10.0.0.1", "10.0.0.1"),
    "mediaServer.advertise[0].network",
    "has to be a network such as",
  ],
  [
    "a URL for an address",
    advertise("10.0.0.0/8", "http://10.0.0.1"),
    "mediaServer.advertise[0].address",
    "without a scheme or port",
  ],
  ["every address", advertise("10.0.0.0/8", "0.0.0.0"), "mediaServer.advertise[0].address", "is unspecified"],
  ["multicast", advertise("10.0.0.0/8", "224.0.0.1"), "mediaServer.advertise[0].address", "is multicast"],
  [
    "mixed IP versions",
    advertise("10.0.0.0/8", "fd00::1"),
    "mediaServer.advertise[0].address",
    "different IP versions",
  ],
  [
    "loopback from outside",
    advertise("10.0.0.0/8", "127.0.0.1"),
    "mediaServer.advertise[0].address",
    "a loopback address outside of its network",
  ],
];

function advertise(network: string, address: string): ProviderConfig {
  return { mediaServer: { advertise: [{ network, address }] } };
}

describe("configFailures", () => {
  it.each(refused)("refuses %s", (_what, config, property, reason) => {
    const failures = configCodec.check!(config as Record<string, unknown>);
    expect(failures).toHaveLength(1);
    expect(failures[0].property).toBe(property);
    expect(failures[0].reason).toContain(reason);
    expect(failures[0].reason).not.toContain("hush");
    expect(failures[0].reason).not.toMatch(/^[A-Z]|\.$/);
  });

  it("refuses one network twice, however it is written", () => {
    const config = {
      mediaServer: {
        advertise: [
          ...advertise("fd00:0::/64", "a").mediaServer!.advertise!,
          ...advertise("fd00::/64", "b").mediaServer!.advertise!,
        ],
      },
    };
    expect(configCodec.check!(config)).toEqual([
      {
        property: "mediaServer.advertise[1].network",
        reason: expect.stringContaining("in mediaServer.advertise[0] already"),
      },
    ]);
  });

  it("gives all mistakes at once", () => {
    expect(
      configCodec.check!({ maxConcurrency: 0, leaseDirectory: "x", mediaServer: { portRange: "x" } }),
    ).toHaveLength(3);
  });

  it("accepts what is right", async () => {
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const certificate = await X509CertificateGenerator.createSelfSigned({ name: "CN=test", keys });
    const config: ProviderConfig = {
      username: "root",
      caBundle: `${certificate.toString("pem")}\n${certificate.toString("pem")}`,
      fingerprints: {
        "bmc-1": fingerprint,
        "10.0.0.1:8443": "ab".repeat(32),
        "[fd00::1]:443": fingerprint,
        "fd00::1": fingerprint,
      },
      retryBudgetSeconds: 0,
      mediaServer: {
        listenAddress: "::",
        portRange: "8620",
        advertise: [
          { network: "127.0.0.0/8", address: "127.0.0.1" },
          { network: "10.0.0.0/8", address: "192.0.2.7" },
          { network: "fd00::/64", address: "media.example.com" },
        ],
        bandwidthMegabytesPerSecond: 0.5,
      },
    };
    expect(configCodec.check!(config as Record<string, unknown>)).toEqual([]);
  });
});

describe("configuration", () => {
  it("has defaults", () => {
    expect(configuration({}, {})).toMatchObject({
      insecure: false,
      connectTimeoutSeconds: 5,
      requestTimeoutSeconds: 60,
      retryBudgetSeconds: 180,
      maxConcurrency: 128,
      maxConcurrencyPerBmc: 1,
      fingerprints: {},
      mediaServer: { portRange: "8620-8629", advertise: [], scheme: "http" },
    });
    expect(configuration({}, {}).failureBudget).toBeUndefined();
    expect(configuration({}, { XDG_RUNTIME_DIR: "/run/user/7" }).leaseDirectory).toBe("/run/user/7/rackform/leases");
  });

  it("takes every variable of the environment", () => {
    const environment = {
      RACKFORM_BMC_USERNAME: "root",
      RACKFORM_BMC_PASSWORD: "12345",
      RACKFORM_BMC_INSECURE: "1",
      RACKFORM_BMC_CONNECT_TIMEOUT_SECONDS: "2.5",
      RACKFORM_BMC_REQUEST_TIMEOUT_SECONDS: "20",
      RACKFORM_BMC_RETRY_BUDGET_SECONDS: "0",
      RACKFORM_MAX_CONCURRENCY: "64",
      RACKFORM_MAX_CONCURRENCY_PER_BMC: "2",
      RACKFORM_FAILURE_BUDGET: "3",
      RACKFORM_LEASE_DIRECTORY: "/run/leases",
      RACKFORM_MEDIA_LISTEN_ADDRESS: "127.0.0.1",
      RACKFORM_MEDIA_PORT_RANGE: "9000-9001",
      RACKFORM_MEDIA_ADVERTISE: "10.0.0.0/24=10.0.0.5, fd00::/64=media.example.com",
      RACKFORM_MEDIA_URL: "http://media:8620",
      RACKFORM_MEDIA_TOKEN: "12345",
      RACKFORM_MEDIA_SCHEME: "https",
      RACKFORM_MEDIA_BANDWIDTH: "100",
    };
    const covered = Object.values(environmentVariables).filter((name) => name !== "RACKFORM_BMC_CA_BUNDLE");
    expect(Object.keys(environment).sort()).toEqual([...covered].sort());
    expect(configuration({}, environment)).toEqual({
      username: "root",
      password: "12345",
      insecure: true,
      connectTimeoutSeconds: 2.5,
      requestTimeoutSeconds: 20,
      retryBudgetSeconds: 0,
      maxConcurrency: 64,
      maxConcurrencyPerBmc: 2,
      failureBudget: 3,
      leaseDirectory: "/run/leases",
      fingerprints: {},
      mediaServer: {
        listenAddress: "127.0.0.1",
        portRange: "9000-9001",
        advertise: [
          { network: "10.0.0.0/24", address: "10.0.0.5" },
          { network: "fd00::/64", address: "media.example.com" },
        ],
        url: "http://media:8620",
        token: "12345",
        scheme: "https",
        bandwidthMegabytesPerSecond: 100,
      },
    });
  });

  it("prefers what was configured to the environment", () => {
    const environment = { RACKFORM_BMC_USERNAME: "env", RACKFORM_MEDIA_SCHEME: "https", RACKFORM_MAX_CONCURRENCY: "" };
    const config = configuration({ username: "given", mediaServer: { scheme: "http" } }, environment);
    expect([config.username, config.mediaServer.scheme, config.maxConcurrency]).toEqual(["given", "http", 128]);
  });

  it("names the variable when the environment is wrong", () => {
    const environment = { RACKFORM_MAX_CONCURRENCY: "lots", RACKFORM_MEDIA_ADVERTISE: "10.0.0.0/24" };
    expect(() => configuration({}, environment)).toThrow(
      /environment variable RACKFORM_MAX_CONCURRENCY has to be a whole number.*"lots".*environment variable RACKFORM_MEDIA_ADVERTISE has to be a host name/,
    );
  });
});
