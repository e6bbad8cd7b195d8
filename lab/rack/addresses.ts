import type { Server } from "node:net";
import { createServer } from "node:net";

/** Ports that a rack's BMCs and simulated nodes listen on. */
export const BMC_PORT = 8443;
export const NODE_PORT = 2222;
export const MIRROR_PORT = 8081;

const PER_BLOCK = 240;
const BLOCKS = 254;

/** Loopback addresses for one rack: 127.77.x.y for BMCs, 127.78.x.y for simulated nodes, x being this rack's alone. */
export class AddressBlocks {
  private constructor(
    readonly first: number,
    private readonly tokens: Server[],
  ) {}

  /** Takes as many neighbouring blocks as the servers need, and some room for more. @throws Error when there are none left */
  static async take(servers: number): Promise<AddressBlocks> {
    const needed = Math.ceil((servers + 20) / PER_BLOCK);
    for (let first = 0; first + needed <= BLOCKS; first++) {
      const tokens: Server[] = [];
      while (tokens.length < needed) {
        const token = await claim(first + tokens.length);
        if (!token) break;
        tokens.push(token);
      }
      if (tokens.length === needed) return new AddressBlocks(first, tokens);
      for (const token of tokens) token.close();
      first += tokens.length;
    }
    throw new Error("no loopback addresses are left for another rack; take one down with npx rackform lab down");
  }

  bmc(index: number): string {
    return this.#address(77, index);
  }

  node(index: number): string {
    return this.#address(78, index);
  }

  /** Where the mirror of a rack without a network of its own listens. */
  get mirror(): string {
    return `127.77.${this.first}.254`;
  }

  release(): void {
    for (const token of this.tokens) token.close();
  }

  #address(second: number, index: number): string {
    if (index >= this.tokens.length * PER_BLOCK) throw new Error("the rack has no address left for another server");
    return `127.${second}.${this.first + Math.floor(index / PER_BLOCK)}.${(index % PER_BLOCK) + 1}`;
  }
}

/** An abstract socket stands for the block: the kernel gives it back however this process ends. */
function claim(block: number): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(`\0rackform-lab-block-${block}`, () => {
      server.unref();
      resolve(server);
    });
  });
}
