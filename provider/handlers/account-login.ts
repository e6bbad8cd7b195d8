import type { Bmc } from "../deps";
import { type BmcClient, changeOwnPassword, mustChangePassword, RedfishError } from "../redfish";

/** A login as the account itself. */
export interface Login {
  client: BmcClient;
  /** The password was changed to the wanted one. */
  changed: boolean;
}

/**
 * Logs in as an account with the wanted password, or else with one of those it may still have, and then changes that to the wanted
 * one and logs in anew. Each password is tried once: BMCs lock accounts after a few failures. Throws when none logs in.
 */
export async function logInAs(
  bmc: Bmc,
  username: string,
  passwords: { wanted?: string; known: (string | undefined)[] },
): Promise<Login> {
  const { wanted } = passwords;
  const candidates = [
    ...new Set([wanted, ...passwords.known].filter((one): one is string => one !== undefined && one !== "")),
  ];
  let refused: RedfishError | undefined;
  for (const password of candidates) {
    const client = bmc.as({ username, password });
    try {
      const forced = await mustChangePassword(client, username, { signal: bmc.signal });
      if (wanted === undefined && forced) {
        throw new Error(
          `${client.endpoint}: account "${username}" has to change its password before it can do anything; set password`,
        );
      }
      if (wanted === undefined || (password === wanted && !forced)) return { client, changed: false };
      if (password === wanted) {
        throw new Error(
          `${client.endpoint}: the BMC demands another password than the wanted one for account "${username}"; choose a new one`,
        );
      }
      await changeOwnPassword(client, username, wanted, { signal: bmc.signal });
    } catch (error) {
      if (!(error instanceof RedfishError) || error.kind !== "auth" || isForced(error)) throw error;
      refused = error;
      continue;
    }
    const renewed = bmc.as({ username, password: wanted });
    await proveLogin(bmc, username, wanted);
    return { client: renewed, changed: true };
  }
  const { endpoint } = bmc.client;
  if (candidates.length === 0)
    throw new Error(`${endpoint}: no password is known for account "${username}"; set password`);
  throw new Error(
    `${endpoint}: account "${username}" logs in with none of the ${candidates.length} password(s) given (password, connection.password, ` +
      `factoryPassword); correct them, and mind that the BMC may have locked the account for a while (${refused?.status ?? 0})`,
  );
}

/** A new password takes a moment to be known everywhere in some BMCs; more tries would lock the account. */
const PROOFS = 2;
const PROOF_PAUSE = 6_000;

/** Logs in with a password; throws when it is refused. A demand to change it again is a login all the same. */
export async function proveLogin(bmc: Bmc, username: string, password: string): Promise<void> {
  const client = bmc.as({ username, password });
  for (let attempt = 1; ; attempt++) {
    try {
      await client.get("/redfish/v1/Systems", { signal: bmc.signal });
      return;
    } catch (error) {
      if (!(error instanceof RedfishError) || error.kind !== "auth") throw error;
      if (isForced(error) || error.status === 403) return;
      if (attempt === PROOFS) break;
      await client.pause(PROOF_PAUSE, bmc.signal);
    }
  }
  throw new Error(
    `${client.endpoint}: the BMC accepted the new password of account "${username}" but does not let it log in with it; ` +
      "it may be too long or hold characters that this BMC drops",
  );
}

function isForced(error: RedfishError): boolean {
  return error.hasMessage(/PasswordChangeRequired/);
}
