import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { file } from "../../setup/need";
import type { Handler, Reply, Seen } from "./server";

const archive = path.resolve(__dirname, "../../../../shared/data/bmc-trees.tar.gz");

export const needTrees = file(archive, "the archive of captured BMC trees");

export type Tree = "dell-r750" | "supermicro-sys-821ge" | "dmtf-public-rackmount1";

/** Captured trees, extracted into a temporary directory. */
export class Trees {
  private constructor(private readonly directory: string) {}

  static extract(): Trees {
    const directory = mkdtempSync(path.join(tmpdir(), "rackform-trees-"));
    const unread = ["schemas", "JsonSchemas", "registries", "LogServices", "Sensors"].map(
      (name) => `--exclude=*/${name}/*`,
    );
    execFileSync("tar", ["xzf", archive, "-C", directory, ...unread], { stdio: "ignore" });
    return new Trees(path.join(directory, "bmc-trees"));
  }

  remove(): void {
    rmSync(path.dirname(this.directory), { recursive: true, force: true });
  }

  /** Answers GET from a tree; `$expand` one level deep when asked to. */
  handler(tree: Tree, options: { expand: boolean; broken?: (seen: Seen) => Reply | undefined }): Handler {
    return (seen) => {
      const broken = options.broken?.(seen);
      if (broken) return broken;
      if (seen.method !== "GET") return { status: 405, body: {} };
      const url = new URL(seen.path, "https://bmc.invalid");
      const body = this.body(tree, url.pathname);
      if (body === undefined) return undefined;
      if (!url.searchParams.has("$expand")) return { body };
      return options.expand ? { body: this.expanded(tree, body) } : { status: 501, body: {} };
    };
  }

  private body(tree: Tree, pathname: string): Record<string, unknown> | undefined {
    const root = tree === "dmtf-public-rackmount1" ? pathname.replace(/^\/redfish\/v1/, "") : pathname;
    const name = path.join(this.directory, tree, decodeURIComponent(root), "index.json");
    return existsSync(name) ? (JSON.parse(readFileSync(name, "utf8")) as Record<string, unknown>) : undefined;
  }

  private expanded(tree: Tree, body: Record<string, unknown>): Record<string, unknown> {
    const grow = (value: unknown): unknown => {
      const id = (value as { "@odata.id"?: unknown } | null)?.["@odata.id"];
      return typeof id === "string" ? (this.body(tree, id) ?? value) : value;
    };
    return Object.fromEntries(
      Object.entries(body).map(([key, value]) => [
        key,
        key === "Links" ? value : Array.isArray(value) ? value.map(grow) : value,
      ]),
    );
  }
}
