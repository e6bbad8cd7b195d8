import { createHash } from "node:crypto";

/** First 16 hexadecimal digits of the SHA-256 over the parts, each preceded by its length so that they cannot run together. */
export function digest(...parts: string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest("hex").slice(0, 16);
}
