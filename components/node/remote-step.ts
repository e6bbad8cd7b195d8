import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { connectionTo } from "./connection";
import type { Node, NodeAccessInput } from "./node";
import { remoteFile, remoteFolder, type StepScripts } from "./step-scripts";

/** Scripts that are on their way to a node. */
export interface UploadedScripts {
  scripts: StepScripts;
  copy: command.remote.CopyToRemote;
}

/** Arguments of uploadScripts. */
export interface UploadArgs {
  node: Node;
  access: NodeAccessInput;
  scripts: StepScripts;
}

/** Arguments of remoteStep. */
export interface RemoteStepArgs {
  node: Node;
  access: NodeAccessInput;
  /** From `uploadScripts`, for the same node. */
  uploaded: UploadedScripts;
  /** Which of the scripts. It is idempotent, and runs at create and at every change of itself or of its parameters. */
  script: string;
  /** Runs when the step is removed or the node is installed anew. It must exit 0 on a node that is no longer this installation. */
  deleteScript?: string;
  /** Argument of the delete script, when it is the same file as the script. */
  deleteArguments?: readonly string[];
  /**
   * Become environment variables of the scripts; names of capital letters, digits and underscores. They travel as secret
   * standard input. Up to 96 KiB each, because Linux limits a variable to 128 KiB.
   */
  parameters?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

/** Copies the scripts of a component to a node, once: later steps of the component use the same copy. */
export function uploadScripts(name: string, args: UploadArgs, opts?: pulumi.CustomResourceOptions): UploadedScripts {
  const { node, access, scripts } = args;
  const { source } = scripts;
  const folder = remoteFolder(scripts, node.user);
  const copy = new command.remote.CopyToRemote(
    name,
    {
      connection: connectionTo(node, access),
      source:
        "folder" in source ? new pulumi.asset.FileArchive(source.folder) : new pulumi.asset.StringAsset(source.text),
      remotePath: "folder" in source ? folder : `${folder}/${scripts.files[0]}`,
      triggers: [node.installationId],
    },
    opts,
  );
  return { scripts, copy };
}

/**
 * Runs one script on a node. The command line names the script and nothing else; a changed script or parameter is an update,
 * a new installation of the node a replacement that deletes first.
 */
export function remoteStep(
  name: string,
  args: RemoteStepArgs,
  opts?: pulumi.CustomResourceOptions,
): command.remote.Command {
  const { node, access, uploaded, script, deleteScript, deleteArguments = [], parameters } = args;
  const line = (file: string, ...rest: string[]) => {
    const run = ["bash", remoteFile(uploaded.scripts, node.user, file), ...rest].join(" ");
    return node.user === "root" ? run : `sudo -n ${run}`;
  };
  const withInstallation = pulumi
    .output(parameters ?? {})
    .apply((given) => ({ ...given, RACKFORM_INSTALLATION_ID: node.installationId }));
  return new command.remote.Command(
    name,
    {
      connection: connectionTo(node, access),
      create: line(script),
      update: line(script),
      ...(deleteScript === undefined ? {} : { delete: line(deleteScript, ...deleteArguments) }),
      stdin: pulumi.secret(withInstallation.apply(encodeParameters)),
      triggers: [node.installationId],
      addPreviousOutputInEnv: false,
    },
    pulumi.mergeOptions(
      {
        dependsOn: [uploaded.copy],
        additionalSecretOutputs: ["stdout", "stderr"],
        ...(deleteScript === undefined ? {} : { deleteBeforeReplace: true }),
      },
      opts,
    ),
  );
}

const LARGEST_PARAMETER = 96 * 1024;

/** Variables that steer the shell or the loader and not the script. */
const RESERVED = /^(PATH|IFS|HOME|SHELL|USER|LOGNAME|ENV|BASH.*|LD_.*|SHELLOPTS|PS4|RACKFORM_ROOT)$/;

/** One line a parameter, `NAME=base64`, sorted by name: what the preamble of every step script reads. */
export function encodeParameters(parameters: Record<string, string>): string {
  const lines = Object.keys(parameters)
    .sort()
    .map((name) => {
      const bytes = Buffer.from(parameters[name], "utf8");
      if (!/^[A-Z][A-Z0-9_]*$/.test(name))
        throw new Error(
          `parameter name ${JSON.stringify(name)} is not allowed; use capital letters, digits and underscores`,
        );
      if (RESERVED.test(name))
        throw new Error(`parameter name ${name} is taken by the shell; choose another, such as STEP_${name}`);
      if (bytes.length > LARGEST_PARAMETER)
        throw new Error(`parameter ${name} has ${bytes.length} bytes; at most ${LARGEST_PARAMETER} are allowed`);
      if (bytes.includes(0))
        throw new Error(`parameter ${name} holds a NUL byte, which an environment variable cannot`);
      return `${name}=${bytes.toString("base64")}\n`;
    });
  return lines.join("");
}
