import * as random from "@pulumi/random";
import bcrypt from "bcryptjs";
import { randomPlugin } from "../../../../lab/plugins/random/plugin";
import {
  Deployed,
  FakeEngine,
  reveal,
  Secret,
  spawnPlugin,
  startInProcess,
  unknown,
  type Values,
} from "../../../setup/plugin-client";

const token = (name: string) => `random:index/${name[0].toLowerCase()}${name.slice(1)}:${name}`;

let plugin: Awaited<ReturnType<typeof startInProcess>>;

beforeAll(async () => {
  plugin = await startInProcess(randomPlugin);
});

afterAll(() => plugin.stop());

async function make(name: string, args: Values): Promise<{ id: string; state: Values; one: Deployed }> {
  const one = new Deployed(plugin.client, token(name), "r");
  const { did, failures } = await one.up(args);
  expect({ did, failures }).toEqual({ did: "create", failures: [] });
  return { id: one.id!, state: one.state, one };
}

/** Smallest arguments of each, and which outputs the official SDK marks secret. */
const kinds: [keyof typeof random, Values, string[]][] = [
  ["RandomPassword", { length: 16 }, ["result", "bcryptHash"]],
  ["RandomString", { length: 16 }, []],
  ["RandomId", { byteLength: 8 }, []],
  ["RandomBytes", { length: 8 }, ["base64", "hex"]],
  ["RandomUuid", {}, []],
  ["RandomInteger", { min: 1, max: 1_000_000_000 }, []],
  ["RandomShuffle", { inputs: ["a", "b", "c"] }, []],
  ["RandomPet", {}, []],
];

describe.each(kinds)("%s", (name, args, secrets) => {
  it("has the SDK's type and outputs", async () => {
    const Class = random[name] as unknown as { __pulumiType: string; toString(): string };
    expect(Class.__pulumiType).toBe(token(name));
    const { state } = await make(name, args);
    const source = Class.toString();
    const outputs = [...source.matchAll(/resourceInputs\["(\w+)"\] = undefined/g)].map(([, output]) => output);
    for (const output of outputs) expect(state).toHaveProperty(output);
    const inputs = [...source.matchAll(/resourceInputs\["(\w+)"\] = args\?\.(\w+)/g)].map(([, input]) => input);
    const known = randomPlugin.schema().resources![token(name)];
    expect(Object.keys(known.inputProperties!).sort()).toEqual(inputs.sort());
    expect(Object.keys(known.properties!).sort()).toEqual([...inputs, ...outputs].sort());
  });

  it("marks its secrets", async () => {
    const { state } = await make(name, args);
    const marked = Object.entries(state)
      .filter(([, value]) => value instanceof Secret)
      .map(([key]) => key);
    expect(marked.sort()).toEqual([...secrets].sort());
  });

  it("keeps its result until an input or a keeper changes, then is replaced", async () => {
    const { one, id, state } = await make(name, { ...args, keepers: { day: "1" } });
    expect((await one.up({ ...args, keepers: { day: "1" } })).did).toBe("same");
    await one.refresh();
    expect([one.id, one.state]).toEqual([id, state]);
    const { did, difference } = await one.up({ ...args, keepers: { day: "2" } });
    expect(did).toBe("replace");
    expect(difference).toMatchObject({
      replaces: ["keepers"],
      detailed: { "keepers.day": { kind: "UPDATE_REPLACE" } },
    });
    if (name !== "RandomShuffle")
      expect([one.id, reveal(one.state)]).not.toEqual([id, { ...reveal<Values>(state), keepers: { day: "2" } }]);
    await one.destroy();
  });

  it("makes nothing in a preview", async () => {
    const { inputs } = await plugin.client.check(token(name), "r", { ...args, keepers: { a: unknown } });
    const { id, state } = await plugin.client.create(token(name), "r", inputs, { preview: true });
    expect(id).toBe("");
    expect(Object.keys(state).sort()).toEqual(Object.keys(inputs).sort());
  });
});

describe("passwords", () => {
  it("have the characters that were asked for, and a bcrypt hash", async () => {
    const args = { length: 12, minLower: 3, minUpper: 3, minNumeric: 3, minSpecial: 3, overrideSpecial: "%" };
    for (let i = 0; i < 5; i++) {
      const { result, bcryptHash } = reveal<{ result: string; bcryptHash: string }>(
        (await make("RandomPassword", args)).state,
      );
      expect([...result].sort().join("")).toMatch(/^%{3}[0-9]{3}[A-Z]{3}[a-z]{3}$/);
      expect(bcrypt.compareSync(result, bcryptHash)).toBe(true);
    }
  });

  it("leave out what was switched off, by the old name too", async () => {
    const { state } = await make("RandomString", { length: 200, special: false, upper: false, number: false });
    expect(state.result).toMatch(/^[a-z]{200}$/);
    expect(state).toMatchObject({ number: false, numeric: false });
  });

  it.each([
    [{ length: 0 }, "length"],
    [{ length: 3, minLower: 4 }, "length"],
    [{ length: 3, minUpper: -1 }, "minUpper"],
    [{ length: 3, lower: false, upper: false, numeric: false, special: false }, "lower"],
    [{}, "length"],
    [{ length: "3" }, "length"],
  ])("cannot be made of %j", async (args, property) => {
    const { failures } = await plugin.client.check(token("RandomPassword"), "r", args);
    expect(failures.map((failure) => failure.property)).toContain(property);
  });
});

describe("the others", () => {
  it("RandomId gives one number in four forms, with its prefix", async () => {
    const { id, state } = await make("RandomId", { byteLength: 6, prefix: "web-" });
    const bytes = Buffer.from(id, "base64url");
    expect(bytes).toHaveLength(6);
    expect(state).toMatchObject({
      hex: `web-${bytes.toString("hex")}`,
      b64Url: `web-${id}`,
      b64Std: `web-${bytes.toString("base64")}`,
      dec: `web-${bytes.readUIntBE(0, 6)}`,
    });
  });

  it("RandomInteger stays within its bounds, both included, and obeys its seed", async () => {
    const seen = new Set<unknown>();
    for (let i = 0; i < 40; i++) seen.add((await make("RandomInteger", { min: -1, max: 1 })).state.result);
    expect([...seen].sort()).toEqual([-1, 0, 1]);
    const drawn = async () => (await make("RandomInteger", { min: 0, max: 1e9, seed: "s" })).state.result;
    expect(await drawn()).toBe(await drawn());
    const { failures } = await plugin.client.check(token("RandomInteger"), "r", { min: 2, max: 1 });
    expect(failures).toEqual([{ property: "max", reason: "has to be at least min (2), not 1" }]);
  });

  it("RandomShuffle permutes, cuts, and goes round", async () => {
    const inputs = ["a", "b", "c", "d"];
    const { state } = await make("RandomShuffle", { inputs });
    expect([...(state.results as string[])].sort()).toEqual(inputs);
    expect((await make("RandomShuffle", { inputs, resultCount: 2 })).state.results).toHaveLength(2);
    const twice = (await make("RandomShuffle", { inputs, resultCount: 8 })).state.results as string[];
    expect([...twice.slice(0, 4)].sort()).toEqual(inputs);
    expect([...twice.slice(4)].sort()).toEqual(inputs);
  });

  it("RandomPet has as many words as asked for", async () => {
    expect((await make("RandomPet", {})).id).toMatch(/^[a-z]+-[a-z]+$/);
    expect((await make("RandomPet", { length: 1 })).id).toMatch(/^[a-z]+$/);
    expect((await make("RandomPet", { length: 4, separator: "_", prefix: "p" })).id).toMatch(
      /^p_[a-z]+_[a-z]+_[a-z]+_[a-z]+$/,
    );
  });

  it("are imported from what their id carries", async () => {
    const imported = async (name: string, id: string) => {
      const one = new Deployed(plugin.client, token(name), "r");
      await one.import(id);
      return { id: one.id, ...reveal<Values>(one.state) };
    };
    expect(await imported("RandomPassword", "hunter22")).toMatchObject({ id: "none", result: "hunter22", length: 8 });
    expect(await imported("RandomInteger", "3,1,9")).toMatchObject({ id: "3", result: 3, min: 1, max: 9 });
    expect(await imported("RandomId", "web-,AAECAw")).toMatchObject({
      id: "AAECAw",
      hex: "web-00010203",
      prefix: "web-",
    });
    expect(await imported("RandomBytes", "AAEC")).toMatchObject({ hex: "000102", length: 3 });
    expect(await imported("RandomUuid", "1b4e28ba-2fa1-11d2-883f-0016d3cca427")).toMatchObject({
      result: "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
    });
    await expect(imported("RandomPet", "x")).rejects.toThrow("there is nothing to import");
    const one = new Deployed(plugin.client, token("RandomPassword"), "r");
    await one.import("hunter22");
    expect((await one.up({ length: 8 })).did).toBe("same");
  });
});

it("serves in a process of its own", async () => {
  const engine = await FakeEngine.start();
  const spawned = await spawnPlugin("lab/plugins/random/main.ts", { engine });
  expect((await spawned.client.create(token("RandomUuid"), "r", {})).id).toMatch(/^[0-9a-f-]{36}$/);
  await spawned.stop();
  engine.stop();
});
