import { type BootInterface, bootInterface, bracketed, host, isIpv4, netmask } from "./network";
import type { SeedInput } from "./input";

/** Kernel arguments that bring up the network in the Debian installer (netcfg). */
export function netcfgArguments(input: SeedInput): string[] {
  const boot = bootOf(input);
  const [name, ...domain] = input.hostname.split(".");
  const names = [`netcfg/get_hostname=${name}`, `netcfg/get_domain=${domain.join(".")}`];
  const port = boot.mac
    ? ["netcfg/choose_interface=auto", bootif(boot.mac)]
    : [`netcfg/choose_interface=${boot.device ?? "auto"}`];
  if (boot.address === undefined) return [...port, ...names];
  return [
    ...port,
    ...names,
    "netcfg/disable_autoconfig=true",
    "netcfg/confirm_static=true",
    ...(isIpv4(boot.address)
      ? [`netcfg/get_ipaddress=${host(boot.address)}`, `netcfg/get_netmask=${netmask(boot.address)}`]
      : [`netcfg/get_ipaddress=${boot.address}`]),
    `netcfg/get_gateway=${boot.gateway ?? "none"}`,
    // A kernel argument holds no blank, so only one.
    `netcfg/get_nameservers=${nameservers(input)[0] ?? ""}`,
  ];
}

/** Kernel arguments that bring up the network in a live system of initramfs-tools (klibc's ipconfig: IPv4 only). */
export function initramfsArguments(input: SeedInput): string[] {
  const boot = bootOf(input);
  const port = boot.mac ? [bootif(boot.mac)] : [];
  if (boot.address === undefined) return [...port, `ip=${boot.mac ? "" : `:::::${boot.device ?? ""}:`}dhcp`];
  const [first = "", second = ""] = nameservers(input).filter(isIpv4);
  const fields = [host(boot.address), "", boot.gateway ?? "", netmask(boot.address), input.hostname.split(".")[0]];
  return [
    ...port,
    `ip=${[...fields, boot.mac ? "" : (boot.device ?? ""), "off", first, second].join(":").replace(/:+$/, "")}`,
  ];
}

/** Kernel arguments that bring up the network in dracut (Anaconda). The port gets a name that nothing else has. */
export function dracutArguments(input: SeedInput): string[] {
  const boot = bootOf(input);
  const port = boot.mac ? "rf0" : (boot.device ?? "");
  const naming = boot.mac ? [`ifname=${port}:${boot.mac}`] : [];
  const device = boot.vlanId === undefined ? port : `${port}.${boot.vlanId}`;
  const vlan = boot.vlanId === undefined ? [] : [`vlan=${device}:${port}`];
  if (boot.address === undefined) return [...naming, ...vlan, device === "" ? "ip=dhcp" : `ip=${device}:dhcp`];
  const mask = isIpv4(boot.address) ? netmask(boot.address) : boot.address.split("/")[1];
  const gateway = boot.gateway === undefined ? "" : bracketed(boot.gateway);
  const mtu = boot.mtu === undefined ? "" : `:${boot.mtu}`;
  return [
    ...naming,
    ...vlan,
    `ip=${bracketed(boot.address)}::${gateway}:${mask}:${input.hostname}:${device}:none${mtu}`,
    ...nameservers(input).map((address) => `nameserver=${address}`),
  ];
}

function bootOf(input: SeedInput): BootInterface {
  return bootInterface(input.network, input.provisionNetwork);
}

function nameservers(input: SeedInput): string[] {
  return input.network.nameservers;
}

/** The form in which PXE loaders name a network port: hardware type 1, dashes. */
function bootif(mac: string): string {
  return `BOOTIF=01-${mac.toLowerCase().replace(/:/g, "-")}`;
}
