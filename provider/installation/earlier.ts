import type { InstallationArgs, InstallationMethod } from "../../resources/redfish/installation";
import type { Attempt, MediaService } from "../media/service";
import { ownNonce } from "./attempt";
import type { EarlierAttempt } from "./decide";
import type { Trace } from "./methods";

/** An attempt at an installation by an earlier process. */
export interface Earlier {
  /** With which it can be served again. */
  attempt: Attempt;
  seen: EarlierAttempt;
}

/** An attempt of an earlier process: from what that noted, or else from what the machine still holds. */
export async function earlierAttempt(
  inputs: Pick<InstallationArgs, "tokenSecret" | "installationId">,
  service: Pick<MediaService, "recall">,
  traces: () => Promise<Trace[]>,
): Promise<Earlier | undefined> {
  const attempt = await service.recall(inputs.installationId).catch(() => undefined);
  const found = await traces();
  if (attempt)
    return {
      attempt,
      seen: seenOf(
        attempt,
        found.some(({ url }) => url.includes(attempt.nonce)),
      ),
    };
  for (const { url, method } of found) {
    const nonce = ownNonce(inputs, url);
    if (nonce === undefined) continue;
    const port = Number(new URL(url).port) || (url.startsWith("https:") ? 443 : 80);
    return {
      attempt: { nonce, port, method, startedAt: Date.now(), progress: { version: 0 } },
      seen: { method, ageSeconds: 0, atMachine: true },
    };
  }
  return undefined;
}

function seenOf(attempt: Attempt, atMachine: boolean): EarlierAttempt {
  const ageSeconds = Math.max(0, (Date.now() - attempt.startedAt) / 1000);
  return { method: attempt.method as InstallationMethod, ageSeconds, atMachine, progress: attempt.progress };
}
