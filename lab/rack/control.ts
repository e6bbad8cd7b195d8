import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { LabRack } from "./rack";
import type { RackServer } from "./spec";
import { rackStatus } from "./status";

/**
 * Lets other processes drive a rack: JSON over HTTP on a Unix socket that only this user can open.
 *
 * - `GET /status`; `GET /console/<server>`
 * - `POST /servers` with a RackServer; `DELETE /servers/<name>`; `POST /servers/<name>/replace`
 * - `POST /servers/<name>/soil` and `/wipe` with `{ "device"? }`
 * - `POST /down`
 */
export async function openControl(
  rack: LabRack,
  socket: string,
  hooks: { inventoryFile: string; changed: () => Promise<void>; down: () => void },
): Promise<Server> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      handle(`${request.method} ${request.url}`, text)
        .then(
          (value): [number, unknown] => [200, value ?? {}],
          (error: unknown): [number, unknown] => [400, { error: (error as Error).message }],
        )
        .then(
          ([status, value]) => {
            response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
          },
          () => response.destroy(),
        );
    });
  });

  async function handle(line: string, text: string): Promise<unknown> {
    const [method, url] = line.split(" ");
    const [, what, name, action = ""] = url.split("/").map(decodeURIComponent);
    const body = (text === "" ? {} : JSON.parse(text)) as { device?: string };
    const member = () => rack.member(name);
    switch (`${method} ${what} ${action}`.trim()) {
      case "GET status":
        return rackStatus(rack, hooks.inventoryFile);
      case "GET console":
        member();
        return { lines: rack.consoles.read(name) };
      case "POST servers":
        await rack.add(body as unknown as RackServer);
        return hooks.changed();
      case "DELETE servers":
        await rack.remove(name);
        return hooks.changed();
      case "POST servers replace":
        await rack.replace(name);
        return hooks.changed();
      case "POST servers soil":
        if (body.device === undefined) throw new Error("soil needs a device");
        return member().machine.body.soil(body.device);
      case "POST servers wipe":
        return member().machine.body.wipe(body.device);
      case "POST down":
        hooks.down();
        return {};
      default:
        throw new Error(`${line} is not understood; see the list in lab/rack/control.ts`);
    }
  }

  rmSync(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, () => resolve());
  });
  chmodSync(socket, 0o600);
  return server;
}
