import type { Command } from "commander";
import { UserError } from "../base/errors.js";
import type { ModelStreamOptions } from "../detect/model_stream.js";
import type { Model } from "../formats/model.js";
import type { CheckedRecording, StreamReport } from "../measure/stream_report.js";
import { wholeNumber } from "./arguments.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { refuseOtherEnding } from "./output_name.js";
import { refuseReplacing } from "./replaced_input.js";

interface StreamArguments extends CommonOptions {
  form?: "context" | "window";
  input?: "audio" | "features";
  hops?: number;
  check?: string[];
  out?: string;
  target?: "oracle" | "wasm" | "native" | "auto";
}

/** `earshot stream MODEL`: the model that hears one hop after another, what it costs, and whether it is right. */
export function register(program: Command): void {
  const command = program
    .command("stream")
    .description(
      "Make a model hear one step of sound after another: its receptive field, delay, state and multiply-accumulates a second beside the clip model run every 20 ms.",
    )
    .argument("<model>", "model file, or the name of a model that comes with earshot");
  command
    .addOption(
      command
        .createOption(
          "--form <name>",
          "context: real past instead of zeros; window: the clip model on the last second (default: the file's, or context)",
        )
        .choices(["context", "window"]),
    )
    .addOption(
      command.createOption("--input <name>", "what a step takes (default: the file's, or audio)").choices(["audio", "features"]),
    )
    .option("--hops <n>", "hops of the front end in a step (default: as many as give one result)", wholeNumber(1, 1000))
    .option(
      "--check <recordings...>",
      "stream recordings and compare with the graph unrolled over them (context) or the clip model on each second (window)",
    )
    .option(
      "-o, --out <file>",
      "write a model file with the streaming graph and its states, for listen, evaluate, profile and export",
    )
    .addOption(
      command.createOption("--target <name>", "what computes").choices(["auto", "native", "wasm", "oracle"]).default("auto"),
    )
    .option("--json", "print one JSON object")
    .action(stream);
}

async function stream(name: string, options: StreamArguments): Promise<void> {
  const { resolveModel } = await import("../formats/shipped.js");
  const { loadModel } = await import("../formats/model_file.js");
  const { checkRecording, reportStream } = await import("../measure/stream_report.js");
  const path = resolveModel(name);
  if (path.toLowerCase().endsWith(".tflite")) throw new UserError(`${path}: give the .safetensors file that it was made from`);
  refuseReplacing(path, options.out);
  refuseOtherEnding(options.out, ".safetensors");
  const model = await loadModel(path);
  const wanted = { ...options, form: options.form ?? model.stream?.graph.form ?? "context" } as const;
  const report = reportStream(model, wanted);
  const checks: CheckedRecording[] = [];
  for (const file of options.check ?? []) checks.push(await checkRecording(model, wanted, file));
  const wrong = checks.find((c) => !c.equal);
  const out = wrong ? undefined : options.out;
  const bytes = out === undefined ? undefined : await write(out, model, wanted);
  if (options.json === true)
    printJson({ name, ...report, ...(options.check ? { checks } : {}), ...(out === undefined ? {} : { file: out, bytes }) });
  else await print(name, report, checks);
  if (wrong) throw new UserError(`${wrong.file}: the stream differs by ${wrong.largest} from what it must give`);
  if (out === undefined) {
    printNext(`earshot evaluate ${shellWord(name)} --data FOLDER --stream-clips ${wanted.form}`, options);
    return;
  }
  if (options.json !== true) printText(`\n${out}: ${(bytes as number).toLocaleString("en-US")} bytes`);
  printNext(`earshot listen ${shellWord(out)} --input a-recording.wav`, options);
}

/** Writes the model with its streaming graph; gives the bytes. */
async function write(out: string, model: Model, options: ModelStreamOptions): Promise<number> {
  const { withStream } = await import("../detect/model_stream.js");
  const { writeModel } = await import("../formats/model_file.js");
  const { writeFileSafely } = await import("../formats/write_file.js");
  const bytes = writeModel(withStream(model, options));
  await writeFileSafely(out, bytes);
  return bytes.length;
}

async function print(name: string, report: StreamReport, checks: readonly CheckedRecording[]): Promise<void> {
  const { printable, renderTable } = await import("../measure/terminal.js");
  const grouped = (n: number): string => Math.round(n).toLocaleString("en-US");
  const ms = (n: number): string => `${n.toLocaleString("en-US", { maximumFractionDigits: 2 })} ms`;
  const ratio = report.clipMultiplyAccumulatesPerSecond / report.multiplyAccumulatesPerSecond;
  const phases = report.phases === 1 ? "" : `, ${report.phases} phases`;
  const rows = [
    ["step", `${report.hops} x ${ms(report.hopMs)} of ${report.input}${phases}`],
    ["a result every", ms(report.resultMs)],
    ["receptive field", report.receptiveFieldMs === null ? "all of the past (recurrent state)" : ms(report.receptiveFieldMs)],
    ["delay", ms(report.delayMs)],
    ["state", `${grouped(report.stateBytes)} bytes in ${report.states} tensors`],
    ["multiply-accumulates a second", grouped(report.multiplyAccumulatesPerSecond)],
    ["of the clip model every 20 ms", `${grouped(report.clipMultiplyAccumulatesPerSecond)} (${ratio.toFixed(1)} times)`],
  ];
  if (!report.startsCleanly)
    rows.push([
      "beginning",
      `the first steps mix the sound with what came before it${checks.length > 0 ? " and are not compared" : ""}; --hops 1 does not`,
    ]);
  printText(`${printable(name)}, ${report.form} form\n`);
  printText(
    renderTable([{ title: "" }, { title: "" }], rows, paint)
      .split("\n")
      .slice(1)
      .join("\n"),
  );
  if (checks.length === 0) return;
  const right = ["seconds", "results", "compared", "largest difference"].map((title) => ({ title, align: "right" as const }));
  const lines = checks.map((c) => [
    printable(c.file),
    c.seconds.toFixed(2),
    String(c.results),
    String(c.compared),
    c.largest.toExponential(2),
    c.equal ? "equal" : paint("red", "DIFFERENT"),
  ]);
  printText(`\n${renderTable([{ title: "recording" }, ...right, { title: "" }], lines, paint)}`);
}
