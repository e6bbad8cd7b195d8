import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type BmcClient,
  BmcPool,
  clearBootOverride,
  ejectMedia,
  insertMedia,
  readBios,
  readFacts,
  readInventory,
  RedfishError,
  type RequestEvent,
  setBootOverride,
  setHttpBoot,
  setPower,
} from "../../../provider/redfish";
import { describeWith } from "../../setup/need";
import { judges, judgesPython } from "../../setup/python";
import { credentials, SushyTools } from "./sushy-tools";

describeWith([judges()], "our Redfish client judged by sushy-tools", () => {
  let emulator: SushyTools;
  let pool: BmcPool;
  let client: BmcClient;
  let images: Server;
  const events: RequestEvent[] = [];

  beforeAll(async () => {
    emulator = await SushyTools.start(judgesPython() ?? "");
    images = createServer((_, response) => response.end("not really an image"));
    await new Promise<void>((resolve) => images.listen(0, "127.0.0.1", resolve));
    pool = new BmcPool({ onRequest: (event) => events.push(event), requestTimeoutSeconds: 20 });
    client = pool.get({ endpoint: emulator.endpoint, ...credentials, fingerprint: emulator.certificate.fingerprint });
  });
  afterAll(async () => {
    await pool?.close();
    images?.closeAllConnections();
    await new Promise((resolve) => (images ? images.close(resolve) : resolve(undefined)));
    await emulator?.stop();
  });

  const systemPath = async () => (await client.system()).path;
  const truth = async () => emulator.ask("GET", await systemPath());

  it("logs in with Basic, because sushy-tools has no sessions, and refuses a wrong password", async () => {
    await client.system();
    expect(events.filter(({ path, method }) => method === "POST" && path.endsWith("/Sessions"))).toHaveLength(1);
    const stranger = pool.get({
      endpoint: emulator.endpoint,
      username: "judge",
      password: "wrong-pass-2",
      insecure: true,
    });
    const error: unknown = await stranger.system().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RedfishError);
    expect(error).toMatchObject({ kind: "auth", status: 401 });
  });

  it("reads system, inventory and facts", async () => {
    const body = await truth();
    const inventory = await readInventory(client, { macs: true });
    expect(inventory).toMatchObject({ uuid: body.UUID, powerState: "Off", macs: ["00:5c:52:31:3a:9c"] });
    const facts = await readFacts(client);
    expect(facts.uuid).toBe(body.UUID);
    expect(facts.nics).toMatchObject([{ mac: "00:5c:52:31:3a:9c" }]);
  });

  it("switches on and off, with the delays of the emulator", async () => {
    await expect(setPower(client, "On")).resolves.toEqual({ powerState: "On", resets: ["On"] });
    expect(await truth()).toMatchObject({ PowerState: "On" });
    await expect(setPower(client, "On")).resolves.toEqual({ powerState: "On", resets: [] });
    await expect(setPower(client, "Off", { graceful: true })).resolves.toMatchObject({ powerState: "Off" });
    expect(await truth()).toMatchObject({ PowerState: "Off" });
  });

  it("sets the boot override", async () => {
    await expect(
      setBootOverride(client, { target: "Pxe", enabled: "Continuous", mode: "UEFI" }),
    ).resolves.toMatchObject({ changed: true });
    expect((await truth()).Boot).toMatchObject({
      BootSourceOverrideTarget: "Pxe",
      BootSourceOverrideMode: "UEFI",
      BootSourceOverrideEnabled: "Continuous",
    });
  });

  it("says that an override for once stays, because sushy-tools shows every one as Continuous", async () => {
    await expect(setBootOverride(client, { target: "Cd", enabled: "Once" })).resolves.toMatchObject({
      changed: true,
      continuousOnly: true,
    });
    expect((await truth()).Boot).toMatchObject({ BootSourceOverrideTarget: "Cd" });
  });

  it("clears the boot override", async () => {
    await expect(clearBootOverride(client)).resolves.toMatchObject({ changed: true, state: { target: "None" } });
    await expect(clearBootOverride(client)).resolves.toMatchObject({ changed: false });
  });

  it("inserts, replaces and ejects virtual media", async () => {
    const at = (name: string) => `http://127.0.0.1:${(images.address() as AddressInfo).port}/${name}`;
    const { slot } = await insertMedia(client, { image: at("one.iso") });
    expect(await emulator.ask("GET", slot.path)).toMatchObject({ Inserted: true, Image: at("one.iso") });
    await expect(insertMedia(client, { image: at("one.iso") })).resolves.toMatchObject({ changed: false });
    await insertMedia(client, { image: at("two.iso") });
    expect(await emulator.ask("GET", slot.path)).toMatchObject({ Inserted: true, Image: at("two.iso") });
    await ejectMedia(client);
    expect(await emulator.ask("GET", slot.path)).toMatchObject({ Inserted: false });
  });

  it("says what the emulator cannot do, in one line", async () => {
    await expect(readBios(client)).rejects.toMatchObject({ kind: "notFound", status: 404 });
    await expect(setHttpBoot(client, "http://127.0.0.1:9/x.efi")).rejects.toMatchObject({
      kind: "refused",
      status: 400,
    });
  });
});
