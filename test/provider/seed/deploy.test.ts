import { createHash } from "node:crypto";
import { chmodSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { renderSeed, type SeedInput } from "../../../provider/seed";
import { command, describeWith } from "../../setup/need";
import { seedInput } from "../../unit/provider/seed/fixtures";
import { FakeMachine, type Outcome } from "./machine";

const script = path.resolve(__dirname, "../../../provider/seed/scripts/deploy.sh");
const disk = Buffer.from("a disk image, long enough to be told apart".repeat(1000));
let machine: FakeMachine;
let mirror: Server;
let seedUrl: string;
let served: Buffer;
let mirrorFails: number;

beforeEach(async () => {
  machine = new FakeMachine();
  seedUrl = await machine.start();
  mirrorFails = 0;
  mirror = createServer((_request, response) => {
    if (mirrorFails-- > 0) response.writeHead(503).end();
    else response.end(served);
  });
  await new Promise<void>((resolve) => mirror.listen(0, "127.0.0.1", resolve));
  machine.write("run/disk", `${machine.at("dev/sda")}\n`);
  machine.write("dev/sda", "");
  machine.write("dev/sda1", "");
  machine.write("dev/sda2", "");
  // Mounting takes root: the second partition is played by a folder with a system's root in it.
  machine.write(
    "bin/mount",
    `#!/bin/sh\ncase $1 in *sda2) mkdir -p "$2/etc"; echo x >"$2/etc/os-release" ;; *) exit 1 ;; esac\n`,
  );
  machine.write("bin/umount", `#!/bin/sh\necho "$1" >>"${machine.at("unmounted")}"\n`);
  machine.write("bin/sleep", "#!/bin/sh\n");
  machine.write("bin/restart", `#!/bin/sh\necho restarted >"${machine.at("restarted")}"\n`);
  for (const name of ["mount", "umount", "sleep", "restart"]) chmodSync(machine.at("bin", name), 0o755);
});
afterEach(async () => {
  await new Promise((resolve) => mirror.close(resolve));
  await machine.close();
});

async function deploy(
  format: "raw" | "raw.gz",
  content: Buffer,
  sum = createHash("sha256").update(content).digest("hex"),
): Promise<Outcome> {
  served = content;
  const input: SeedInput = seedInput("nocloud", { seedUrl });
  const url = `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/image`;
  input.image.diskImage = { url, sha256: sum, format };
  const files = renderSeed(input).files;
  for (const { path: name, content: text } of files) machine.write(`seed/${name}`, text);
  machine.write("seed/deploy.sh", readFileSync(script));
  return machine.run("sh", machine.at("seed/deploy.sh"), files.find((file) => file.path === "deploy.env")!.content, {
    PATH: `${machine.at("bin")}:${process.env.PATH}`,
    RF_REBOOT: machine.at("bin/restart"),
  });
}

describeWith([command("wget")], "deploy.sh", () => {
  it.each([
    ["raw", disk],
    ["raw.gz", gzipSync(disk)],
  ] as const)("writes a %s image, gives cloud-init its seed and restarts", async (format, content) => {
    expect(await deploy(format, content)).toMatchObject({ code: 0 });
    expect(readFileSync(machine.at("dev/sda")).equals(disk)).toBe(true);
    for (const name of ["user-data", "meta-data", "network-config"]) {
      expect(machine.read(`run/root/var/lib/cloud/seed/nocloud/${name}`)).toBe(machine.read(`seed/${name}`));
    }
    expect(machine.reports.map(({ body }) => body)).toEqual(["phase=write\n", "phase=reboot\n"]);
    expect(machine.read("restarted")).toBe("restarted\n");
    expect(machine.read("unmounted")).toBe(`${machine.at("run/root")}\n`);
  });

  it("does not touch the disk when the image is another one", async () => {
    expect(await deploy("raw", disk, "0".repeat(64))).toMatchObject({ code: 1 });
    expect(machine.read("dev/sda")).toBe("");
    expect(machine.reports).toEqual([
      {
        path: "/s/token/failed",
        body: expect.stringMatching(/^reason=the disk image .* has the SHA-256 .*, expected 0{64}/) as string,
      },
    ]);
  });

  it("tries again when the mirror fails, and gives up with a reason", async () => {
    mirrorFails = 2;
    expect(await deploy("raw", disk)).toMatchObject({ code: 0 });
    mirrorFails = 100;
    machine.reports.length = 0;
    expect(await deploy("raw", disk)).toMatchObject({ code: 1 });
    expect(machine.reports[0].body).toMatch(/^reason=the disk image .* could not be loaded/);
  });

  it("says so when the image holds no system", async () => {
    machine.write("bin/mount", "#!/bin/sh\nexit 1\n");
    expect(await deploy("raw", disk)).toMatchObject({ code: 1 });
    expect(machine.reports.at(-1)!.body).toMatch(/^reason=the disk image holds no root file system/);
  });
});
