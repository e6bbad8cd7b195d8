import { Agent, request } from "undici";
import { authorityProof } from "./admin";
import { type Progress, type Publication, sameSecret } from "./publication";
import type { Attempt, MediaService, Place, PlaceRequest } from "./service";

/** A media server that stands alone (`rackform media serve`), as this process uses it. */
export class RemoteMediaServer implements MediaService {
  private agent?: Promise<Agent>;

  /**
   * @param url such as `https://media.example.com:8620`
   * @param token what `--token-file` of that server holds
   */
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  place(where: PlaceRequest, signal: AbortSignal): Promise<Place> {
    return this.call("POST", "place", signal, where);
  }

  publish(
    publication: Publication,
    attempt: Omit<Attempt, "nonce" | "progress">,
    signal: AbortSignal,
  ): Promise<{ isoBytes?: number }> {
    return this.call("PUT", `publications/${publication.nonce}`, signal, { publication, attempt });
  }

  async progress(nonce: string, version: number, milliseconds: number, signal: AbortSignal): Promise<Progress> {
    const deadline = Date.now() + milliseconds;
    for (;;) {
      const wait = Math.max(0, Math.min(20_000, deadline - Date.now()));
      const found = await this.call<Progress>(
        "GET",
        `publications/${nonce}/progress?version=${version}&wait=${wait}`,
        signal,
      );
      if (found.version > version || Date.now() >= deadline) return found;
    }
  }

  async recall(installationId: string): Promise<Attempt | undefined> {
    return this.call<Attempt | undefined>(
      "GET",
      `attempts/${installationId}`,
      AbortSignal.timeout(60_000),
      undefined,
      true,
    );
  }

  async withdraw(nonce: string, over: boolean): Promise<void> {
    await this.call("DELETE", `publications/${nonce}?over=${over}`, AbortSignal.timeout(60_000), undefined, true);
  }

  /** Closes the connections; the server goes on. */
  async close(): Promise<void> {
    const agent = await this.agent?.catch(() => undefined);
    this.agent = undefined;
    await agent?.destroy();
  }

  private async call<T>(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    signal: AbortSignal,
    body?: object,
    mayBeMissing = false,
  ): Promise<T> {
    signal.throwIfAborted();
    const dispatcher = await (this.agent ??= this.trust().catch((error: unknown) => {
      this.agent = undefined;
      throw error;
    }));
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json" };
    const options = { method, headers, body: body && JSON.stringify(body), dispatcher, signal } as const;
    const answer = await request(`${this.base}/admin/${path}`, options).catch((error: NodeJS.ErrnoException) => {
      signal.throwIfAborted();
      throw this.problem(
        `cannot be reached (${error.code ?? error.message}); start it with rackform media serve, or correct mediaServer.url`,
      );
    });
    const text = await answer.body.text();
    if (answer.statusCode === 401)
      throw this.problem("refuses the token; give mediaServer.token what --token-file of that server holds");
    if (answer.statusCode === 404 && mayBeMissing) return undefined as T;
    const value = parse(text);
    if (answer.statusCode !== 200) {
      throw this.problem(
        typeof value?.error === "string"
          ? value.error
          : `answered ${answer.statusCode} to ${method} /admin/${path.split("?")[0]}`,
      );
    }
    return value as T;
  }

  /** Learns the server's authority, and believes it when it is proven with the token, which is not sent for that. */
  private async trust(): Promise<Agent> {
    const open = new Agent({ connect: { rejectUnauthorized: false, timeout: 10_000 } });
    try {
      const answer = await request(`${this.base}/admin/authority`, { dispatcher: open, headersTimeout: 20_000 }).catch(
        (error: NodeJS.ErrnoException) => {
          throw this.problem(
            `cannot be reached (${error.code ?? error.message}); start it with rackform media serve, or correct mediaServer.url`,
          );
        },
      );
      const found = parse(await answer.body.text());
      const { caPem, proof } = found ?? {};
      if (answer.statusCode !== 200 || typeof caPem !== "string" || typeof proof !== "string")
        throw this.problem("is no media server of rackform");
      if (!sameSecret(proof, authorityProof(this.token, caPem))) {
        throw this.problem(
          "does not know the token: either mediaServer.token is not what its --token-file holds, or another server answers there",
        );
      }
      // Downloads go on while a request to publish is open.
      return new Agent({ connect: { ca: caPem, timeout: 10_000 }, headersTimeout: 1_800_000, bodyTimeout: 60_000 });
    } finally {
      await open.destroy();
    }
  }

  private get base(): string {
    return this.url.replace(/\/+$/, "");
  }

  private problem(text: string): Error {
    return new Error(`media server ${this.base}: ${text}`);
  }
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
