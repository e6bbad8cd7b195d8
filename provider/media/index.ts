import type { MediaServerConfig } from "../config";
import { RemoteMediaServer } from "./remote";
import { MediaServer } from "./server";
import type { MediaService } from "./service";

export type { Attempt, MediaService, Place, PlaceRequest } from "./service";
export { type PhoneHome, type Progress, type Publication, seedToken } from "./publication";
export { sizeWarning } from "./boot-image";
export { MediaServer, type MediaServerOptions } from "./server";
export { RemoteMediaServer } from "./remote";

/**
 * The media server that the provider's configuration asks for: the one that stands alone at `url`, else one in this process. Neither binds nor
 * connects before it is used.
 *
 * @throws Error when `url` is given without a token
 */
export function openMediaService(config: MediaServerConfig = {}): MediaService & { close(): Promise<void> } {
  if (config.url === undefined) return new MediaServer(config);
  if (!config.token) {
    throw new Error(
      `mediaServer.token is missing; the media server ${config.url} wants what its --token-file holds (or set RACKFORM_MEDIA_TOKEN)`,
    );
  }
  return new RemoteMediaServer(config.url, config.token);
}
