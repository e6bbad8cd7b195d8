import { Agent, request } from "undici";
import type { Bmc, BootPlan, Firmware, Machine } from "../../../lab/bmc";
import type { Node } from "./node";

/** How a machine misbehaves. */
export interface Whims {
  /** Boot sources whose server it cannot reach. */
  deafTo?: BootPlan["source"][];
  /** What its installer reports instead of installing. */
  fails?: string;
  /** The last report never arrives. */
  losesPhoneHome?: boolean;
  /** The installer waits for this in the middle of its work. */
  holds?: Promise<void>;
  /** Another host key than the one in the seed. */
  hostKey?: string;
  /** It reads the medium and then hangs. */
  hangs?: boolean;
  /** The installer switches off in the middle of its work. */
  switchesOff?: boolean;
  /** The installed system lets nobody in. */
  locked?: boolean;
}

/** A machine that does what the firmware and an installer of Debian would: read the medium, the seed with the CA in it, install, report, restart. */
export class FakeMachine implements Machine {
  readonly boots: BootPlan[] = [];
  /** Installations that were brought to their end. */
  installed = 0;
  /** Installations that were begun. */
  begun = 0;
  readonly problems: string[] = [];
  seed = "";
  whims: Whims = {};
  private readonly firmware: Firmware;
  private disk?: Node["system"];

  constructor(
    bmc: Bmc,
    readonly node: Node,
  ) {
    this.firmware = bmc.onPower(this);
  }

  /** The disk holds this, and when the machine is on, it runs. */
  holds(system: Node["system"], running = true): void {
    this.disk = system;
    this.node.system = running ? system : undefined;
  }

  async powerOn(plan: BootPlan, signal: AbortSignal): Promise<void> {
    this.boots.push(plan);
    const url = plan.source === "Cd" ? plan.media?.[0]?.url : plan.source === "UefiHttp" ? plan.httpBootUri : undefined;
    if (url === undefined || this.whims.deafTo?.includes(plan.source)) {
      if (plan.fallbacks.includes("Hdd") || plan.source === "Hdd") this.node.system = this.disk;
      return;
    }
    try {
      await this.install(url, signal);
    } catch (error) {
      if (!signal.aborted) this.problems.push(String(error));
    }
  }

  powerOff(): Promise<void> {
    this.node.system = undefined;
    return Promise.resolve();
  }

  private async install(medium: string, signal: AbortSignal): Promise<void> {
    await get(medium, signal);
    if (this.whims.hangs) return;
    const base = medium.replace(/[^/]+$/, "");
    const menu = await get(`${base}boot/grub/grub.cfg`, signal);
    const ca = await get(`${base}rackform/ca.pem`, signal);
    const preseed = /url=(https:[^' ]+)/.exec(menu)![1];
    const seed = preseed.replace(/\/preseed\.cfg$/, "");
    const trusting = new Agent({ connect: { ca } });
    try {
      this.seed = await get(preseed, signal, trusting);
      const finish = await get(`${seed}/finish.env`, signal, trusting);
      this.begun += 1;
      const report = (path: string, body: string) =>
        request(`${seed}/${path}`, { method: "POST", body, signal, dispatcher: trusting }).then(({ body: answer }) =>
          answer.dump(),
        );
      if (this.whims.fails) return void (await report("failed", `reason=${this.whims.fails}`));
      await report("progress", "phase=install");
      if (this.whims.switchesOff) return this.firmware.poweredOff();
      await this.whims.holds;
      signal.throwIfAborted();
      const value = (name: string) => new RegExp(`^${name}='([^']*)'`, "m").exec(finish)![1];
      const installationId = value("RF_INSTALLATION_ID");
      const hostname = value("RF_HOSTNAME");
      this.disk = {
        hostKey: this.whims.hostKey ?? `${value("RF_HOST_KEY_PRIVATE")}\n`,
        authorized: this.whims.locked ? [] : value("RF_USER_1_KEYS").trim().split("\n"),
        marker: JSON.stringify({ installationId, hostname, installedAt: "2026-01-02T03:04:05Z" }),
        osRelease: 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"',
        machineId: "0123456789abcdef0123456789abcdef",
      };
      this.installed += 1;
      if (!this.whims.losesPhoneHome) {
        await persistently(() =>
          report("phone-home", `installation=${installationId}\nhostname=${hostname}\ndisk=/dev/sda\n`),
        );
      }
    } finally {
      await trusting.destroy();
    }
    // Long enough for the medium to be taken out, as in the last seconds of an installer.
    await new Promise((resolve) => setTimeout(resolve, 300));
    this.firmware.bootFirst("Hdd");
    this.firmware.reboot();
  }
}

/** As finish.sh: tries again for a while, and then goes on without. */
async function persistently(send: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      await send();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function get(url: string, signal: AbortSignal, dispatcher?: Agent): Promise<string> {
  const { statusCode, body } = await request(url, { signal, dispatcher });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${url.replace(/\/s\/.*/, "/s/…")} answered ${statusCode}`);
  return text;
}
