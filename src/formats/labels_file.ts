import { FormatError } from "../base/errors.js";
import { readBounded } from "../base/read_file.js";

const longestText = 1 << 20;
const mostLabels = 1 << 16;

/**
 * Reads labels, one a line, in the order of a network's outputs.
 * @throws UserError where the file cannot be read, FormatError for no line, an empty one, or one that is there twice
 */
export async function readLabels(file: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readBounded(file, longestText, "labels are one word a line"));
  const labels = text.split(/\r?\n/).map((line) => line.trim());
  while (labels.at(-1) === "") labels.pop();
  const remedy = "write one label a line, in the order of the network's outputs";
  if (labels.length === 0 || labels.length > mostLabels) throw new FormatError(file, "labels", `${labels.length} lines`, remedy);
  const wrong = labels.findIndex((label, i) => label === "" || labels.indexOf(label) < i);
  if (wrong >= 0) throw new FormatError(file, `line ${wrong + 1}`, labels[wrong] === "" ? "is empty" : "is there twice", remedy);
  return labels;
}
