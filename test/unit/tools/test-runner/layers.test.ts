import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import JestReporter from "../../../../tools/test-runner/jest-reporter";
import { judgeEnd, layers, type JestEnd } from "../../../../tools/test-runner/layers";

const clean: JestEnd = { code: 0, stderr: "", hung: false };

test("the layers are jest's projects, in order", () => {
  const config = require("../../../../jest.config.js") as { projects: { displayName: string }[] };
  expect(layers.map(({ name }) => name)).toEqual(config.projects.map(({ displayName }) => displayName));
});

test.each<[string, JestEnd, number, string[], RegExp | undefined]>([
  ["a clean end", clean, 0, [], undefined],
  ["failed tests are told elsewhere", { ...clean, code: 1 }, 2, [], undefined],
  ["a crash without results", { ...clean, code: 1, stderr: "bad config" }, 0, [], /ended with 1\nbad config/],
  ["a crash in the middle", { ...clean, code: null }, 1, ["x.test.ts"], /while running x\.test\.ts/],
  [
    "a hang",
    { ...clean, code: null, hung: true },
    0,
    ["x.test.ts"],
    /nothing happened for 30 min while running x\.test\.ts/,
  ],
  ["an open handle", { ...clean, stderr: "Jest did not exit one second after" }, 0, [], /leaves something running/],
  [
    "a worker that was slow to end, as happens on a busy machine",
    { ...clean, stderr: "A worker process has failed to exit gracefully" },
    0,
    [],
    undefined,
  ],
])("%s", (_, end, failed, running, expected) => {
  const trouble = judgeEnd(end, failed, running);
  if (expected) expect(trouble).toMatch(expected);
  else expect(trouble).toBeUndefined();
});

describe("JestReporter", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "reporter-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test("tells the runner what jest tells it, one line each", () => {
    const descriptor = openSync(join(folder, "events"), "w");
    const saved = process.env.RACKFORM_REPORT_FD;
    process.env.RACKFORM_REPORT_FD = String(descriptor);
    const reporter = new JestReporter();
    if (saved === undefined) delete process.env.RACKFORM_REPORT_FD;
    else process.env.RACKFORM_REPORT_FD = saved;
    const path = join(process.cwd(), "test/unit/x.test.ts");
    const test = { fullName: "x works", status: "failed" as const, failureMessages: ["no"], ancestorTitles: ["x"] };
    reporter.onTestFileStart({ path });
    const perfStats = { start: 1000, end: 1500 };
    const shared = { testFilePath: path, perfStats };
    reporter.onTestResult(
      {},
      { ...shared, testResults: [test], console: [{ type: "log", message: "hint" }] },
      { numTotalTestSuites: 7 },
    );
    reporter.onTestResult(
      {},
      { ...shared, testResults: [], testExecError: { message: "boom" }, failureMessage: "cannot run: boom" },
      { numTotalTestSuites: 7 },
    );
    closeSync(descriptor);
    const events = readFileSync(join(folder, "events"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    const file = "test/unit/x.test.ts";
    expect(events).toEqual([
      { kind: "start", file },
      { kind: "total", files: 7 },
      {
        kind: "done",
        result: {
          file,
          duration: 500,
          tests: [{ fullName: "x works", status: "failed", failureMessages: ["no"] }],
          printed: "printed by the file:\n  log: hint",
        },
      },
      { kind: "total", files: 7 },
      { kind: "done", result: { file, duration: 500, tests: [], crash: "cannot run: boom" } },
    ]);
  });
});
