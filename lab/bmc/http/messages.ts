import type { JsonObject } from "../json";

/** A message of a message registry. The wording is ours; the keys and the number of arguments are the standard's. */
export interface MessageDefinition {
  /** `%1`, `%2`, … stand for the arguments. */
  text: string;
  severity: "OK" | "Warning" | "Critical";
  resolution: string;
  /** Number of arguments. */
  args: number;
}

/** Version of the Base registry that the emulator cites and serves. */
export const BASE_VERSION = "1.18.0";

function define(severity: MessageDefinition["severity"], args: number, text: string, resolution: string) {
  return { severity, args, text, resolution };
}

/** The messages of the Base registry that the emulator sends. */
export const BASE_MESSAGES = {
  Success: define("OK", 0, "The request was carried out.", "Nothing to do."),
  Created: define("OK", 0, "The resource was made.", "Nothing to do."),
  NoOperation: define("Warning", 0, "The request held nothing to change.", "Send at least one property to change."),
  GeneralError: define("Critical", 0, "An error happened.", "See the extended information."),
  InternalError: define("Critical", 0, "The service failed on its own account.", "Send the request again."),
  ServiceTemporarilyUnavailable: define(
    "Critical",
    1,
    "Try again in %1 seconds.",
    "Wait, then send the request again.",
  ),
  ServiceInUnknownState: define("Critical", 0, "The service is in an unknown state.", "Restart the service."),
  SessionLimitExceeded: define("Critical", 0, "No more sessions can be opened.", "End a session first."),
  NoValidSession: define("Critical", 0, "There is no valid session.", "Log in first."),
  InsufficientPrivilege: define("Critical", 0, "The account may not do this.", "Use an account with more privileges."),
  PasswordChangeRequired: define("Critical", 1, "The password of %1 must be changed first.", "PATCH Password there."),
  ResourceAtUriUnauthorized: define("Critical", 2, "%1 refuses the login: %2", "Use a valid user name and password."),
  ResourceMissingAtURI: define("Critical", 1, "There is no resource at %1.", "Correct the address."),
  ResourceInUse: define("Warning", 0, "The resource is in use.", "Wait, then send the request again."),
  ResourceInStandby: define("Critical", 0, "The resource is switched off.", "Switch it on first."),
  ResourceAlreadyExists: define("Critical", 3, "A %1 with %2 %3 exists.", "Use another value."),
  ResourceCannotBeDeleted: define("Critical", 0, "The resource cannot be deleted.", "Leave it."),
  ResourceExhaustion: define("Critical", 1, "%1 has no room for more.", "Remove something first."),
  OperationNotAllowed: define("Critical", 0, "The method is not allowed here.", "See the Allow header."),
  PreconditionFailed: define("Critical", 0, "The ETag does not match.", "Read the resource again."),
  PropertyUnknown: define("Warning", 1, "The resource has no property %1.", "Leave it out."),
  PropertyNotWritable: define("Warning", 1, "The property %1 is read-only.", "Leave it out."),
  PropertyMissing: define("Warning", 1, "The property %1 is required.", "Add it."),
  PropertyValueTypeError: define("Warning", 2, "%1 has the wrong type for %2.", "Send the right type."),
  PropertyValueFormatError: define("Warning", 2, "%1 has the wrong format for %2.", "Send the right format."),
  PropertyValueNotInList: define(
    "Warning",
    2,
    "%1 is not an allowed value of %2.",
    "Choose one of the allowed values.",
  ),
  PropertyValueOutOfRange: define("Warning", 2, "%1 is out of range for %2.", "Choose a value within the range."),
  PropertyValueConflict: define(
    "Warning",
    2,
    "%1 cannot be written while %2 has its value.",
    "Change the other first.",
  ),
  ActionNotSupported: define("Critical", 1, "The action %1 is not supported.", "Choose another."),
  ActionParameterMissing: define("Critical", 2, "The action %1 needs the parameter %2.", "Add it."),
  ActionParameterUnknown: define("Warning", 2, "The action %1 has no parameter %2.", "Leave it out."),
  ActionParameterNotSupported: define("Warning", 2, "%1 is not supported by the action %2.", "Leave it out."),
  ActionParameterValueTypeError: define("Warning", 3, "%1 has the wrong type for %2 of %3.", "Send the right type."),
  ActionParameterValueFormatError: define("Warning", 3, "%1 is no valid %2 of %3.", "Send the right format."),
  ActionParameterValueNotInList: define("Warning", 3, "%1 is not allowed for %2 of %3.", "Choose an allowed value."),
  ActionParameterValueConflict: define(
    "Warning",
    2,
    "%1 does not fit the present state: %2.",
    "Wait, or choose another.",
  ),
  MalformedJSON: define("Critical", 0, "The body is not valid JSON.", "Correct the body."),
  EmptyJSON: define("Warning", 0, "The body is an empty object.", "Send at least one property."),
  UnrecognizedRequestBody: define("Warning", 0, "The body could not be understood.", "Correct the body."),
  QueryNotSupported: define("Warning", 0, "Queries of this kind are not supported.", "Leave it out."),
  QueryNotSupportedOnResource: define("Warning", 0, "The query does not fit this resource.", "Leave it out."),
  QueryParameterValueTypeError: define("Warning", 2, "%1 has the wrong type for %2.", "Correct the query."),
  QueryParameterOutOfRange: define("Warning", 3, "%1 is out of range for %2, which is %3.", "Correct the query."),
  QueryNotSupportedOnOperation: define("Warning", 0, "Queries fit only GET.", "Leave it out."),
  HeaderInvalid: define("Critical", 1, "The header %1 is not valid.", "Correct the header."),
  PayloadTooLarge: define("Critical", 0, "The body is too large.", "Send less."),
  UnsupportedMediaType: define(
    "Critical",
    0,
    "The body is not of a type that is understood.",
    "Send application/json.",
  ),
  AccessDenied: define("Critical", 1, "Access to %1 was refused.", "Check the login of that address."),
  CouldNotEstablishConnection: define(
    "Critical",
    1,
    "No connection could be made to %1.",
    "Check address and network.",
  ),
  OperationTransitionedToJob: define("OK", 1, "The operation goes on as the job %1.", "Follow the job."),
  SettingsApplied: define("OK", 0, "The settings were applied.", "Nothing to do."),
} satisfies Record<string, MessageDefinition>;

/** Name of a message of the Base registry. */
export type BaseMessage = keyof typeof BASE_MESSAGES;

/** A message to be sent, with its arguments filled in. */
export interface Message {
  /** Full identifier, such as `Base.1.18.PropertyUnknown`. */
  id: string;
  definition: MessageDefinition;
  args: string[];
  /** JSON pointers of the properties it is about. */
  related?: string[];
}

/** A message of the Base registry. */
export function base(name: BaseMessage, ...args: string[]): Message {
  const [major, minor] = BASE_VERSION.split(".");
  return { id: `Base.${major}.${minor}.${name}`, definition: BASE_MESSAGES[name], args };
}

/** A message about one property, whose pointer is `/Boot/HttpBootUri`, say. */
export function about(pointer: string, message: Message): Message {
  return { ...message, related: [pointer] };
}

/** The message as an entry of `@Message.ExtendedInfo`. */
export function extendedInfo(message: Message): JsonObject {
  return {
    "@odata.type": "#Message.v1_1_2.Message",
    MessageId: message.id,
    Message: messageText(message),
    MessageArgs: message.args,
    ...(message.related ? { RelatedProperties: message.related } : {}),
    MessageSeverity: message.definition.severity,
    Severity: message.definition.severity,
    Resolution: message.definition.resolution,
  };
}

/** The message in words. */
export function messageText(message: Message): string {
  return message.definition.text.replace(/%(\d)/g, (_, digit: string) => message.args[Number(digit) - 1] ?? "");
}
