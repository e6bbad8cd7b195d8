import type { MachineStatus } from "../installer";
import { sshAnswers } from "../nodes/ssh";
import type { Member } from "./rack";

/** A server as `lab status` shows it. */
export interface ServerStatus {
  name: string;
  dialect: string;
  bmc: string;
  power: string;
  phase: MachineStatus["phase"];
  /** Seconds since the phase began. */
  seconds: number;
  failure?: string;
  installed: boolean;
  installations: number;
  /** Address that the inventory gives its node. */
  address: string;
  /** An SSH server answers there. */
  ssh: boolean;
  serialNumber: string;
  /** Disks that are not blank. */
  usedDisks: string[];
}

/** Looks at a server. */
export async function serverStatus({ server, bmc, machine, address }: Member): Promise<ServerStatus> {
  const { status, body } = machine;
  const where = body.running() ? body.ssh() : undefined;
  return {
    name: server.name,
    dialect: server.dialect,
    bmc: bmc.url,
    power: bmc.power.state,
    phase: status.phase,
    seconds: Math.round((Date.now() - status.since) / 1000),
    failure: status.failure && `${status.failure.stage}: ${status.failure.message}`,
    installed: body.installed(),
    installations: status.installations,
    address,
    ssh: where !== undefined && (await sshAnswers(where.address, where.port)),
    serialNumber: bmc.hardware.serialNumber,
    usedDisks: body.usedDisks(),
  };
}
