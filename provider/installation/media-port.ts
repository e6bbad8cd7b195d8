import type { Configuration } from "../config";
import type { PluginDeps } from "../kit/handler";
import type { MediaService } from "../media/service";
import type { Limits } from "./decide";
import type { probeSsh } from "./ssh-probe";

/** What an installer needs besides BMCs; tests give it their own. */
export interface InstallerPorts {
  /** The media and seed server for a configuration. It binds when it is first used, not here. */
  media(config: Configuration): Promise<MediaService>;
  /** Stops serving; a later `media` serves anew. */
  close(): Promise<void>;
  /** Asks the installed system who it is. */
  probe?: typeof probeSsh;
  limits?: (timeoutSeconds: number) => Limits;
  /** Longest pause between two looks, milliseconds. Default 5000. */
  pollMilliseconds?: number;
  /** Seconds between two probes over SSH while the installer works. Default 30; every look once it has phoned home. */
  probeSeconds?: number;
}

/** One per process: what all handlers share. */
export function installerPorts(deps: PluginDeps): InstallerPorts {
  const ports = (shared ??= ownPorts());
  deps.onClose(() => ports.close());
  return ports;
}

/** Makes the handlers that are created from now on use these. */
export function shareInstallerPorts(ports: InstallerPorts | undefined): void {
  shared = ports;
}

let shared: InstallerPorts | undefined;

function ownPorts(): InstallerPorts {
  let open: { key: string; server: Promise<MediaService & { close(): Promise<void> }> } | undefined;
  const close = async () => {
    const closing = open;
    open = undefined;
    await (await closing?.server.catch(() => undefined))?.close();
  };
  return {
    media: async (config) => {
      const key = JSON.stringify(config.mediaServer);
      if (open && open.key !== key) await close();
      open ??= { key, server: start(config) };
      return open.server;
    },
    close,
  };
}

async function start({ mediaServer }: Configuration): Promise<MediaService & { close(): Promise<void> }> {
  const { openMediaService } = await import("../media");
  return openMediaService(mediaServer);
}
