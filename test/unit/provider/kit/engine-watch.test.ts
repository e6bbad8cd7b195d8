import { createServer, type Server } from "node:net";
import { EngineWatch } from "../../../../provider/kit/engine-watch";

let server: Server;
let address: string;
let watch: EngineWatch | undefined;

beforeEach(async () => {
  server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  address = `127.0.0.1:${(server.address() as { port: number }).port}`;
});

afterEach(async () => {
  watch?.stop();
  if (server.listening) await new Promise((resolve) => server.close(resolve));
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function watching(parent: () => number): { gone: () => number } {
  let gone = 0;
  watch = new EngineWatch({ onGone: () => gone++, interval: 20, parent });
  watch.watch(address);
  return { gone: () => gone };
}

it("calls once when the engine's address refuses twice", async () => {
  const { gone } = watching(() => 1);
  await pause(100);
  expect(gone()).toBe(0);
  await new Promise((resolve) => server.close(resolve));
  await pause(200);
  expect(gone()).toBe(1);
});

it("takes no change of parent for the engine's death while it answers", async () => {
  let parent = 1;
  const { gone } = watching(() => parent);
  parent = 2;
  await pause(150);
  expect(gone()).toBe(0);
  await new Promise((resolve) => server.close(resolve));
  await pause(100);
  expect(gone()).toBe(1);
});

it("watches the next engine after the first, and nothing that is no address", async () => {
  const { gone } = watching(() => 1);
  const next = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await new Promise((resolve) => next.once("listening", resolve));
  watch!.watch(`127.0.0.1:${(next.address() as { port: number }).port}`);
  await new Promise((resolve) => server.close(resolve));
  await pause(150);
  expect(gone()).toBe(0);
  watch!.watch("nonsense");
  await new Promise((resolve) => next.close(resolve));
  await pause(150);
  expect(gone()).toBe(1);
});
