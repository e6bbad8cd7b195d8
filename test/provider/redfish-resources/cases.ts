import type { Bmc, DialectName } from "../../../lab/bmc";
import { secret, type Values } from "../../setup/plugin-client";

/** One resource, for the matrix: what a program says, and what then has to be true inside the BMC. */
export interface Case {
  type: string;
  /** State of the server before. */
  poweredOn?: boolean;
  program: (dialect: DialectName) => Values;
  /** What the BMC has to show after create, and after the repair of drift. */
  wanted: (bmc: Bmc) => unknown;
  /** What somebody does to it behind our back. */
  drift: (bmc: Bmc) => void;
  /** Property that then differs. */
  drifted: (dialect: DialectName) => string;
  /** Changes to the program. */
  change: (dialect: DialectName) => Values;
  /** What the BMC has to show then. */
  changed: (bmc: Bmc) => unknown;
  /** Id, from what is known of the BMC alone. */
  id: (bmc: Bmc) => string;
  /** What may differ between an imported resource and the program: only what a BMC cannot tell. */
  importDiffers: string[];
  /** What the BMC has to show after delete. */
  deleted: (bmc: Bmc) => unknown;
}

const isIn = (bmc: Bmc) => [...bmc.media.drives.values()].flatMap((drive) => (drive.inserted ? [drive.image] : []));
const cd = (bmc: Bmc) => [...bmc.media.drives.values()].find(({ slot }) => slot.bootable)!.slot.id;
const slotPath: Record<DialectName, string> = {
  generic: "/redfish/v1/Systems/1/VirtualMedia/Cd",
  dell: "/redfish/v1/Systems/System.Embedded.1/VirtualMedia/1",
  supermicro: "/redfish/v1/Managers/1/VirtualMedia/VirtualMedia1",
};
/** As a program would write them: without the hash of a Supermicro. */
export const virtualization: Record<DialectName, string> = {
  generic: "CpuVirtualization",
  dell: "ProcVirtualization",
  supermicro: "IntelVirtualizationTechnology",
};
export const biosOf = (bmc: Bmc, dialect = bmc.dialect.name): unknown =>
  Object.entries(bmc.bios.current()).find(([name]) => name.startsWith(virtualization[dialect]))?.[1];
const attribute = (bmc: Bmc): string =>
  Object.keys(bmc.bios.current()).find((name) => name.startsWith(virtualization[bmc.dialect.name]))!;
const word = (bmc: Bmc, on: boolean) =>
  bmc.dialect.name === "supermicro" ? (on ? "Enable" : "Disable") : on ? "Enabled" : "Disabled";

export const cases: Case[] = [
  {
    type: "Server",
    program: () => ({ powerState: "On" }),
    wanted: (bmc) => bmc.power.state === "On",
    drift: (bmc) => bmc.setPower("Off"),
    drifted: () => "powerState",
    change: () => ({ powerState: "Off", maintenance: true }),
    changed: (bmc) => bmc.power.state === "Off",
    id: (bmc) => `${bmc.url}${bmc.systemPath}`,
    importDiffers: ["powerState"],
    deleted: () => true,
  },
  {
    type: "BootOverride",
    program: () => ({ target: "Pxe", enabled: "Continuous", mode: "UEFI" }),
    wanted: (bmc) => bmc.boot.target === "Pxe" && bmc.boot.enabled === "Continuous",
    drift: (bmc) => bmc.setBootOverride({ target: "Hdd" }),
    drifted: () => "target",
    change: () => ({ target: "Cd" }),
    changed: (bmc) => bmc.boot.target === (bmc.dialect.name === "supermicro" ? "UsbCd" : "Cd"),
    id: (bmc) => `${bmc.url}${bmc.systemPath}#Boot`,
    importDiffers: ["mode"],
    deleted: (bmc) => bmc.boot.enabled === "Disabled",
  },
  {
    type: "VirtualMedia",
    program: () => ({ image: "http://127.0.0.1:9/one.iso" }),
    wanted: (bmc) => isIn(bmc).join() === "http://127.0.0.1:9/one.iso",
    drift: (bmc) => bmc.media.eject(cd(bmc)),
    drifted: () => "image",
    change: () => ({ image: "http://127.0.0.1:9/two.iso" }),
    changed: (bmc) => isIn(bmc).join() === "http://127.0.0.1:9/two.iso",
    id: (bmc) => `${bmc.url}${slotPath[bmc.dialect.name]}`,
    importDiffers: ["writeProtected"],
    deleted: (bmc) => isIn(bmc).length === 0,
  },
  {
    type: "BiosSettings",
    program: (dialect) => ({ attributes: { [virtualization[dialect]]: "Disabled" }, apply: "immediate" }),
    wanted: (bmc) => biosOf(bmc) === word(bmc, false),
    drift: (bmc) => bmc.setBios({ [attribute(bmc)]: word(bmc, true) }),
    drifted: (dialect) => `attributes.${virtualization[dialect]}`,
    change: (dialect) => ({ attributes: { [virtualization[dialect]]: "Enabled" } }),
    changed: (bmc) => biosOf(bmc) === word(bmc, true),
    id: (bmc) => `${bmc.url}${bmc.systemPath}/Bios`,
    importDiffers: ["attributes", "apply"],
    deleted: (bmc) => biosOf(bmc) === word(bmc, true),
  },
  {
    type: "Account",
    program: () => ({ userName: "operator1", password: secret("hush-Operator-1"), role: "Operator" }),
    wanted: (bmc) => {
      const found = bmc.accounts.byName("operator1");
      return found?.password === "hush-Operator-1" && found.role === "Operator" && found.enabled;
    },
    drift: (bmc) => {
      bmc.accounts.byName("operator1")!.role = "ReadOnly";
    },
    drifted: () => "role",
    change: () => ({ password: secret("hush-Operator-2") }),
    changed: (bmc) => bmc.accounts.byName("operator1")?.password === "hush-Operator-2",
    id: (bmc) => `${bmc.url}/redfish/v1/AccountService/Accounts/${bmc.accounts.byName("operator1")!.id}`,
    importDiffers: ["password"],
    deleted: (bmc) => bmc.accounts.byName("operator1") === undefined,
  },
];
