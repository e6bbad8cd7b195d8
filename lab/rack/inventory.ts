import { rename, writeFile } from "node:fs/promises";
import { stringify } from "yaml";
import type { LabRack } from "./rack";

/** Writes the rack's servers as an inventory. Credentials are not in it. */
export async function writeInventory(rack: LabRack, file: string): Promise<void> {
  const servers = rack.members().map(({ server, bmc, address, machine }, index) => {
    const { hardware } = bmc;
    return {
      name: server.name,
      ...(server.role === undefined ? {} : { role: server.role }),
      bmc: bmc.url,
      serialNumber: hardware.serialNumber,
      sku: hardware.sku,
      uuid: hardware.uuid,
      nics: machine.body.spec.nics,
      address,
      ...(rack.nodePort === 22 ? {} : { port: rack.nodePort }),
      rack: rack.spec.name,
      position: (index % 100) + 1,
    };
  });
  const text = `# The servers of the lab's rack ${rack.spec.name}, written by rackform lab.\n${stringify({ servers })}`;
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
