import { basename } from "node:path";
import type { Command } from "commander";
import { UsageError, UserError } from "../base/errors.js";
import { Progress } from "../base/progress.js";
import type { Split } from "../corpus/clip.js";
import type { Model } from "../formats/model.js";
import type { LayerError } from "../measure/layer_errors.js";
import type { ModelQuantizer } from "../measure/quantize_model.js";
import type { QuantizedGraph } from "../passes/quantize.js";
import { commaList, realNumber, wholeNumber } from "./arguments.js";
import { tellMissing } from "./missing_words.js";
import { type CommonOptions, paint, printJson, printNext, printText, shellWord } from "./output.js";
import { refuseOtherEnding } from "./output_name.js";
import { refuseReplacing } from "./replaced_input.js";

interface QuantizeArguments extends CommonOptions {
  calibrate: string;
  clips: number;
  method: "minmax" | "percentile" | "entropy" | "error";
  io: "float" | "int8";
  recurrent: "auto" | "int8" | "int16";
  floatOps?: string[];
  wide: string[];
  data?: string;
  features?: string;
  split: Split;
  measureClips?: number;
  sensitivity?: boolean;
  qat?: number;
  qatClips: number;
  qatRate: number;
  out: string;
}

/** Loss of accuracy by which `--recurrent auto` prefers 16 bits. */
const tolerableLoss = 0.002;
/** Decibels at the logits that a layer must cost to be tried in 16 bits. */
const leastCost = 0.2;

/** `earshot quantize MODEL`: full int8. */
export function register(program: Command): void {
  const command = program
    .command("quantize")
    .description(
      "Make a float model one of 8-bit integers, with TensorFlow Lite's arithmetic; report what it costs, layer by layer.",
    )
    .argument("<model>", "model file, or the name of a model that comes with earshot")
    .requiredOption(
      "--calibrate <folder>",
      "sounds (a data set or manifest) or feature archive whose training clips show the ranges",
    )
    .requiredOption("-o, --out <file>", "model file to write")
    .option("--clips <n>", "clips to calibrate with", wholeNumber(1), 500);
  command
    .addOption(
      command
        .createOption("--method <name>", "how a range is chosen from the values seen")
        .choices(["error", "minmax", "percentile", "entropy"])
        .default("error"),
    )
    .addOption(command.createOption("--io <type>", "type of input and output").choices(["float", "int8"]).default("float"))
    .addOption(
      command
        .createOption("--recurrent <type>", "recurrent cells and states; auto: 16 bits where 8 cost more than 0.2 points")
        .choices(["auto", "int8", "int16"])
        .default("auto"),
    )
    .addOption(
      command
        .createOption(
          "--wide <list>",
          "layers, with commas, whose results have 16 bits; none; auto: those that cost most, where the integers lose more than 0.2 points",
        )
        .argParser(commaList)
        .default(["auto"], "auto"),
    )
    .option("--float-ops <list>", "ops or layers, with commas, that stay float", commaList)
    .option("--data <folder>", "measure before and after on sounds")
    .option("--features <archive>", "measure before and after on a feature archive");
  command
    .addOption(
      command
        .createOption("--split <name>", "which part to measure on")
        .choices(["training", "validation", "testing"])
        .default("validation"),
    )
    .option("--measure-clips <n>", "measure on about so many clips (default: all)", wholeNumber(1))
    .option(
      "--qat <steps>",
      "fine-tune with fake quantization on the training clips of --calibrate first",
      wholeNumber(1, 1_000_000),
    )
    .option("--qat-clips <n>", "clips to fine-tune with", wholeNumber(1), 20_000)
    .option("--qat-rate <rate>", "largest learning rate of the fine-tuning", realNumber(1e-9, 1), 2e-5)
    .option("--sensitivity", "measure too with each layer alone left float")
    .option("--json", "print one JSON object")
    .action(quantize);
}

async function quantize(name: string, options: QuantizeArguments): Promise<void> {
  if (options.data !== undefined && options.features !== undefined)
    throw new UsageError("--data and --features exclude each other; leave one of them out");
  const root = options.data ?? options.features;
  if (options.sensitivity === true && root === undefined)
    throw new UsageError("--sensitivity needs what to measure on: --data FOLDER or --features ARCHIVE");
  const model = await open(name, options.out);
  const { namedSet } = await import("../measure/named_set.js");
  const { ModelQuantizer } = await import("../measure/quantize_model.js");
  const clips = namedSet(options.calibrate, "training", model.labels, {
    most: options.clips,
    // Ranges need sounds only; who trains on without a word forgets it.
    partial: options.qat === undefined ? tellMissing(options.calibrate) : undefined,
  });
  const quantizer = await ModelQuantizer.open(model, clips, options.method);
  const measure = root === undefined ? undefined : await measurer(root, options, model);
  const before = await measure?.(model, "float");
  if (options.qat !== undefined) await fineTune(quantizer, model, options.qat, options);
  const chosen = await choose(quantizer, model, options, before, measure);
  const layers = await quantizer.errors(chosen.quantized);
  const sensitivity = options.sensitivity === true && measure ? await leaveOut(quantizer, chosen, options, measure) : [];
  const { saveModel, writeModel } = await import("../formats/model_file.js");
  await saveModel(options.out, chosen.model);
  const report = {
    file: options.out,
    bytes: writeModel(chosen.model).length,
    recurrent: chosen.recurrent,
    wide: chosen.wide,
    method: options.method,
    calibrationClips: clips.labels.length,
    ...(before === undefined ? {} : { before, after: chosen.after }),
    layers,
    ...(sensitivity.length > 0 ? { sensitivity } : {}),
  };
  if (options.json === true) return printJson(report);
  await print(report, sensitivity);
  printNext(`earshot evaluate ${shellWord(options.out)} --data FOLDER`, options);
}

async function open(name: string, out: string): Promise<Model> {
  const { resolveModel } = await import("../formats/shipped.js");
  const { loadModel } = await import("../formats/model_file.js");
  const path = resolveModel(name);
  if (path.toLowerCase().endsWith(".tflite")) throw new UserError(`${path}: give the .safetensors file that it was made from`);
  refuseReplacing(path, out);
  refuseOtherEnding(out, ".safetensors");
  const model = await loadModel(path);
  if ([...model.parameters.values()].some((data) => !(data instanceof Float32Array)))
    throw new UserError(`${path}: is quantized already; give the float model that it was made from`);
  return model;
}

async function fineTune(
  quantizer: ModelQuantizer,
  { labels }: Model,
  steps: number,
  { calibrate, qatClips, qatRate }: QuantizeArguments,
): Promise<void> {
  const { namedSet } = await import("../measure/named_set.js");
  const progress = new Progress("fine-tuning", steps, "steps");
  try {
    await quantizer.fineTune(namedSet(calibrate, "training", labels, { most: qatClips }), {
      steps,
      rate: qatRate,
      onProgress: (step) => progress.update(step),
    });
  } finally {
    progress.end();
  }
}

type Measure = (model: Model, what: string) => Promise<number>;

/** Accuracy of models on the clips that were named. */
async function measurer(root: string, { split, measureClips }: QuantizeArguments, { labels }: Model): Promise<Measure> {
  const { namedSet } = await import("../measure/named_set.js");
  const { openModel } = await import("../measure/spotter_model.js");
  const { evaluateSpotter } = await import("../measure/evaluate.js");
  const { openArrayFeatures } = await import("../measure/array_features.js");
  const set = namedSet(root, split, labels, { most: measureClips, partial: tellMissing(root) });
  return async (model, what) => {
    const spotter = await openModel(model, { name: what });
    const arrays = set.kind === "archive" ? await openArrayFeatures(spotter, [set.root]) : undefined;
    const progress = new Progress(`measuring ${what}`, set.labels.length, "clips");
    try {
      const onProgress = (done: number) => progress.update(done);
      const { evaluation } = await evaluateSpotter(spotter, [set], { arraysToFeatures: arrays?.of, onProgress });
      return evaluation.accuracy;
    } finally {
      progress.end();
      arrays?.close();
      spotter.close();
    }
  };
}

/** A model in integers, how it was made, and its accuracy. */
interface Chosen {
  readonly model: Model;
  readonly quantized: QuantizedGraph;
  readonly recurrent: "int8" | "int16";
  readonly wide: readonly string[];
  readonly after: number | undefined;
}

/** Quantizes, with 8 bits in recurrent cells where that costs little, and with 16 in the layers whose 8 cost most where it loses much. */
async function choose(
  quantizer: ModelQuantizer,
  model: Model,
  options: QuantizeArguments,
  before: number | undefined,
  measure: Measure | undefined,
): Promise<Chosen> {
  const { io, floatOps: float } = options;
  const named = options.wide.filter((layer) => layer !== "auto" && layer !== "none");
  const scans = model.graph.nodes.some((n) => n.op === "scan");
  const first = options.recurrent === "auto" ? (scans && before === undefined ? "int16" : "int8") : options.recurrent;
  const make = async (recurrent: "int8" | "int16", wide: readonly string[], what: string): Promise<Chosen> => {
    const made = quantizer.quantize({ io, recurrent, float, wide });
    return { ...made, recurrent, wide, after: await measure?.(made.model, what) };
  };
  const loses = ({ after }: Chosen): boolean => before !== undefined && after !== undefined && before - after > tolerableLoss;
  let chosen = await make(first, named, "int8");
  if (options.recurrent === "auto" && scans && first === "int8" && loses(chosen))
    chosen = await make("int16", named, "int8, cells int16");
  if (!options.wide.includes("auto") || !loses(chosen)) return chosen;
  const { recurrent } = chosen;
  const costly = (await quantizer.costs({ io, recurrent, float })).filter(({ decibels }) => decibels > leastCost);
  for (let count = 1; loses(chosen) && count < 2 * costly.length; count *= 2) {
    const wide = [...named, ...costly.slice(0, count).map(({ layer }) => layer)];
    const widened = await make(recurrent, wide, `int8, ${wide.length} layers int16`);
    if ((widened.after ?? 0) > (chosen.after ?? 0)) chosen = widened;
  }
  return chosen;
}

interface Sensitivity {
  /** The layer that stays float. */
  readonly layer: string;
  readonly accuracy: number;
}

async function leaveOut(
  quantizer: ModelQuantizer,
  { recurrent, wide }: Chosen,
  { io, floatOps }: QuantizeArguments,
  measure: Measure,
): Promise<Sensitivity[]> {
  const list: Sensitivity[] = [];
  for (const layer of quantizer.layers()) {
    const { model } = quantizer.quantize({ io, recurrent, wide, float: [...(floatOps ?? []), layer] });
    list.push({ layer, accuracy: await measure(model, `without ${layer}`) });
  }
  return list.toSorted((a, b) => b.accuracy - a.accuracy);
}

interface Report {
  readonly file: string;
  readonly bytes: number;
  readonly recurrent: string;
  readonly before?: number;
  readonly after?: number | undefined;
  readonly layers: readonly LayerError[];
}

async function print(report: Report, sensitivity: readonly Sensitivity[]): Promise<void> {
  const { printable, renderTable } = await import("../measure/terminal.js");
  const right = (title: string) => ({ title, align: "right" as const });
  const short = (x: number): string => x.toPrecision(4);
  const rows = report.layers.map((l) => [
    printable(l.name),
    l.op,
    l.dtype,
    `${short(l.low)} to ${short(l.high)}`,
    short(l.scale),
    String(l.zeroPoint),
    l.signalToNoise === Infinity ? "exact" : l.signalToNoise.toFixed(1),
  ]);
  const columns = [
    { title: "layer" },
    { title: "op" },
    { title: "type" },
    right("range"),
    right("scale"),
    right("zero point"),
    right("signal/error dB"),
  ];
  printText(renderTable(columns, rows, paint));
  const percent = (x: number): string => `${(100 * x).toFixed(2)} %`;
  if (report.before !== undefined && report.after !== undefined)
    printText(
      `\naccuracy: float ${percent(report.before)}, quantized ${percent(report.after)} (${((report.after - report.before) * 100).toFixed(2)} points)`,
    );
  if (sensitivity.length > 0) {
    printText("\naccuracy with one layer left float:");
    printText(
      renderTable(
        [{ title: "layer" }, right("accuracy")],
        sensitivity.map((s) => [printable(s.layer), percent(s.accuracy)]),
        paint,
      ),
    );
  }
  printText(`\n${basename(report.file)}: ${report.bytes.toLocaleString("en-US")} bytes`);
}
