import { X509Certificate } from "node:crypto";
import type { BmcConnection } from "../../resources/redfish/connection";
import type { HardwareIdentity } from "../../resources/redfish/facts";
import { UNKNOWN, type CheckFailure } from "../kit/handler";

/** Collects what is wrong with inputs. Values that are not known yet are not judged. */
export class Checker {
  readonly failures: CheckFailure[] = [];

  fail(property: string, reason: string): void {
    this.failures.push({ property, reason });
  }

  /** Judges a value that is there and known. `wrong` returns the reason, or undefined when all is well. */
  judge<T>(property: string, value: T | undefined, wrong: (value: T) => string | undefined): void {
    if (value === undefined || value === null || isUnknown(value)) return;
    const reason = wrong(value);
    if (reason !== undefined) this.fail(property, reason);
  }
}

/** True for a value that the engine does not know yet. */
export function isUnknown(value: unknown): boolean {
  return value === UNKNOWN;
}

/** `"x" is not allowed; it is …`, with long values cut. */
export function notAllowed(value: unknown, allowed: string): string {
  const text =
    typeof value === "string" ? JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value) : String(value);
  return `${text} is not allowed; ${allowed}`;
}

/** Judges a connection. */
export function checkConnection(checker: Checker, connection: BmcConnection | undefined): void {
  if (!connection || isUnknown(connection)) return;
  checker.judge("connection.endpoint", connection.endpoint, (endpoint) => endpointReason(endpoint, connection));
  checker.judge("connection.username", connection.username, (name) =>
    name.trim() === "" ? "is empty; name an account, or leave it out to use the provider's" : undefined,
  );
  checker.judge("connection.password", connection.password, (password) =>
    password === "" ? "is empty; leave it out to use the provider's" : undefined,
  );
  checker.judge("connection.fingerprint", connection.fingerprint, (value) =>
    /^[0-9a-f]{64}$/i.test(value.trim().replaceAll(":", ""))
      ? undefined
      : notAllowed(value, "a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons"),
  );
  checker.judge("connection.caBundle", connection.caBundle, caReason);
  for (const name of ["connectTimeoutSeconds", "requestTimeoutSeconds"] as const) {
    checker.judge(`connection.${name}`, connection[name], (value) =>
      value > 0 && value <= 3600 ? undefined : notAllowed(value, "seconds are more than 0 and at most 3600"),
    );
  }
}

/** Judges `systemId`. */
export function checkSystemId(checker: Checker, systemId: string | undefined): void {
  checker.judge("systemId", systemId, (value) =>
    /^[^/?#\s]+$/.test(value)
      ? undefined
      : notAllowed(value, 'it is the Id of a ComputerSystem, such as "1", without a path'),
  );
}

/** Judges what is expected of a machine. */
export function checkIdentity(checker: Checker, identity: HardwareIdentity | undefined): void {
  if (!identity || isUnknown(identity)) return;
  const members = Object.values(identity).filter((value) => value !== undefined && value !== null);
  if (members.length === 0) checker.fail("identity", "is empty; give serialNumber, sku or uuid, or leave identity out");
  for (const name of ["serialNumber", "sku"] as const) {
    checker.judge(`identity.${name}`, identity[name], (value) =>
      value.trim() === "" ? "is empty; give the one printed on the machine, or leave it out" : undefined,
    );
  }
  checker.judge("identity.uuid", identity.uuid, (value) =>
    /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value.trim())
      ? undefined
      : notAllowed(value, "a UUID looks like 4c4c4544-0035-3010-8048-b7c04f4a3732"),
  );
}

function endpointReason(endpoint: string, connection: BmcConnection): string | undefined {
  const text = endpoint.trim();
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (text === "" || !URL.canParse(full)) return notAllowed(text, "write https://host or https://host:port");
  const url = new URL(full);
  // The value may hold a password: it is not shown.
  if (url.username || url.password) return "holds credentials; they belong into username and password";
  if (url.protocol !== "https:" && url.protocol !== "http:") return notAllowed(text, "the scheme is https");
  if (url.protocol === "http:" && connection.insecure !== true && !isUnknown(connection.insecure)) {
    return notAllowed(text, "http is not encrypted, which only insecure: true allows");
  }
  if (!/^\/*$/.test(url.pathname) || url.search || url.hash)
    return notAllowed(text, "leave out path, query and fragment");
  return undefined;
}

function caReason(pem: string): string | undefined {
  if (!pem.includes("-----BEGIN CERTIFICATE-----"))
    return "holds no PEM certificate; pass the content of the file, not its path";
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
    return blocks.length === 0 ? "holds a certificate without an end" : undefined;
  } catch {
    return "holds a certificate that cannot be read";
  }
}
