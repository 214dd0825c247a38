import { chmodSync, rmSync } from "node:fs";
import { makeTemporaryFolder } from "../src/base/temporary_folder.js";

/**
 * Gives the run one folder for everything temporary and removes it at the end: workers are ended without a word, so no test file
 * can be sure to clean up. What a killed run left, the next one removes.
 */
export default function setup(): () => void {
  const folder = makeTemporaryFolder("tests");
  // Some tests run the program as somebody else.
  chmodSync(folder, 0o755);
  process.env["TMPDIR"] = folder;
  // A worker that is being ended may write while the folder is emptied.
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
