import { join } from "node:path";
import { InvalidArgumentError } from "commander";
import { UsageError } from "../base/errors.js";
import { Progress } from "../base/progress.js";
import type { DetectionRule } from "../detect/detector.js";
import type { DetectionPoint } from "../measure/detection_curve.js";
import type { RecordingEvaluation } from "../measure/evaluate_recording.js";
import type { SpotterOptions } from "../measure/spotter.js";
import { type DetectionArguments, ruleFor } from "./detection_options.js";
import { interruptible } from "./interrupt.js";
import { type CommonOptions, printJson, printNext, printText, shellWord } from "./output.js";

/** Options of `evaluate --stream`. */
export interface StreamArguments extends CommonOptions, DetectionArguments, SpotterOptions {
  stream?: string;
  truth?: string;
  tolerance: number;
  /** False accepts an hour. */
  chooseThreshold?: number;
  keepThreshold?: string;
  out?: string;
}

/** Parser of a rate: "3/h" or "3". */
export function rateAnHour(text: string): number {
  const value = Number(text.replace(/\/h$/, ""));
  if (text.trim() !== "" && value > 0 && value <= 10_000) return value;
  throw new InvalidArgumentError("It must be false accepts an hour, such as 3/h.");
}

/** Measures one model on a long recording and prints the result. */
export async function measureStream(name: string, options: StreamArguments): Promise<void> {
  const { stream: recording, truth: truthFile } = options;
  if (recording === undefined || truthFile === undefined)
    throw new UsageError("--stream LONG.wav and --truth T.json go together; 'earshot data long' writes both");
  if (options.keepThreshold !== undefined) checkKeeping(name, options);
  const { readTruth } = await import("../measure/truth_file.js");
  const { openListener } = await import("../measure/listener.js");
  const { evaluateRecording } = await import("../measure/evaluate_recording.js");
  const { streamSound } = await import("../signal/sound_stream.js");
  const { fileBytes } = await import("../detect/sound_source.js");
  const { chooseThreshold } = await import("../measure/detection_curve.js");
  const { refuseOtherRecording, truthFor } = await import("../measure/truth_for.js");
  const whole = await readTruth(truthFile, recording);
  const listener = await openListener(name, options);
  const progress = new Progress("listening", Infinity, "s");
  try {
    const rule = await ruleFor(listener, options);
    const { truth, left } = truthFor(whole, new Set(rule.thresholds.keys()), truthFile);
    const { tolerance } = options;
    const onProgress = (seconds: number): void => progress.update(Math.round(seconds));
    const blocks = streamSound(fileBytes(recording), recording, { rate: listener.rate });
    const result = await interruptible(
      (signal) => evaluateRecording(listener, until(signal, blocks), truth, { rule, tolerance, onProgress }),
      "nothing was written",
    ).finally(() => progress.end());
    refuseOtherRecording(whole, result.recordedHours * 3600, truthFile, recording);
    if (left.size > 0) progress.note(leftText(left));
    const { chooseThreshold: target } = options;
    const chosen = target === undefined ? undefined : chooseThreshold(result.curve, target, result.score.hours);
    if (options.out !== undefined) await keep(options.out, name, recording, result);
    if (options.json === true) printJson({ name, recording, ...result, ...(chosen === undefined ? {} : { chosen }) });
    else print(result, chosen, target);
    if (options.keepThreshold === undefined || chosen === undefined) return;
    await keepThreshold(options.keepThreshold, name, rule, chosen, result.score.hours);
    printNext(`earshot listen ${shellWord(options.keepThreshold)} --input mic`, options);
  } finally {
    listener.close();
  }
}

function leftText(left: ReadonlyMap<string, number>): string {
  const words = [...left].map(([word, count]) => `${word} (${count})`).join(", ");
  return `note: said and not listened for, which is no miss: ${words}`;
}

async function* until(signal: AbortSignal, blocks: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
  for await (const block of blocks) {
    signal.throwIfAborted();
    yield block;
  }
}

const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

function print({ score, recordedHours, mlperf }: RecordingEvaluation, chosen: DetectionPoint | undefined, target?: number): void {
  const [low, high] = score.falseAcceptInterval;
  const [few, many] = score.missInterval;
  const lines = [
    `false accepts  ${score.falseAcceptsPerHour.toFixed(2)} an hour (${score.falseAccepts} in ${score.hours.toFixed(2)} h without keywords of ${recordedHours.toFixed(2)} h; 95 %: ${low.toFixed(2)} to ${high.toFixed(2)})`,
    `missed         ${percent(score.missRate)} (${score.misses} of ${score.events}; 95 %: ${percent(few)} to ${percent(many)})`,
  ];
  if (score.latency !== undefined)
    lines.push(
      `latency        median ${score.latency.median.toFixed(2)} s after a word's end, 95 % within ${score.latency.p95.toFixed(2)} s`,
    );
  if (score.ignored > 0) lines.push(`not counted    ${score.ignored} where the word is said in running speech`);
  const counts = ({ truePositives, falseNegatives, falsePositives }: typeof mlperf.offline): string =>
    `${truePositives} true positives, ${falseNegatives} false negatives, ${falsePositives} false positives`;
  lines.push(`MLPerf Tiny    script: ${counts(mlperf.offline)}; runner: ${counts(mlperf.runner)}`);
  if (chosen !== undefined)
    lines.push(
      `for ${target} an hour  --threshold ${chosen.threshold.toFixed(4)}: ${chosen.falseAcceptsPerHour.toFixed(2)} false accepts an hour, ${percent(chosen.missRate)} missed`,
    );
  printText(lines.join("\n"));
}

function checkKeeping(name: string, { chooseThreshold, keepThreshold: file, thresholds }: StreamArguments): void {
  if (chooseThreshold === undefined)
    throw new UsageError("--keep-threshold keeps what --choose-threshold RATE chooses: give both");
  if (thresholds !== undefined)
    throw new UsageError("--keep-threshold keeps one threshold for all labels; leave --thresholds out");
  if (name.toLowerCase().endsWith(".tflite"))
    throw new UsageError(`${name}: --keep-threshold writes model files (.safetensors), and this is a .tflite file`);
  if (!file?.endsWith(".safetensors"))
    throw new UsageError(`--keep-threshold ${file}: name the model file to write, with the ending .safetensors`);
}

/** Writes the model with the rule by which the recording was heard, at the chosen threshold. */
async function keepThreshold(
  file: string,
  name: string,
  { smoothing, refractory }: DetectionRule,
  { threshold, falseAcceptsPerHour, missRate }: DetectionPoint,
  hours: number,
): Promise<void> {
  const { loadModel, saveModel } = await import("../formats/model_file.js");
  const { resolveModel } = await import("../formats/shipped.js");
  const model = await loadModel(resolveModel(name));
  const listening = { threshold, smoothing, refractory, falseAcceptsPerHour, missRate, hours };
  await saveModel(file, { ...model, training: { ...model.training, listening } });
}

async function keep(folder: string, model: string, recording: string, { score, curve }: RecordingEvaluation): Promise<void> {
  const { DETECTION_FILE, writeDetectionFile } = await import("../measure/detection_file.js");
  const { latency, ...rest } = score;
  const date = new Date().toISOString();
  const record = { model, recording, date, ...rest, ...(latency === undefined ? {} : { latency }), curve };
  await writeDetectionFile(join(folder, DETECTION_FILE), record);
}
