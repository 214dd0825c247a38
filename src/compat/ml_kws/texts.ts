import type { Evaluation } from "../../measure/metrics.js";

/** A matrix of counts as NumPy prints it, row by row: right-aligned in columns of one width. */
export function matrixText(counts: readonly (readonly number[])[]): string {
  const width = Math.max(...counts.flat().map((count) => String(count).length));
  const rows = counts.map((row) => `[${row.map((count) => String(count).padStart(width)).join(" ")}]`);
  return `[${rows.join("\n ")}]`;
}

/** "Test accuracy = 93.89%(N=4890)". */
export function accuracyText(part: string, { accuracy, clips }: Evaluation): string {
  return `${part} accuracy = ${(100 * accuracy).toFixed(2)}%(N=${clips})`;
}
