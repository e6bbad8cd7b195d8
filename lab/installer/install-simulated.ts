import type { SimulatedBody } from "../nodes/simulated";
import { download } from "./download";
import { BootFailure } from "./failure";
import { judge } from "./guard";
import { addressOn, consentMissing, inStage, type InstallContext, pause } from "./context";
import { addressesIn, type FetchSeed, type InstallerSeed } from "./seed";
import { shellValues } from "./shell-values";

/** Installs without running anything: the parameters of the seed's scripts say what they would have done. @throws BootFailure */
export async function installSimulated(
  seed: InstallerSeed,
  body: SimulatedBody,
  fetch: FetchSeed,
  context: InstallContext,
): Promise<void> {
  context.stage("guard");
  const values = async (file: string) => {
    const text = (await fetch(`${seed.base}${file}`)).toString("utf8");
    return inStage("guard", () => named(file, () => shellValues(text)));
  };
  const guard = await values("guard.env");
  const verdict = judge(guard, body.spec, body.usedDisks());
  if ("refusal" in verdict) {
    await post(guard, "failed", [`reason=${verdict.refusal}`], context).catch(() => undefined);
    throw new BootFailure("guard", verdict.refusal);
  }
  const missing = consentMissing(seed, body.usedDisks(), verdict.disk);
  if (missing !== undefined) throw new BootFailure("guard", missing);
  await post(guard, "progress", ["phase=install"], context).catch(() => undefined);

  context.stage("install");
  const finish = await values("finish.env");
  const value = (name: string) => required(finish, name);
  const files = [...finish]
    .filter(([name]) => /^RF_FILE_\d+_CONTENT$/.test(name))
    .flatMap(([, content]) => addressesIn(content));
  const address = addressOn(context.network, [...seed.addresses, ...files]);
  await pause(context.installMs, context.signal);

  context.stage("finish");
  const users = Array.from({ length: Number(value("RF_USERS")) }, (_, index) => ({
    name: value(`RF_USER_${index + 1}_NAME`),
    authorizedKeys: value(`RF_USER_${index + 1}_KEYS`)
      .split("\n")
      .filter(Boolean),
    sudo: finish.get(`RF_USER_${index + 1}_SUDO`) === "true",
  }));
  const identity = {
    hostname: value("RF_HOSTNAME"),
    address,
    port: Number(value("RF_SSH_PORT")),
    installationId: value("RF_INSTALLATION_ID"),
    hostKey: `${value("RF_HOST_KEY_PRIVATE")}\n`,
    users,
  };
  const system = body.install(identity, verdict.disk);
  const report = [
    `installation=${identity.installationId}`,
    `hostname=${identity.hostname}`,
    `machineId=${system.machineId}`,
    "os=Debian GNU/Linux 12 (bookworm)",
    `disk=/dev/${verdict.disk}`,
  ];
  await post(finish, "phone-home", report, context);
}

async function post(
  values: Map<string, string>,
  path: string,
  lines: string[],
  context: InstallContext,
): Promise<void> {
  await download(`${required(values, "RF_SEED_URL")}/${path}`, {
    stage: "finish",
    signal: context.signal,
    trusted: [required(values, "RF_CA")],
    method: "POST",
    body: `${lines.join("\n")}\n`,
    headers: { "content-type": "text/plain" },
  });
}

function required(values: Map<string, string>, name: string): string {
  const value = values.get(name);
  if (value === undefined || value === "") throw new BootFailure("finish", `the seed's parameters have no ${name}`);
  return value;
}

function named<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}
