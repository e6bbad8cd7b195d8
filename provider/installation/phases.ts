import type { InstallationPhase } from "../../resources/redfish/installation";
import type { PhaseName } from "./decide";

/** Where the time goes. */
export class Phases {
  private readonly spent = new Map<PhaseName, number>();
  private current?: { name: PhaseName; since: number };

  constructor(private readonly now: () => number) {}

  /** Ends the phase that runs and begins another; the same one goes on. */
  enter(name: PhaseName): void {
    if (this.current?.name === name) return;
    this.end();
    this.current = { name, since: this.now() };
  }

  /** Ends the phase that runs. */
  end(): void {
    if (!this.current) return;
    const { name } = this.current;
    this.spent.set(name, (this.spent.get(name) ?? 0) + this.elapsed);
    this.current = undefined;
  }

  /** The phase that runs. */
  get running(): PhaseName | undefined {
    return this.current?.name;
  }

  /** Seconds that the running phase has taken so far. */
  get elapsed(): number {
    return this.current ? (this.now() - this.current.since) / 1000 : 0;
  }

  /** All phases in the order in which they began, the running one included; seconds to a tenth. */
  list(): InstallationPhase[] {
    const all = new Map(this.spent);
    if (this.current) all.set(this.current.name, (all.get(this.current.name) ?? 0) + this.elapsed);
    return [...all].map(([name, seconds]) => ({ name, seconds: Math.round(seconds * 10) / 10 }));
  }
}
