import type { JsonObject } from "../json";
import type { BaseMessage, Message } from "./messages";
import { base, extendedInfo, messageText } from "./messages";

/** An answer that refuses the request: an HTTP status and the messages that say why. */
export class RedfishError extends Error {
  constructor(
    readonly status: number,
    readonly messages: Message[],
    readonly headers: Record<string, string> = {},
  ) {
    super(messages.map(messageText).join(" "));
    this.name = "RedfishError";
  }

  /** The body as Redfish has it: `error` with `@Message.ExtendedInfo`. */
  body(): JsonObject {
    const first = this.messages[0] ?? base("GeneralError");
    const general = base("GeneralError");
    const single = this.messages.length === 1;
    return {
      error: {
        code: single ? first.id : general.id,
        message: messageText(single ? first : general),
        "@Message.ExtendedInfo": this.messages.map(extendedInfo),
      },
    };
  }
}

/** A refusal with one message of the Base registry. */
export function refuse(status: number, name: BaseMessage, ...args: string[]): RedfishError {
  return new RedfishError(status, [base(name, ...args)]);
}
