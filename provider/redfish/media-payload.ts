import type { RedfishError } from "./errors";
import type { MediaImage } from "./media";
import type { VendorTraits } from "./quirks";

/** Body of InsertMedia, or of the PATCH that stands for it. */
export type Payload = Record<string, string | boolean>;

export interface PayloadHints {
  traits: VendorTraits;
  /** Parameters that ActionInfo names; empty when there is none. */
  parameters?: string[];
  /** Allowable values of TransferMethod and TransferProtocolType. */
  methods?: string[];
  protocols?: string[];
  /** There is no action. */
  patch: boolean;
}

/** What is most likely to be taken: all of the standard, less what this BMC is known not to have, plus what it asks for. */
export function firstPayload(medium: MediaImage, hints: PayloadHints): Payload {
  const described = hints.parameters ?? [];
  const knows = (name: string) => described.length === 0 || described.includes(name);
  const payload: Payload = { Image: medium.image };
  if (hints.patch || (!hints.traits.minimalMedia && knows("Inserted"))) payload.Inserted = true;
  if (!hints.traits.minimalMedia && knows("WriteProtected")) payload.WriteProtected = medium.writeProtected ?? true;
  const asked = hints.protocols?.includes(protocolFor(medium)) && described.includes("TransferProtocolType");
  if (medium.transferProtocol !== undefined || asked) payload.TransferProtocolType = protocolFor(medium);
  const streams = hints.methods?.includes("Stream") && described.includes("TransferMethod");
  if (medium.transferMethod !== undefined || streams) payload.TransferMethod = methodFor(medium);
  if (medium.username !== undefined || hints.traits.mediaCredentials) Object.assign(payload, credentials(medium));
  return payload;
}

/**
 * The next payload after a refusal: members the BMC names are dropped when they were sent and added when they were not (quirks 67, 70,
 * 71); when it names none, shorter, then longer ones (quirk 43). Undefined when everything was tried.
 */
export function nextPayload(
  payload: Payload,
  medium: MediaImage,
  error: RedfishError,
  tried: ReadonlySet<string>,
): Payload | undefined {
  const named = new Set(error.namedProperties);
  const text = error.messages.map(({ message }) => message).join(" ");
  const speaksOf = (name: string) => named.has(name) || new RegExp(`\\b${name}\\b`).test(text);
  const optional = optionalMembers(medium);
  const guided: Payload = { ...payload };
  for (const [name, value] of Object.entries(optional)) {
    if (!speaksOf(name)) continue;
    if (name in payload) delete guided[name];
    else guided[name] = value;
  }
  const image = { Image: medium.image };
  const protocol = { ...image, TransferProtocolType: protocolFor(medium) };
  const method = { TransferMethod: methodFor(medium) };
  const candidates: Payload[] = [
    guided,
    { ...image, ...pick(payload, ["Inserted", "UserName", "Password"]) },
    { ...image, ...pick(payload, ["UserName", "Password"]) },
    image,
    { ...image, Inserted: true },
    protocol,
    { ...protocol, ...method },
    { ...protocol, ...method, ...credentials(medium) },
    { ...image, Inserted: true, WriteProtected: true, ...credentials(medium) },
  ];
  return candidates.find((candidate) => !tried.has(JSON.stringify(candidate)));
}

function optionalMembers(medium: MediaImage): Payload {
  return {
    Inserted: true,
    WriteProtected: medium.writeProtected ?? true,
    TransferProtocolType: protocolFor(medium),
    TransferMethod: methodFor(medium),
    ...credentials(medium),
  };
}

function credentials(medium: MediaImage): Payload {
  return { UserName: medium.username ?? "", Password: medium.password ?? "" };
}

function pick(payload: Payload, names: string[]): Payload {
  return Object.fromEntries(Object.entries(payload).filter(([name]) => names.includes(name)));
}

function protocolFor(medium: MediaImage): string {
  return medium.transferProtocol ?? protocolOf(medium.image);
}

function methodFor(medium: MediaImage): string {
  return medium.transferMethod ?? "Stream";
}

/** `HTTP`, `HTTPS`, `NFS`, `CIFS` … from the URL. */
export function protocolOf(image: string): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(image)?.[1].toUpperCase() ?? "";
  if (scheme === "SMB") return "CIFS";
  return scheme || (image.startsWith("//") ? "CIFS" : /^[^/]+:\//.test(image) ? "NFS" : "HTTP");
}
