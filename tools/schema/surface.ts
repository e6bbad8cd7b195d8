/** What the package offers, and where its types are declared. The generator fails when a name is not found there. */
export interface Surface {
  resources: { name: string; file: string; module: "index" | "redfish" }[];
  components: { name: string; file: string }[];
  functions: { name: string; file: string }[];
  config: { name: string; file: string };
}

const redfish = (name: string, file: string) => ({
  name,
  file: `resources/redfish/${file}.ts`,
  module: "redfish" as const,
});

export const surface: Surface = {
  resources: [
    redfish("Server", "server"),
    redfish("BootOverride", "boot-override"),
    redfish("VirtualMedia", "virtual-media"),
    redfish("BiosSettings", "bios-settings"),
    redfish("Account", "account"),
    redfish("Installation", "installation"),
    { name: "SshKey", file: "resources/ssh-key.ts", module: "index" },
  ],
  components: [
    { name: "BareMetalFleet", file: "components/bare-metal-fleet/fleet.ts" },
    { name: "NodeStep", file: "components/node/node-step.ts" },
  ],
  functions: [
    redfish("getServer", "functions"),
    redfish("getInventory", "functions"),
    redfish("discover", "functions"),
  ],
  config: { name: "ProviderConfig", file: "provider/config.ts" },
};
