import { type BiosResult, readBios, setBios } from "./bios";
import type { BiosAttributes, BiosValue } from "./bios-names";
import { type BootOptions, type BootResult, canHttpBoot, setBootOverride } from "./boot";
import type { BmcClient } from "./client";
import { RedfishError } from "./errors";

export interface HttpBootResult {
  boot: BootResult;
  /** Set where the URI went into BIOS settings: it is in force after the next reset only. */
  bios?: BiosResult;
}

/**
 * Boots once from a URI by UEFI HTTP boot. Where the BMC has no `HttpBootUri` (Dell, quirk 16) the URI goes into the first HTTP device of
 * the BIOS, with TLS switched off for plain http, and the server needs a reset before it boots from there. Throws RedfishError `refused`
 * when the server can do neither.
 */
export async function setHttpBoot(client: BmcClient, uri: string, options: BootOptions = {}): Promise<HttpBootResult> {
  const system = options.system ?? (await client.system(options.systemId, options));
  const override = { target: "UefiHttp", enabled: "Once", mode: "UEFI" } as const;
  const settings = () => readBios(client, { ...options, system });
  if (canHttpBoot(system)) {
    try {
      return { boot: await setBootOverride(client, { ...override, httpBootUri: uri }, { ...options, system }) };
    } catch (error) {
      const elsewhere = error instanceof RedfishError && ["refused", "conflict"].includes(error.kind);
      const hasDevice = () =>
        settings().then(
          (state) => "HttpDev1Uri" in state.attributes,
          () => false,
        );
      if (!elsewhere || !(await hasDevice())) throw error;
    }
  }
  const state = await settings();
  if (!("HttpDev1Uri" in state.attributes)) {
    const text = `${client.endpoint}: ${system.path} has neither HttpBootUri nor HTTP devices in its BIOS: it cannot boot from a URI`;
    throw new RedfishError("refused", text, { endpoint: client.endpoint, path: system.path });
  }
  const bios = await setBios(client, httpDeviceAttributes(uri, state.attributes), { ...options, system, state });
  return { bios, boot: await setBootOverride(client, override, { ...options, system }) };
}

/** Attributes of HttpDev1 for a URI, those that this BIOS has. */
export function httpDeviceAttributes(uri: string, attributes: BiosAttributes): BiosAttributes {
  const wanted: [string, BiosValue][] = [
    ["HttpDev1EnDis", "Enabled"],
    ["HttpDev1Uri", uri],
    ["HttpDev1TlsMode", uri.startsWith("https:") ? "OneWay" : "None"],
  ];
  return Object.fromEntries(wanted.filter(([name]) => name in attributes));
}
