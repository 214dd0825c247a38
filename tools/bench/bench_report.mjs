import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

export function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Machine, compiler, date and commit: what every table of figures says first. */
export function machineLines(native) {
  const git = (...words) => execFileSync("git", words, { encoding: "utf8" }).trim();
  const changed = git("status", "--porcelain", "--", "src", "tools/bench") ? " with changes" : "";
  return [
    `machine      ${cpus()[0]?.model.trim()}, ${cpus().length} cores; Node ${process.version}`,
    `compiler     ${native ? `${native.command}, ${native.lanes} lanes, ${native.registers} registers` : "none: no native figures"}`,
    `date         ${new Date().toISOString().slice(0, 16)}Z, commit ${git("rev-parse", "--short", "HEAD")}${changed}`,
  ];
}

/** Columns of text, the first `left` of them to the left. */
export function alignedTable(head, rows, left = 1) {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i].length)));
  return [head, ...rows].map((r) =>
    r.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "),
  );
}
