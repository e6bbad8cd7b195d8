/** A JSON value; `undefined` members are left out when it is written. */
export type Json = null | boolean | number | string | Json[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  [key: string]: Json | undefined;
}

/** Whether a value is a JSON object, rather than an array, null or a scalar. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A link to another resource. */
export function link(path: string): JsonObject {
  return { "@odata.id": path };
}

/** The usual status of something that is there and well. */
export const HEALTHY: JsonObject = { State: "Enabled", Health: "OK" };
