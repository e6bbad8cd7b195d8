import { homedir } from "node:os";
import { join } from "node:path";

/** Where things that cost time to make are kept between racks: `RACKFORM_CACHE`, else `XDG_CACHE_HOME/rackform`, else `~/.cache/rackform`. */
export function labCache(env: NodeJS.ProcessEnv = process.env): string {
  const root = env.RACKFORM_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "rackform");
  return join(root, "lab");
}

/** Where racks keep their state, one folder each: `XDG_STATE_HOME/rackform/lab`, else `~/.local/state/rackform/lab`. */
export function labState(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_STATE_HOME || join(homedir(), ".local/state"), "rackform/lab");
}
