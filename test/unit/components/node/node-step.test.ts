import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Node } from "../../../../components/node/node";
import { NodeStep, type NodeStepArgs } from "../../../../components/node/node-step";
import { encodeParameters } from "../../../../components/node/remote-step";
import { command, describeWith } from "../../../setup/need";
import { HOST_KEY, record, reveal } from "../mocks";

const node = (name: string, more: Partial<Node> = {}): Node => ({
  name,
  address: "10.0.0.11",
  port: 22,
  user: "root",
  role: "compute",
  labels: {},
  installationId: `id-of-${name}`,
  ...more,
});
const access = { privateKey: "secret-key", hostKeys: { a: `${HOST_KEY} a`, b: `${HOST_KEY} b` } };
const good: NodeStepArgs = { nodes: [node("a"), node("b", { role: "storage" })], access, script: "echo done" };

async function make(args: Partial<NodeStepArgs> = {}) {
  const recorder = await record();
  const step = new NodeStep("motd", { ...good, ...args });
  await recorder.settle();
  return { recorder, step };
}

describe("NodeStep", () => {
  it("copies its script to each node and runs it there, with parameters as secret standard input", async () => {
    const { recorder, step } = await make({ parameters: { MESSAGE: pulumi.secret("hunter2"), OTHER: "x" } });
    expect(recorder.registrations.map(({ name }) => name).sort()).toEqual([
      "motd",
      "motd-a",
      "motd-a-scripts",
      "motd-b",
      "motd-b-scripts",
    ]);
    const run = recorder.named("motd-a");
    const copy = recorder.named("motd-a-scripts");
    expect(run.inputs.create).toBe(`bash ${String(copy.inputs.remotePath)}`);
    expect(copy.inputs.remotePath).toMatch(/^\/var\/lib\/rackform\/steps\/[0-9a-f]{16}\/step\.sh$/);
    expect(run.inputs.stdin).toBe(
      encodeParameters({ MESSAGE: "hunter2", OTHER: "x", RACKFORM_INSTALLATION_ID: "id-of-a" }),
    );
    expect(run.secrets.sort()).toEqual(["connection", "stdin"]);
    expect(run.inputs.triggers).toEqual(["id-of-a"]);
    expect(run.inputs.delete).toBeUndefined();
    expect(run.deleteBeforeReplace).toBe(false);
    expect(JSON.stringify([run.inputs.create, copy.inputs])).not.toContain("hunter2");
    const results = await reveal(step.results);
    expect(results).toMatchObject({ value: { a: "rackform: done", b: "rackform: done" }, secret: true });
  });

  it("deletes before it replaces, when it has a delete script, and not on a node that was given up", async () => {
    const { recorder } = await make({ deleteScript: "rm -f /etc/motd", abandon: ["b"] });
    const run = recorder.named("motd-a");
    expect(run.inputs.delete).toBe(`${String(run.inputs.create)} delete`);
    expect(run.deleteBeforeReplace).toBe(true);
    expect([run.retainOnDelete, recorder.named("motd-b").retainOnDelete]).toEqual([false, true]);
  });

  it("changes the line when the script changes, and only then", async () => {
    const create = async (args: Partial<NodeStepArgs>) => (await make(args)).recorder.named("motd-a").inputs.create;
    expect(await create({ script: "echo other" })).not.toBe(await create({}));
    expect(await create({ parameters: { A: "1" } })).toBe(await create({}));
  });

  it("runs on the roles that are asked for", async () => {
    const { recorder } = await make({ roles: ["storage"] });
    expect(recorder.of("command:remote:Command").map(({ name }) => name)).toEqual(["motd-b"]);
  });

  it.each([
    [
      "undefined",
      undefined,
      /nodes is missing; either it was not given, or what computes it has failed, and nothing is planned for zero nodes/,
    ],
    ["null, as after a failed upstream", null, /nodes is missing/],
    ["an empty list", [], /nodes is an empty list/],
    [
      "an Output",
      pulumi.output(good.nodes),
      /nodes is an Output, but it decides which resources there are; pass a plain list such as fleet\.nodes, or \(await reference\.getOutputDetails/,
    ],
    ["a promise", Promise.resolve(good.nodes), /nodes is an Output/],
    ["a text", "fleet", /nodes is a string, not a list/],
    ["an object", { a: node("a") }, /nodes is an object, not a list/],
    ["a hole", [node("a"), undefined], /nodes has no text at \[1\]\.name/],
    ["an unknown leaf", [{ ...node("a"), address: undefined }], /nodes has no text at \[0\]\.address/],
    ["an Output leaf", [{ ...node("a"), address: pulumi.output("x") }], /nodes has an Output at \[0\]\.address/],
    ["a name twice", [node("a"), node("a")], /nodes names a twice/],
    ["a bad port", [node("a", { port: 0 })], /nodes has 0 at \[0\]\.port/],
  ])("throws and plans nothing when nodes is %s", async (_what, nodes, message) => {
    const recorder = await record();
    expect(() => new NodeStep("motd", { ...good, nodes: nodes as Node[] })).toThrow(message);
    await recorder.settle();
    expect(recorder.of("command:remote:Command")).toEqual([]);
  });

  it.each([
    ["no script", { script: " " }, "script: is not a script; give its text or the path of a .sh file"],
    [
      "a file that is not there",
      { script: "./none.sh" },
      "script: there is no file ./none.sh; paths are relative to the program's folder",
    ],
    [
      "another interpreter",
      { script: "#!/usr/bin/python3\nprint(1)" },
      "script: is a script for /usr/bin/python3; only bash is supported (call other interpreters from it)",
    ],
    [
      "a huge script",
      { script: `echo ${"x".repeat(70_000)}` },
      "script: is larger than 64 KiB; let it fetch its data from the mirror",
    ],
    [
      "roles that no node has",
      { roles: ["gpu"] },
      "NodeStep motd: no node has a role among gpu; the nodes' roles are compute, storage",
    ],
  ])("refuses %s", async (_what, change, message) => {
    await record();
    expect(() => new NodeStep("motd", { ...good, ...change })).toThrow(message);
  });
});

describe("encodeParameters", () => {
  it.each([
    ["lower", /use capital letters/],
    ["A B", /use capital letters/],
    ["PATH", /taken by the shell; choose another, such as STEP_PATH/],
    ["LD_PRELOAD", /taken by the shell/],
    ["BASH_ENV", /taken by the shell/],
  ])("refuses the name %j", (name, message) => {
    expect(() => encodeParameters({ [name]: "hunter2" })).toThrow(message);
  });

  it("refuses what an environment variable cannot hold, without repeating it", () => {
    expect(() => encodeParameters({ A: "hunter2\0" })).toThrow(
      "parameter A holds a NUL byte, which an environment variable cannot",
    );
    expect(() => encodeParameters({ A: "x".repeat(100_000) })).toThrow(
      "parameter A has 100000 bytes; at most 98304 are allowed",
    );
  });
});

describeWith([command("bash"), command("flock")], "the script that reaches a node", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "rackform-step-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Runs the text that would be copied, with the paths of the node moved below a folder. */
  async function run(
    args: Partial<NodeStepArgs>,
    mode?: "delete",
    parameters: Record<string, string> = {},
    id = "id-of-a",
  ) {
    const recorder = await record();
    const step = new NodeStep("motd", { ...good, ...args });
    await recorder.settle();
    void step;
    const source = recorder.named("motd-a-scripts").inputs.source as { text: string };
    const file = path.join(folder, "step.sh");
    writeFileSync(file, source.text.replaceAll("/var/lib/rackform", `${folder}/lib`));
    const input = encodeParameters({ ...parameters, RACKFORM_INSTALLATION_ID: id });
    return spawnSync("bash", [file, ...(mode ? [mode] : [])], {
      input,
      encoding: "utf8",
      env: { PATH: process.env.PATH, RACKFORM_ROOT: folder },
    });
  }

  it("gets parameters as they are: quotes, newlines, dollars, unicode, nothing", async () => {
    const nasty = { A: 'it\'s "$HOME" `id` \\ $(id)\n\nüñ=\n', B: "", C: "=" };
    const result = await run({ script: `printf '%s|%s|%s' "$A" "$B" "$C"` }, undefined, nasty);
    expect([result.status, result.stdout]).toEqual([0, `${nasty.A}||=`]);
  });

  it("runs in strict mode: a failing command, an unset variable or a failing pipe ends it", async () => {
    for (const script of ["false; echo on", "echo $NOT_SET; echo on", "false | cat; echo on"]) {
      const result = await run({ script });
      expect(result.status).not.toBe(0);
      expect(result.stdout).not.toContain("on\n");
    }
  });

  it("deletes on the installation that it ran on and nowhere else", async () => {
    const both = { script: `touch ${folder}/made; exit 0`, deleteScript: `rm ${folder}/made` };
    expect((await run(both, "delete")).stdout).toBe("skipped: the node is another installation\n");
    expect((await run(both)).status).toBe(0);
    const another = await run(both, "delete", {}, "id-after-a-reinstall");
    expect([another.status, another.stdout]).toEqual([0, "skipped: the node is another installation\n"]);
    expect(existsSync(`${folder}/made`)).toBe(true);
    expect((await run(both, "delete")).status).toBe(0);
    expect(existsSync(`${folder}/made`)).toBe(false);
    expect((await run(both, "delete")).stdout).toContain("skipped");
  });

  it("leaves no marker when it fails, so that nothing is deleted that was not made", async () => {
    const failing = { script: "exit 3", deleteScript: "echo deleted" };
    expect((await run(failing)).status).toBe(3);
    expect((await run(failing, "delete")).stdout).toContain("skipped");
  });

  it("reads a script from a file", async () => {
    const file = path.join(folder, "mine.sh");
    writeFileSync(file, "#!/bin/bash\necho from a file\n");
    expect((await run({ script: file })).stdout).toBe("from a file\n");
    expect(readFileSync(file, "utf8")).toContain("from a file");
  });
});
