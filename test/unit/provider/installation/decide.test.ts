import fc from "fast-check";
import {
  decide,
  type Decision,
  describePhase,
  type EarlierAttempt,
  judge,
  limitsFor,
  type Observation,
  type Verdict,
  type Watch,
  type Wish,
} from "../../../../provider/installation/decide";
import type { SshObservation } from "../../../../provider/installation/ssh-probe";

const silent: SshObservation = { state: "unreachable", reason: "ECONNREFUSED" };
const ours: SshObservation = { state: "reachable", marker: { installationId: "want" } };
const other: SshObservation = { state: "reachable", marker: { installationId: "other", hostname: "db1" } };
const bare: SshObservation = { state: "reachable" };
const stranger: SshObservation = { state: "wrongHostKey" };
const locked: SshObservation = { state: "authFailed", reason: "the login was refused" };

const wish = (more: Partial<Wish> = {}): Wish => ({
  installationId: "want",
  login: "admin@10.0.0.1:22",
  wipe: false,
  maintenance: false,
  installed: false,
  storedConsent: false,
  limits: limitsFor(3600),
  ...more,
});
const attempt = (more: Partial<EarlierAttempt> = {}): EarlierAttempt => ({
  method: "virtualMedia",
  ageSeconds: 300,
  atMachine: true,
  progress: { version: 2, seed: { at: 0, from: "", files: [] } },
  ...more,
});
const seen = (ssh: SshObservation, more: Partial<Observation> = {}): Observation => ({ power: "On", ssh, ...more });

describe("decide", () => {
  const install = (off: string) => expect.objectContaining({ do: "install", off }) as Decision;
  const refuse = (reason: RegExp) =>
    expect.objectContaining({ do: "refuse", reason: expect.stringMatching(reason) as string }) as Decision;
  const wait = expect.objectContaining({ do: "wait", method: "virtualMedia" }) as Decision;

  it.each<[string, Observation, Partial<Wish>, Decision]>([
    ["the wanted installation is adopted", seen(ours), {}, { do: "adopt" }],
    ["also without any consent over an older one", seen(ours), { installed: true }, { do: "adopt" }],
    ["also when an installer is thought to run", seen(ours, { attempt: attempt() }), {}, { do: "adopt" }],
    ["a server that is off is installed", seen(silent, { power: "Off" }), {}, install("not")],
    ["one that is on and silent is asked to go off first", seen(silent), {}, install("graceful")],
    ["a transition counts as on", seen(silent, { power: "PoweringOn" }), {}, install("graceful")],

    ["a running installer is waited for", seen(silent, { attempt: attempt() }), {}, wait],
    ["also one that has an SSH server of its own", seen(stranger, { attempt: attempt() }), {}, wait],
    ["also over an older installation", seen(silent, { attempt: attempt() }), { installed: true }, wait],
    [
      "one that has phoned home, too",
      seen(silent, { attempt: attempt({ progress: { version: 3, home: { at: 0, installation: "want" } } }) }),
      {},
      wait,
    ],
    [
      "one that only the machine tells of, too",
      seen(silent, { attempt: attempt({ progress: undefined, ageSeconds: 0 }) }),
      {},
      wait,
    ],
    ["not when the machine is off", seen(silent, { attempt: attempt(), power: "Off" }), {}, install("not")],
    ["not when its time is over", seen(silent, { attempt: attempt({ ageSeconds: 3600 }) }), {}, install("force")],
    [
      "not when it has failed",
      seen(silent, { attempt: attempt({ progress: { version: 4, failed: { at: 0, reason: "x" } } }) }),
      {},
      install("force"),
    ],
    [
      "not when nothing was read for too long",
      seen(silent, { attempt: attempt({ progress: { version: 0 }, ageSeconds: 121 }) }),
      {},
      install("force"),
    ],
    [
      "but when it was only just started",
      seen(silent, { attempt: attempt({ progress: { version: 0 }, ageSeconds: 119, atMachine: false }) }),
      {},
      wait,
    ],
    ["not when another system runs", seen(other, { attempt: attempt() }), { wipe: true }, install("graceful")],

    [
      "a server in service is left alone",
      seen(other),
      {},
      refuse(/in service.*installation other \(db1\).*maintenance/),
    ],
    ["also one that we did not install", seen(bare), {}, refuse(/without \/etc\/rackform\/installation/)],
    ["also one that answers with another key", seen(stranger), {}, refuse(/another host key/)],
    ["unless maintenance allows it", seen(other), { maintenance: true }, install("graceful")],
    ["or the disks may be wiped", seen(other), { wipe: true }, install("graceful")],
    ["one whose login fails is ours", seen(locked), { wipe: true, maintenance: true }, refuse(/correct ssh\.user/)],

    [
      "an installed server needs stored consent",
      seen(other),
      { installed: true, wipe: true },
      refuse(/earlier up stored/),
    ],
    [
      "also when it is off",
      seen(silent, { power: "Off" }),
      { installed: true, wipe: true, maintenance: true },
      refuse(/earlier up stored/),
    ],
    ["and with it is installed anew", seen(other), { installed: true, storedConsent: true }, install("graceful")],
    ["also when its login fails", seen(locked), { installed: true, storedConsent: true }, install("graceful")],
  ])("%s", (_name, observation, more, expected) => {
    expect(decide(observation, wish(more))).toEqual(expected);
  });

  const anySsh = fc.constantFrom(silent, ours, other, bare, stranger, locked);
  const anyPower = fc.constantFrom<Observation["power"]>("On", "Off", "PoweringOn", "PoweringOff", "Paused", "unknown");
  const anyAttempt = fc.option(
    fc.record({
      method: fc.constantFrom("virtualMedia" as const, "uefiHttp" as const, "pxe" as const),
      ageSeconds: fc.integer({ min: 0, max: 10_000 }),
      atMachine: fc.boolean(),
      progress: fc.constantFrom(undefined, { version: 0 }, { version: 1, phase: { at: 0, name: "install" } }),
    }),
    { nil: undefined },
  );

  it("never installs over an installed server without stored consent, whatever is seen", () => {
    fc.assert(
      fc.property(anySsh, anyPower, anyAttempt, fc.boolean(), fc.boolean(), (ssh, power, one, wipe, maintenance) => {
        const decision = decide({ ssh, power, attempt: one }, wish({ installed: true, wipe, maintenance }));
        expect(decision.do).not.toBe("install");
      }),
    );
  });

  it("never touches the power of a system that answers, without consent", () => {
    fc.assert(
      fc.property(fc.constantFrom(ours, other, bare), anyAttempt, (ssh, one) => {
        expect(["adopt", "refuse"]).toContain(decide({ ssh, power: "On", attempt: one }, wish()).do);
      }),
    );
  });
});

describe("judge", () => {
  const limits = limitsFor(3600);
  const watch = (more: Partial<Watch> = {}): Watch => ({
    now: 60_000,
    method: "virtualMedia",
    startedAt: 0,
    deadlineAt: 3_600_000,
    bytesBefore: 0,
    lastSignAt: 0,
    looksOff: 0,
    resumed: false,
    limits,
    ...more,
  });
  const media = { at: 0, from: "", bytes: 10, size: 100 };
  const seed = { at: 0, from: "", files: ["preseed.cfg"] };
  const home = { at: 0, installation: "want" };

  it.each<[string, Partial<Watch>, Verdict]>([
    ["boots", {}, { is: "going", phase: "boot" }],
    ["has not begun in time", { now: 120_000 }, { is: "notBegun", what: "medium" }],
    ["reads", { now: 120_000, progress: { version: 1, media } }, { is: "going", phase: "seed" }],
    [
      "a look of the BMC at the insert does not count",
      { now: 120_000, bytesBefore: 10, progress: { version: 1, media } },
      { is: "notBegun", what: "medium" },
    ],
    [
      "a BMC that took all of it at the insert does",
      { now: 120_000, bytesBefore: 100, progress: { version: 1, media: { ...media, bytes: 100 } } },
      { is: "going", phase: "seed" },
    ],
    [
      "does not fetch its seed in time",
      { now: 1_300_000, fetchedAt: 60_000, progress: { version: 1, media } },
      { is: "notBegun", what: "seed" },
    ],
    ["a network boot has longer", { now: 1_000_000, method: "pxe" }, { is: "going", phase: "boot" }],
    ["but not for ever", { now: 1_200_000, method: "pxe" }, { is: "notBegun", what: "medium" }],
    ["installs", { now: 2_000_000, progress: { version: 2, media, seed } }, { is: "going", phase: "install" }],
    ["reboots", { now: 2_000_000, progress: { version: 3, seed, home } }, { is: "going", phase: "reboot" }],
    [
      "is done when the system says so, whatever else was heard",
      { now: 9_999_999, ssh: ours, looksOff: 5, progress: { version: 9, failed: { at: 0, reason: "x" } } },
      { is: "done" },
    ],
    [
      "another installation is not it",
      { ssh: other, progress: { version: 3, home } },
      { is: "going", phase: "reboot" },
    ],
    [
      "fails in the installer's words",
      { progress: { version: 3, seed, failed: { at: 0, reason: "no disk" } } },
      { is: "failed", reason: "no disk" },
    ],
    ["is off", { looksOff: 2, progress: { version: 3, seed } }, { is: "off", installed: false }],
    ["was off for a moment", { looksOff: 1, progress: { version: 3, seed } }, { is: "going", phase: "install" }],
    ["switched off at its end", { looksOff: 2, progress: { version: 3, home } }, { is: "off", installed: true }],
    ["is late", { now: 3_600_000, progress: { version: 3, home } }, { is: "late", phase: "reboot" }],
    ["was taken over and is quiet", { now: 1_200_000, resumed: true, progress: { version: 3, seed } }, { is: "quiet" }],
    [
      "our own may be quiet for longer",
      { now: 1_200_000, resumed: false, progress: { version: 3, seed } },
      { is: "going", phase: "install" },
    ],
    [
      "one of which nothing is known has the time of a quiet one",
      { now: 1_100_000, resumed: true, blind: true },
      { is: "going", phase: "boot" },
    ],
    ["and not more", { now: 1_200_000, resumed: true, blind: true }, { is: "notBegun", what: "medium" }],
  ])("%s", (_name, more, expected) => {
    expect(judge(watch(more), "want")).toEqual(expected);
  });

  it("keeps its limits below the timeout", () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 86_400 }), (timeoutSeconds) => {
        const { fetchSeconds, seedSeconds, quietSeconds } = limitsFor(timeoutSeconds);
        for (const one of [fetchSeconds, seedSeconds, quietSeconds]) {
          expect(one).toBeGreaterThan(0);
          expect(one).toBeLessThan(timeoutSeconds);
        }
      }),
    );
  });

  it("tells how long a phase usually takes", () => {
    expect(describePhase("install", 200)).toBe("the installer is at work: 3 min 20 s, usually about 10 min");
  });
});
