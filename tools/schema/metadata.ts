import type { PackageSpec } from "./package-spec";

/** What the registry and the SDK generators want to know beside the types. */
export const metadata: Omit<PackageSpec, "config" | "provider" | "types" | "resources" | "functions"> = {
  name: "rackform",
  displayName: "rackform",
  description:
    "From racks of powered-off servers to private clouds, in one typed program: Redfish, operating system, Ceph, Kubernetes, OpenNebula, KubeVirt and OpenStack.",
  keywords: ["pulumi", "rackform", "category/infrastructure", "kind/component", "redfish", "bare-metal"],
  homepage: "https://github.com/rackform/rackform",
  repository: "https://github.com/rackform/rackform",
  license: "Apache-2.0",
  publisher: "rackform",
  namespace: "rackform",
  pluginDownloadURL: "github://api.github.com/rackform/rackform",
  meta: { moduleFormat: "(.*)" },
  dependencies: [{ name: "command", version: "1.2.1" }],
  language: {
    nodejs: { packageName: "@rackform/sdk", respectSchemaVersion: true, dependencies: { "@pulumi/command": "1.2.1" } },
    python: {
      packageName: "pulumi_rackform",
      respectSchemaVersion: true,
      pyproject: { enabled: true },
      requires: { pulumi: ">=3.165.0,<4.0.0", "pulumi-command": ">=1.2.1,<2.0.0" },
    },
    go: {
      importBasePath: "github.com/rackform/rackform/sdk/go/rackform",
      generateResourceContainerTypes: true,
      respectSchemaVersion: true,
    },
    csharp: {
      rootNamespace: "Rackform",
      namespaces: { index: "Rackform", redfish: "Redfish" },
      respectSchemaVersion: true,
      packageReferences: { Pulumi: "3.*", "Pulumi.Command": "1.*" },
    },
    java: {
      basePackage: "io.rackform",
      buildFiles: "gradle",
      dependencies: { "com.pulumi:pulumi": "1.*", "com.pulumi:command": "1.*" },
    },
  },
};
