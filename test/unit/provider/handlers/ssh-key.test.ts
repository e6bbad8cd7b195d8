import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { publicKeyOf } from "../../../../components/node/ssh-key";
import type { Configuration } from "../../../../provider/config";
import { handler as factory } from "../../../../provider/handlers/ssh-key";
import type { CallContext, PluginDeps } from "../../../../provider/kit/handler";
import { command, describeWith } from "../../../setup/need";

const handler = factory({} as PluginDeps);
const ctx = { urn: "urn", name: "key" } as CallContext<Configuration>;
const made = () => handler.create(ctx, { comment: "rack1" }, { preview: false });

describe("SshKey", () => {
  it("makes nothing in a preview, and a new key each time else", async () => {
    expect(await handler.create(ctx, { comment: "rack1" }, { preview: true })).toEqual({
      id: "",
      state: { comment: "rack1" },
    });
    const [one, two] = [await made(), await made()];
    expect(one.state.privateKey).not.toBe(two.state.privateKey);
    expect(publicKeyOf(one.state.privateKey!)).toBe(one.state.publicKey!.split(" ").slice(0, 2).join(" "));
    expect(one.state.publicKey).toMatch(/ rack1$/);
    expect(one.id).toMatch(/^SHA256:/);
  });

  it("keeps the key when only the comment changes, and whatever is refreshed", async () => {
    const { id, state } = (await made()) as {
      id: string;
      state: { comment: string; publicKey: string; privateKey: string };
    };
    const args = { olds: state, oldInputs: { comment: "rack1" }, news: { comment: "rack2" }, preview: false };
    const after = await handler.update!(ctx, id, args);
    expect(after).toMatchObject({ privateKey: state.privateKey, comment: "rack2" });
    expect(await handler.read(ctx, id, { inputs: { comment: "rack1" }, state })).toEqual({
      id,
      inputs: { comment: "rack1" },
      state,
    });
  });

  it("cannot be imported, and refuses a comment that would break a line", async () => {
    expect(() => handler.read(ctx, "SHA256:x", {})).toThrow(/cannot be imported.*give yours to accessKey/);
    const { failures } = await handler.check!(ctx, { comment: "a\nb" }, undefined);
    expect(failures).toEqual([{ property: "comment", reason: expect.stringContaining("printable ASCII") as string }]);
  });
});

describeWith([command("ssh-keygen")], "SshKey, judged by ssh-keygen", () => {
  it("is a key that OpenSSH reads", async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "rackform-sshkey-"));
    try {
      const { state } = await made();
      writeFileSync(path.join(folder, "key"), state.privateKey!);
      chmodSync(path.join(folder, "key"), 0o600);
      expect(execFileSync("ssh-keygen", ["-y", "-f", path.join(folder, "key")], { encoding: "utf8" }).trim()).toBe(
        state.publicKey,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
