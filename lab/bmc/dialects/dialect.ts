import type { JsonObject } from "../json";
import type { BootSource } from "../machine";
import type { Message, MessageDefinition } from "../http/messages";
import type { DialectName, DriveSpec, HardwareSpec, NicSpec } from "../spec";

/** A vendor's behaviour as data. Numbers in comments are those of the quirk table in the Redfish reference, section 4. */
export interface Dialect {
  name: DialectName;
  /** ServiceRoot.Vendor; some have none (49). */
  vendor?: string;
  product?: string;
  redfishVersion: string;
  /** Key of the vendor's part below `Oem`, and what stands there on ServiceRoot and System. */
  oem?: { key: string; root: JsonObject; system: (hardware: HardwareSpec) => JsonObject };
  ids: { system: string; manager: string; chassis: string; managerNic: string };
  /** Hardware of a server that the spec says nothing about; `seed` makes serials and addresses differ. */
  hardware(seed: number): HardwareSpec;
  sessions: { timeoutSeconds: number; cap: number; full: ErrorSpec };
  accounts: AccountRules;
  /** Deepest `$expand`; 0 when it is not offered. */
  expandLevels: number;
  etag: "strong" | "weak";
  boot: BootRules;
  reset: ResetRules;
  media: MediaRules;
  bios: BiosRules;
  naming: Naming;
  /** An action without a body is refused (22). */
  bodyRequired: boolean;
  /** If-Match on an action answers 412 (3). */
  actionIfMatchRefused: boolean;
  /** What a PATCH answers: the resource, a Success message inside it, or nothing (204). */
  patchReply: "resource" | "message" | "success" | "empty";
  /** Messages of the vendor's own registry. */
  messages: { prefix: string; table: Record<string, MessageDefinition> };
  /** BIOS and media changes without the licence (48); undefined: no licence is needed. */
  unlicensed?: ErrorSpec;
  /** Dell's job queue beside the task service. */
  jobs: boolean;
  taskId(number: number): string;
  /** New jobs answer 404 for a while (7). */
  jobsHidden: boolean;
  /** Where NetworkAdapters keep their ports: the old or the new schema. */
  ports: "Ports" | "NetworkPorts";
  /** What an NVMe drive's Protocol says. */
  nvmeProtocol: "NVMe" | "PCIe";
  /** `MediaType` and `Protocol` of drives are shown (54). */
  driveDetails: boolean;
  /** ProcessorSummary.CoreCount is shown. */
  coreCount: boolean;
  /** Which NICs the System's EthernetInterfaces show (54). */
  showsEthernetInterface(nic: NicSpec): boolean;
}

/** A refusal by the vendor. */
export interface ErrorSpec {
  status: number;
  message: Message;
  headers?: Record<string, string>;
}

export interface AccountRules {
  /** `create`: POST and DELETE. `slots`: a fixed number of slots that are PATCHed (13). */
  style: "create" | "slots";
  /** Number of slots, or the most accounts. */
  slots: number;
  /** Slot of the administrator. */
  administrator: number;
  passwordLength: [number, number];
  /** Failed log-ins after which an account is locked; 0: never. */
  lockoutThreshold: number;
  lockoutSeconds: number;
  /** Further properties of every account. */
  extra: JsonObject;
}

export interface BootRules {
  /** Allowable BootSourceOverrideTarget values. */
  targets: string[];
  /** Allowable BootSourceOverrideMode values. */
  modes: ("UEFI" | "Legacy")[];
  /** The target that starts from virtual CD (42). */
  virtualCd: "Cd" | "UsbCd";
  /** Boot.HttpBootUri exists; otherwise BIOS attributes hold it (16). */
  httpBootUri: boolean;
  /** BootSourceOverrideEnabled must come with every change (45). */
  enabledRequired: boolean;
  /** A change of mode, even to the same, makes a BIOS job and costs a second self test (18). */
  modeMakesJob: boolean;
  /** After an override is used up the target reads None again. */
  targetCleared: boolean;
  /** Boot options in the order of their collection; `order` is the firmware's, which may differ (17). */
  options: { id: string; name: string; source: BootSource }[];
  order: string[];
  /** Boot/Certificates exists, for HTTPS boot. */
  certificates: boolean;
}

export interface ResetRules {
  types: string[];
  /** The types are listed on the action, or only in its ActionInfo (50). */
  listed: "inline" | "actionInfo" | "both";
  /** Off while off, On while on (26); undefined: success without effect. */
  already?: ErrorSpec;
  /** Power-on while the power supply settles (4). */
  onRefused?: ErrorSpec;
  /** A change that the self test does not allow; undefined: it is allowed. */
  post?: ErrorSpec;
  /** ForceRestart and PowerCycle switch a server on that is off; otherwise they are refused. */
  restartSwitchesOn: boolean;
  /** PoweringOn and PoweringOff are shown. */
  showsTransitions: boolean;
  /** Types that Manager.Reset takes. */
  managerTypes: string[];
}

export interface MediaSlot {
  id: string;
  name: string;
  mediaTypes: string[];
  /** The firmware can start from it. */
  bootable: boolean;
}

export interface MediaRules {
  slots: MediaSlot[];
  /** Collections: where, and which slot each member shows (8: two views of the same drives). */
  views: { at: "system" | "manager"; members: { id: string; slot: string; name: string; mediaTypes: string[] }[] }[];
  /** InsertMedia parameters that are refused (43). */
  refusedParameters: string[];
  /** Why an image address is refused (44); undefined: it is accepted. */
  refusesImage(url: string): string | undefined;
  /** Image and ImageName stay after an eject (47). */
  keepsImage: boolean;
  /** EjectMedia is offered only while something is inserted. */
  ejectOnlyWhenInserted: boolean;
  insertedAlready?: ErrorSpec;
  nothingInserted?: ErrorSpec;
  /** A running eject makes an insert fail (10). */
  ejectBusy?: ErrorSpec;
  /** The image cannot be had. */
  unreachable: (url: string) => ErrorSpec;
  /** Insert and eject answer 202 with a task. */
  asynchronous: boolean;
  /** The drive's certificates can be set. */
  certificates: boolean;
}

export interface BiosRules {
  /** Last segment of the settings resource's path. */
  settingsId: string;
  settingsName: string;
  registry: string;
  registryUri: string;
  /** What pending settings show (12): the changed ones, or all. */
  pendingShows: "changed" | "all";
  /** A PATCH without an apply time is stored and never applied (11). */
  applyTimeRequired: boolean;
  applyTimes: string[];
  /** Settings that are already waiting for the reset. */
  committed?: ErrorSpec;
  attributes: BiosAttribute[];
}

/** One attribute of the BIOS set-up. */
export interface BiosAttribute {
  name: string;
  display: string;
  type: "Enumeration" | "String" | "Integer" | "Boolean" | "Password";
  /** For Enumeration: the values, the `on` one first where the attribute is a switch. */
  values?: string[];
  initial: string | number | boolean | null;
  min?: number;
  max?: number;
  maxLength?: number;
  readOnly?: boolean;
  /** What the emulator itself uses it for. */
  role?: BiosRole;
}

export type BiosRole =
  | "virtualization"
  | "sriov"
  | "tpm"
  | "bootMode"
  | "httpEnabled"
  | "httpUri"
  | "httpTls"
  | "serial"
  | "sku"
  | "model"
  | "version";

export interface Naming {
  cpu(index: number): string;
  dimm(index: number): string;
  drive(drive: DriveSpec, index: number): string;
  nic(nic: NicSpec, index: number): string;
  adapter: string;
  storage: string;
}
