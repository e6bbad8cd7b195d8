import type { InstallationMethod } from "../../resources/redfish/installation";
import type { Progress } from "../media/publication";
import type { PowerState } from "../redfish";
import type { SshObservation } from "./ssh-probe";
import { minutes } from "./words";

/** What is known of a machine before anything is done to it. */
export interface Observation {
  power: PowerState;
  ssh: SshObservation;
  /** An earlier process started this very installation. */
  attempt?: EarlierAttempt;
}

/** An attempt at this installation by an earlier process, as far as it is known. */
export interface EarlierAttempt {
  method: InstallationMethod;
  /** Since it was started. */
  ageSeconds: number;
  /** Its medium is in the machine's virtual drive, or its URI is the one to boot from. */
  atMachine: boolean;
  /** What that process saw; undefined when only the machine tells of the attempt. */
  progress?: Progress;
}

/** What is wanted, and what is allowed. */
export interface Wish {
  installationId: string;
  /** `user@address:port`, for messages. */
  login: string;
  /** Consent, in the arguments, to wipe disks. */
  wipe: boolean;
  /** Consent, in the arguments, to restart a server that is in service. */
  maintenance: boolean;
  /** The state has a finished installation on this machine, or it was imported. */
  installed: boolean;
  /** Consent to wipe that an earlier `up` stored. */
  storedConsent: boolean;
  limits: Limits;
}

/** How long things may take. */
export interface Limits {
  /** From power-on to a verified login. */
  timeoutSeconds: number;
  /** From power-on to the first read of the boot medium. */
  fetchSeconds: number;
  /** From the first read of the medium to the first read of the seed. */
  seedSeconds: number;
  /** Without any sign of life from an installer that an earlier process started. */
  quietSeconds: number;
}

export type Decision =
  /** It is there already. */
  | { do: "adopt" }
  /** The installer runs. */
  | { do: "wait"; method: InstallationMethod; ageSeconds: number }
  /** `off`: how a machine that is on is switched off first. */
  | { do: "install"; off: "not" | "graceful" | "force"; why: string }
  | { do: "refuse"; reason: string };

/** Limits that go with a timeout. */
export function limitsFor(timeoutSeconds: number): Limits {
  return {
    timeoutSeconds,
    fetchSeconds: Math.min(120, timeoutSeconds / 4),
    seedSeconds: Math.min(1200, timeoutSeconds / 2),
    quietSeconds: Math.max(Math.min(600, timeoutSeconds / 2), timeoutSeconds / 3),
  };
}

/**
 * What to do next. An installation that is there is adopted without touching the machine; one that is running is waited for; a
 * system in service is replaced only with consent.
 */
export function decide(seen: Observation, wish: Wish): Decision {
  const { ssh, power } = seen;
  if (ssh.state === "reachable" && ssh.marker?.installationId === wish.installationId) return { do: "adopt" };
  const off = power === "Off";
  const other = !off && ssh.state === "reachable";
  if (seen.attempt && !other && !off && isRunning(seen.attempt, wish.limits)) {
    return { do: "wait", method: seen.attempt.method, ageSeconds: seen.attempt.ageSeconds };
  }
  const refusal = refused(seen, wish);
  if (refusal) return { do: "refuse", reason: refusal };
  if (off) return { do: "install", off: "not", why: "the server is off" };
  if (seen.attempt && !other) return { do: "install", off: "force", why: "an earlier installer got stuck" };
  const why = other ? "another system is replaced" : "no installed system answers";
  return { do: "install", off: "graceful", why };
}

/** An installer reports rarely, and one that lost its medium or whose time is over never will. */
function isRunning({ ageSeconds, progress, atMachine, method }: EarlierAttempt, limits: Limits): boolean {
  if (progress?.failed || ageSeconds >= limits.timeoutSeconds) return false;
  if (progress === undefined) return atMachine;
  if (progress.seed ?? progress.phase ?? progress.home) return true;
  return ageSeconds < (method === "pxe" || (atMachine && progress.media) ? limits.seedSeconds : limits.fetchSeconds);
}

function refused({ ssh, power }: Observation, wish: Wish): string | undefined {
  if (wish.installed) {
    return wish.storedConsent ? undefined : `${found(ssh, wish)}; ${needsStoredConsent}`;
  }
  if (power === "Off" || ssh.state === "unreachable") return undefined;
  if (ssh.state === "authFailed") {
    return (
      `${wish.login} answers with this server's host key, so a system of ours is installed, but ${ssh.reason}; correct ssh.user and ` +
      "loginKey. Nothing was changed"
    );
  }
  if (wish.maintenance || wish.wipe) return undefined;
  return (
    `the server is in service: ${found(ssh, wish)}; set maintenance: true to switch it off, and consent.wipe: true to replace what is on its ` +
    "disks. Nothing was changed"
  );
}

/** What has to be done before an installed server can be installed anew. */
export const needsStoredConsent =
  "an installed server is installed anew only with a consent that an earlier up stored: set consent.wipe: true with the machine's " +
  "serialNumber, run up with nothing else changed, and then change reinstall (or what else makes a new installationId)";

function found(ssh: SshObservation, wish: Wish): string {
  switch (ssh.state) {
    case "reachable":
      return ssh.marker
        ? `${wish.login} is installation ${ssh.marker.installationId}${ssh.marker.hostname ? ` (${ssh.marker.hostname})` : ""}, wanted is ` +
            wish.installationId
        : `${wish.login} is a system without /etc/rackform/installation`;
    case "wrongHostKey":
      return `${wish.login} answers with another host key than this server's`;
    case "authFailed":
      return `${wish.login} answers with this server's host key, but ${ssh.reason}`;
    default:
      return `${wish.login} does not answer (${ssh.reason})`;
  }
}

/** How an installer that was started is doing. Times are milliseconds of one clock. */
export interface Watch {
  now: number;
  method: InstallationMethod;
  /** When it was started. */
  startedAt: number;
  /** When all methods together have to be done. */
  deadlineAt: number;
  /** Bytes of the medium that had been read when the machine was switched on. */
  bytesBefore: number;
  /** When there was a sign of life last; the start if there was none. */
  lastSignAt: number;
  /** When the medium was first read by the machine. */
  fetchedAt?: number;
  progress?: Progress;
  ssh?: SshObservation;
  /** Looks in a row at which the machine was off. */
  looksOff: number;
  /** An earlier process started it. */
  resumed: boolean;
  /** What that process saw is not known. */
  blind?: boolean;
  limits: Limits;
}

export type Verdict =
  | { is: "done" }
  | { is: "going"; phase: PhaseName }
  /** The machine did not start the installer: another method may do. */
  | { is: "notBegun"; what: "medium" | "seed" }
  /** The installer's own words. */
  | { is: "failed"; reason: string }
  | { is: "off"; installed: boolean }
  | { is: "quiet" }
  | { is: "late"; phase: PhaseName };

/** Parts of an installation, in order. */
export type PhaseName = "prepare" | "media" | "boot" | "seed" | "install" | "reboot";

/** Judges an installer that runs. A system that answers with the right marker has the last word, whatever was heard or not heard. */
export function judge(watch: Watch, installationId: string): Verdict {
  const { progress, ssh, limits, now } = watch;
  if (ssh?.state === "reachable" && ssh.marker?.installationId === installationId) return { is: "done" };
  const phase = phaseOf(watch);
  if (progress?.failed && !progress.home) return { is: "failed", reason: progress.failed.reason };
  if (watch.looksOff >= 2) return { is: "off", installed: progress?.home !== undefined };
  const since = (from: number) => (now - from) / 1000;
  if (now >= watch.deadlineAt) return { is: "late", phase };
  if (phase === "boot" && since(watch.startedAt) >= bootSeconds(watch)) return { is: "notBegun", what: "medium" };
  if (phase === "seed" && since(watch.fetchedAt ?? watch.startedAt) >= limits.seedSeconds) {
    return { is: "notBegun", what: "seed" };
  }
  if (watch.resumed && phase === "install" && since(watch.lastSignAt) >= limits.quietSeconds) return { is: "quiet" };
  return { is: "going", phase };
}

/** How long the first sign may take. Of a network boot that is the seed: the medium is the site's own. */
function bootSeconds({ blind, method, limits }: Watch): number {
  if (blind) return limits.quietSeconds;
  return method === "pxe" ? limits.seedSeconds : limits.fetchSeconds;
}

/** Where an installer is. */
export function phaseOf({ progress, bytesBefore, method }: Watch): PhaseName {
  if (progress?.home) return "reboot";
  if (progress?.phase || progress?.seed) return "install";
  return hasFetched(progress, bytesBefore, method) ? "seed" : "boot";
}

/** A BMC may read a medium when it is inserted: that counts only when it took all of it. */
export function hasFetched(progress: Progress | undefined, bytesBefore: number, method: InstallationMethod): boolean {
  if (method === "pxe") return false;
  const { media } = progress ?? {};
  return media !== undefined && (media.bytes > bytesBefore || media.bytes >= media.size);
}

/** `boot for 1 min 5 s, usually 3 min`. */
export function describePhase(phase: PhaseName, seconds: number): string {
  return `${texts[phase].doing}: ${minutes(seconds)}, usually about ${minutes(texts[phase].expectedSeconds)}`;
}

const texts: Record<PhaseName, { doing: string; expectedSeconds: number }> = {
  prepare: { doing: "preparing boot medium and seed", expectedSeconds: 20 },
  media: { doing: "handing the medium to the BMC", expectedSeconds: 30 },
  boot: { doing: "waiting for the machine to start from the medium", expectedSeconds: 180 },
  seed: { doing: "waiting for the installer to fetch its seed", expectedSeconds: 120 },
  install: { doing: "the installer is at work", expectedSeconds: 600 },
  reboot: { doing: "waiting for the installed system to answer by SSH", expectedSeconds: 240 },
};
