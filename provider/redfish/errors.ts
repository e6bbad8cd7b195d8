import { clean, messagesOf, mostSevere } from "./messages";
import { quirksOf } from "./quirks";
import type { Body, ErrorKind, Message, Method } from "./types";

/** What went wrong, at which BMC, in one readable line without secrets. */
export class RedfishError extends Error {
  readonly kind: ErrorKind;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly endpoint: string;
  readonly path: string;
  readonly method?: Method;
  /** Of the most severe entry of `@Message.ExtendedInfo`. */
  readonly messageId?: string;
  readonly messageArgs: string[];
  readonly relatedProperties: string[];
  readonly resolution?: string;
  /** All entries. */
  readonly messages: Message[];
  /** False when the request certainly never reached the BMC. */
  readonly sent: boolean;
  /** The BMC asked to wait this long. */
  readonly retryAfterMilliseconds?: number;

  constructor(kind: ErrorKind, text: string, details: ErrorDetails) {
    super(text, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "RedfishError";
    this.kind = kind;
    this.status = details.status ?? 0;
    this.endpoint = details.endpoint;
    this.path = details.path ?? "";
    this.method = details.method;
    this.messages = details.messages ?? [];
    this.sent = details.sent ?? true;
    this.retryAfterMilliseconds = details.retryAfterMilliseconds;
    const worst = mostSevere(this.messages);
    this.messageId = worst?.messageId || undefined;
    this.messageArgs = worst?.messageArgs ?? [];
    this.relatedProperties = worst?.relatedProperties ?? [];
    this.resolution = worst?.resolution;
  }

  /** Every property that an entry names, in RelatedProperties or, as Cisco does, in MessageArgs (quirk 70); last segments only. */
  get namedProperties(): string[] {
    return this.messages
      .flatMap((message) => [...message.relatedProperties, ...message.messageArgs])
      .map((name) => name.replace(/^#/, "").split("/").pop() ?? name);
  }

  /** True when any entry carries this code, whatever registry and version precede it. */
  hasMessage(pattern: RegExp): boolean {
    return this.messages.some((message) => pattern.test(message.messageId) || pattern.test(message.message));
  }
}

export interface ErrorDetails {
  endpoint: string;
  path?: string;
  method?: Method;
  status?: number;
  messages?: Message[];
  sent?: boolean;
  retryAfterMilliseconds?: number;
  cause?: unknown;
}

export interface Answer {
  endpoint: string;
  method: Method;
  path: string;
  status: number;
  body: Body;
  /** Start of a body that is not JSON. */
  text?: string;
}

/** The error that an HTTP answer stands for. `secrets` are taken out of every text. */
export function errorOf(answer: Answer, secrets: string[] = []): RedfishError {
  const messages = messagesOf(answer.body).map((message) => scrub(message, secrets));
  const worst = mostSevere(messages);
  const kind = kindOf(answer.status, messages);
  const what = `${answer.method} ${answer.path}`;
  const said = worst ? describe(worst) : clean(redact(answer.text ?? "", secrets)).slice(0, 120);
  const text = [
    `${answer.endpoint}: ${what} answered ${answer.status}${said ? `: ${said}` : ""}`,
    advice(kind, answer.status, messages),
  ];
  return new RedfishError(kind, text.filter(Boolean).join("; "), { ...answer, messages });
}

function kindOf(status: number, messages: Message[]): ErrorKind {
  const has = (effect: "license" | "auth" | "busy") => messages.some((message) => quirksOf(message.messageId, effect));
  if (has("license")) return "license";
  if (status === 401 || has("auth")) return "auth";
  if (has("busy")) return "busy";
  if (status === 403) return "auth";
  if (status === 404 || status === 410) return "notFound";
  if (status === 408 || status === 504) return "timeout";
  if (status === 409 || status === 412 || status === 428) return "conflict";
  if (status === 429 || (status >= 500 && status !== 501)) return "busy";
  if (status >= 400) return "refused";
  return "protocol";
}

function describe(message: Message): string {
  const id = message.messageId ? ` (${message.messageId})` : "";
  const text = message.message || (message.messageArgs.length > 0 ? message.messageArgs.join(", ") : "no text");
  const about = message.relatedProperties.length > 0 ? ` [${message.relatedProperties.join(", ")}]` : "";
  const resolution = message.resolution && !/^none\.?$/i.test(message.resolution) ? `; ${message.resolution}` : "";
  return `${clean(text).slice(0, 400)}${id}${about}${clean(resolution).slice(0, 300)}`;
}

function advice(kind: ErrorKind, status: number, messages: Message[]): string {
  if (messages.some((message) => /PasswordChangeRequired/.test(message.messageId)))
    return "the account must change its password first";
  if (kind === "auth" && status === 401) return "check username and password";
  if (kind === "auth") return "the account lacks the privilege";
  if (kind === "license") return "the BMC needs a licence for this";
  return "";
}

function scrub(message: Message, secrets: string[]): Message {
  return {
    ...message,
    message: redact(message.message, secrets),
    messageArgs: message.messageArgs.map((argument) => redact(argument, secrets)),
    relatedProperties: message.relatedProperties.map((property) => redact(property, secrets)),
    resolution: message.resolution === undefined ? undefined : redact(message.resolution, secrets),
  };
}

/** Replaces each secret; those shorter than four characters only where they stand alone, or every text would be torn apart. */
export function redact(text: string, secrets: string[]): string {
  return secrets.reduce((result, secret) => {
    if (secret.length >= 4) return result.split(secret).join("[redacted]");
    return secret !== "" && result === secret ? "[redacted]" : result;
  }, text);
}

/** The values in a request body that must never be seen: those under keys that look like secrets. */
export function secretsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(secretsIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "string"
      ? /passw|passphrase|secret|token|authorization|authenticationkey|encryptionkey/i.test(key) && inner !== ""
        ? [inner]
        : []
      : secretsIn(inner),
  );
}
