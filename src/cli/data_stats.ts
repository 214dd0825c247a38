import type { Command } from "commander";
import { Progress } from "../base/progress.js";
import type { DatasetStatistics, SplitStatistics, Summary } from "../corpus/statistics.js";
import { printable, renderTable } from "../measure/terminal.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { addTaskOptions, datasetOptions, type TaskArguments } from "./task_options.js";

interface StatsArguments extends CommonOptions, TaskArguments {}

/** `earshot data stats`: counts clips by label and split, speakers, durations and levels. */
export function register(data: Command): void {
  addTaskOptions(
    data
      .command("stats")
      .description("Count the clips by label and split, the speakers, the durations and the levels.")
      .argument("<data>", "folder of the data set, or a JSONL manifest"),
  )
    .option("--json", "print one JSON object")
    .action(stats);
}

async function stats(root: string, options: StatsArguments): Promise<void> {
  const { openDataset } = await import("../corpus/dataset.js");
  const { datasetStatistics } = await import("../corpus/statistics.js");
  const dataset = openDataset(root, datasetOptions(options));
  let progress: Progress | undefined;
  const result = await datasetStatistics(dataset, {
    onProgress: (done, total) => (progress ??= new Progress("reading", total, "files")).update(done),
  }).finally(() => progress?.end());
  if (options.json === true) {
    printJson(result);
    return;
  }
  printStatistics(result);
  const words = options.words === undefined ? "" : ` --words ${shellWord([options.words].flat().join(","))}`;
  printNext(`earshot train --data ${shellWord(root)}${words}`, options);
}

function printStatistics(result: DatasetStatistics): void {
  const splits = Object.entries(result.splits).filter(([, split]) => split.clips > 0);
  const columns = [{ title: "clips" }, ...splits.map(([name]) => ({ title: name, align: "right" as const }))];
  const labelRows = result.labels.map((label) => [
    printable(label),
    ...splits.map(([, split]) => String(split.byLabel[label] ?? 0)),
  ]);
  const summaryRows = SUMMARY.map(([title, show]) => [title, ...splits.map(([, split]) => show(split))]);
  printText(`${result.root}: split by ${result.rule}, ${result.speakers} speakers\n`);
  printText(renderTable(columns, [...labelRows, ...summaryRows], paint));
  printText(`\nbackground noise: ${result.noise.files} files, ${(result.noise.hours * 60).toFixed(1)} minutes`);
  for (const warning of warnings(result)) printText(paint("yellow", warning));
}

const SUMMARY: readonly [title: string, show: (split: SplitStatistics) => string][] = [
  ["all", (split) => String(split.clips)],
  ["of these made silence", (split) => String(split.generatedSilence)],
  ["speakers", (split) => String(split.speakers)],
  ["minutes", (split) => (split.hours * 60).toFixed(1)],
  ["seconds (low, median, high)", (split) => range(split.seconds, 2)],
  ["level in dB (low, median, high)", (split) => range(split.level, 0)],
];

function range(summary: Summary | null, digits: number): string {
  if (summary === null) return "–";
  return [summary.lowest, summary.median, summary.highest].map((value) => value.toFixed(digits)).join(" ");
}

const NAMED = 5;

function some(names: readonly string[]): string {
  return `${names.slice(0, NAMED).map(printable).join(", ")}${names.length > NAMED ? ", ..." : ""}`;
}

function warnings({ speakersInSeveralSplits: shared, unreadable }: DatasetStatistics): string[] {
  const list: string[] = [];
  if (shared.length > 0) list.push(`${shared.length} speakers are in more than one split: ${some(shared)}`);
  if (unreadable.length > 0) list.push(`${unreadable.length} files cannot be read: ${some(unreadable)}`);
  return list;
}
