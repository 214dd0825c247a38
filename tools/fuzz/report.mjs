import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

/** When, where and of which commit, for the head of a report. */
export function describeRun(args) {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
  const date = new Date().toISOString().slice(0, 10);
  return `${date}, commit ${commit}, ${cpus()[0].model}, Node ${process.version}\nnpm run fuzz -- ${args.join(" ")}`;
}

const columns = [
  ["target", (row) => row.name],
  ["cases", (row) => row.cases],
  ["accepted", (row) => row.accepted],
  ["refused", (row) => row.refused],
  ["kinds of message", (row) => row.messages.size],
  ["faults", (row) => row.faults],
  ["longest ms", (row) => row.longest.toFixed(0)],
  ["largest input KB", (row) => (row.largest / 1024).toFixed(0)],
  ["run alone", (row) => row.alone],
  ["most memory MB", (row) => (row.mostMemory / 2 ** 20).toFixed(1)],
  ["of what is allowed", (row) => `${(100 * row.mostShare).toFixed(0)} %`],
  ["seconds", (row) => row.seconds.toFixed(0)],
];

/** The rows as a table, with their sum. */
export function tableOf(rows) {
  const sum = {
    name: "all",
    messages: { size: rows.reduce((n, row) => n + row.messages.size, 0) },
    ...Object.fromEntries(
      ["cases", "accepted", "refused", "faults", "alone", "seconds"].map((key) => [
        key,
        rows.reduce((n, row) => n + row[key], 0),
      ]),
    ),
    ...Object.fromEntries(
      ["longest", "largest", "mostMemory", "mostShare"].map((key) => [key, Math.max(...rows.map((row) => row[key]))]),
    ),
  };
  const cells = [columns.map(([title]) => title), ...[...rows, sum].map((row) => columns.map(([, show]) => String(show(row))))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  return cells
    .map((line) => line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  "))
    .join("\n");
}
