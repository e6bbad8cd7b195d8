import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Attempt } from "./service";

/** Attempts at installations, kept in files so that they outlive the process that made them. */
export class Attempts {
  constructor(private readonly folder: string) {}

  save(installationId: string, attempt: Attempt): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const file = this.file(installationId);
    const draft = `${file}.${randomBytes(6).toString("hex")}`;
    writeFileSync(draft, JSON.stringify(attempt), { mode: 0o600 });
    renameSync(draft, file);
  }

  /** Undefined when there is none, or what is there makes no sense. */
  load(installationId: string): Attempt | undefined {
    try {
      const attempt = JSON.parse(readFileSync(this.file(installationId), "utf8")) as Partial<Attempt>;
      const whole =
        typeof attempt.nonce === "string" &&
        /^[A-Za-z0-9_-]+$/.test(attempt.nonce) &&
        typeof attempt.startedAt === "number" &&
        typeof attempt.port === "number" &&
        typeof attempt.method === "string" &&
        typeof attempt.progress?.version === "number";
      return whole ? (attempt as Attempt) : undefined;
    } catch {
      return undefined;
    }
  }

  remove(installationId: string): void {
    rmSync(this.file(installationId), { force: true });
  }

  private file(installationId: string): string {
    return path.join(this.folder, `${createHash("sha256").update(installationId).digest("hex").slice(0, 32)}.json`);
  }
}
