/** What an `up` is doing to one server, from the engine's events. Pure, so that it is tested without an engine. */

export type Phase = "hardware" | "BIOS" | "installation" | "base preparation";

/** The engine event's parts that are read here; the names are Pulumi's (sdk/go/common/apitype/events.go). */
export interface ProgressEvent {
  resourcePreEvent?: { metadata: { op: string; urn: string; type: string } };
  resOutputsEvent?: { metadata: { op: string; urn: string; type: string } };
  resOpFailedEvent?: { metadata: { op: string; urn: string; type: string } };
  diagnosticEvent?: { urn?: string; message: string; severity: string; ephemeral?: boolean };
}

export interface PhaseTime {
  phase: Phase;
  seconds: number;
}

export interface ServerProgress {
  name: string;
  status: "waiting" | "running" | "done" | "failed" | "unchanged";
  phase?: Phase;
  /** Start of the running phase, milliseconds. */
  since?: number;
  /** The newest status message of the plugin. */
  detail?: string;
  /** Why it failed. */
  error?: string;
  times: PhaseTime[];
}

const phases: Record<string, Phase> = {
  "rackform:redfish:Server": "hardware",
  "rackform:redfish:BiosSettings": "BIOS",
  "rackform:redfish:Installation": "installation",
  "command:remote:CopyToRemote": "base preparation",
  "command:remote:Command": "base preparation",
};

/** Follows the engine's events and knows, for each server, the phase it is in and how long the others took. */
export class FleetProgress {
  private readonly servers: Map<string, ServerProgress>;
  private readonly running = new Map<string, Set<string>>();
  private readonly byLength: string[];

  constructor(names: string[]) {
    this.servers = new Map(names.map((name) => [name, { name, status: "waiting", times: [] }]));
    this.byLength = [...names].sort((a, b) => b.length - a.length);
  }

  all(): ServerProgress[] {
    return [...this.servers.values()];
  }

  /** Takes an event; the server that it concerns, if any. */
  take(event: ProgressEvent, now: number): ServerProgress | undefined {
    if (event.resourcePreEvent) return this.begin(event.resourcePreEvent.metadata, now);
    if (event.resOutputsEvent) return this.end(event.resOutputsEvent.metadata, now, false);
    if (event.resOpFailedEvent) return this.end(event.resOpFailedEvent.metadata, now, true);
    if (event.diagnosticEvent?.urn) return this.hear(event.diagnosticEvent, event.diagnosticEvent.urn);
    return undefined;
  }

  private begin({ op, urn, type }: { op: string; urn: string; type: string }, now: number): ServerProgress | undefined {
    const server = this.serverOf(urn);
    const phase = phases[type.replace(/:[a-z][A-Za-z]*\//, ":")] ?? phases[type];
    if (!server || !phase || op === "same") return server;
    const open = this.running.get(server.name) ?? new Set<string>();
    this.running.set(server.name, open.add(urn));
    if (server.phase !== phase || server.status !== "running")
      Object.assign(server, { phase, since: now, detail: undefined });
    if (server.status !== "failed") server.status = "running";
    return server;
  }

  private end({ op, urn }: { op: string; urn: string }, now: number, failed: boolean): ServerProgress | undefined {
    const server = this.serverOf(urn);
    if (!server) return undefined;
    if (op === "same") {
      if (server.status === "waiting") server.status = "unchanged";
      return server;
    }
    const open = this.running.get(server.name);
    if (!open?.delete(urn)) return server;
    if (open.size === 0 && server.phase && server.since !== undefined) {
      this.addTime(server, server.phase, (now - server.since) / 1000);
      server.detail = undefined;
    }
    if (failed) server.status = "failed";
    else if (open.size === 0 && server.status !== "failed") server.status = "done";
    return server;
  }

  private hear(diagnostic: NonNullable<ProgressEvent["diagnosticEvent"]>, urn: string): ServerProgress | undefined {
    const server = this.serverOf(urn);
    if (!server) return undefined;
    const text = plain(diagnostic.message);
    if (diagnostic.severity === "error") server.error ??= text;
    else if (text) server.detail = text;
    return server;
  }

  private addTime(server: ServerProgress, phase: Phase, seconds: number): void {
    const known = server.times.find((time) => time.phase === phase);
    if (known) known.seconds += seconds;
    else server.times.push({ phase, seconds });
  }

  /** Children are called `<fleet>-<server>[-suffix]`; the longest server name that fits is the one meant. */
  private serverOf(urn: string): ServerProgress | undefined {
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    const found = this.byLength.find((server) => `-${name}-`.includes(`-${server}-`));
    return found === undefined ? undefined : this.servers.get(found);
  }
}

/** Without Pulumi's colour marks and ANSI codes, on one line. */
function plain(message: string): string {
  return message
    .replace(/<\{%[^%]*%\}>|\u001b\[[0-9;]*m/g, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Seconds by phase, the longest and the mean over servers: where the time went. */
export function timeByPhase(
  servers: ServerProgress[],
): { phase: Phase; longest: number; mean: number; servers: number }[] {
  const order: Phase[] = ["hardware", "BIOS", "installation", "base preparation"];
  return order.flatMap((phase) => {
    const seconds = servers.flatMap(({ times }) =>
      times.filter((time) => time.phase === phase).map((time) => time.seconds),
    );
    if (seconds.length === 0) return [];
    const sum = seconds.reduce((total, one) => total + one, 0);
    return [{ phase, longest: Math.max(...seconds), mean: sum / seconds.length, servers: seconds.length }];
  });
}
