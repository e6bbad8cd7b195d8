import { Bios } from "../../../../lab/bmc/bios";
import type { BootSettings } from "../../../../lab/bmc/boot";
import { initialBoot, planBoot } from "../../../../lab/bmc/boot";
import { DIALECTS } from "../../../../lab/bmc/dialects";
import { VirtualMedia } from "../../../../lab/bmc/media";
import type { DialectName } from "../../../../lab/bmc/spec";

interface Case {
  title: string;
  dialect?: DialectName;
  boot?: Partial<BootSettings>;
  inserted?: string[];
  bios?: Record<string, string>;
  expected: object;
  skipped?: string[];
}

function plan({ dialect = "generic", boot = {}, inserted = [], bios = {} }: Case) {
  const rules = DIALECTS[dialect];
  const settings = { ...initialBoot(rules.boot), ...boot };
  const store = new Bios(rules.bios, () => rules.hardware(1));
  store.set(bios);
  const media = new VirtualMedia(rules.media.slots, rules.media.keepsImage);
  for (const slot of inserted) media.insert(slot, { image: `http://h/${slot}.iso`, writeProtected: true });
  return planBoot(rules.boot, settings, store, media, false);
}

const once = (target: string): Partial<BootSettings> => ({ enabled: "Once", target });

test.each<Case>([
  { title: "no override: boot order", expected: { source: "Hdd", fallbacks: ["Pxe"], overridden: false, once: false } },
  {
    title: "no override, a medium inserted: it is the last resort",
    inserted: ["Cd"],
    expected: { source: "Hdd", fallbacks: ["Pxe", "Cd"] },
  },
  {
    title: "a changed boot order",
    boot: { order: ["Boot0002", "Boot0001"] },
    expected: { source: "Pxe", fallbacks: ["Hdd"] },
  },
  {
    title: "CD once",
    boot: once("Cd"),
    inserted: ["Cd"],
    expected: { source: "Cd", once: true, overridden: true, fallbacks: ["Hdd", "Pxe"] },
  },
  {
    title: "CD without a medium falls through",
    boot: once("Cd"),
    expected: { source: "Hdd", overridden: false },
    skipped: ["no virtual CD is inserted"],
  },
  {
    title: "a stick is not a CD",
    boot: once("Cd"),
    inserted: ["UsbStick"],
    expected: { source: "Hdd" },
    skipped: ["no virtual CD is inserted"],
  },
  { title: "a disabled override is none", boot: { enabled: "Disabled", target: "Pxe" }, expected: { source: "Hdd" } },
  {
    title: "PXE for good",
    boot: { enabled: "Continuous", target: "Pxe" },
    expected: { source: "Pxe", once: false, overridden: true },
  },
  { title: "set-up starts nothing", boot: once("BiosSetup"), expected: { source: "None", fallbacks: [] } },
  {
    title: "HTTP",
    boot: { ...once("UefiHttp"), httpBootUri: "http://h/b.efi" },
    expected: { source: "UefiHttp", httpBootUri: "http://h/b.efi" },
  },
  {
    title: "HTTP without an address",
    boot: once("UefiHttp"),
    expected: { source: "Hdd" },
    skipped: ["HttpBootUri is empty"],
  },
  {
    title: "HTTP in legacy mode",
    boot: { ...once("UefiHttp"), mode: "Legacy", httpBootUri: "http://h/b.efi" },
    expected: { source: "Hdd", mode: "Legacy" },
    skipped: ["HTTP boot needs the UEFI mode"],
  },
  { title: "the override's mode counts only with it", boot: { mode: "Legacy" }, expected: { mode: "UEFI" } },
  { title: "the BIOS's mode counts without it", bios: { BootMode: "Legacy" }, expected: { mode: "Legacy" } },
  {
    title: "a device that is not there",
    boot: once("Usb"),
    expected: { source: "Hdd" },
    skipped: ["there is no device of the kind Usb"],
  },
  {
    title: "a named boot option",
    boot: { ...once("UefiTarget"), uefiTarget: "Boot0002" },
    expected: { source: "Pxe" },
  },
  {
    title: "Dell: HTTP device off (16)",
    dialect: "dell",
    boot: once("UefiHttp"),
    expected: { source: "Hdd" },
    skipped: ["the HTTP device is disabled in the BIOS"],
  },
  {
    title: "Dell: HTTPS passes the TLS mode OneWay (16)",
    dialect: "dell",
    boot: once("UefiHttp"),
    bios: { HttpDev1EnDis: "Enabled", HttpDev1Uri: "https://h/b.efi" },
    expected: { source: "UefiHttp", httpBootUri: "https://h/b.efi" },
  },
  {
    title: "Supermicro: Cd is a drive that is not there (42)",
    dialect: "supermicro",
    boot: once("Cd"),
    inserted: ["VirtualMedia1"],
    expected: { source: "Hdd" },
    skipped: ["there is no device of the kind Cd"],
  },
  {
    title: "Supermicro: UsbCd (42)",
    dialect: "supermicro",
    boot: once("UsbCd"),
    inserted: ["VirtualMedia2"],
    expected: { source: "Cd", overridden: true },
  },
])("boot plan: $title", (one) => {
  const { plan: made, skipped } = plan(one);
  expect(made).toMatchObject(one.expected);
  expect(skipped).toEqual(one.skipped ?? []);
});
