/** A program of Pulumi that rackform uses, and the Go module from which it is built where no official binary can be had. */
export interface Pin {
  /** Name of the executable, and of the wrapper module under `tools/toolchain/go/`. */
  name: "pulumi" | "pulumi-language-nodejs" | "pulumi-language-python" | "pulumi-language-yaml" | "gen-sdk";
  version: string;
  /** The main package; `.` is the wrapper module's own. */
  package: string;
  /** The Go variable that holds the version; without it the Automation API refuses the CLI. */
  versionVariable?: string;
  /** A file of the module that must lie beside the executable. */
  beside?: { module: string; path: string };
  /** Build time on two cores, in seconds, for the progress line. */
  expected: number;
}

const sdkVersion = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version";

/** The oldest official CLI that is used as it is. */
export const minimumPulumi = "3.248.0";

export const pulumiCli: Pin = {
  name: "pulumi",
  version: "v3.248.0",
  package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
  versionVariable: sdkVersion,
  expected: 200,
};

/** Languages of Pulumi programs whose hosts the tests and the lab use. */
export type Language = "nodejs" | "python" | "yaml";

/**
 * The language hosts. For Node and Python these are the last releases in which the host was part of the sdk module; they run
 * programs under the CLI above.
 */
export const languageHosts: Record<Language, Pin> = {
  nodejs: {
    name: "pulumi-language-nodejs",
    version: "v3.68.0",
    package: "github.com/pulumi/pulumi/sdk/v3/nodejs/cmd/pulumi-language-nodejs",
    versionVariable: sdkVersion,
    expected: 30,
  },
  python: {
    name: "pulumi-language-python",
    version: "v3.66.0",
    package: "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
    versionVariable: sdkVersion,
    beside: { module: "github.com/pulumi/pulumi/sdk/v3", path: "python/cmd/pulumi-language-python-exec" },
    expected: 15,
  },
  yaml: {
    name: "pulumi-language-yaml",
    version: "v1.38.1",
    package: "github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml",
    versionVariable: "github.com/pulumi/pulumi-yaml/pkg/version.Version",
    expected: 75,
  },
};

/** Our generator of language SDKs from schema.json, over Pulumi's own code generation. */
export const sdkGenerator: Pin = { name: "gen-sdk", version: "v3.248.0", package: ".", expected: 60 };

/** The oldest Go that builds all of the above. */
export const minimumGo = "1.25.11";
