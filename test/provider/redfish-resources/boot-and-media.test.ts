import type { Bmc } from "../../../lab/bmc";
import { secret, type Values } from "../../setup/plugin-client";
import { dialects, World, writes } from "./harness";

describe.each(dialects)("at %s", (dialect) => {
  let world: World;
  let bmc: Bmc;
  let other: Bmc;
  beforeEach(async () => {
    world = await World.start([
      { name: "a", dialect },
      { name: "b", dialect },
    ]);
    bmc = world.bmc("a");
    other = world.bmc("b");
  });
  afterEach(() => world.stop());

  const inserted = () => [...bmc.media.drives.values()].flatMap((drive) => (drive.inserted ? [drive.image] : []));
  const cd = () => [...bmc.media.drives.values()].find(({ slot }) => slot.bootable)!.slot.id;
  const put = (image: string, slot = cd()) =>
    bmc.media.insert(slot, {
      image,
      writeProtected: true,
      username: undefined,
      password: undefined,
      transferMethod: undefined,
      transferProtocol: undefined,
    });

  describe("BootOverride", () => {
    const program = (more: Values = {}, at = bmc) => ({ connection: world.connection(at), target: "Pxe", ...more });

    it("takes an override of one boot that was used up for no change, and sets it again only when asked", async () => {
      const it1 = world.deployed("BootOverride");
      await it1.up(program());
      expect(bmc.boot).toMatchObject({ enabled: "Once", target: "Pxe" });
      bmc.setPower("On");
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(bmc.boot.enabled).toBe("Disabled");
      await it1.refresh();
      expect(it1.state.consumed).toBe(true);
      await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
      bmc.journal.clear();
      await expect(
        it1.up({ ...program(), connection: world.connection(bmc, { requestTimeoutSeconds: 9 }) }),
      ).resolves.toMatchObject({ did: "update" });
      expect(writes(bmc)).toEqual([]);
      await expect(it1.up(program({ target: "Cd" }))).resolves.toMatchObject({ did: "update" });
      expect(bmc.boot.enabled).toBe("Once");
      expect(it1.state.consumed).toBe(false);
    });

    it("sees an override that somebody else set", async () => {
      const it1 = world.deployed("BootOverride");
      await it1.up(program({ enabled: "Disabled", target: undefined }));
      bmc.setBootOverride({ enabled: "Once", target: "Hdd" });
      await it1.refresh();
      const preview = await it1.up(program({ enabled: "Disabled", target: undefined }), { preview: true });
      expect(preview.difference!.diffs.sort()).toEqual(["enabled", "target"]);
      await it1.up(program({ enabled: "Disabled", target: undefined }));
      expect(bmc.boot.enabled).toBe("Disabled");
    });

    it("leaves on delete what is not its own", async () => {
      const it1 = world.deployed("BootOverride");
      await it1.up(program({ enabled: "Continuous" }));
      bmc.setBootOverride({ target: "Hdd" });
      await it1.destroy();
      expect(bmc.boot).toMatchObject({ enabled: "Continuous", target: "Hdd" });
    });

    it("sets a URI to boot from", async () => {
      const it1 = world.deployed("BootOverride");
      const httpBootUri = "https://boot.example.com/ipxe.efi";
      await it1.up(program({ target: "UefiHttp", httpBootUri }));
      expect(bmc.boot.target).toBe("UefiHttp");
      if (dialect === "dell") expect(world.engine.shown).toMatch(/httpBootUri is a BIOS setting here/);
      else expect(bmc.boot.httpBootUri).toBe(httpBootUri);
      await it1.refresh();
      await expect(it1.up(program({ target: "UefiHttp", httpBootUri }))).resolves.toMatchObject({ did: "same" });
    });

    it("says what the BMC offers when it refuses a target", async () => {
      await expect(world.deployed("BootOverride").up(program({ target: "RemoteDrive" }))).rejects.toThrow(
        /RemoteDrive.*refused.*the BMC offers/,
      );
    });

    it("does not go to another machine", async () => {
      const it1 = world.deployed("BootOverride");
      await it1.up(program());
      await expect(it1.up(program({}, other))).rejects.toThrow(/another machine answers/);
      expect(writes(other)).toEqual([]);
    });
  });

  describe("VirtualMedia", () => {
    const image = "http://127.0.0.1:9/one.iso";
    const program = (more: Values = {}) => ({ connection: world.connection(bmc), image, ...more });

    it("takes a slot by itself, but never puts out somebody else's medium", async () => {
      for (const slot of bmc.media.drives.keys()) put("http://127.0.0.1:9/theirs.iso", slot);
      await expect(world.deployed("VirtualMedia").up(program())).rejects.toThrow(
        /every slot for CDs is taken: .*theirs.iso.*name it as slot/,
      );
      expect(inserted()).toHaveLength(bmc.media.drives.size);
      expect(writes(bmc)).toEqual([]);
    });

    it("replaces the medium of a slot that is named", async () => {
      put("http://127.0.0.1:9/theirs.iso");
      const it1 = world.deployed("VirtualMedia");
      const found = await world.client.invoke("rackform:redfish:getInventory", { connection: world.connection(bmc) });
      const slots = found.result.virtualMedia as { id: string; inserted: boolean }[];
      const slot = slots.find((one) => one.inserted)!.id;
      await it1.up(program({ slot }));
      expect(inserted()).toEqual([image]);
      await expect(it1.up(program())).resolves.toMatchObject({ did: "same" });
      await expect(it1.up(program({ slot: "nowhere" }), { preview: true })).resolves.toMatchObject({
        did: "replace",
        difference: { deleteBeforeReplace: true },
      });
      await expect(world.deployed("VirtualMedia").up(program({ slot: "nowhere" }))).rejects.toThrow(
        /slot "nowhere" is not there; the BMC has/,
      );
    });

    it("adopts the image that is in already", async () => {
      put(image);
      await world.deployed("VirtualMedia").up(program());
      expect(writes(bmc)).toEqual([]);
    });

    it("leaves on delete what is not its own", async () => {
      const it1 = world.deployed("VirtualMedia");
      await it1.up(program());
      put("http://127.0.0.1:9/theirs.iso");
      await it1.destroy();
      expect(inserted()).toEqual(["http://127.0.0.1:9/theirs.iso"]);
    });

    it("hands over credentials, puts the medium in anew when they change, and never shows them", async () => {
      const it1 = world.deployed("VirtualMedia");
      await it1.up(program({ username: "u", password: secret("hush-media-1") }));
      expect(bmc.media.drives.get(cd())).toMatchObject({ username: "u", password: "hush-media-1" });
      await it1.refresh();
      await expect(it1.up(program({ username: "u", password: secret("hush-media-1") }))).resolves.toMatchObject({
        did: "same",
      });
      await it1.up(program({ username: "u", password: secret("hush-media-2") }));
      expect(bmc.media.drives.get(cd())).toMatchObject({ password: "hush-media-2" });
      expect(world.engine.shown + JSON.stringify(world.exchanges)).not.toMatch(/hush/);
    });

    it("does not import an empty slot", async () => {
      const it1 = world.deployed("VirtualMedia");
      await it1.up(program());
      const { id } = it1;
      await it1.destroy();
      await world.client.configure({
        username: "admin",
        password: "hush-admin-pass-1",
        caBundle: world.rack.caCertificate,
        leaseDirectory: world.leases,
      });
      await expect(world.client.read(it1.type, "it", id!)).resolves.toBeUndefined();
    });
  });
});

describe("a BMC without virtual media", () => {
  it("is told apart from one with a full slot", async () => {
    const world = await World.start([{ name: "a", dialect: "supermicro", mediaUnconfigured: true }]);
    try {
      const program = { connection: world.connection(world.bmc("a")), image: "http://127.0.0.1:9/one.iso" };
      await expect(world.deployed("VirtualMedia").up(program)).rejects.toThrow(
        /lists no virtual media; enable them in the BMC/,
      );
    } finally {
      await world.stop();
    }
  });
});
