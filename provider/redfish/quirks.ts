import { at, isObject, str } from "./read";
import type { Body } from "./types";

/**
 * What BMCs do differently, as data. The numbers are those of the project's list of vendor quirks. Most quirks need no entry: the
 * operations try, and read what the BMC answers. Here is what cannot be found out by trying, or would cost requests.
 */

/** What a message code means beyond its HTTP status. */
export interface CodeQuirk {
  quirk: number;
  code: RegExp;
  /** `busy`: not executed, try again later; `ok`: done already. */
  effect: "busy" | "license" | "auth" | "sessions" | "ok" | "elsewhere";
}

export const codeQuirks: readonly CodeQuirk[] = [
  { quirk: 5, code: /SYS518$/, effect: "busy" },
  { quirk: 30, code: /UnableToModifyDuringSystemPOST$/, effect: "busy" },
  { quirk: 31, code: /InvalidOperationForSystemState$/, effect: "busy" },
  {
    quirk: 75,
    code: /\.(ServiceTemporarilyUnavailable|ResourceInStandby|ServiceInUnknownState|ServiceShuttingDown)$/,
    effect: "busy",
  },
  { quirk: 14, code: /RAC0218$|SessionLimitExceeded$/, effect: "sessions" },
  {
    quirk: 48,
    code: /LicenseNotPassed$|LicenseKeyRequired$|NoLicense$|LicenseRequired$|OemLicense/,
    effect: "license",
  },
  {
    quirk: 75,
    code: /PasswordChangeRequired$|InsufficientPrivilege$|AccessDenied$|UnauthorizedLoginAttempt$/,
    effect: "auth",
  },
  { quirk: 23, code: /SUP029$/, effect: "ok" },
  { quirk: 1, code: /PropertyNotWritable$/, effect: "elsewhere" },
  { quirk: 63, code: /OperationSupportedInFutureStateURI$/, effect: "elsewhere" },
];

/** True when the code is listed with that effect. */
export function quirksOf(messageId: string, effect: CodeQuirk["effect"]): boolean {
  return codeQuirks.some((quirk) => quirk.effect === effect && quirk.code.test(messageId));
}

/** Who made it, in one word. */
export type Vendor =
  | "dell"
  | "hpe"
  | "supermicro"
  | "lenovo"
  | "ami"
  | "asrockrack"
  | "nvidia"
  | "cisco"
  | "fujitsu"
  | "openbmc"
  | "other";

const vendorPatterns: readonly { vendor: Vendor; pattern: RegExp }[] = [
  { vendor: "dell", pattern: /\bdell\b/i },
  { vendor: "hpe", pattern: /^(hpe?|hewlett.*)$/i },
  { vendor: "supermicro", pattern: /super\s?micro|^smci?$/i },
  { vendor: "lenovo", pattern: /lenovo/i },
  { vendor: "asrockrack", pattern: /asrock/i },
  { vendor: "ami", pattern: /^ami\b|american megatrends/i },
  { vendor: "nvidia", pattern: /nvidia/i },
  { vendor: "cisco", pattern: /cisco/i },
  { vendor: "fujitsu", pattern: /fujitsu|fsas/i },
  { vendor: "openbmc", pattern: /openbmc/i },
];

/** The vendor that the first telling name stands for: `Vendor` of the root, a key of `Oem` (quirk 49), `Manufacturer` of the system. */
export function vendorOf(...names: (string | undefined)[]): Vendor {
  for (const name of names) {
    const found = name === undefined ? undefined : vendorPatterns.find(({ pattern }) => pattern.test(name));
    if (found) return found.vendor;
  }
  return "other";
}

/** Keys of `Oem` that hold something. */
export function oemKeys(body: Body): string[] {
  return Object.entries(isObject(body.Oem) ? body.Oem : {}).flatMap(([key, value]) => (isObject(value) ? [key] : []));
}

/** Vendor of a ComputerSystem by itself, without another request. */
export function systemVendor(system: Body): Vendor {
  return vendorOf(str(system.Manufacturer), ...oemKeys(system), str(at(system, "Oem", "Vendor")));
}

/** What is known of a vendor before anything was tried. */
export interface VendorTraits {
  /** Quirk 65: `$expand` loses required members. */
  noExpand?: boolean;
  /** Quirk 64: target, enabled and mode must be sent together. */
  fullBoot?: boolean;
  /** Quirk 42: virtual CDs boot as `UsbCd`. */
  usbCd?: boolean;
  /** Quirk 61: restarts are unreliable; off, wait, on. */
  restartByOffOn?: boolean;
  /** Quirk 11: settings need `@Redfish.SettingsApplyTime`. */
  applyTime?: boolean;
  /** Quirk 13: accounts are slots. */
  accountSlots?: boolean;
  /** Quirk 24: `SKU` is the service tag and identifies the server. */
  skuIsSerial?: boolean;
  /** Quirk 56: slots that cannot hold a medium from a URL. */
  unusableSlots?: RegExp;
  /** Quirk 67: `UserName` and `Password` must be there, empty or not. */
  mediaCredentials?: boolean;
  /** Quirk 54: EthernetInterfaces do not list every NIC. */
  partialInterfaces?: boolean;
  /** Quirk 43: `Inserted` and `WriteProtected` are not understood. */
  minimalMedia?: boolean;
}

const traits: Readonly<Partial<Record<Vendor, VendorTraits>>> = {
  dell: { applyTime: true, accountSlots: true, skuIsSerial: true },
  supermicro: { usbCd: true, minimalMedia: true, partialInterfaces: true },
  lenovo: { restartByOffOn: true, unusableSlots: /^(RDOC|Remote)\d*$/i },
  ami: { noExpand: true, fullBoot: true, mediaCredentials: true },
  asrockrack: { noExpand: true, fullBoot: true },
};

export function traitsOf(vendor: Vendor): VendorTraits {
  return traits[vendor] ?? {};
}

/** Systems that BMCs list although they are no servers (quirk 66). */
export const bogusSystems = /^(HGX_|DPU|Bluefield|ERoT)|_Baseboard_/i;
