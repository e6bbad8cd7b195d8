import type { Bmc, Fault, FaultRule } from "../../../lab/bmc";
import {
  type BmcClient,
  createAccount,
  deleteAccount,
  ejectMedia,
  findAccount,
  insertMedia,
  readFacts,
  readInventory,
  setBios,
  setBootOverride,
  setPower,
} from "../../../provider/redfish";

/** One thing that the client does, with proof from inside the BMC that it was done. */
export interface Operation {
  name: string;
  readsOnly?: boolean;
  /** Passwords cannot be read back, so they are written each time. */
  writesAlways?: boolean;
  prepare?: (bmc: Bmc) => void;
  run: (client: BmcClient) => Promise<unknown>;
  /** Empty when all is as it should be, else what is not. */
  wrong: (bmc: Bmc, result: unknown) => string | undefined;
}

const image = "http://127.0.0.1:9/boot.iso";

const expectState = (what: string, got: unknown, wanted: unknown) =>
  JSON.stringify(got) === JSON.stringify(wanted)
    ? undefined
    : `${what} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`;

const inserted = (bmc: Bmc) => [...bmc.media.drives.values()].flatMap((drive) => (drive.inserted ? [drive.image] : []));

const virtualization = {
  generic: "CpuVirtualization",
  dell: "ProcVirtualization",
  supermicro: "IntelVirtualizationTechnology",
};

export const operations: Operation[] = [
  {
    name: "power on",
    run: (client) => setPower(client, "On"),
    wrong: (bmc) => expectState("power", bmc.power.state, "On"),
  },
  {
    name: "power off",
    prepare: (bmc) => bmc.setPower("On"),
    run: (client) => setPower(client, "Off"),
    wrong: (bmc) => expectState("power", bmc.power.state, "Off"),
  },
  {
    name: "boot override",
    run: (client) => setBootOverride(client, { target: "Cd", enabled: "Once", mode: "UEFI" }),
    wrong: (bmc) =>
      expectState(
        "override",
        [bmc.boot.target, bmc.boot.enabled],
        [bmc.dialect.name === "supermicro" ? "UsbCd" : "Cd", "Once"],
      ),
  },
  {
    name: "insert media",
    run: (client) => insertMedia(client, { image }),
    wrong: (bmc) => expectState("media", inserted(bmc), [image]),
  },
  {
    name: "eject media",
    prepare: (bmc) => {
      const slot = [...bmc.media.drives.keys()][0];
      bmc.media.insert(slot, {
        image,
        writeProtected: true,
        username: undefined,
        password: undefined,
        transferMethod: undefined,
        transferProtocol: undefined,
      });
    },
    run: (client) => ejectMedia(client),
    wrong: (bmc) => expectState("media", inserted(bmc), []),
  },
  {
    name: "bios",
    run: (client) => setBios(client, { [virtualization[vendor(client)]]: "Disabled" }),
    wrong: (bmc) =>
      expectState(
        "pending",
        Object.values(bmc.bios.pending()).map((value) => /^disabled?$/i.test(String(value))),
        [true],
      ),
  },
  {
    name: "create account",
    writesAlways: true,
    run: (client) => createAccount(client, { username: "deploy", password: "Deploy-pass-77", role: "Operator" }),
    wrong: (bmc) => {
      const accounts = bmc.accounts.list().filter(({ userName }) => userName === "deploy");
      return expectState(
        "accounts",
        accounts.map(({ password, role }) => [password, role]),
        [["Deploy-pass-77", "Operator"]],
      );
    },
  },
  {
    name: "delete account",
    prepare: (bmc) => {
      const fields = {
        userName: "deploy",
        password: "Deploy-pass-77",
        role: "Operator",
        enabled: true,
        passwordChangeRequired: false,
      } as const;
      const slot = bmc.accounts.get("4");
      if (slot) Object.assign(slot, fields);
      else bmc.accounts.add(fields);
    },
    run: async (client) => {
      const account = await findAccount(client, "deploy");
      if (account) await deleteAccount(client, account);
    },
    wrong: (bmc) => expectState("account", bmc.accounts.byName("deploy"), undefined),
  },
  {
    name: "inventory",
    readsOnly: true,
    run: (client) => readInventory(client, { macs: true }),
    wrong: (bmc, result) =>
      expectState(
        "inventory",
        [(result as { uuid: string }).uuid, (result as { macs: string[] }).macs.length],
        [bmc.hardware.uuid, bmc.hardware.nics.length],
      ),
  },
  {
    name: "facts",
    readsOnly: true,
    run: (client) => readFacts(client),
    wrong: (bmc, result) => {
      const facts = result as Awaited<ReturnType<typeof readFacts>>;
      const { hardware } = bmc;
      return expectState(
        "facts",
        [facts.cpu.cores, facts.memoryGiB, facts.drives.length, facts.nics.length, facts.tpm, facts.firmware.bmc],
        [
          sum(hardware.cpus.map(({ cores }) => cores)),
          hardware.memoryGiB,
          hardware.drives.length,
          hardware.nics.length,
          hardware.tpm,
          hardware.bmcVersion,
        ],
      );
    },
  },
];

const dialectOf = new WeakMap<BmcClient, keyof typeof virtualization>();

/** Tells the operations which vendor's names to use. */
export function remember(client: BmcClient, dialect: keyof typeof virtualization): BmcClient {
  dialectOf.set(client, dialect);
  return client;
}

function vendor(client: BmcClient): keyof typeof virtualization {
  return dialectOf.get(client) ?? "generic";
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** A fault after which every operation must succeed all the same. */
export interface FaultCase {
  name: string;
  /** It strikes writes, so it says nothing about operations that only read. */
  writes: boolean;
  rules: FaultRule[];
}

/** Strikes the second read: the first after the login, or the one that the operation is about. */
const onRead = (name: string, fault: Fault): FaultCase => ({
  name: `${name} at a read`,
  writes: false,
  rules: [{ times: 1, method: "GET", after: 1, fault }],
});

/** Strikes the first write after the login. */
const onWrite = (name: string, fault: Fault): FaultCase => ({
  name: `${name} at a write`,
  writes: true,
  rules: [{ times: 1, method: ["POST", "PATCH", "DELETE"], after: 1, fault }],
});

const onLogin = (name: string, fault: Fault): FaultCase => ({
  name: `${name} at login`,
  writes: false,
  rules: [{ times: 1, method: "POST", path: "**/Sessions", fault }],
});

export const faultCases: FaultCase[] = [
  { name: "latency", writes: false, rules: [{ fault: { kind: "latency", milliseconds: 15, jitterMs: 15 } }] },
  {
    name: "503 again and again",
    writes: false,
    rules: [0, 3, 6].map((after) => ({ times: 1, method: "GET", after, fault: { kind: "status", status: 503 } })),
  },
  onLogin("503", { kind: "status", status: 503 }),
  onLogin("no session left", { kind: "sessionCap" }),
  onRead("500", { kind: "status", status: 500 }),
  onRead("HTML", { kind: "status", status: 502, body: "<html>bad gateway</html>", contentType: "text/html" }),
  onRead("session dropped", { kind: "dropSession" }),
  onRead("reset before the work", { kind: "reset", when: "before" }),
  onRead("reset after the work", { kind: "reset", when: "after" }),
  onRead("silence", { kind: "hang", when: "before" }),
  onRead("BMC restart", { kind: "reboot", when: "before", downMs: 200 }),
  onRead("half an answer", { kind: "truncate" }),
  onRead("a garbled answer", { kind: "malformed" }),
  onRead("a redirect on the same host", { kind: "redirect", status: 307 }),
  onRead("a slow answer", { kind: "drip", bytesPerSecond: 20_000 }),
  onWrite("503 with Retry-After", { kind: "status", status: 503, retryAfter: 3 }),
  onWrite("429 with a date", { kind: "status", status: 429, retryAfter: 2, retryAfterDate: true }),
  onWrite("session dropped", { kind: "dropSession" }),
  onWrite("reset before the work", { kind: "reset", when: "before" }),
  onWrite("reset after the work", { kind: "reset", when: "after" }),
  onWrite("silence after the work", { kind: "hang", when: "after" }),
  onWrite("BMC restart before the work", { kind: "reboot", when: "before", downMs: 200 }),
  onWrite("BMC restart after the work", { kind: "reboot", when: "after", downMs: 200 }),
  onWrite("412", { kind: "precondition" }),
  onWrite("success that is a lie", { kind: "lie" }),
  onWrite("a task that is forgotten", { kind: "task", outcome: "vanish" }),
];
