import type { IncomingMessage } from "node:http";
import type { JsonObject } from "../json";
import { isObject } from "../json";
import { refuse } from "./errors";

/** Longest body that is read, in bytes. */
export const BODY_LIMIT = 262_144;

/** The body is longer than `BODY_LIMIT`. */
export class BodyTooLarge extends Error {}

/** Whether the request announces a body. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers["content-length"];
  return request.headers["transfer-encoding"] !== undefined || (length !== undefined && length !== "0");
}

/** The request's body as text. @throws BodyTooLarge, its rest having been read and dropped; the system's error when the client left. */
export async function readBody(request: IncomingMessage): Promise<string> {
  if (!hasBody(request)) return "";
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  if (size > BODY_LIMIT) throw new BodyTooLarge();
  return Buffer.concat(chunks).toString("utf8");
}

/** @throws RedfishError when the text is no JSON object. */
export function parseBody(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse(400, "MalformedJSON");
  }
  if (!isObject(value)) throw refuse(400, "UnrecognizedRequestBody");
  return value;
}
