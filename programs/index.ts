import * as pulumi from "@pulumi/pulumi";

/** What a deployment offers: it registers its resources and returns the stack's outputs. */
interface Deployment {
  deploy(config: pulumi.Config): Record<string, unknown>;
}

/** Loaded when chosen, so that one deployment does not pay for the others' libraries. */
const deployments: Record<string, () => Deployment> = {
  fleet: () => require("./fleet") as Deployment,
};

/**
 * The stack's outputs. `rackform:deployment` in the stack's config chooses the deployment; its own settings are under
 * `rackform-deployments:`.
 */
function run(): Record<string, unknown> {
  const wanted = new pulumi.Config("rackform").get("deployment") ?? "fleet";
  const known = Object.keys(deployments).join(", ");
  const load = deployments[wanted];
  if (!load) throw new pulumi.RunError(`rackform:deployment is "${wanted}"; known deployments are ${known}`);
  return load().deploy(new pulumi.Config());
}

export = run();
