import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { EnvHttpProxyAgent, fetch, type Dispatcher } from "undici";

const patience = { answer: 5_000, stall: 20_000 };

/** Why a download cannot be had, in a few words; undefined when it can. Gives up after five seconds. */
export async function reachable(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      method: "HEAD",
      signal: AbortSignal.timeout(patience.answer),
      dispatcher: agent(),
    });
    return answer.ok ? undefined : `${new URL(url).host} answered ${answer.status}`;
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
    return `${new URL(url).host}: ${cause?.code ?? (error as Error).name}`;
  }
}

/**
 * Downloads a file, through the proxy that the environment names.
 *
 * @throws Error when the server refuses, or sends nothing for 20 s
 */
export async function download(url: string, file: string, note: (text: string) => void): Promise<void> {
  const stalled = new AbortController();
  const patient = () => setTimeout(() => stalled.abort(), patience.stall);
  let timer = patient();
  try {
    const answer = await fetch(url, { signal: stalled.signal, dispatcher: agent() });
    if (!answer.ok || !answer.body) throw new Error(`answered ${answer.status}`);
    const total = Number(answer.headers.get("content-length") ?? 0);
    let bytes = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        clearTimeout(timer);
        timer = patient();
        bytes += chunk.length;
        note(`${Math.round(bytes / 1e6)}${total > 0 ? ` of ${Math.round(total / 1e6)}` : ""} MB`);
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(answer.body as ReadableStream), meter, createWriteStream(file));
  } catch (error) {
    const reason = stalled.signal.aborted ? `nothing came for ${patience.stall / 1000} s` : (error as Error).message;
    throw new Error(`downloading ${url} failed: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

let shared: Dispatcher | undefined;
function agent(): Dispatcher {
  shared ??= new EnvHttpProxyAgent();
  return shared;
}
