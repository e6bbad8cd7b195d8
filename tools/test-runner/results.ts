/** What jest says about one test. */
export interface TestCase {
  fullName: string;
  status: "passed" | "failed" | "skipped" | "pending" | "todo" | "disabled" | "focused";
  failureMessages: string[];
}

/** What the reporter says when a test file is done. */
export interface FileResult {
  /** Relative to the checkout. */
  file: string;
  /** In ms. */
  duration: number;
  tests: TestCase[];
  /** Set when the file could not be run at all. */
  crash?: string;
  /** What the tests printed; kept for files that failed. */
  printed?: string;
}

/** A failure to show at the end. */
export interface Failure {
  name: string;
  message: string;
}

/** A skipped suite or test and why. */
export interface Skip {
  reason: string;
  /** Relative to the checkout. */
  file: string;
  count: number;
}

/** The counts of one layer, or of the whole run. */
export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
  failures: Failure[];
  skips: Skip[];
}

export function emptyTally(): Tally {
  return { passed: 0, failed: 0, skipped: 0, failures: [], skips: [] };
}

/** Counts the tests of some files. A file that could not run counts as one failed test. */
export function tallyFiles(files: FileResult[]): Tally {
  const tally = emptyTally();
  for (const { file, tests, crash, printed } of files) {
    const before = tally.failures.length;
    if (crash !== undefined) tally.failures.push({ name: `${file}: could not run`, message: crash });
    for (const test of tests) {
      if (test.status === "passed" || test.status === "focused") tally.passed++;
      else if (test.status === "failed") {
        tally.failures.push({
          name: `${file}: ${test.fullName}`,
          message: test.failureMessages.map(withoutJest).join("\n"),
        });
      } else {
        tally.skipped++;
        addSkip(tally.skips, { file, reason: skipReason(test), count: 1 });
      }
    }
    if (printed && tally.failures.length > before) tally.failures[tally.failures.length - 1].message += `\n${printed}`;
  }
  tally.failed = tally.failures.length;
  return tally;
}

/** The sum of several tallies. */
export function sum(tallies: Tally[]): Tally {
  const total = emptyTally();
  for (const tally of tallies) {
    total.passed += tally.passed;
    total.failed += tally.failed;
    total.skipped += tally.skipped;
    total.failures.push(...tally.failures);
    total.skips.push(...tally.skips);
  }
  return total;
}

/** The plain last line of a run. */
export function finalLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** 0 when something ran and nothing failed, else 1. */
export function exitCode({ passed, failed }: Tally): number {
  return failed > 0 || passed === 0 ? 1 : 0;
}

/** A message without the stack frames of jest and Node, which say nothing about the failure. */
function withoutJest(message: string): string {
  const noise = /^\s+at .*(node_modules\/(jest-|@jest\/)|\(?node:internal\/)/;
  return message
    .split("\n")
    .filter((line) => !noise.test(line))
    .join("\n");
}

function addSkip(skips: Skip[], skip: Skip): void {
  const same = skips.find(({ file, reason }) => file === skip.file && reason === skip.reason);
  if (same) same.count += skip.count;
  else skips.push(skip);
}

function skipReason({ fullName, status }: TestCase): string {
  const named = /\[skipped: ([^\]]*)\]/.exec(fullName);
  if (named) return named[1];
  return status === "todo" ? `to be written: ${fullName}` : `no reason given: ${fullName}`;
}
