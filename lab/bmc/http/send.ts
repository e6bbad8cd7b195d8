import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Json } from "../json";
import type { Reply } from "./exchange";

/** The ETag of a resource: it changes when the resource does. */
export function etagOf(resource: Json, strength: "strong" | "weak"): string {
  const digest = createHash("md5").update(JSON.stringify(resource)).digest("hex").slice(0, 16);
  return strength === "weak" ? `W/"${digest}"` : `"${digest}"`;
}

/** Headers and body text of a reply. */
export function render(reply: Reply): { headers: Record<string, string>; text: string } {
  const headers: Record<string, string> = { "OData-Version": "4.0", "Cache-Control": "no-cache", ...reply.headers };
  if (reply.body === undefined) return { headers, text: "" };
  if (typeof reply.body === "string")
    return { headers: { "Content-Type": "application/xml", ...headers }, text: reply.body };
  return {
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
    text: JSON.stringify(reply.body),
  };
}

/** Sends a reply. */
export function send(response: ServerResponse, method: string, reply: Reply): void {
  const { headers, text } = render(reply);
  const body = Buffer.from(text);
  if (reply.status !== 204 && reply.status !== 304) headers["Content-Length"] = String(body.length);
  response.writeHead(reply.status, headers);
  response.end(method === "HEAD" || reply.status === 204 || reply.status === 304 ? undefined : body);
}
