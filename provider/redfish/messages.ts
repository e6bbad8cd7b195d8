import { at, isObject, list, str, strings } from "./read";
import type { Body, Message } from "./types";

/**
 * All entries of `@Message.ExtendedInfo`, wherever a BMC puts them: in `error`, at the top, or in `Messages` of a task; as a list or as a
 * single object (quirk 6). An `error` with only `code` and `message` gives one entry.
 */
export function messagesOf(body: Body): Message[] {
  const nested = at(body, "error", "@Message.ExtendedInfo");
  const entries = [...list(nested), ...list(body["@Message.ExtendedInfo"]), ...list(body.Messages)];
  const messages = entries.flatMap((entry) => messageOf(entry) ?? []);
  if (messages.length > 0) return messages;
  const error = body.error;
  if (typeof error === "string") return messageOf({ Message: error }) ?? [];
  return (isObject(error) && messageOf({ MessageId: error.code, Message: error.message })) || [];
}

function messageOf(entry: unknown): Message[] | undefined {
  if (!isObject(entry)) return undefined;
  const messageId = str(entry.MessageId) ?? str(entry.MessageID) ?? "";
  const message = str(entry.Message) ?? "";
  if (messageId === "" && message === "") return undefined;
  return [
    {
      messageId,
      message,
      messageArgs: list(entry.MessageArgs).flatMap((argument) =>
        typeof argument === "string" || typeof argument === "number" ? [String(argument)] : [],
      ),
      relatedProperties: strings(entry.RelatedProperties ?? []),
      severity: severityOf(messageId, str(entry.MessageSeverity) ?? str(entry.Severity)),
      resolution: str(entry.Resolution),
    },
  ];
}

/** What the BMC says; where it does not, what the code means. */
function severityOf(messageId: string, said: string | undefined): Message["severity"] {
  if (isSuccess(messageId)) return "OK";
  if (said !== undefined) {
    if (/^(ok|informational|info)$/i.test(said)) return "OK";
    if (/^warning$/i.test(said)) return "Warning";
    return "Critical";
  }
  return /GeneralError/.test(messageId) ? "Warning" : "Critical";
}

/** Codes that report success, also when HPE wraps them in an `error` object (quirk 37). */
export function isSuccess(messageId: string): boolean {
  return /(^|\.)(Success|Created|NoOperation|AccountModified|AccountRemoved|ResetRequired|SystemResetRequired)$/.test(
    messageId,
  );
}

/** The entry to show: the most severe; among equals one that says more than "general error". */
export function mostSevere(messages: Message[]): Message | undefined {
  const rank = { OK: 0, Warning: 2, Critical: 4 };
  const weight = (message: Message) => rank[message.severity] + (/GeneralError/.test(message.messageId) ? 0 : 1);
  return messages.reduce<Message | undefined>(
    (worst, message) => (worst === undefined || weight(message) > weight(worst) ? message : worst),
    undefined,
  );
}

/** One line, no control characters. */
export function clean(text: string): string {
  return text
    .replace(/<[^>]*>/g, " ")
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .replace(/\.$/, "");
}
