import { writeSync } from "node:fs";
import { relative } from "node:path";
import type { FileResult, TestCase } from "./results";

/** What the reporter tells the runner, one JSON line each. */
export type ReporterEvent =
  { kind: "total"; files: number } | { kind: "start"; file: string } | { kind: "done"; result: FileResult };

/** The part of jest's result of a file that is read here. */
interface JestFileResult {
  testFilePath: string;
  perfStats: { start: number; end: number };
  testResults: TestCase[];
  testExecError?: { message?: string; stack?: string };
  failureMessage?: string | null;
  console?: { type: string; message: string }[];
}

/** A jest reporter that hands every result to the runner at once, over the file descriptor that the runner opened. */
export default class JestReporter {
  private readonly descriptor = Number(process.env.RACKFORM_REPORT_FD);

  onTestFileStart({ path }: { path: string }): void {
    this.send({ kind: "start", file: relative(process.cwd(), path) });
  }

  onTestResult(_test: unknown, result: JestFileResult, aggregate: { numTotalTestSuites: number }): void {
    this.send({ kind: "total", files: aggregate.numTotalTestSuites });
    this.send({ kind: "done", result: fileResult(result) });
  }

  private send(event: ReporterEvent): void {
    writeSync(this.descriptor, `${JSON.stringify(event)}\n`);
  }
}

function fileResult(result: JestFileResult): FileResult {
  const failed = result.testExecError !== undefined || result.testResults.some(({ status }) => status === "failed");
  const printed = (result.console ?? []).slice(-20).map(({ type, message }) => `  ${type}: ${message}`);
  const crash = result.testExecError;
  return {
    file: relative(process.cwd(), result.testFilePath),
    duration: result.perfStats.end - result.perfStats.start,
    tests: result.testResults.map(({ fullName, status, failureMessages }) => ({ fullName, status, failureMessages })),
    ...(crash ? { crash: result.failureMessage || crash.stack || crash.message || "no message" } : {}),
    ...(failed && printed.length > 0 ? { printed: `printed by the file:\n${printed.join("\n")}` } : {}),
  };
}
