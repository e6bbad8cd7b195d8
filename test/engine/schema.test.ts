import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { generatedFiles } from "../../tools/schema/main";
import { toolchainEnv } from "../../tools/toolchain/environment";
import { generateSdk } from "../../tools/toolchain/sdk";
import { root } from "../setup/stack";

describe("schema.json", () => {
  it("has not drifted from the TypeScript interfaces", () => {
    for (const [file, text] of Object.entries(generatedFiles(root)))
      expect(
        `${file}: ${readFileSync(path.join(root, file), "utf8") === text ? "same" : "drifted, run make schema"}`,
      ).toBe(`${file}: same`);
  });

  it("is valid by Pulumi's metaschema", async () => {
    const { pulumi, env } = await toolchainEnv();
    const check = () =>
      execFileSync(pulumi, ["schema", "check", "schema.json"], {
        cwd: root,
        env: { ...process.env, ...env },
        stdio: "pipe",
      });
    expect(check).not.toThrow();
  });

  it("describes every resource, input, type and function", () => {
    const schema = JSON.parse(readFileSync(path.join(root, "schema.json"), "utf8")) as {
      resources: Record<string, { description?: string; inputProperties: Record<string, { description?: string }> }>;
      functions: Record<string, { description?: string }>;
    };
    const bare = Object.entries(schema.resources).flatMap(([token, { description, inputProperties }]) => [
      ...(description ? [] : [token]),
      ...Object.entries(inputProperties).flatMap(([name, input]) => (input.description ? [] : [`${token}.${name}`])),
    ]);
    expect(bare).toEqual([]);
    expect(Object.entries(schema.functions).filter(([, { description }]) => !description)).toEqual([]);
  });

  it("makes a Python SDK with the classes and their secrets", async () => {
    const out = mkdtempSync(path.join(tmpdir(), "rackform-sdk-"));
    try {
      await generateSdk("python", "0.1.0", out);
      expect(readFileSync(path.join(out, "pulumi_rackform/bare_metal_fleet.py"), "utf8")).toContain(
        "class BareMetalFleet(pulumi.ComponentResource)",
      );
      expect(readFileSync(path.join(out, "pulumi_rackform/redfish/server.py"), "utf8")).toMatch(
        /additional_secret_outputs=\[.*"tokenSecret"/,
      );
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
