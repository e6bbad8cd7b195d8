import type { InstallationArgs, InstallationMethod } from "../../resources/redfish/installation";
import { endpointOf } from "../deps";
import type { Place } from "../media/service";
import type { Limits } from "./decide";
import type { SshObservation } from "./ssh-probe";
import type { Watched } from "./watch";
import { minutes } from "./words";

/** Why an installation did not come to its end, and what to do. */
export function describeEnd(
  { verdict, ssh, progress }: Watched,
  inputs: InstallationArgs,
  method: InstallationMethod,
  limits: Limits,
  place: Place | undefined,
): string {
  switch (verdict.is) {
    case "failed":
      return `the installer gave up: ${verdict.reason}`;
    case "notBegun":
      return describeNotBegun(verdict.what, inputs, method, limits, place);
    case "off":
      return "the machine was switched off while its installer was at work; run up again";
    case "quiet":
      return `nothing was heard of the installer for ${minutes(limits.quietSeconds)}`;
    case "late":
      return `${describeLate(verdict.phase, inputs, ssh, progress?.phase?.name)} within timeoutSeconds (${inputs.timeoutSeconds ?? 3600} s)`;
    default:
      return "the installation is done";
  }
}

/** Names the firewall rule that is probably missing. */
function describeNotBegun(
  what: "medium" | "seed",
  inputs: InstallationArgs,
  method: InstallationMethod,
  limits: Limits,
  place: Place | undefined,
): string {
  const machine = inputs.provisionNetwork ?? inputs.ssh.address;
  const hint = (from: string, url: string | undefined) =>
    url === undefined ? "" : `; let ${from} reach ${where(url)}/tcp, or correct mediaServer.advertise of the provider`;
  if (what === "seed") {
    const seconds = minutes(limits.seedSeconds);
    return `the machine read the boot medium but did not fetch its seed within ${seconds}${hint(machine, place?.seedUrl)}`;
  }
  if (method === "pxe") {
    const seconds = minutes(limits.seedSeconds);
    return (
      `the machine did not fetch its seed within ${seconds} of power-on; the site's PXE service has to chain-load ` +
      `${place ? place.httpBootUrl.replace(/\/m$/, "/pxe/<MAC address>") : "the media server's /pxe/<MAC address>"}${hint(machine, place?.seedUrl)}`
    );
  }
  const seconds = minutes(limits.fetchSeconds);
  return method === "virtualMedia"
    ? `the BMC did not read the boot medium within ${seconds} of power-on${hint(bmcOf(inputs), place?.mediaUrl)}`
    : `the firmware did not read the boot medium within ${seconds} of power-on${hint(machine, place?.httpBootUrl)}`;
}

function describeLate(
  phase: string,
  inputs: InstallationArgs,
  ssh: SshObservation | undefined,
  said: string | undefined,
): string {
  const login = `${inputs.ssh.user}@${inputs.ssh.address}:${inputs.ssh.port ?? 22}`;
  if (phase === "reboot") {
    return `the installer reported that it is done, but ${login} ${describeSsh(ssh)}; the installation was not proven`;
  }
  if (phase === "install") {
    return (
      `the installer fetched its seed${said ? ` and reported "${said}"` : ""}, but did not report its end, and ${login} ` +
      `${describeSsh(ssh)}; look at the machine's console. It was not done`
    );
  }
  return "the installer did not start";
}

/** Such as `does not answer (ECONNREFUSED)`, to follow a login. */
export function describeSsh(ssh: SshObservation | undefined): string {
  switch (ssh?.state) {
    case "wrongHostKey":
      return "answers with another host key than this server's: another machine has this address, or another system was started";
    case "authFailed":
      return `answers with this server's host key, but ${ssh.reason}: check ssh.user and loginKey`;
    case "reachable":
      return ssh.marker
        ? `is installation ${ssh.marker.installationId}`
        : "is a system without /etc/rackform/installation";
    default:
      return `does not answer (${ssh?.reason ?? "not asked yet"}): check the network of the installed system, and what lies between`;
  }
}

/** `10.0.0.5:8620` of a URL. */
function where(url: string): string {
  const { host } = new URL(url);
  return host;
}

function bmcOf({ connection }: InstallationArgs): string {
  const endpoint = endpointOf(connection);
  return URL.canParse(endpoint) ? new URL(endpoint).hostname : endpoint;
}
