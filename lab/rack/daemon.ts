import { rmSync } from "node:fs";
import { join } from "node:path";
import { BmcControl } from "../bmc";
import { openControl } from "./control";
import { readRecord, socketPath, writeRecord } from "./folder";
import { writeInventory } from "./inventory";
import { LabRack } from "./rack";

/** What the daemon tells the process that started it. */
export type DaemonMessage = { progress: string } | { ready: true } | { failed: string };

/** Holds the rack whose record lies in `folder` until it is told to stop, by its socket or by a signal. */
async function main(folder: string): Promise<void> {
  const record = readRecord(folder);
  if (!record) throw new Error(`${folder} holds no rack`);
  const tell = (message: DaemonMessage) => {
    console.log(new Date().toISOString(), JSON.stringify(message));
    if (process.connected) process.send?.(message, () => undefined);
  };
  // Whoever started it may go away at any time; a pipe that breaks must not take the rack along.
  process.on("disconnect", () => undefined);
  process.on("unhandledRejection", (error) => console.error(new Date().toISOString(), "unhandled:", error));
  let stop = () => undefined as void;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop());

  const inventoryFile = join(folder, "inventory.yaml");
  let rack: LabRack;
  try {
    rack = await LabRack.start(record.spec, {
      folder,
      authority: record.authority,
      progress: (progress) => tell({ progress }),
    });
    const { certificate, key } = rack.bmcs.authority.own;
    const save = () => writeRecord(folder, { pid: process.pid, spec: rack.spec, authority: { certificate, key } });
    const changed = async () => {
      await writeInventory(rack, inventoryFile);
      await save();
    };
    await changed();
    const bmcs = await BmcControl.open(rack.bmcs, socketPath(folder, "bmc"));
    const control = await openControl(rack, socketPath(folder, "control"), {
      inventoryFile,
      changed,
      down: () => stop(),
    });
    tell({ ready: true });
    if (process.connected) process.disconnect();
    await stopped;
    control.closeAllConnections();
    control.close();
    await bmcs.close();
  } catch (error) {
    tell({ failed: (error as Error).message });
    process.exitCode = 1;
    await writeRecord(folder, { ...record, pid: 0 });
    return;
  }
  await rack.close();
  rmSync(socketPath(folder, "control"), { force: true });
  await writeRecord(folder, { pid: 0, spec: rack.spec, authority: record.authority });
}

main(process.argv[2]).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
