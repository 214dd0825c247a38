import type { Command } from "commander";
import { Progress } from "../base/progress.js";
import type { CheckReport, Finding } from "../corpus/check.js";
import { printable } from "../measure/terminal.js";
import { realNumber, wholeNumber } from "./arguments.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";

interface CheckArguments extends CommonOptions {
  rate?: number;
  minSeconds?: number;
  silentBelow?: number;
  clippedShare?: number;
}

/** `earshot data check`: names every file that cannot be used or looks wrong. */
export function register(data: Command): void {
  data
    .command("check")
    .description(
      "Name every sound file that is unreadable, missing, silent, clipped, too short, at the wrong rate or there twice. " +
        "Fails (exit code 1) where a file cannot be used at all.",
    )
    .argument("<data>", "folder of the data set, or a JSONL manifest")
    .option("--rate <Hz>", "sample rate that files should have (default: 16000)", wholeNumber(1, 768_000))
    .option("--min-seconds <s>", "shortest clip that is not 'too short' (default: 1)", realNumber(0, 3600))
    .option("--silent-below <dB>", "RMS level of full scale below which a file is silent (default: -60)", realNumber(-200, 0))
    .option(
      "--clipped-share <fraction>",
      "share of cut-off samples from which a file is clipped (default: 0.001)",
      realNumber(0, 1),
    )
    .option("--json", "print one JSON object")
    .action(check);
}

async function check(root: string, options: CheckArguments): Promise<void> {
  const { checkDataset } = await import("../corpus/check.js");
  let progress: Progress | undefined;
  const report = await checkDataset(root, {
    rate: options.rate,
    minSeconds: options.minSeconds,
    silentDecibels: options.silentBelow,
    clippedShare: options.clippedShare,
    onProgress: (done, total) => (progress ??= new Progress("checking", total, "files")).update(done),
  }).finally(() => progress?.end());
  const errors = report.findings.filter((finding) => finding.severity === "error").length;
  if (errors > 0) process.exitCode = 1;
  if (options.json === true) {
    printJson({ ...report, errors });
    return;
  }
  printReport(report, errors);
  const advice = errors > 0 ? "mend or remove the files above, then check again" : `earshot data stats ${shellWord(root)}`;
  printNext(advice, options);
}

const STYLES = { error: "red", warning: "yellow", notice: "dim" } as const;
const ORDER: readonly Finding["severity"][] = ["error", "warning", "notice"];

/** The gravest first; within a severity by problem, then in the order of the files. */
function printReport({ findings, files, counts }: CheckReport, errors: number): void {
  for (const severity of ORDER) {
    const found = findings
      .filter((finding) => finding.severity === severity)
      .toSorted((a, b) => (a.problem < b.problem ? -1 : 1));
    for (const { path, problem, detail } of found) {
      printText(`${paint(STYLES[severity], `${severity}: ${problem}`)}: ${printable(path)}: ${printable(detail)}`);
    }
  }
  const parts = Object.entries(counts).filter(([, count]) => count > 0);
  const list = parts.map(([problem, count]) => `${count} ${problem}`).join(", ");
  printText(
    `${files} files: ${list === "" ? "nothing to find fault with" : list}${errors > 0 ? `; ${errors} cannot be used` : ""}`,
  );
}
