import { createHmac } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Publication, sameSecret } from "./publication";
import { limited, refuse } from "./requests";
import type { MediaServer } from "./server";
import type { Attempt, PlaceRequest } from "./service";

/** Seeds with scripts, keys and many users stay far below. */
const LARGEST_PUBLICATION = 4 * 1024 * 1024;
/** Longest that one request waits for news, in milliseconds. */
const LONGEST_WAIT = 30_000;

/** The body of a request to publish. */
export interface PublishRequest {
  publication: Publication;
  attempt: Omit<Attempt, "nonce" | "progress">;
}

/** Proof for a client that shares the token, before it trusts the authority and sends the token. */
export function authorityProof(token: string, caPem: string): string {
  return createHmac("sha256", token).update(`authority\0${caPem}`).digest("hex");
}

/**
 * The administration of a media server that stands alone, under `/admin/`, for plugins that know its token. Answers true when it has answered.
 */
export function administration(token: string, server: () => MediaServer) {
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> => {
    const [area, name, detail] = path.split("/");
    if (request.method === "GET" && area === "authority") {
      const caPem = await server().caPem();
      json(response, { caPem, proof: authorityProof(token, caPem) });
      return true;
    }
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (!sameSecret(given, token)) {
      refuse(response, 401);
      return true;
    }
    // Nothing that is begun for a client goes on after it has gone away.
    const gone = new AbortController();
    response.once("close", () => gone.abort(new Error("the client went away")));
    try {
      const answer = await act(server(), request, area, name ?? "", detail, gone.signal);
      if (answer === undefined) refuse(response, 404);
      else json(response, answer);
    } catch (error) {
      if (!response.destroyed) json(response, { error: (error as Error).message }, 422);
    }
    return true;
  };
}

async function act(
  server: MediaServer,
  request: IncomingMessage,
  area: string,
  name: string,
  detail: string | undefined,
  signal: AbortSignal,
): Promise<object | undefined> {
  const query = new URL(request.url ?? "/", "https://localhost").searchParams;
  const { method } = request;
  if (method === "POST" && area === "place") return server.place((await body(request)) as PlaceRequest, signal);
  if (method === "GET" && area === "attempts") return server.recall(name);
  if (area !== "publications" || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) return undefined;
  if (method === "PUT") {
    const { publication, attempt } = (await body(request)) as PublishRequest;
    if (publication.nonce !== name) throw new Error("publication.nonce is not the one in the URL");
    return server.publish(publication, attempt, signal);
  }
  if (method === "GET" && detail === "progress") {
    const wait = Math.min(LONGEST_WAIT, Number(query.get("wait")) || 0);
    return server.progress(name, Number(query.get("version")) || 0, wait, signal);
  }
  if (method !== "DELETE") return undefined;
  await server.withdraw(name, query.get("over") === "true");
  return {};
}

async function body(request: IncomingMessage): Promise<unknown> {
  const text = await limited(request, LARGEST_PUBLICATION);
  if (text === undefined) throw new Error(`the request is larger than ${LARGEST_PUBLICATION} bytes`);
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("the request is no JSON");
  }
}

function json(response: ServerResponse, value: object, status = 200): void {
  const content = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": content.length,
    "cache-control": "no-store",
  });
  response.end(content);
}
