import type { Bmc } from "./bmc";
import type { BiosValue } from "./bios";
import type { JournalEntry, LogEntry } from "./journal";
import type { BootPlan, BootProgress } from "./machine";
import type { PowerState } from "./power";

/** The state of a BMC, as plain JSON and without passwords. */
export interface BmcSnapshot {
  name: string;
  url: string;
  systemPath: string;
  dialect: string;
  fingerprint256: string;
  power: PowerState;
  inPost: boolean;
  progress: BootProgress;
  lastFailure?: string;
  lastPlan?: BootPlan;
  boot: { enabled: string; target: string; mode: string; httpBootUri: string | null; order: string[] };
  bios: { current: Record<string, BiosValue>; pending: Record<string, BiosValue> };
  media: { slot: string; inserted: boolean; image: string | null }[];
  accounts: { id: string; userName: string; role: string; enabled: boolean }[];
  sessions: number;
  tasks: { id: string; name: string; state: string }[];
  log: LogEntry[];
  requests: { total: number; writes: number; peakConcurrency: number; connections: number };
  journal: JournalEntry[];
}

/** Takes a snapshot. Passwords of media and accounts are left out. */
export async function snapshot(bmc: Bmc): Promise<BmcSnapshot> {
  const { boot, bios, power, journal } = bmc;
  const { fingerprint256 } = await bmc.certificate();
  return {
    name: bmc.name,
    url: bmc.url,
    systemPath: bmc.systemPath,
    dialect: bmc.spec.dialect,
    fingerprint256,
    power: power.state,
    inPost: power.inPost,
    progress: power.progress,
    lastFailure: power.lastFailure,
    lastPlan: power.lastPlan && {
      ...power.lastPlan,
      media: power.lastPlan.media?.map((medium) => ({ ...medium, password: undefined })),
    },
    boot: {
      enabled: boot.enabled,
      target: boot.target,
      mode: boot.mode,
      httpBootUri: boot.httpBootUri,
      order: boot.order,
    },
    bios: { current: bios.current(), pending: bios.pending() },
    media: [...bmc.media.drives.values()].map((drive) => ({
      slot: drive.slot.id,
      inserted: drive.inserted,
      image: drive.image ?? null,
    })),
    accounts: bmc.accounts
      .list()
      .filter((account) => account.userName !== "")
      .map(({ id, userName, role, enabled }) => ({ id, userName, role, enabled })),
    sessions: bmc.sessions.list().length,
    tasks: bmc.tasks.list().map(({ id, name, state }) => ({ id, name, state })),
    log: bmc.log.entries,
    requests: {
      total: journal.total,
      writes: journal.writes,
      peakConcurrency: journal.peakConcurrency,
      connections: journal.connections,
    },
    journal: journal.entries(),
  };
}
