import type { Bios } from "./bios";
import type { BootRules } from "./dialects/dialect";
import type { BootPlan, BootSource } from "./machine";
import type { VirtualMedia } from "./media";

/** The Boot object of a system. */
export interface BootSettings {
  enabled: "Disabled" | "Once" | "Continuous";
  target: string;
  mode: "UEFI" | "Legacy";
  httpBootUri: string | null;
  uefiTarget: string | null;
  /** Ids of boot options, first tried first. */
  order: string[];
  /** PEM certificates for HTTPS boot, by number. */
  certificates: Map<string, string>;
}

export function initialBoot(rules: BootRules): BootSettings {
  return {
    enabled: "Disabled",
    target: "None",
    mode: "UEFI",
    httpBootUri: null,
    uefiTarget: null,
    order: [...rules.order],
    certificates: new Map(),
  };
}

/** What the firmware would start now, and what it had to skip and why. */
export function planBoot(
  rules: BootRules,
  boot: BootSettings,
  bios: Bios,
  media: VirtualMedia,
  secureBoot: boolean,
): { plan: BootPlan; skipped: string[] } {
  const overridden = boot.enabled !== "Disabled" && boot.target !== "None";
  const mode = overridden ? boot.mode : biosMode(bios);
  const skipped: string[] = [];
  const asked = overridden ? targetSource(rules, boot, skipped) : undefined;
  const plain = boot.order.flatMap((id) =>
    rules.options.filter((option) => option.id === id).map((option) => option.source),
  );
  const http = httpBoot(rules, boot, bios);
  const base = {
    mode,
    media: media.inserted(),
    once: boot.enabled === "Once",
    secureBoot,
    caCertificates: [...boot.certificates.values()],
  };
  if (asked === "None") {
    return { plan: { ...base, source: "None", overridden: true, fallbacks: [] }, skipped };
  }
  const candidates = asked ? [asked, ...plain.filter((source) => source !== asked)] : plain;
  const usable = candidates.filter((source) => {
    const reason = unusable(source, mode, media, http);
    if (reason && source === asked) skipped.push(reason);
    return reason === undefined;
  });
  const source = usable[0] ?? "None";
  return {
    plan: {
      ...base,
      source,
      overridden: overridden && source === asked,
      fallbacks: usable.slice(1),
      ...(source === "UefiHttp" && "uri" in http ? { httpBootUri: http.uri } : {}),
    },
    skipped,
  };
}

function biosMode(bios: Bios): "UEFI" | "Legacy" {
  const value = bios.role("bootMode");
  return value === "Bios" || value === "Legacy" ? "Legacy" : "UEFI";
}

function targetSource(rules: BootRules, boot: BootSettings, skipped: string[]): BootSource | undefined {
  if (boot.target === rules.virtualCd) return "Cd";
  switch (boot.target) {
    case "Pxe":
      return "Pxe";
    case "Hdd":
      return "Hdd";
    case "UefiHttp":
      return "UefiHttp";
    case "UefiTarget":
    case "UefiBootNext":
      return rules.options.find((option) => option.id === boot.uefiTarget || option.name === boot.uefiTarget)?.source;
    case "BiosSetup":
    case "Utilities":
    case "Diags":
      return "None";
    default:
      skipped.push(`there is no device of the kind ${boot.target}`);
      return undefined;
  }
}

function unusable(
  source: BootSource,
  mode: "UEFI" | "Legacy",
  media: VirtualMedia,
  http: { uri: string } | { reason: string },
): string | undefined {
  if (source === "Cd" && !media.bootable()) return "no virtual CD is inserted";
  if (source === "UefiHttp" && mode === "Legacy") return "HTTP boot needs the UEFI mode";
  if (source === "UefiHttp" && "reason" in http) return http.reason;
  return undefined;
}

function httpBoot(rules: BootRules, boot: BootSettings, bios: Bios): { uri: string } | { reason: string } {
  if (rules.httpBootUri) return boot.httpBootUri ? { uri: boot.httpBootUri } : { reason: "HttpBootUri is empty" };
  if (bios.role("httpEnabled") !== "Enabled") return { reason: "the HTTP device is disabled in the BIOS" };
  const uri = bios.role("httpUri");
  if (typeof uri !== "string" || uri === "") return { reason: "the HTTP device has no URI in the BIOS" };
  if (bios.role("httpTls") === "OneWay" && !uri.startsWith("https:")) {
    return { reason: "the HTTP device's TLS mode OneWay refuses plain http" };
  }
  return { uri };
}
