import {
  exitCode,
  finalLine,
  sum,
  tallyFiles,
  type FileResult,
  type TestCase,
} from "../../../../tools/test-runner/results";

function test_(status: TestCase["status"], fullName = "a test", failureMessages: string[] = []): TestCase {
  return { status, fullName, failureMessages };
}

function file(name: string, tests: TestCase[], more: Partial<FileResult> = {}): FileResult {
  return { file: name, duration: 1, tests, ...more };
}

test.each<[string, FileResult[], string, number]>([
  ["nothing ran", [], "0 passed, 0 failed, 0 skipped", 1],
  ["all passed", [file("a", [test_("passed"), test_("passed")])], "2 passed, 0 failed, 0 skipped", 0],
  ["one failed", [file("a", [test_("passed"), test_("failed")])], "1 passed, 1 failed, 0 skipped", 1],
  [
    "only skipped",
    [file("a", [test_("pending"), test_("todo"), test_("disabled")])],
    "0 passed, 0 failed, 3 skipped",
    1,
  ],
  ["a file that could not run", [file("a", [], { crash: "syntax error" })], "0 passed, 1 failed, 0 skipped", 1],
  ["several files", [file("a", [test_("passed")]), file("b", [test_("pending")])], "1 passed, 0 failed, 1 skipped", 0],
])("%s", (_, files, line, code) => {
  const tally = tallyFiles(files);
  expect(finalLine(tally)).toBe(line);
  expect(exitCode(tally)).toBe(code);
});

test("failures carry the file, the name, every message and what the file printed", () => {
  const { failures } = tallyFiles([
    file("x.test.ts", [test_("failed", "suite does it", ["expected 1", "expected 2"])], { printed: "printed: hint" }),
    file("y.test.ts", [], { crash: "cannot find module" }),
  ]);
  expect(failures).toEqual([
    { name: "x.test.ts: suite does it", message: "expected 1\nexpected 2\nprinted: hint" },
    { name: "y.test.ts: could not run", message: "cannot find module" },
  ]);
});

test("stack frames of jest and Node are left out, those of the test stay", () => {
  const own = "    at Object.toBe (/checkout/test/unit/x.test.ts:6:33)";
  const stack = [
    "Error: expected 1",
    own,
    "    at new Promise (<anonymous>)",
    "    at _run (/checkout/node_modules/jest-circus/build/run.js:1:1)",
    "    at processTicksAndRejections (node:internal/process/task_queues:95:5)",
  ].join("\n");
  const [{ message }] = tallyFiles([file("x", [test_("failed", "t", [stack])])]).failures;
  expect(message).toBe(`Error: expected 1\n${own}\n    at new Promise (<anonymous>)`);
});

test("skips are gathered by file and reason; one without a reason is named", () => {
  const reason = "engine [skipped: pulumi is not on PATH; podman is not on PATH]";
  const { skips } = tallyFiles([
    file("a", [test_("pending", `${reason} one`), test_("pending", `${reason} two`), test_("skipped", "quietly")]),
    file("b", [test_("pending", `${reason} one`), test_("todo", "later")]),
  ]);
  expect(skips).toEqual([
    { file: "a", reason: "pulumi is not on PATH; podman is not on PATH", count: 2 },
    { file: "a", reason: "no reason given: quietly", count: 1 },
    { file: "b", reason: "pulumi is not on PATH; podman is not on PATH", count: 1 },
    { file: "b", reason: "to be written: later", count: 1 },
  ]);
});

test("a sum adds everything up", () => {
  const one = tallyFiles([file("a", [test_("passed"), test_("failed"), test_("pending")])]);
  const total = sum([one, one]);
  expect(finalLine(total)).toBe("2 passed, 2 failed, 2 skipped");
  expect([total.failures.length, total.skips.length]).toEqual([2, 2]);
});
