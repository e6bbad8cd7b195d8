import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { command, describeWith } from "../setup/need";
import { root } from "../setup/stack";

const run = promisify(execFile);

describeWith([command("podman"), command("ssh")], "rackform lab, as a newcomer types it", () => {
  const state = mkdtempSync(path.join(tmpdir(), "rackform-cli-"));
  const temporary = path.join(state, "tmp");
  const env = { ...process.env, XDG_STATE_HOME: state, TMPDIR: temporary, CI: "true" };
  const lab = async (...args: string[]) => {
    const cli = path.join(root, "bin/tools/cli/main.js");
    const { stdout } = await run(process.execPath, [cli, "lab", ...args], { env, cwd: tmpdir() });
    return stdout;
  };

  beforeAll(() => mkdirSync(temporary));

  afterAll(async () => {
    await lab("down", "--name", "cli", "--force");
    rmSync(state, { recursive: true, force: true });
  });

  it("up: says what it used, shows each phase, and how to log in", async () => {
    const shown = await lab("up", "--name", "cli", "--servers", "2");
    expect(shown).toMatch(/pulumi v\d+\.\d+\.\d+: /);
    expect(shown).toMatch(/node-1 {2}installation/);
    expect(shown).toMatch(/installation +2 +/);
    expect(shown).toContain("npx rackform lab ssh node-2 --name cli");
  });

  it("status: power, phase and address of every server", async () => {
    const shown = await lab("status", "--name", "cli");
    expect(shown.match(/https:\/\/127\.77\.\d+\.\d+:\d+ +On /g)).toHaveLength(2);
  });

  it("ssh: the command's output, over the pinned host key", async () => {
    expect((await lab("ssh", "--name", "cli", "node-2", "hostname")).trim()).toBe("node-2");
  });

  it("refuses a node that is not there, naming those that are", async () => {
    await expect(lab("ssh", "--name", "cli", "node-9", "true")).rejects.toThrow(
      /there is no node "node-9"; allowed: node-1, node-2/,
    );
  });

  it("up again: nothing to do", async () => {
    const shown = await lab("up", "--name", "cli");
    expect(shown).toMatch(/node-1 {2}unchanged/);
  });

  it("down: nothing is left", async () => {
    await lab("down", "--name", "cli");
    expect(existsSync(path.join(state, "rackform/lab/cli"))).toBe(false);
    const { stdout } = await run("ps", ["-eo", "args"]);
    expect(stdout.split("\n").filter((line) => line.includes(state))).toEqual([]);
  });
});
