import { UsageError } from "../base/errors.js";
import { findPath } from "../base/find_path.js";

const kinds = {
  ".safetensors": "a model file",
  ".tflite": "a file for TensorFlow Lite",
  ".html": "a page",
  ".json": "a recipe",
} as const;

/**
 * What is written is read by its name's ending later on.
 * @param out the file to write, as it was named; a device or a pipe may have any name
 * @throws UsageError for a file with another ending
 */
export function refuseOtherEnding(out: string | undefined, ending: keyof typeof kinds): void {
  if (out === undefined || out.toLowerCase().endsWith(ending) || isStream(out)) return;
  const makes =
    ending === ".safetensors" && /\.tflite$/i.test(out) ? "; 'earshot export' makes .tflite files of model files" : "";
  throw new UsageError(`--out ${out}: ${kinds[ending]} ends in ${ending}; give such a name${makes}`);
}

function isStream(path: string): boolean {
  const found = findPath(path);
  return found !== undefined && !found.isFile() && !found.isDirectory();
}
