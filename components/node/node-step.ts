import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { digest } from "../private/digest";
import { Mistakes, report } from "../private/mistakes";
import { requireNodes } from "../private/plan-arguments";
import type { Node, NodeAccess } from "./node";
import { remoteStep, uploadScripts } from "./remote-step";
import { scriptFromText } from "./step-scripts";

/** Arguments of a NodeStep. */
export interface NodeStepArgs {
  /**
   * The nodes, from `BareMetalFleet.nodes` or written by hand.
   * @plan
   */
  nodes: Node[];
  /**
   * Key, host keys and bastion, from `BareMetalFleet.access`.
   * @secret
   */
  access: pulumi.Input<NodeAccess>;
  /**
   * Bash script, or the path of a file that holds one (a single line that ends in `.sh`). It must be idempotent: it runs at create, again
   * whenever it or its parameters change, and again after it was cut anywhere. It runs as root, in strict mode.
   */
  script: string;
  /**
   * Bash script or path, run when the step or the node is removed and before a reinstalled node gets the step anew. It is
   * skipped on a node that is no longer the installation that the step ran on.
   */
  deleteScript?: string;
  /**
   * Environment variables of the scripts: names of capital letters, digits and underscores.
   * @secret
   */
  parameters?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Only nodes of these classes. Default: all. */
  roles?: string[];
  /** Names of nodes that are gone for good: their delete script will not be tried when they leave `nodes`. Takes an `up` before that. */
  abandon?: string[];
}

/**
 * A step of your own on every node: one idempotent script, run by SSH with the nodes' pinned host keys.
 *
 * @example
 * ```typescript
 * new rackform.NodeStep("motd", {
 *   nodes: fleet.nodes,
 *   access: fleet.access,
 *   script: 'printf "%s\\n" "$MESSAGE" > /etc/motd',
 *   parameters: { MESSAGE: "property of ACME" },
 * });
 * ```
 */
export class NodeStep extends pulumi.ComponentResource {
  /** Last line that the script printed, by node name. Secret, because parameters are. */
  declare readonly results: pulumi.Output<Record<string, string>>;

  /** @internal */
  static readonly __pulumiType = "rackform:index:NodeStep";

  constructor(name: string, args: NodeStepArgs, opts?: pulumi.ComponentResourceOptions) {
    super(NodeStep.__pulumiType, name, opts?.urn ? { results: undefined } : {}, opts);
    if (opts?.urn) return;
    const nodes = chooseNodes(name, args);
    const mistakes = new Mistakes();
    const script = readScript("script", args.script, mistakes);
    const deletion =
      args.deleteScript === undefined ? undefined : readScript("deleteScript", args.deleteScript, mistakes);
    for (const gone of args.abandon ?? []) {
      if (!args.nodes.some((node) => node.name === gone))
        mistakes.warn("abandon", `there is no node ${gone} any more; remove it from abandon`);
    }
    report(`NodeStep ${name}`, mistakes, this);
    const file = "step.sh";
    const scripts = scriptFromText(file, stepText(digest(name), script, deletion));
    const steps = nodes.map((node): [string, command.remote.Command] => {
      const options = { parent: this, retainOnDelete: (args.abandon ?? []).includes(node.name) };
      const uploaded = uploadScripts(
        `${name}-${node.name}-scripts`,
        { node, access: args.access, scripts },
        { parent: this },
      );
      const { access, parameters } = args;
      const deleteScript = deletion === undefined ? undefined : file;
      const step = { node, access, uploaded, script: file, deleteScript, deleteArguments: ["delete"], parameters };
      return [node.name, remoteStep(`${name}-${node.name}`, step, options)];
    });
    const lines = Object.fromEntries(steps.map(([node, step]) => [node, step.stdout.apply(lastLine)]));
    Object.assign(this, { results: pulumi.secret(pulumi.output(lines)) });
    this.registerOutputs({ results: this.results });
  }
}

function chooseNodes(name: string, args: NodeStepArgs): Node[] {
  const nodes = requireNodes(`NodeStep ${name}`, "nodes", args.nodes);
  if (args.roles === undefined) return nodes;
  const chosen = nodes.filter((node) => args.roles!.includes(node.role));
  if (chosen.length > 0) return chosen;
  const present = [...new Set(nodes.map((node) => node.role))].join(", ");
  throw new pulumi.InputPropertyError({
    propertyPath: "roles",
    reason: `NodeStep ${name}: no node has a role among ${args.roles.join(", ") || "(none)"}; the nodes' roles are ${present}`,
  });
}

function readScript(argument: string, given: unknown, mistakes: Mistakes): string {
  if (typeof given !== "string" || given.trim() === "") {
    mistakes.error(argument, "is not a script; give its text or the path of a .sh file");
    return "";
  }
  if (given.includes("\n") || !given.trim().endsWith(".sh")) return checked(argument, given, mistakes);
  const file = path.resolve(given.trim());
  if (existsSync(file)) return checked(argument, readFileSync(file, "utf8"), mistakes);
  mistakes.error(argument, `there is no file ${given.trim()}; paths are relative to the program's folder`);
  return "";
}

function checked(argument: string, text: string, mistakes: Mistakes): string {
  const interpreter = /^#!\s*(.*)/.exec(text)?.[1];
  if (interpreter !== undefined && !/\b(ba)?sh\b/.test(interpreter)) {
    mistakes.error(
      argument,
      `is a script for ${interpreter}; only bash is supported (call other interpreters from it)`,
    );
  }
  if (Buffer.byteLength(text) > 64 * 1024)
    mistakes.error(argument, "is larger than 64 KiB; let it fetch its data from the mirror");
  return text;
}

/**
 * The preamble, then the user's script in a subshell (so that its `exit` ends only itself) and a marker that it ran for this
 * installation; the delete script runs only where that marker is.
 */
function stepText(step: string, script: string, deletion: string | undefined): string {
  const preamble = readFileSync(path.join(__dirname, "scripts", "preamble.sh"), "utf8");
  if (deletion === undefined) return `${preamble}(\n${script}\n)\n`;
  return `${preamble}marker=/var/lib/rackform/markers/${step}
if [ "\${1:-create}" = create ]; then
(
${script}
)
mkdir -p "\${marker%/*}"
printf '%s\\n' "$RACKFORM_INSTALLATION_ID" > "$marker"
elif [ "$(cat "$marker" 2>/dev/null)" = "$RACKFORM_INSTALLATION_ID" ]; then
(
${deletion}
)
rm -f "$marker"
else
echo "skipped: the node is another installation"
fi
`;
}

function lastLine(text: string | undefined): string {
  return (text ?? "").trimEnd().split("\n").pop() ?? "";
}
