import { clean } from "./messages";
import { RedfishError } from "./errors";
import { at, list, str } from "./read";
import { AnswerTimeoutError, BodyTooLargeError } from "./exchange";
import { ConnectTimeoutError, UntrustedError } from "./trust";
import type { Method } from "./types";

/** Where it happened. */
export interface Where {
  endpoint: string;
  method: Method;
  path: string;
}

const neverSent =
  /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_AGAIN|EAI_NODATA|EADDRNOTAVAIL|ENOTCONN|ETIMEDOUT)$/;
const tlsCode = /^(ERR_TLS|ERR_SSL|EPROTO$|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|ERR_OSSL)/;

/** What a connection threw, as one readable error. */
export function failureOf(thrown: unknown, where: Where, presented: string | undefined): RedfishError {
  if (thrown instanceof RedfishError) return thrown;
  const { endpoint, method, path } = where;
  const details = { endpoint, method, path, cause: thrown };
  const what = `${method} ${path}`;
  const error = thrown;
  const code = codeOf(thrown);
  const said = clean(str(at(thrown, "message")) ?? String(thrown)).slice(0, 160);
  if (error instanceof UntrustedError) {
    return new RedfishError("tls", `${endpoint}: ${error.reason}; ${pinAdvice(error.presented ?? presented)}`, {
      ...details,
      sent: false,
    });
  }
  if (error instanceof ConnectTimeoutError) {
    return new RedfishError(
      "unreachable",
      `${endpoint}: ${error.message}; check address, power and network of the BMC`,
      {
        ...details,
        sent: false,
      },
    );
  }
  if (error instanceof AnswerTimeoutError)
    return new RedfishError("timeout", `${endpoint}: ${what}: ${error.message}`, details);
  if (error instanceof BodyTooLargeError)
    return new RedfishError("protocol", `${endpoint}: ${what}: ${error.message}`, details);
  if (code !== undefined && tlsCode.test(code)) {
    const text = `${endpoint}: TLS failed (${said}); the BMC must offer TLS 1.2 or later`;
    return new RedfishError("tls", text, { ...details, sent: false });
  }
  if (code !== undefined && neverSent.test(code)) {
    const text = `${endpoint}: no connection (${code}); check address, power and network of the BMC`;
    return new RedfishError("unreachable", text, { ...details, sent: false });
  }
  if (
    code !== undefined &&
    /^(HPE_|UND_ERR_(HEADERS_OVERFLOW|INVALID|RES|REQ|NOT_SUPPORTED)|Z_|ERR__ERROR)/.test(code)
  ) {
    return new RedfishError("protocol", `${endpoint}: ${what}: the answer is not valid HTTP (${code})`, details);
  }
  if (code !== undefined && /UND_ERR_(DESTROYED|CLOSED)/.test(code)) {
    return new RedfishError("cancelled", `${endpoint}: ${what}: the client was closed`, details);
  }
  const text = `${endpoint}: ${what}: the connection broke (${code ?? said})`;
  return new RedfishError("unreachable", text, details);
}

/** What the caller's signal means: `timeout` when it was a timer, else `cancelled`. */
export function cancelled(signal: AbortSignal, where: Pick<Where, "endpoint"> & Partial<Where>): RedfishError {
  const reason: unknown = signal.reason;
  if (reason instanceof RedfishError) return reason;
  const timedOut = at(reason, "name") === "TimeoutError";
  const why = timedOut ? "the time allowed is over" : "cancelled";
  const what = where.method === undefined ? "" : `${where.method} ${where.path}: `;
  return new RedfishError(timedOut ? "timeout" : "cancelled", `${where.endpoint}: ${what}${why}`, {
    ...where,
    cause: reason,
  });
}

/** How to trust a BMC without trusting every one. */
export function pinAdvice(presented: string | undefined): string {
  const pin =
    presented === undefined ? "its SHA-256" : `"${presented}", once compared with the one the BMC itself shows`;
  return `set fingerprint to ${pin}, or caBundle to the authority that signed it`;
}

/** The code of an error or of what caused it; undici's own word for "socket" says less than the cause. */
function codeOf(error: unknown): string | undefined {
  const own = str(at(error, "code"));
  if (own !== undefined && own !== "UND_ERR_SOCKET") return own;
  const inner = list(at(error, "errors"))[0] ?? at(error, "cause");
  return (inner === undefined ? undefined : codeOf(inner)) ?? own;
}
