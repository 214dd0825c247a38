// Runs the test suite and ends with one line "N passed, N failed, N skipped".
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "earshot-results-"));
const output = join(folder, "results.json");
const vitest = join("node_modules", "vitest", "vitest.mjs");
const { status } = spawnSync(
  process.execPath,
  [vitest, "run", "--silent", "--reporter=default", "--reporter=json", `--outputFile.json=${output}`, ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
let counts;
try {
  counts = JSON.parse(readFileSync(output, "utf8"));
} catch {
  console.error("the test run left no results");
  process.exit(1);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const skipped = new Map();
for (const file of counts.testResults)
  for (const test of file.assertionResults)
    if (test.status === "skipped" || test.status === "pending") skipped.set(test.title, file.name);
for (const [title, file] of skipped) console.log(`skipped: ${file.replace(`${process.cwd()}/`, "")}: ${title}`);
const { numPassedTests, numFailedTests, numTotalTests } = counts;
const passed = status === 0 && counts.success;
// A process of the tests that died is a failure, too, though none of its tests says so.
const failed = passed ? 0 : Math.max(1, numFailedTests);
console.log(`${numPassedTests} passed, ${failed} failed, ${Math.max(0, numTotalTests - numPassedTests - failed)} skipped`);
process.exit(passed ? 0 : 1);
