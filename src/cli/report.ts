import { join } from "node:path";
import type { Command } from "commander";
import { UsageError } from "../base/errors.js";
import { refuseOtherEnding } from "./output_name.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { packageVersion } from "./version.js";

interface ReportOptions extends CommonOptions {
  out?: string;
  data?: string;
}

/** `earshot report RUN...`: one self-contained HTML page of a run's folder, or of several compared. */
export function register(program: Command): void {
  program
    .command("report")
    .description(
      "Make one self-contained HTML page of a training run: curves, confusion matrix, labels, worst clips. Of several runs: a comparison.",
    )
    .argument("<runs...>", "folders of runs, with evaluation.json, metrics.jsonl or both; others are compared with the first")
    .option("-o, --out <file>", "where to write the page (default: report.html in the run's folder; of several, comparison.html)")
    .option("--data <folder>", "of one run: folder of the data set, if it moved since the evaluation")
    .option("--json", "print one JSON object")
    .action((runs: readonly string[], options: ReportOptions) =>
      runs.length === 1 ? report(runs[0] as string, options) : compare(runs, options),
    );
}

async function report(run: string, options: ReportOptions): Promise<void> {
  refuseOtherEnding(options.out, ".html");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const { reportOfRun } = await import("../measure/run_report.js");
  const { renderReport } = await import("../measure/report.js");
  const input = await reportOfRun(run, { data: options.data });
  const page = Buffer.from(renderReport(input));
  const path = options.out ?? join(run, "report.html");
  await writeFileSafely(path, page);
  const { evaluation, notes } = input;
  if (options.json === true) {
    printJson({
      report: path,
      bytes: page.length,
      accuracy: evaluation?.accuracy ?? null,
      clips: evaluation?.clips ?? 0,
      notes: notes ?? [],
    });
    return;
  }
  if (evaluation !== undefined) {
    const { renderEvaluation } = await import("../measure/terminal.js");
    printText(`${renderEvaluation(evaluation, paint)}\n`);
  }
  finish(path, notes ?? [], options);
}

async function compare(folders: readonly string[], options: ReportOptions): Promise<void> {
  refuseOtherEnding(options.out, ".html");
  if (options.data !== undefined) throw new UsageError("--data goes with one run; a comparison shows no clips");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const { compareRuns } = await import("../measure/compare_runs.js");
  const { renderComparison } = await import("../measure/comparison.js");
  const input = await compareRuns(folders);
  const page = Buffer.from(renderComparison({ ...input, version: packageVersion() }));
  const path = options.out ?? "comparison.html";
  await writeFileSafely(path, page);
  if (options.json === true) {
    const runs = input.runs.map((run, i) => ({
      folder: folders[i],
      ...run,
      training: undefined,
      evaluation: undefined,
      accuracy: run.evaluation?.accuracy ?? null,
      interval: run.evaluation?.interval ?? null,
      clips: run.evaluation?.clips ?? 0,
    }));
    printJson({ report: path, bytes: page.length, runs, seedGroups: input.seedGroups, notes: input.notes });
    return;
  }
  const { renderRuns } = await import("../measure/terminal.js");
  printText(`${renderRuns(input.runs, paint)}\n`);
  finish(path, input.notes, options);
}

function finish(path: string, notes: readonly string[], options: ReportOptions): void {
  for (const note of notes) printText(note);
  printText(`report written to ${path}`);
  printNext(`open ${shellWord(path)} in a browser`, options);
}
