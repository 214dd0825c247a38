import { join } from "node:path";
import type { Command } from "commander";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";

interface ReportOptions extends CommonOptions {
  out?: string;
  data?: string;
}

/** `earshot report RUN`: one self-contained HTML page of a run's folder. */
export function register(program: Command): void {
  program
    .command("report")
    .description("Make one self-contained HTML page of a training run: curves, confusion matrix, labels, worst clips.")
    .argument("<run>", "folder of the run, with evaluation.json, metrics.jsonl or both")
    .option("-o, --out <file>", "where to write the page (default: report.html in the run's folder)")
    .option("--data <folder>", "folder of the data set, if it moved since the evaluation")
    .option("--json", "print one JSON object")
    .action(report);
}

async function report(run: string, options: ReportOptions): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  const { reportOfRun } = await import("../measure/run_report.js");
  const { renderReport } = await import("../measure/report.js");
  const input = await reportOfRun(run, { data: options.data });
  const page = renderReport(input);
  const path = options.out ?? join(run, "report.html");
  await writeFile(path, page);
  const { evaluation, notes } = input;
  if (options.json === true) {
    const bytes = Buffer.byteLength(page);
    printJson({ report: path, bytes, accuracy: evaluation?.accuracy ?? null, clips: evaluation?.clips ?? 0, notes: notes ?? [] });
    return;
  }
  if (evaluation !== undefined) {
    const { renderEvaluation } = await import("../measure/terminal.js");
    printText(`${renderEvaluation(evaluation, paint)}\n`);
  }
  for (const note of notes ?? []) printText(note);
  printText(`report written to ${path}`);
  printNext(`open ${shellWord(path)} in a browser`, options);
}
