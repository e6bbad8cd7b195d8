import { join } from "node:path";
import { buildFromModule } from "./go";
import { sdkGenerator } from "./pins";
import { run, tail } from "./process";
import { Report } from "./report";
import { packageRoot } from "./root";

/** Languages whose SDK can be generated here. */
export type SdkLanguage = "python";

/**
 * Generates rackform's SDK for a language from schema.json into a folder, as `pulumi package gen-sdk` does. The schema is first
 * bound by Pulumi's own code, which refuses one that is not well-formed.
 */
export async function generateSdk(language: SdkLanguage, version: string, out: string): Promise<void> {
  const folder = await buildFromModule(sdkGenerator, new Report());
  const generator = join(folder, sdkGenerator.name);
  const outcome = await run(generator, [language, version, join(packageRoot(), "schema.json"), out]);
  if (outcome.code !== 0) throw new Error(`generating the ${language} SDK failed: ${tail(outcome)}`);
}
